"""Which outcomes of an earlier run on Argo a new one can take over.

The graph is run on this machine, but no step is: each one that is ready is answered from the record if its path, the fingerprint of its code and
the digest of its inputs are the same, and otherwise never. So all that depends on what is not taken over stays open, and everything else (how many
items there are, which arm is run, how far a loop has come) is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tangentflow.client.cached import Cache
from tangentflow.client.codes import changed_code, met_in
from tangentflow.client.inputs import Inputs, Lost
from tangentflow.client.records import MAIN, Chain, Record
from tangentflow.engine.frames import Frame, spell
from tangentflow.engine.identity import Identity, positional
from tangentflow.engine.machine import Machine, Ready
from tangentflow.errors import TangentflowError
from tangentflow.graph.nodes import Call, Flow, Glue, Graph
from tangentflow.graph.parts import changed_parts
from tangentflow.runtime.codec import decode
from tangentflow.runtime.digest import digest
from tangentflow.runtime.outcome import Raised, Value
from tangentflow.runtime.podfiles import Indices, ix_text
from tangentflow.runtime.replay import NotRun

__all__ = ["Found", "Prerun", "chain_of", "frame_of"]

Site = tuple[str, str]
"""The key of a flow and the id of a node."""


@dataclass(frozen=True)
class Found:
    """An outcome that is taken over: the record, the frame, site and indices where it lies there, and why in words."""

    record: Record
    frame: str
    site: str
    indices: Indices
    data: bytes
    overridden: bool
    why: str


@dataclass
class Prerun:
    """What is known before a run begins. `found` are outcomes by frame (of the machine), site and indices; `why` says by path why a step runs
    again; `begun` are the step runs that are ready and run. Of the sites in `without` nothing is taken.
    """

    graph: Graph
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    record: Record | None
    identity: Identity
    cache: Cache
    without: frozenset[Site] = frozenset()
    found: dict[tuple[int, str, Indices], Found] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    begun: list[Ready] = field(default_factory=list)
    open_glue: bool = False

    def run(self) -> Machine:
        """Go as far as the record does."""
        with ExitStack() as stack:
            if self.record is not None:
                self.inputs: Inputs = stack.enter_context(self.record.inputs())
            machine = Machine(self.graph, self.args, self.kwargs, messages=False, memory=self)
            while machine.ready:
                ready = machine.take()
                found = self._step(ready)
                if found is None:
                    self.begun.append(ready)
                else:
                    self.found[id(ready.frame), ready.node.id, ready.indices] = found
                    machine.settle(ready, found.data)
                if not machine.ready and not self.begun and not self.open_glue:
                    machine.check_alive()
        return machine

    # --- steps

    def _step(self, ready: Ready) -> Found | None:
        if (ready.frame.flow.key, ready.node.id) in self.without:
            return None
        found = self._recorded(ready)
        if found is not None:
            return found
        hit = self.cache.find(ready)
        return None if hit is None else Found(hit.record, *hit.place, hit.data, False, hit.why)

    def _recorded(self, ready: Ready) -> Found | None:
        frame, site, indices = ready.frame, ready.node.id, ready.indices
        at = self._at(frame)
        if at is None or self.record is None:
            return None
        known = self.record.code(at, site)
        data = self.record.outcome(at, site, indices) if known is not None else None
        if data is None or known is None:
            return None
        told = []
        code = self.identity.code(ready.step)
        if known["fingerprint"] != code.fingerprint:
            names = changed_parts(known["parts"], code.parts())
            told.append(f"its code: {', '.join(names)}" if names else "its code")
        told += self._changed_inputs(ready, at)
        if told:
            self.why[ready.path] = f"changed since {ready.path} of run {self.record.source.run}: {'; '.join(told)}"
            return None
        return self._taken(at, site, indices, data, ready.path)

    def _changed_inputs(self, ready: Ready, at: str) -> list[str]:
        """Return in words what of the inputs is not known to be the same."""
        try:
            _, data = self.inputs.of(at, ready.node.id, ready.indices)
            before = decode(data, where=ready.path)
        except (Lost, TangentflowError) as lost:
            return [f"its inputs: they cannot be compared ({lost})"]
        assert isinstance(before, Value)
        function = ready.step.function
        met: dict[int, object] = {}
        old, new = positional(function, *before.value), positional(function, ready.args, ready.kwargs)
        if digest(old) != digest(new, met):
            return ["its inputs"]
        assert self.record is not None
        names = changed_code(self.record.plan.content["own"], met_in(met))
        return [f"the code of what it is given: {', '.join(names)}"] if names else []

    def _taken(self, at: str, site: str, indices: Indices, data: bytes, path: str) -> Found | None:
        assert self.record is not None
        try:
            outcome = decode(data, where=path)
        except TangentflowError as error:
            self.why[path] = f"its outcome in run {self.record.source.run} cannot be read: {error}"
            return None
        if isinstance(outcome, Raised):
            return None
        overridden = self.record.is_overridden(at, site, indices)
        why = f"{'overridden in' if overridden else 'taken from'} run {self.record.source.run}"
        return Found(self.record, at, site, indices, data, overridden, why)

    def _at(self, frame: Frame) -> str | None:
        return None if self.record is None else self.record.frame(chain_of(frame))

    # --- expressions that are evaluated once

    def recall_glue(self, frame: Frame, node: Glue, indices: Indices, operands: str) -> bytes | None:
        """Return the outcome that an expression had. One that has none is not evaluated here: NotRun."""
        at, record = self._at(frame), self.record
        known = record.code(at, node.id) if at is not None and record is not None else None
        data = None
        if (
            record is not None
            and at is not None
            and known is not None
            and (frame.flow.key, node.id) not in self.without
        ):
            mine = self.identity.glue(frame.flow.key, self.graph.bindings[frame.flow.key], node)
            if known["fingerprint"] == mine and self._operands(at, node, indices) == operands:
                data = record.outcome(at, node.id, indices)
        found = None
        if at is not None and data is not None:
            found = self._taken(at, node.id, indices, data, spell(frame.path, node.id, indices))
        if found is None:
            self.open_glue = True
            raise NotRun((node.id, indices))
        self.found[id(frame), node.id, indices] = found
        return found.data

    def _operands(self, at: str, node: Glue, indices: Indices) -> str | None:
        try:
            return self.inputs.of(at, node.id, indices)[1].decode()
        except Lost:
            return None

    def keep_glue(self, frame: Frame, node: Glue, indices: Indices, operands: str, data: bytes) -> None:
        """Keep nothing: nothing is evaluated."""


def chain_of(frame: Frame) -> Chain:
    """Return the calls that lead to a frame."""
    found = []
    while frame.parent is not None:
        frame, address = frame.parent
        found.append(address)
    return tuple(reversed(found))


def frame_of(frame: Frame) -> str:
    """Return the address of a frame in a run of its graph."""
    if frame.parent is None:
        return MAIN
    caller, (call, indices) = frame.parent
    return f"{frame_of(caller)}/.{_calls(caller.flow).index(call)}{ix_text(indices)}"


def _calls(flow: Flow) -> list[str]:
    return [node.id for node in flow.body.walk() if isinstance(node, Call)]
