"""The outcome of a step run or of a once-only glue call: a value or an exception. "Not run" is the absence of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Outcome", "Raised", "Value"]


@dataclass(slots=True)  # several for each step run, and frozen ones take their time
class Value:
    """It returned `value`."""

    value: Any


@dataclass(slots=True)
class Raised:
    """It raised `exception`: any `BaseException`, `SystemExit` and `KeyboardInterrupt` included."""

    exception: BaseException


Outcome = Value | Raised
