"""One execution of a step, wherever it happens: arguments come as bytes, the outcome leaves as bytes."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tangentflow.errors import MutatedArgument, NotPicklable, TangentflowError
from tangentflow.runtime.codec import decode, digest, encode
from tangentflow.runtime.outcome import Outcome, Raised, Value

__all__ = ["Finished", "execute"]


@dataclass(frozen=True)
class Finished:
    """An encoded outcome and when the step ran (seconds since the epoch)."""

    data: bytes
    started: float
    finished: float


def execute(payload: bytes, path: str, name: str, line: int, check: bool) -> Finished:
    """Run a step. `payload` holds the encoded (function, args, kwargs); `check` looks for arguments changed in place."""
    started = time.time()
    try:
        unpacked = decode(payload, where=path)
    except TangentflowError as error:  # a module that this process cannot import, for one
        unpacked = Raised(error)
    if isinstance(unpacked, Raised):
        outcome: Outcome = unpacked
    else:
        function, args, kwargs = unpacked.value
        outcome = _call(function, args, kwargs, name, line, check)
    return Finished(_encoded(outcome, name, path), started, time.time())


def _encoded(outcome: Outcome, name: str, path: str) -> bytes:
    """Encode a value; one that cannot be pickled makes the step fail."""
    try:
        return encode(outcome, where=name, path=path)
    except NotPicklable as error:
        return encode(Raised(error), where=name, path=path)


def _call(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], name: str, line: int, check: bool
) -> Outcome:  # fmt: skip
    before = digest((args, kwargs)) if check else None
    try:
        outcome: Outcome = Value(function(*args, **kwargs))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
        outcome = Raised(error)
    if before is not None and digest((args, kwargs)) != before:
        return Raised(MutatedArgument(name, _changed(function, args, kwargs, name), line))
    return outcome


def _changed(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> str:
    """Name the parameters that can have been changed: those that are not of an immutable type."""
    bound = inspect.signature(function).bind(*args, **kwargs).arguments
    mutable = [
        key
        for key, value in bound.items()
        if not isinstance(value, (int, float, complex, str, bytes, bool, type(None)))
    ]
    return ", ".join(mutable) or ", ".join(bound) or name
