"""Calls in glue that are recorded because they may be evaluated only once."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tangentflow.errors import InternalError, MutatedArgument
from tangentflow.runtime.digest import digest
from tangentflow.runtime.glue import glue
from tangentflow.runtime.operands import Operands
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.reading import read, refuse_iterator
from tangentflow.runtime.sharing import parts_at, share

__all__ = ["Changed", "Once", "failed"]


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


def failed(value: object) -> bool:
    """Whether the recorded value of a call says that it raised after changing operands."""
    return isinstance(value, Changed) and value.error is not None


class Once:
    """A call that is about to be evaluated: a closure over its operands. `reads` is that of the node (`graph.nodes.Glue`)."""

    def __init__(self, call: Callable[[], Any], operands: Operands, reads: str = "") -> None:
        self.call = call
        self.operands = operands
        self.reads = reads
        cells = dict(zip(call.__code__.co_freevars, call.__closure__ or (), strict=True))
        self.cells = {name: cell for name, cell in cells.items() if cell != types.CellType()}

    def contents(self) -> dict[str, Any]:
        """Return the values of the operands by name, as far as they are bound."""
        return {name: cell.cell_contents for name, cell in self.cells.items()}

    def digest(self) -> str:
        """Return a digest of the operands, the same for equal ones in every process."""
        return digest(list(self.contents().values()))

    def evaluate(self, text: str, line: int) -> Outcome:
        """Evaluate the call; return its outcome, with a `Changed` for a value if it may change some of its operands.

        Raises MutatedArgument where it does what `operands` rules out: the change would be lost on somebody, or somebody would see it who
        must not.
        """
        operands, before = self.operands, self.contents()
        held = {name: parts_at(before[name], depth) for name, depth in operands.held if name in before}
        free = {*operands.changes, *operands.spent}
        fixed = {name: held.get(name, []) if name in free else [value] for name, value in before.items()}
        digests = {name: digest(values) for name, values in fixed.items()}
        outcome: Outcome
        try:
            with glue():
                outcome = Value(self._result(text))
        except (KeyboardInterrupt, InternalError):
            raise
        except BaseException as error:
            outcome = Raised(error)
        changed = [name for name, values in fixed.items() if digest(values) != digests[name]]
        if changed:
            raise MutatedArgument(text, ", ".join(changed), line, in_glue=True)
        after = self.contents()
        if isinstance(outcome, Raised) and (not operands.names or set(operands.names) - after.keys()):
            return outcome  # the last, if one of them is not bound
        kept = {name: after[name] for name in operands.names}
        if isinstance(outcome, Raised):
            return Value(Changed(kept, error=outcome.exception))
        for name, other in self._together(after, outcome.value, held):
            raise MutatedArgument(text, name, line, in_glue=True, holder=other)
        return Value(Changed(kept, outcome.value)) if kept else outcome

    def _result(self, text: str) -> Any:
        value = self.call()
        if self.reads:
            return read(value, text, self.reads == "each")
        refuse_iterator(value, text)
        return value

    def _together(self, after: dict[str, Any], result: Any, held: dict[str, list[Any]]) -> list[tuple[str, str]]:
        """Return operands that must have no part in common with something else, and with what they have one."""
        others = {"its result": result, **{f"{name!r}": value for name, value in after.items()}}
        found = [
            (name, what)
            for name in self.operands.apart
            for what, other in others.items()
            if what != f"{name!r}" and share(after[name], other)
        ]
        for name, parts in held.items() if self.operands.fresh else ():
            if share(result, parts, closed=False):
                found.append((name, "its result"))
        return found
