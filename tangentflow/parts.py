"""What the pods around some work tell each other, of a step whose work no pod of ours does.

A pod before the work may work out what it needs, a pod behind it records the outcome. Both call the step, which knows them by `PART`.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

from tangentflow.runtime.podfiles import root

__all__ = ["AFTER", "BEFORE", "GIVEN", "LEFT", "PART", "STATUS", "given", "hand_on", "leave", "left", "part", "status"]

PART = "TANGENTFLOW_PART"
"""The variable that says which part of a step a pod does: `BEFORE` or `AFTER`."""

BEFORE, AFTER = "before", "after"

GIVEN, STATUS = "TANGENTFLOW_GIVEN", "TANGENTFLOW_STATUS"
"""What a pod behind the work is told: `name=base64` of each text that the work gave; the phase in which the work ended."""

LEFT = "/tf/in/{name}/v"
"""Where a pod behind the work finds a file that the work left."""


def part() -> str:
    """Return which part of a step this pod does; nothing where it is not in parts."""
    return os.environ.get(PART, "")


def status() -> str:
    """Return the phase in which the work ended."""
    return os.environ[STATUS]


def hand_on(name: str, text: str) -> None:
    """Write an output parameter of this pod."""
    with open(f"{root()}/tf/out/flags/{name}", "w", encoding="utf-8") as file:
        file.write(text)


def leave(name: str, data: bytes) -> None:
    """Leave a file for the work."""
    Path(f"{root()}/tf/out/{name}").write_bytes(data)


def given() -> dict[str, str]:
    """Return the texts that the work gave."""
    pairs = [pair.partition("=") for pair in os.environ[GIVEN].split()]
    return {name: base64.b64decode(text).decode() for name, _, text in pairs}


def left(name: str) -> Path | None:
    """Return the file that the work left under a name; None if it left none."""
    path = Path(root() + LEFT.format(name=name))
    return path if path.is_file() else None
