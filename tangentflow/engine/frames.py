"""The state of a run: frames, the outcomes recorded in them, and the heads of their loops."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tangentflow.graph.nodes import Flow
from tangentflow.runtime.codec import ATOMS, decode, encode
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.replay import Address, Done, NotRun, Returned, Scanned, Threw, throw

__all__ = ["Frame", "Heads", "Recorded", "spell", "without_indices"]

_INDEX = re.compile(r"\[\d+\]")


class Recorded:
    """An outcome. Each exception, and each value that is to be changed or that is asked for `fresh`, is a new copy, made from its bytes.

    A value that nobody can change stands for its own copies, and its bytes are made anew when they are wanted.
    """

    __slots__ = ("_data", "raised", "value")

    def __init__(self, data: bytes, value: Any, raised: bool) -> None:
        self._data = None if not raised and type(value) in ATOMS else data
        self.value = value
        self.raised = raised

    @classmethod
    def of(cls, data: bytes, where: str) -> Recorded:
        """Take an outcome as it came from a step."""
        outcome = decode(data, where=where)
        if isinstance(outcome, Raised):
            return cls(data, None, True)
        return cls(data, outcome.value, False)

    @classmethod
    def atom(cls, value: Any) -> Recorded:
        """Take a value that nobody can change."""
        return cls(b"", value, False)

    @property
    def data(self) -> bytes:
        """The encoded outcome."""
        return encode(Value(self.value), where="") if self._data is None else self._data

    def outcome(self) -> Outcome:
        """Return a copy of the outcome."""
        return Value(self.value) if self._data is None else decode(self._data)


class Heads:
    """The states at the heads of a parallel loop: of many iterations, so they are kept by name where all have the same names."""

    __slots__ = ("_columns", "_items", "entry")

    def __init__(self, scanned: Scanned) -> None:
        self.entry = scanned.entry
        self._items: list[dict[str, Any]] = scanned.items
        self._columns: dict[str, list[Any]] | None = None
        names = scanned.items[0].keys() if scanned.items else ()
        if all(item.keys() == names for item in scanned.items):
            self._columns = {name: [item[name] for item in scanned.items] for name in names}
            self._items = []

    def at(self, index: int) -> dict[str, Any]:
        """Return the names at the head of an iteration."""
        if self._columns is None:
            return self.entry | self._items[index]
        return self.entry | {name: column[index] for name, column in self._columns.items()}


@dataclass
class Frame:
    """One call of a workflow: its arguments and everything recorded in it. It is the store of its replays."""

    flow: Flow
    path: str
    args: Mapping[str, Any]
    parent: tuple[Frame, Address] | None = None
    always_copy: bool = False
    issue: bool = True
    outcomes: dict[Address, Recorded] = field(default_factory=dict)
    lefts: dict[Address, Done | Returned | Recorded] = field(default_factory=dict)
    heads: dict[Address, dict[str, Any]] = field(default_factory=dict)
    scans: dict[Address, Heads] = field(default_factory=dict)
    counts: dict[Address, int] = field(default_factory=dict)
    begun: set[Address] = field(default_factory=set)
    skipped: set[Address] = field(default_factory=set)
    shut: set[Address] = field(default_factory=set)
    missing: dict[Address, int] = field(default_factory=dict)
    waiters: dict[Address, list[Any]] = field(default_factory=dict)
    calls: dict[Address, Frame] = field(default_factory=dict)
    result_waits: Any = None
    front: Address | None = None
    messages: int = 0
    issued: int = 0
    held: list[Callable[[], object]] = field(default_factory=list)
    speaking: bool = False
    depth: int = field(init=False)

    def __post_init__(self) -> None:
        self.depth = 0 if self.parent is None else self.parent[0].depth + 1

    def is_shut(self, address: Address) -> bool:
        """Whether a site stands in a fan-out that has no iterations, since something before it raised or jumped."""
        site, indices = address
        parts = site.split(".")
        return any((".".join(parts[:loops]), indices[: loops - 1]) in self.shut for loops in range(1, len(parts)))

    def head(self, address: Address) -> Mapping[str, Any]:
        """Return the names at the head of an iteration."""
        found = self.heads.get(address)
        if found is not None:
            return found
        loop, (*outer, index) = address
        return self.scans[(loop, tuple(outer))].at(index)

    def record(self, address: Address, outcome: Outcome) -> None:
        """Record the outcome of a site."""
        where = spell(self.path, *address)
        self.outcomes[address] = Recorded.of(encode(outcome, where=where), where)

    def outcome(self, address: Address, own: bool) -> Any:
        """Return the value of a site or raise its exception; raise NotRun if there is none."""
        recorded = self.outcomes.get(address)
        if self.speaking and address in self.calls:
            self._pass_on(self.calls[address])
        if recorded is None:
            if self.speaking:
                self.front = address
            raise NotRun(address)
        if recorded.raised or own or self.always_copy:
            return _unwrap(recorded.outcome())
        return recorded.value

    def left(self, address: Address) -> Done | Returned | Threw:
        """Return what a serial loop left, or raise what ended it; raise NotRun if it has not ended."""
        left = self.lefts.get(address)
        if left is None:
            raise NotRun(address)
        if isinstance(left, Recorded):
            thrown = _unwrap(left.outcome())
            assert isinstance(thrown, Threw)
            return thrown
        if self.always_copy:
            where = spell(self.path, *address)
            copied: Done | Returned = _unwrap(decode(encode(Value(left), where=where)))
            return copied
        return left

    def message(self, call: Callable[[], object]) -> None:
        """Issue a message unless an earlier replay has done so: replays are deterministic, so the count tells."""
        self.messages += 1
        if self.messages > self.issued:
            self.issued = self.messages
            if self.issue:
                self._say(call)

    def _say(self, call: Callable[[], object]) -> None:
        """Issue a message, or hold it back until the callers of this frame have come to the call of it."""
        frame = self
        while frame.parent is not None:
            caller, address = frame.parent
            if caller.front != address:
                frame.held.append(call)
                return
            frame = caller
        call()

    def _pass_on(self, callee: Frame) -> None:
        held, callee.held = callee.held, []
        for call in held:
            self._say(call)


def _unwrap(outcome: Outcome) -> Any:
    if isinstance(outcome, Raised):
        throw(outcome.exception)
    return outcome.value


def spell(frame: str, site: str, indices: tuple[int, ...]) -> str:
    """Return the path of a step run: each loop in the site's name with its index, `loop[3].fit`."""
    path = _pattern(site, len(indices)) % indices
    return f"{frame}.{path}" if frame else path


@functools.lru_cache(maxsize=4096)
def _pattern(site: str, count: int) -> str:
    """Return the path of a site with %d for each of so many indices."""
    *loops, last = site.split(".")
    parts = [f"{loop}[%d]" for loop in loops[:count]]
    if count > len(loops):  # a loop as a whole has no index of its own
        last = f"{last}[%d]"
    return ".".join([*parts, last])


def without_indices(path: str) -> str:
    """Return the path that all step runs of one site have: `loop[3].fit` gives `loop.fit`."""
    return _INDEX.sub("", path)
