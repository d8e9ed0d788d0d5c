"""What waits for what, as edges between the nodes of a flow.

A node waits for the outcomes that its slices look up. What it computes its arguments, condition or items from are *data* edges;
the others are *order* edges, and only those are listed that do not follow from the rest.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tangentflow.graph.nodes import Flow, If, Loop, Map, Node, Region, Slice, Try
from tangentflow.language.known_results import MUTATES_FIRST

__all__ = ["RESULT", "START", "Edge", "Places", "edges", "fed_by", "loaded", "places", "slices"]

START = ""
"""The start of a flow, as the source of an edge."""
RESULT = "return"
"""The result of a flow, as the target of an edge. No node has this name: it is a keyword."""


_CHANGING = frozenset(name.rpartition(".")[2] for name in MUTATES_FIRST)


@dataclass(frozen=True)
class Edge:
    """`target` waits for `source`, with `gather` for every iteration of it; `data` tells whether it computes with it."""

    source: str
    target: str
    data: bool = True
    gather: bool = False


@dataclass(frozen=True)
class Places:
    """The nodes of a flow by id, in program order, and the branches and loops around each, outermost first."""

    nodes: dict[str, Node]
    parents: dict[str, tuple[str, ...]]

    def loops(self, node: str) -> tuple[str, ...]:
        """Return the loops around a node, outermost first."""
        return tuple(p for p in self.parents[node] if not isinstance(self.nodes[p], (If, Try)))


def places(flow: Flow) -> Places:
    """Return where the nodes of a flow stand."""
    found = Places({}, {})

    def enter(region: Region, parents: tuple[str, ...]) -> None:
        for node in region:
            found.nodes[node.id], found.parents[node.id] = node, parents
            for inner in node.regions:
                enter(inner, (*parents, node.id))

    enter(flow.body, ())
    return found


def slices(node: Node) -> dict[str, Slice]:
    """Return the slices of a node by the name of their field."""
    if isinstance(node, If):
        return {"test": node.test}
    if isinstance(node, Try):
        return {"pick": node.pick}
    if isinstance(node, Map):
        return {"scan": node.scan}
    if isinstance(node, Loop):
        return {"entry": node.entry, "advance": node.advance}
    return {"slice": node.slice}


def edges(flow: Flow) -> list[Edge]:
    """Return the edges of a flow, in program order of their targets. START and RESULT stand for its two ends."""
    at = places(flow)
    wanted = {name: _wanted(name, list(slices(node).values()), at) for name, node in at.nodes.items()}
    wanted[RESULT] = _wanted(RESULT, [flow.result], at)
    before = _before(wanted, at)
    found: list[Edge] = []
    for target, inputs in wanted.items():
        around = at.parents.get(target, ())
        others = [*inputs, *around]
        for edge in inputs.values():
            implied = any(
                edge.source in _ended(other, before, at, other in around) for other in others if other != edge.source
            )
            if edge.data or not implied:
                found.append(edge)
        if not inputs and not around:
            found.append(Edge(START, target, data=False))
    return found


def _wanted(name: str, asked: list[Slice], at: Places) -> dict[str, Edge]:
    """Return an edge for each outcome that a node waits for, without those of what lies inside of it."""
    found: dict[str, Edge] = {}
    for slice_ in asked:
        data = _computed_with(slice_.code)
        for item in slice_.inputs:
            if item.site != name and name not in at.parents.get(item.site, ()):
                old = found.get(item.site, Edge(item.site, name, False))
                gather = old.gather or bool(item.every)
                found[item.site] = Edge(item.site, name, old.data or item.site in data, gather)
    return found


def _before(wanted: dict[str, dict[str, Edge]], at: Places) -> dict[str, set[str]]:
    """Return, for each node, all that has ended once it can start. Program order: what it waits for comes first."""
    before: dict[str, set[str]] = {}
    for name, inputs in wanted.items():
        around = at.parents.get(name, ())
        before[name] = set().union(*[{o, *_ended(o, before, at, o in around)} for o in [*inputs, *around]])
    return before


def _ended(other: str, before: dict[str, set[str]], at: Places, inside: bool) -> set[str]:
    """Return what has ended once `other` has (`inside`: once it has started)."""
    ended = before.get(other, set())
    if inside or not isinstance(at.nodes.get(other), Loop):
        return ended
    return ended | {name for name, parents in at.parents.items() if other in parents}


# -- what a slice computes with --------------------------------------------------------------------------------------


def _computed_with(code: str) -> set[str]:
    """Return the sites and loops of which a slice uses the value: those that its `return`s are computed from."""
    function = ast.parse(code).body[0]
    assert isinstance(function, ast.FunctionDef)
    relevant: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Return):
            relevant |= loaded(node)
    return fed_by(function, relevant)


def fed_by(function: ast.FunctionDef, names: set[str]) -> set[str]:
    """Return the sites and loops that a slice looks up to compute these of its names."""
    relevant = set(names)
    while True:
        size = len(relevant)
        _grow(function.body, relevant, set())
        if len(relevant) == size:
            break
    return {
        str(node.value.args[0].value)
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and _stored(node) & relevant
        if isinstance(node.value, ast.Call) and _looks_up(node.value) and isinstance(node.value.args[0], ast.Constant)
    }


def _grow(block: list[ast.stmt], relevant: set[str], around: set[str]) -> bool:
    """Add what the writers of relevant names read, and the conditions and lists around them; tell whether there was one."""
    wrote = False
    for stmt in block:
        inner = [part for name in ("body", "orelse", "handlers", "finalbody") for part in getattr(stmt, name, [])]
        if inner and not isinstance(stmt, (ast.FunctionDef, ast.ClassDef)):
            head = set().union(*[loaded(part) for part in (getattr(stmt, n, None) for n in ("test", "iter")) if part])
            statements = [s for part in inner for s in (part.body if isinstance(part, ast.ExceptHandler) else [part])]
            if _grow(statements, relevant, around | head):
                relevant |= head
                wrote = True
        elif _stored(stmt) & relevant:
            relevant |= loaded(stmt) | around
            wrote = True
    return wrote


def loaded(tree: ast.AST) -> set[str]:
    """Return the names that are read; `_tf.state('x')` reads x."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("state", "snapshot")
        ):
            names |= {str(a.value) for a in node.args if isinstance(a, ast.Constant)}
    return names - {"_tf"}


def _stored(stmt: ast.stmt) -> set[str]:
    """Return the names that a statement binds or may change in place."""
    names = {n.id for n in ast.walk(stmt) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    for node in ast.walk(stmt):
        inner = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else node
        stored = isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load)
        if inner is node and not stored:
            continue
        while isinstance(inner, (ast.Attribute, ast.Subscript)):
            inner = inner.value
        if isinstance(inner, ast.Name):
            names.add(inner.id)
    for node in ast.walk(stmt):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in _CHANGING:
            names |= {argument.id for argument in node.args[:1] if isinstance(argument, ast.Name)}
    if isinstance(stmt, (ast.FunctionDef, ast.ClassDef)):
        names.add(stmt.name)
    return names - {"_tf"}


def _looks_up(call: ast.Call) -> bool:
    func = call.func
    named = isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == "_tf"
    return named and func.attr in ("out", "own", "leave")  # type: ignore[attr-defined]
