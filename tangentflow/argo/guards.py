"""Nodes that may not be reached although their region is entered: they stand behind a `return`, `break` or `continue`.

Requires a flow of a graph. Provides the same flow in which each branch, loop or call behind a jump stands in a branch of its own, so that
whatever waits for it runs only if it was reached; and the *gates* of steps: the slices that tell whether they are reached.

    a = f(n)                            a = f(n)
    if a > 3: return 0                  if a > 3: return 0
    for x in xs: e(x)                   if <reached>:
                                            for x in xs: e(x)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tangentflow.argo.reach import depth, gate, guarded
from tangentflow.argo.shape import opening
from tangentflow.graph.nodes import Call, Flow, Glue, If, Loop, Node, Region, Slice, Step, Try

__all__ = ["REST", "guard", "is_guard"]

REST = "-rest"
"""The end of the id of a branch that is made here; no name of a user's contains `-`."""


def is_guard(node: Node | None) -> bool:
    """Whether a node is a branch that was made here."""
    return isinstance(node, If) and node.id.endswith(REST)


def guard(flow: Flow) -> tuple[Flow, dict[str, list[Slice]]]:
    """Return the flow with guards as branches, and the gates of its steps by id."""
    gates: dict[str, list[Slice]] = {}
    body = _region(flow.body, None, 0, gates)
    return replace(flow, body=body), gates


def _region(region: Region, loop: Loop | None, ifs: int, gates: dict[str, list[Slice]]) -> Region:
    nodes: list[Node] = []
    for node in region:
        gates[node.id] = _gates(node, region, loop if not ifs else None, gates)
        inner = _inner(node, loop, ifs, gates)
        if isinstance(node, (Step, Glue)) or _local(node):
            nodes.append(inner)
            continue
        for number, wanted in enumerate(gates[node.id]):
            name = f"{node.id}{'-' + str(number) if number else ''}{REST}"
            inner = If(name, wanted, Region((inner,)), Region(()), node.effect, node.origin)
        nodes.append(inner)
    return replace(region, nodes=tuple(nodes))


def _inner(node: Node, loop: Loop | None, ifs: int, gates: dict[str, list[Slice]]) -> Node:
    if isinstance(node, If):
        return replace(
            node, body=_region(node.body, loop, ifs + 1, gates), orelse=_region(node.orelse, loop, ifs + 1, gates)
        )
    if isinstance(node, Try):
        body, *handlers, orelse, final = [_region(region, loop, ifs + 1, gates) for region in node.regions]
        return replace(node, body=body, handlers=tuple(handlers), orelse=orelse, final=final)
    if isinstance(node, (Step, Glue, Call)):
        return node
    return replace(node, body=_region(node.body, node if isinstance(node, Loop) else None, 0, gates))


def _gates(node: Node, region: Region, loop: Loop | None, gates: dict[str, list[Slice]]) -> list[Slice]:
    """Return what decides whether a node of a region is reached: jumps before it, the test of its `while`, and what decides the glue that it uses.

    (Where glue has effects, the slices of what follows rely on its having run, and look no further back.)
    """
    found: list[Slice] = []
    whole = isinstance(node, Try)
    behind_test = loop is not None and loop.kind == "while" and depth(opening(node), whole) > 0
    jumped = guarded(opening(node), whole)
    if jumped or behind_test:
        own = gate(opening(node), whole)
        if jumped or own.inputs:
            found.append(own)
    sites = {wanted.site for wanted in opening(node).inputs}
    for other in region:
        if other is node:
            break
        if (isinstance(other, Glue) or _local(other)) and sites & _within(other):
            found += [more for more in gates[other.id] if more.code not in {known.code for known in found}]
    return found


def _within(node: Node) -> set[str]:
    return {node.id, *[inner.id for region in node.regions for inner in region.walk()]}


def _local(node: Node) -> bool:
    return bool(node.regions) and not any(isinstance(i, (Step, Call)) for region in node.regions for i in region.walk())


def implied(step: Step, region: Sequence[Node], gates: dict[str, list[Slice]]) -> bool:
    """Whether a step waits for another one that stands behind the same jumps: then it needs no gate of its own."""
    own = {wanted.code for wanted in gates[step.id]}
    sites = {wanted.site for wanted in step.slice.inputs}
    others = [node for node in region if isinstance(node, Step) and node.id in sites]
    return any(own <= {wanted.code for wanted in gates[other.id]} for other in others)
