"""The state of a run: frames, the outcomes recorded in them, and the heads of their loops."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tangentflow.graph.nodes import Flow
from tangentflow.runtime.codec import decode, encode
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.replay import Address, Done, NotRun, Returned, Threw, throw

__all__ = ["Frame", "Recorded", "spell", "without_indices"]

_INDEX = re.compile(r"\[\d+\]")


@dataclass
class Recorded:
    """An outcome with its bytes. Each exception, and each value that is to be changed or that is asked for `fresh`, is a new copy."""

    data: bytes
    where: str
    value: Any = None
    raised: bool = False

    @classmethod
    def of(cls, data: bytes, where: str) -> Recorded:
        """Take an outcome as it came from a step."""
        outcome = decode(data, where=where)
        if isinstance(outcome, Raised):
            return cls(data, where, raised=True)
        return cls(data, where, outcome.value)

    def outcome(self) -> Outcome:
        """Return a copy of the outcome."""
        return decode(self.data, where=self.where)


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
    counts: dict[Address, int] = field(default_factory=dict)
    skipped: set[Address] = field(default_factory=set)
    waiters: dict[Address, list[Any]] = field(default_factory=dict)
    calls: dict[Address, Frame] = field(default_factory=dict)
    result_waits: Any = None
    front: Address | None = None
    messages: int = 0
    issued: int = 0
    held: list[Callable[[], object]] = field(default_factory=list)
    speaking: bool = False
    touched: set[Address] = field(default_factory=set)

    def record(self, address: Address, outcome: Outcome) -> None:
        """Record the outcome of a site."""
        where = spell(self.path, *address)
        self.outcomes[address] = Recorded.of(encode(outcome, where=where), where)

    def outcome(self, address: Address, own: bool) -> Any:
        """Return the value of a site or raise its exception; raise NotRun if there is none."""
        self.touched.add(address)
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
        self.touched.add(address)
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
        if self.parent is None:
            call()
            return
        caller, address = self.parent
        if caller.front == address:
            caller._say(call)
        else:
            self.held.append(call)

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
    *loops, last = site.split(".")
    parts = [f"{loop}[{index}]" for loop, index in zip(loops, indices)]
    if len(indices) > len(loops):  # a loop as a whole has no index of its own
        last = f"{last}[{indices[len(loops)]}]"
    return ".".join([*([frame] if frame else []), *parts, last])


def without_indices(path: str) -> str:
    """Return the path that all step runs of one site have: `loop[3].fit` gives `loop.fit`."""
    return _INDEX.sub("", path)
