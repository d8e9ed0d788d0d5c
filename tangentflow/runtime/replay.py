"""Running a slice: the user's own code again, with recorded outcomes in place of step calls.

`Replay` is what generated code knows as `_tf`. A look-up of an outcome that is not recorded yet ends the replay with
`NotRun`, which no handler in user code may catch.
"""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

from tangentflow.errors import InternalError, LateRefusal, LoopLimit
from tangentflow.runtime.copies import copied

__all__ = ["SKIP", "Address", "Done", "Next", "NotRun", "Replay", "Returned", "Scanned", "Store", "Threw", "throw"]

Address = tuple[str, tuple[int, ...]]
"""A site (or loop) of a flow and the indices of the loops around it."""


class NotRun(BaseException):
    """An outcome was looked up that is not recorded yet."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.address = address


_AGAIN = "_tangentflow_again"


class _Skip:
    """What the slice of a site gives when control never gets to the site."""

    def __repr__(self) -> str:
        return "SKIP"


SKIP = _Skip()


@dataclass(frozen=True)
class Scanned:
    """The heads of a parallel loop: what all iterations share, and a state each."""

    entry: dict[str, Any]
    items: list[dict[str, Any]]


@dataclass(slots=True)  # one for each iteration, and frozen ones take their time
class Next:
    """A serial loop goes on with this state."""

    state: dict[str, Any]


@dataclass(frozen=True)
class Done:
    """A serial loop ended and left this state."""

    state: dict[str, Any]


@dataclass(frozen=True)
class Returned:
    """The workflow returned from inside a serial loop; `state` is what the loop left where a `try` around it may read it."""

    value: Any
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Threw:
    """A serial loop inside a `try` ended by an exception and left this state."""

    error: BaseException
    state: dict[str, Any]


class Store(Protocol):
    """Where a replay finds outcomes. Each method raises NotRun for what is not recorded."""

    def outcome(self, address: Address, own: bool) -> Any:
        """Return the value of a site or raise its exception; with `own`, a copy that the caller may change."""

    def left(self, address: Address) -> Done | Returned | Threw:
        """Return what a serial loop left, or raise its exception."""

    def message(self, call: Callable[[], object]) -> None:
        """Issue a message (print, logging) unless this one was issued before."""


def throw(error: BaseException) -> NoReturn:
    """Raise a recorded exception, as if it had been raised here: what a handler around is handling ends its chain of contexts.

    If a bare `raise` raised it in a loop of that handler, it is the very one that is being handled.
    """
    handled = sys.exc_info()[1]
    if handled is not None and vars(error).get(_AGAIN):
        raise handled
    kept, last, seen = error.__context__, error, {id(error)}
    while last.__context__ is not None and id(last.__context__) not in seen:
        last = last.__context__
        seen.add(id(last))
    try:
        raise error
    finally:
        if kept is not None:  # raising has put `handled` in its place
            error.__context__ = kept
            if last is not error and id(handled) not in seen:
                last.__context__ = handled


class _Generator:
    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, StopIteration):
            raise RuntimeError("generator raised StopIteration") from error


class _Mapping:
    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, StopIteration):
            raise LateRefusal(
                "what map() or filter() calls raised StopIteration, which would end it in silence, though other items have run; "
                "raise another exception there, or write a `for` loop with `break`"
            ) from error


@functools.lru_cache(maxsize=1024)
def _collector(name: str, qualname: str, module: str) -> Callable[..., tuple[tuple[Any, ...], dict[str, Any]]]:
    """Return a function of this name that collects its arguments."""

    def collect(*args: Any, **kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        kwargs.pop("after", None)  # it was looked up, and that is all that it is for
        return args, kwargs

    collect.__name__, collect.__qualname__, collect.__module__ = name, qualname, module
    return collect


class Replay:
    """The `_tf` of one run of one slice: its store, the names it starts with, and the indices of the loops around it."""

    __slots__ = ("_calls", "_indices", "_names", "_store")

    SKIP = SKIP
    once = (0,)
    OURS = (NotRun, KeyboardInterrupt, InternalError, LateRefusal)
    ANY = BaseException

    def __init__(
        self, store: Store, names: Mapping[str, Any], indices: tuple[int, ...], calls: Mapping[str, Any]
    ) -> None:
        self._store = store
        self._names = names
        self._indices = indices
        self._calls = calls

    def has(self, name: str) -> bool:
        """Whether a name is bound at the start."""
        return name in self._names

    def take(self, name: str) -> Any:
        """Return the value of a name at the start."""
        return self._names[name]

    def copy(self, name: str) -> Any:
        """Like `take`, but a value that the replay may change."""
        return copied(self._names[name])

    def fresh(self, value: Any) -> Any:
        """Return a copy of a value that the replay may change."""
        return copied(value)

    @property
    def index(self) -> int:
        """The index of the iteration at whose head the slice starts."""
        return self._indices[-1]

    def out(self, site: str, *indices: int) -> Any:
        """Return the recorded value of a site, or raise its recorded exception."""
        return self._store.outcome((site, self._indices + indices), False)

    def own(self, site: str, *indices: int) -> Any:
        """Like `out`, but a value that the replay may change."""
        return self._store.outcome((site, self._indices + indices), True)

    def leave(self, loop: str, *indices: int) -> Done | Returned | Threw:
        """Return what a serial loop left, or raise the exception that ended it."""
        return self._store.left((loop, self._indices + indices))

    def go_on(self, left: Done | Returned | Threw) -> None:
        """Raise the exception that ended a serial loop, now that the state which it left is there."""
        if isinstance(left, Threw):
            throw(left.error)

    def again(self, error: BaseException) -> BaseException:
        """Mark an exception as raised again by a bare `raise`: the handler that it stands in is not part of this slice."""
        vars(error)[_AGAIN] = True
        return error

    def check(self) -> None:
        """Keep a `finally` from running where the replay has only come to an outcome that is not there."""
        pending = sys.exc_info()[1]
        if isinstance(pending, self.OURS):
            raise pending

    def message(self, function: Callable[..., object], /, *args: Any, **kwargs: Any) -> None:
        """Issue a message once; its arguments are evaluated in every replay, as they may raise or bind names."""
        self._store.message(lambda: function(*args, **kwargs))

    def returned(self, left: Done | Returned | Threw) -> bool:
        """Whether a serial loop ended with a `return`."""
        return isinstance(left, Returned)

    def args(self, key: str) -> Callable[..., tuple[tuple[Any, ...], dict[str, Any]]]:
        """Return a function that collects its arguments; it bears the name of the callee, for Python's error messages."""

        callee = self._calls.get(key)
        return _collector(
            getattr(callee, "__name__", key), getattr(callee, "__qualname__", key), getattr(callee, "__module__", __name__)
        )  # fmt: skip

    def generator(self) -> _Generator:
        """Let StopIteration come out as it comes out of a generator expression."""
        return _Generator()

    def mapping(self) -> _Mapping:
        """Refuse StopIteration from what a `map` calls."""
        return _Mapping()

    def each(self, items: Iterable[Any]) -> Iterator[tuple[int, Any]]:
        """Count the iterations of a `for`."""
        return enumerate(items)

    def state(self, *names: str) -> dict[str, Any]:
        """Return those of the caller's local variables that are bound."""
        bound, found = sys._getframe(1).f_locals, {}
        for name in names:  # one for each iteration, and a comprehension is a call of its own
            if name in bound:
                found[name] = bound[name]
        return found

    def snapshot(self, *names: str) -> dict[str, Any]:
        """Like `state`, as a copy that later changes do not reach."""
        bound = sys._getframe(1).f_locals
        kept: dict[str, Any] = copied({name: bound[name] for name in names if name in bound})
        return kept

    def counting(self) -> Iterator[int]:
        """Count the iterations of a `while`."""
        return itertools.count()

    def limit(self, index: int, limit: int, filename: str, line: int) -> None:
        """Raise LoopLimit when a `while` goes on past its bound."""
        if index >= limit:
            raise LoopLimit(limit, filename, line)


# Generated code reaches these through `_tf`.
for _type in (Done, Next, Returned, Scanned, Threw):
    setattr(Replay, _type.__name__, _type)
