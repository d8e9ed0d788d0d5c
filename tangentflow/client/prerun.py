"""Which outcomes of an earlier run a new one on Argo can take over.

The graph is run on this machine, but no step is: each one that is ready is answered from the record if its path, the fingerprint of its code and
the digest of its inputs are the same, and otherwise never. So all that depends on what is not taken over stays open, and everything else (how many
items there are, which arm is run, how far a loop has come) is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tangentflow.client.cached import Cache
from tangentflow.client.placed import Placed, PlacedEntry
from tangentflow.client.records import MAIN, Record
from tangentflow.engine.frames import Frame, spell
from tangentflow.engine.identity import Identity
from tangentflow.engine.machine import Machine, Ready
from tangentflow.engine.reuse import Earlier, Entry
from tangentflow.engine.why import why_again
from tangentflow.graph.nodes import Call, Flow, Glue, Graph
from tangentflow.runtime.codec import holds_exception
from tangentflow.runtime.podfiles import Indices, ix_text
from tangentflow.runtime.replay import NotRun

__all__ = ["Found", "Prerun", "frame_of"]

Site = tuple[str, str]
"""The key of a flow and the id of a node."""


@dataclass(frozen=True)
class Found:
    """An outcome that is taken over, and why in words.

    `record` and `place` (frame, site and indices) say where it lies, if it lies where the pods of the new run find it.
    """

    data: bytes
    why: str
    record: Record | None = None
    place: tuple[str, str, Indices] = ("", "", ())
    overridden: bool = False


@dataclass
class Prerun:
    """What is known before a run begins. `found` are outcomes by frame (of the machine), site and indices; `why` says by path why a step runs
    again; `begun` are the step runs that are ready and run. Of the sites in `without` nothing is taken.

    `earlier` is the record of the earlier run; `lies_here`: it lies where the pods of the new run find it.
    """

    graph: Graph
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    earlier: Earlier | None
    lies_here: bool
    identity: Identity
    cache: Cache
    without: frozenset[Site] = frozenset()
    found: dict[tuple[int, str, Indices], Found] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    begun: list[Ready] = field(default_factory=list)
    open_glue: bool = False

    def run(self) -> Machine:
        """Go as far as the record does."""
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
        return None if hit is None else Found(hit.data, hit.why, hit.record, hit.place)

    def _recorded(self, ready: Ready) -> Found | None:
        before = None if self.earlier is None else self.earlier.of_step(ready)
        if before is None:
            return None
        code, inputs = self.identity.code(ready.step), self.identity.inputs(ready.step, ready.args, ready.kwargs)
        found = self._taken(before, ready.path, code.fingerprint, inputs)
        if found is None:
            self.why[ready.path] = why_again(before, ready, code, inputs, self.identity)
        return found

    def _taken(self, before: Entry, path: str, fingerprint: str, inputs: str) -> Found | None:
        """Return what is taken over of an entry: no exceptions, whatever becomes of the run that they are of."""
        assert self.earlier is not None
        found = self.earlier.take(before, path, fingerprint, lambda: inputs)
        if found is None or holds_exception(found.data):
            return None
        if isinstance(before, PlacedEntry) and isinstance(self.earlier, Placed) and self.lies_here:
            return Found(found.data, found.why, self.earlier.record, before.place, before.overridden)
        return Found(found.data, found.why)

    # --- expressions that are evaluated once

    def recall_glue(self, frame: Frame, node: Glue, indices: Indices, operands: str) -> bytes | None:
        """Return the outcome that an expression had. One that has none is not evaluated here: NotRun."""
        found = None
        if self.earlier is not None and (frame.flow.key, node.id) not in self.without:
            before = self.earlier.of_glue(frame, node, indices)
            if before is not None:
                mine = self.identity.glue(frame.flow.key, self.graph.bindings[frame.flow.key], node)
                found = self._taken(before, spell(frame.path, node.id, indices), mine, operands)
        if found is None:
            self.open_glue = True
            raise NotRun((node.id, indices))
        self.found[id(frame), node.id, indices] = found
        return found.data

    def keep_glue(self, frame: Frame, node: Glue, indices: Indices, operands: str, data: bytes) -> None:
        """Keep nothing: nothing is evaluated."""


def frame_of(frame: Frame) -> str:
    """Return the address of a frame in a run of its graph."""
    if frame.parent is None:
        return MAIN
    caller, (call, indices) = frame.parent
    return f"{frame_of(caller)}/.{_calls(caller.flow).index(call)}{ix_text(indices)}"


def _calls(flow: Flow) -> list[str]:
    return [node.id for node in flow.body.walk() if isinstance(node, Call)]
