"""Evaluating glue: calls that are recorded because they may be evaluated only once, and knowing that glue is evaluated."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from tangentflow.errors import InternalError, MutatedArgument
from tangentflow.runtime.digest import digest
from tangentflow.runtime.operands import Operands
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.sharing import parts_at, share

__all__ = ["Changed", "evaluate_once", "failed", "glue", "in_glue"]

_inside: ContextVar[bool] = ContextVar("tangentflow_in_glue", default=False)


@contextmanager
def glue() -> Iterator[None]:
    """Mark that glue is evaluated."""
    token = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(token)


def in_glue() -> bool:
    """Whether glue is being evaluated."""
    return _inside.get()


@dataclass(frozen=True)
class Changed:
    """What a call that may change operands left: their new values by name, and its result or the exception that it raised."""

    values: dict[str, Any]
    value: Any = None
    error: BaseException | None = None

    def result(self) -> Any:
        """Return the result of the call, or raise its exception."""
        if self.error is not None:
            raise self.error
        return self.value


def evaluate_once(call: Callable[[], Any], text: str, line: int, operands: Operands) -> Outcome:
    """Evaluate a recorded call, a closure over its operands; return its outcome, a `Changed` if it may change some of them.

    Raises MutatedArgument where it does what `operands` rules out: the change would be lost on somebody, or somebody would see it who
    must not.
    """
    cells = _bound(call)
    held = {name: parts_at(cells[name].cell_contents, depth) for name, depth in operands.held if name in cells}
    free = {*operands.changes, *operands.spent}
    fixed = {name: held.get(name, []) if name in free else [cells[name].cell_contents] for name in cells}
    before = {name: digest(values) for name, values in fixed.items()}
    outcome: Outcome
    try:
        with glue():
            outcome = Value(call())
    except (KeyboardInterrupt, InternalError):
        raise
    except BaseException as error:
        outcome = Raised(error)
    changed = [name for name, values in fixed.items() if digest(values) != before[name]]
    if changed:
        raise MutatedArgument(text, ", ".join(changed), line, in_glue=True)
    values = {name: cells[name].cell_contents for name in operands.names}
    if isinstance(outcome, Raised):
        return Value(Changed(values, error=outcome.exception)) if values else outcome
    contents = {name: cell.cell_contents for name, cell in cells.items()}
    _check_apart(contents, outcome.value, operands.apart, text, line)
    for name, parts in held.items() if operands.fresh else ():
        if share(outcome.value, parts, closed=False):
            raise MutatedArgument(text, name, line, in_glue=True, holder="its result")
    return Value(Changed(values, outcome.value)) if values else outcome


def _bound(call: Callable[[], Any]) -> dict[str, Any]:
    """Return the cells of a closure by name, without those that are empty."""
    cells = dict(zip(call.__code__.co_freevars, call.__closure__ or (), strict=True))
    return {name: cell for name, cell in cells.items() if cell != types.CellType()}


def failed(outcome: Outcome) -> bool:
    """Whether what was recorded raises."""
    return isinstance(outcome, Raised) or (isinstance(outcome.value, Changed) and outcome.value.error is not None)


def _check_apart(contents: dict[str, Any], result: Any, apart: Sequence[str], text: str, line: int) -> None:
    for name in apart:
        others = {"its result": result, **{f"{other!r}": value for other, value in contents.items() if other != name}}
        for what, other in others.items():
            if share(contents[name], other):
                raise MutatedArgument(text, name, line, in_glue=True, holder=what)
