"""One execution of a step, wherever it happens: arguments come as bytes, the outcome leaves as bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tangentflow.errors import MutatedArgument, NotPicklable, TangentflowError
from tangentflow.runtime.codec import atom_of, decode, encode, holds_exception
from tangentflow.runtime.mutation import changed_since, digests_of
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.packing import Room

__all__ = ["Finished", "execute", "execute_here", "unpack"]


@dataclass(slots=True)  # one for each step run, and frozen ones take their time
class Finished:
    """An encoded outcome and when the step ran (seconds since the epoch).

    A value that nobody can change may be there as an `atom` too, or only so: then it is encoded when its bytes are asked for.
    """

    encoded: bytes | None
    started: float
    finished: float
    atom: Value | None = None

    @property
    def data(self) -> bytes:
        """The encoded outcome."""
        if self.encoded is None:
            assert self.atom is not None
            self.encoded = encode(self.atom, where="")
        return self.encoded

    @property
    def has_raised(self) -> bool:
        """Whether the outcome is an exception."""
        return self.atom is None and holds_exception(self.data)


def execute(
    loaded: Outcome, payload: bytes, path: str, name: str, line: int, check: bool, interrupt: bool = True
) -> Finished:  # fmt: skip
    """Run a step: the function in `loaded`, with the encoded (args, kwargs) of `payload`.

    `check` looks for arguments changed in place. With `interrupt`, a KeyboardInterrupt is the user's who sits at the terminal, and is raised;
    without, it is the step's like any other exception.
    """
    started = time.time()
    if isinstance(loaded, Raised):
        return Finished(_encoded(loaded, name, path), started, time.time())
    with Room() as room:
        arguments = unpack(payload, path, room)
        if isinstance(arguments, Raised):
            return Finished(_encoded(arguments, name, path), started, time.time())
        args, kwargs = arguments.value
        outcome = _call(loaded.value, args, kwargs, name, line, check, interrupt)
        return Finished(_encoded(outcome, name, path), started, time.time())


def execute_here(
    loaded: Outcome, args: tuple[Any, ...], kwargs: dict[str, Any], path: str, name: str, line: int, interrupt: bool
) -> Finished:  # fmt: skip
    """Run a step in this process, with arguments that nobody can change, so that they need no copies."""
    started = time.time()
    outcome = loaded if isinstance(loaded, Raised) else _call(loaded.value, args, kwargs, name, line, False, interrupt)
    atom = atom_of(outcome)
    return Finished(None if atom else _encoded(outcome, name, path), started, time.time(), atom)


def unpack(data: bytes, path: str, room: Room | None = None) -> Outcome:
    """Decode a function or arguments; what this process cannot load (a module that it has not, for one) is an exception of the step."""
    try:
        return decode(data, where=path, files=room)
    except TangentflowError as error:
        return Raised(error)


def _encoded(outcome: Outcome, name: str, path: str) -> bytes:
    """Encode a value; one that cannot be pickled makes the step fail."""
    try:
        return encode(outcome, where=name, path=path, files=True)
    except NotPicklable as error:
        return encode(Raised(error), where=name, path=path)


def _call(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], name: str, line: int, check: bool, interrupt: bool
) -> Outcome:  # fmt: skip
    before = digests_of(args, kwargs) if check else {}
    try:
        outcome: Outcome = Value(function(*args, **kwargs))
    except BaseException as error:
        if interrupt and isinstance(error, KeyboardInterrupt):
            raise
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
        outcome = Raised(error)
    changed = before and changed_since(before, function, args, kwargs)
    return Raised(MutatedArgument(name, changed, line)) if changed else outcome
