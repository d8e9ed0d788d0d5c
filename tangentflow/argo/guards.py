"""Nodes that may not be reached although their region is entered: they stand behind a `return`, `break` or `continue`.

Requires a flow of a graph. Provides the same flow in which each branch, loop or call behind a jump stands in a branch of its own, so that
whatever waits for it runs only if it was reached; and the *gates* of steps: the slices that tell whether they are reached.

    a = f(n)                            a = f(n)
    if a > 3: return 0                  if a > 3: return 0
    for x in xs: e(x)                   if <reached>:
                                            for x in xs: e(x)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tangentflow.argo.reach import depth, gate, guarded
from tangentflow.argo.shape import opening
from tangentflow.graph.nodes import Call, Flow, Glue, If, Loop, Node, Region, Slice, Step, Try

__all__ = ["REST", "guard", "implied", "is_guard", "stepless"]

REST = "-rest"
"""The end of the id of a branch that is made here; no name of a user's contains `-`."""


def is_guard(node: Node | None) -> bool:
    """Whether a node is a branch that was made here."""
    return isinstance(node, If) and node.id.endswith(REST)


def guard(flow: Flow) -> tuple[Flow, dict[str, list[Slice]]]:
    """Return the flow with guards as branches, and the gates of its steps by id."""
    guards = _Guards(flow)
    return replace(flow, body=guards.region(flow.body, None, 0)), guards.gates


def stepless(flow: Flow) -> frozenset[str]:
    """Return the ids of the branches and loops of a flow without a step or call in them."""
    nodes = list(flow.body.walk())
    steps: set[str] = set()
    for node in reversed(nodes):  # what stands in a node comes after it
        if isinstance(node, (Step, Call)) or any(inner.id in steps for region in node.regions for inner in region):
            steps.add(node.id)
    return frozenset(node.id for node in nodes if node.regions and node.id not in steps)


class _Guards:
    """The gates of the nodes of a flow, by id, as far as they are known."""

    def __init__(self, flow: Flow) -> None:
        self.stepless = stepless(flow)
        self.gates: dict[str, list[Slice]] = {}

    def region(self, region: Region, loop: Loop | None, ifs: int) -> Region:
        nodes: list[Node] = []
        glue: dict[str, tuple[int, str]] = {}
        for place, node in enumerate(region):
            self.gates[node.id] = self._gates(node, loop if not ifs else None, glue)
            inner = self._inner(node, loop, ifs)
            if isinstance(node, Glue) or node.id in self.stepless:
                glue |= dict.fromkeys(_within(node), (place, node.id))
            elif not isinstance(node, Step):
                for number, wanted in enumerate(self.gates[node.id]):
                    name = f"{node.id}{'-' + str(number) if number else ''}{REST}"
                    inner = If(name, wanted, Region((inner,)), Region(()), node.effect, node.origin)
            nodes.append(inner)
        return replace(region, nodes=tuple(nodes))

    def _inner(self, node: Node, loop: Loop | None, ifs: int) -> Node:
        if isinstance(node, If):
            body, orelse = self.region(node.body, loop, ifs + 1), self.region(node.orelse, loop, ifs + 1)
            return replace(node, body=body, orelse=orelse)
        if isinstance(node, Try):
            tried, *handlers, orelse, final = [self.region(region, loop, ifs + 1) for region in node.regions]
            return replace(node, body=tried, handlers=tuple(handlers), orelse=orelse, final=final)
        if isinstance(node, (Step, Glue, Call)):
            return node
        return replace(node, body=self.region(node.body, node if isinstance(node, Loop) else None, 0))

    def _gates(self, node: Node, loop: Loop | None, glue: Mapping[str, tuple[int, str]]) -> list[Slice]:
        """Return what decides whether a node is reached: jumps before it, the test of its `while`, and what decides the glue that it uses.

        `glue` tells of each site in glue before it in its region which glue that is, by place and id. (Where glue has effects, the slices of
        what follows rely on its having run, and look no further back.)
        """
        found: dict[str, Slice] = {}
        whole = isinstance(node, Try)
        behind_test = loop is not None and loop.kind == "while" and depth(opening(node), whole) > 0
        jumped = guarded(opening(node), whole)
        if jumped or behind_test:
            own = gate(opening(node), whole)
            if jumped or own.inputs:
                found[own.code] = own
        used = {glue[wanted.site] for wanted in opening(node).inputs if wanted.site in glue}
        for _, other in sorted(used):
            for more in self.gates[other]:
                found.setdefault(more.code, more)
        return list(found.values())


def _within(node: Node) -> list[str]:
    return [node.id, *[inner.id for region in node.regions for inner in region.walk()]]


def implied(step: Step, block: frozenset[str], gates: Mapping[str, list[Slice]], steps: frozenset[str]) -> bool:
    """Whether a step waits for another one that stands behind the same jumps: then it needs no gate of its own.

    `block` are the ids of the nodes of its region, `steps` those of all steps.
    """
    own = {wanted.code for wanted in gates[step.id]}
    sites = {wanted.site for wanted in step.slice.inputs}
    return any(own <= {wanted.code for wanted in gates[other]} for other in sites & block & steps)
