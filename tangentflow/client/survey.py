"""From what is known before a run begins to what its document does without: `Taken`.

A region of the graph is one template, and a template may stand for several *instances*: items of a fan-out, calls of a workflow, iterations. What is
done in all of them gets no task. In a region of which there may be instances that nobody knows yet, nothing is.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tangentflow.argo.constants import LARGEST
from tangentflow.argo.elsewhere import is_elsewhere
from tangentflow.argo.guards import guard, is_guard
from tangentflow.argo.shape import opening
from tangentflow.argo.taken import Place, Taken, innermost
from tangentflow.client.prerun import Prerun
from tangentflow.client.sources import Sources, TooMuch, called_by, calls_of
from tangentflow.engine.frames import Frame
from tangentflow.engine.machine import Machine
from tangentflow.graph.exits import with_exit
from tangentflow.graph.nodes import Call, Flow, Glue, Graph, If, Input, Loop, Map, Node, Region, Step, Try
from tangentflow.runtime.codec import encode
from tangentflow.runtime.outcome import Value
from tangentflow.runtime.podfiles import Indices

__all__ = ["Survey"]

Instance = tuple[Frame, Indices]


@dataclass
class _Instances:
    """The instances of a region that its template stands for. `more`: there may be others, of which nothing is known."""

    known: list[Instance] = field(default_factory=list)
    more: bool = False


class Survey:
    """Makes `Taken` of a machine that has gone as far as the record does."""

    def __init__(self, prerun: Prerun, machine: Machine) -> None:
        self.graph = prerun.graph
        self.prerun = prerun
        self.machine = machine
        self.ready = {(id(r.frame), r.node.id, r.indices) for r in prerun.begun}
        self.sources = Sources(prerun, machine)
        self.done: set[Place] = set()
        self.reached: set[Place] = set()
        self.arms: dict[Place, int] = {}
        self.items: dict[Place, tuple[int, ...]] = {}
        self.arguments: dict[Place, str] = {}
        self.heads: set[Place] = set()
        self._behind: dict[str, set[str]] = {}

    def taken(self) -> Taken:
        """Return what is taken over. Raises TooMuch."""
        self.sources.find()
        self._flows()
        return self.sources.taken(
            frozenset(self.done), frozenset(self.reached), self.arms, self.items, self.arguments, frozenset(self.heads)
        )

    # --- what is done

    def is_done(self, frame: Frame, node: Node, indices: Indices) -> bool:
        """Whether nothing is left to do of a node in one instance of its region."""
        address, known = (node.id, indices), (id(frame), node.id, indices)
        if address in frame.skipped or (self.machine.done and not self.is_reached(frame, node, indices)):
            return True
        if isinstance(node, (Step, Glue)):
            return known in self.prerun.found
        if isinstance(node, Call):
            return known in self.sources.provided
        if isinstance(node, Map):
            return address in frame.counts and all(
                self._is_region_done(frame, node.body, at) for at in _items(frame, node, indices)
            )
        if isinstance(node, Loop):
            return known in self.sources.provided and all(
                self._is_region_done(frame, node.body, at) for at in _turns(frame, node, indices)
            )
        return all(self._is_region_done(frame, region, indices) for region in node.regions)

    def _is_region_done(self, frame: Frame, region: Region, indices: Indices) -> bool:
        return all(self.is_done(frame, node, indices) for node in region)

    def is_reached(self, frame: Frame, node: Node, indices: Indices) -> bool:
        """Whether it is known that a node is run in an instance of its region."""
        address, known = (node.id, indices), (id(frame), node.id, indices)
        if isinstance(node, (Step, Glue)):
            return known in self.prerun.found or known in self.ready
        if isinstance(node, Call):
            return address in frame.calls
        if isinstance(node, Map):
            return address in frame.counts
        if isinstance(node, Loop):
            return address in frame.heads
        return any(self.is_reached(frame, inner, indices) for region in node.regions for inner in region)

    # --- regions

    def _flows(self) -> None:
        """Look at every flow, callers before those that they call."""
        self.instances = {flow.key: _Instances() for flow in self.graph.flows}
        self.instances[self.graph.root].known.append((self.machine.root, ()))
        again = _in_cycles(self.graph)
        exit_ = self.graph.exit
        beside = {exit_.root, *called_by(with_exit(self.graph), exit_.root)} if exit_ is not None else set()
        for frame in self.machine.frames():
            if frame.flow.key in again and frame.parent is not None:
                self.instances[frame.flow.key].known.append((frame, ()))
        for key in beside if self.machine.done else again | beside:
            if key in self.instances:
                self.instances[key].more = True
        for flow in _callers_first(self.graph):
            found = self.instances[flow.key]
            if found.known or found.more:
                self._region(flow, flow.body, found)

    def _region(self, flow: Flow, region: Region, instances: _Instances) -> None:
        done = set() if instances.more else self._done(flow, region, instances.known)
        for node in region:
            place = flow.key, node.id
            if node.id in done:
                self.done.add(place)
                continue
            if not instances.more and all(self._runs(frame, node, at) for frame, at in instances.known):
                self.reached.add(place)
            if isinstance(node, Step):
                self._step(place, node)
            elif isinstance(node, If):
                self._branch(flow, node, instances)
            elif isinstance(node, Try):
                for inner in node.regions:
                    self._region(flow, inner, instances)
            elif isinstance(node, Map):
                self._map(flow, node, instances)
            elif isinstance(node, Loop):
                turns = [(frame, turn) for frame, at in instances.known for turn in _turns(frame, node, at)]
                self._region(flow, node.body, _Instances(turns, True))
            elif isinstance(node, Call):
                self._call(flow, node, instances)

    def _done(self, flow: Flow, region: Region, instances: list[Instance]) -> set[str]:
        """Return the ids of the nodes of a region of which nothing is left to do.

        What waits for one that is not reached does not run either, and needs no gate of its own for that. So one that is not reached, as it may
        be, keeps its task if something that is left to do waits for it.
        """
        done = {node.id for node in region if all(self.is_done(frame, node, at) for frame, at in instances)}
        if len(done) == len(region.nodes):
            return done
        home = {inner.id: node.id for node in region for inner in _within(node)}
        needs = {
            node.id: {home[i.site] for inner in _within(node) for i in _lookups(inner) if i.site in home} - {node.id}
            for node in region
        }
        soft = {node.id for at in instances for node in self._off(flow, region, at, needs)}
        for node in reversed(region.nodes):
            if node.id not in done:
                done -= needs[node.id] & soft
        return done

    def _off(self, flow: Flow, region: Region, instance: Instance, needs: Mapping[str, set[str]]) -> Iterator[Node]:
        """Yield the nodes that may not be reached in one instance of a region."""
        frame, at = instance
        off: set[str] = set()
        for node in region:
            if self._runs(frame, node, at):
                continue
            if not isinstance(node, (If, Try)) or node.id in self._guarded(flow) or needs[node.id] & off:
                off.add(node.id)
                yield node

    def _guarded(self, flow: Flow) -> set[str]:
        """Return the branches behind a jump."""
        if flow.key not in self._behind:
            found = [innermost(node).id for node in guard(flow)[0].body.walk() if is_guard(node)]
            self._behind[flow.key] = set(found)
        return self._behind[flow.key]

    def _runs(self, frame: Frame, node: Node, indices: Indices) -> bool:
        return (node.id, indices) not in frame.skipped and self.is_reached(frame, node, indices)

    def _step(self, place: Place, node: Step) -> None:
        """Take nothing over of a step that is done in some instances only if it would be waited for in all of them."""
        if place in self.sources.of_flow and is_elsewhere(self.graph.bindings[node.callee]):
            raise TooMuch(place, "no pod of ours does its work, so it is done in all of its runs if in some")

    def _branch(self, flow: Flow, node: If, instances: _Instances) -> None:
        arms = [self._arm(frame, node, at) for frame, at in instances.known]
        known = set(arms)
        if not instances.more and len(known) == 1 and None not in known:
            self.arms[flow.key, node.id] = next(iter(known)) or 0
        for number, region in enumerate(node.regions):
            inside = [instance for instance, arm in zip(instances.known, arms, strict=True) if arm in (None, number)]
            if inside or instances.more:
                self._region(flow, region, _Instances(inside, instances.more))

    def _arm(self, frame: Frame, node: If, indices: Indices) -> int | None:
        for number, region in enumerate(node.regions):
            if any(self._runs(frame, inner, indices) for inner in region):
                return number
        return None

    def _map(self, flow: Flow, node: Map, instances: _Instances) -> None:
        known = [(frame, at) for frame, at in instances.known if (node.id, at) in frame.counts]
        more = instances.more or len(known) < len(instances.known)
        items = [(frame, item) for frame, at in known for item in _items(frame, node, at)]
        if len(known) == len(instances.known) == 1 and not instances.more:
            left = [(frame, item) for frame, item in items if not self._is_region_done(frame, node.body, item)]
            if len(left) < len(items):
                self.items[flow.key, node.id] = tuple(item[-1] for _, item in left)
                items = left
                if self.sources.carry_heads(known[0][0], node.id, [item for _, item in left]):
                    self.heads.add((flow.key, node.id))
        self._region(flow, node.body, _Instances(items, more))

    def _call(self, flow: Flow, node: Call, instances: _Instances) -> None:
        callee = self.instances[node.flow]
        for frame, at in instances.known:
            inner = frame.calls.get((node.id, at))
            if inner is None:
                callee.more = True
            elif (inner, ()) not in callee.known:
                callee.known.append((inner, ()))
                if len(instances.known) == 1 and not instances.more:
                    text = base64.b64encode(encode(Value(dict(inner.args)), where=node.id)).decode()
                    if len(text) <= LARGEST:
                        self.arguments[flow.key, node.id] = text
        callee.more |= instances.more


def _within(node: Node) -> list[Node]:
    return [node, *[inner for region in node.regions for inner in region.walk()]]


def _lookups(node: Node) -> Iterable[Input]:
    return [*opening(node).inputs, *(node.advance.inputs if isinstance(node, Loop) else ())]


def _items(frame: Frame, node: Map, indices: Indices) -> Iterator[Indices]:
    return ((*indices, i) for i in range(frame.counts.get((node.id, indices), 0)))


def _turns(frame: Frame, node: Loop, indices: Indices) -> Iterator[Indices]:
    """Yield the iterations of a serial loop that have begun."""
    i = 0
    while (node.id, (*indices, i)) in frame.heads:
        yield (*indices, i)
        i += 1


def _in_cycles(graph: Graph) -> set[str]:
    return {flow.key for flow in graph.flows if flow.key in called_by(graph, flow.key)}


def _callers_first(graph: Graph) -> list[Flow]:
    """Return the flows, each after those that call it (but for recursion)."""
    found: list[str] = []

    def visit(key: str) -> None:
        seen.add(key)
        for called in calls_of(graph, key):
            if called not in seen:
                visit(called)
        found.append(key)

    seen: set[str] = set()
    visit(graph.root)
    return [graph.flow(key) for key in reversed(found)]
