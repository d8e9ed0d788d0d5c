"""Which names may hold a value that the workflow changes in place, under this name or under one that it moves on to.

    ys = f(1)
    xs = ys             the change of xs is one of what `ys` holds, so a replay looks up a copy of it
    xs.append(2)

Requires a core tree with facts. Replays work on copies of what these names hold, and share everything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import gast

from tangentflow.language import core
from tangentflow.language.changes import path
from tangentflow.language.core import Block
from tangentflow.language.patterns import captures
from tangentflow.language.uses import MUTATORS, bound_names, changed_operands, root_name, uses
from tangentflow.passes.facts import Facts

__all__ = ["changed_names"]


def changed_names(body: Block, facts: Facts) -> frozenset[str]:
    """Return the names in a flow that may hold a value which glue changes in place, or a part of which it changes."""
    trees = [tree for stmt in core.walk(body) for tree in _trees(stmt)]
    changed: set[str] = set()
    for stmt in body:
        changed |= facts.all_uses(stmt).mutates
    changed |= {n.target.id for n in _nodes(trees) if isinstance(n, gast.AugAssign) and isinstance(n.target, gast.Name)}
    inside = {name for node in _nodes(trees) for name in _changed_inside(node)}
    for stmt in core.walk(body):
        if isinstance(stmt, core.Site):
            inside |= {*stmt.operands.changes, *stmt.operands.spent}
    if not changed:
        return frozenset()
    flows = [flow for tree in trees for flow in _flows(tree)]
    while True:
        before = len(changed), len(inside)
        for flow in flows:
            if flow.target in changed:
                changed |= flow.same | flow.around
                inside |= flow.around
            if flow.target in inside:
                changed |= flow.same | flow.parts | flow.around
                inside |= flow.same | flow.parts | flow.around
        if before == (len(changed), len(inside)):
            return frozenset(changed)


def _trees(stmt: core.Stmt) -> Iterator[gast.AST]:
    """Yield the syntax trees of a statement itself."""
    for value in vars(stmt).values():
        if isinstance(value, gast.AST):
            yield value
    yield from (argument.value for argument in getattr(stmt, "args", []))


def _nodes(trees: list[gast.AST]) -> Iterator[Any]:
    for tree in trees:
        yield from gast.walk(tree)


def _changed_inside(node: Any) -> Iterator[str]:
    """Yield the name of which an element is changed in place: `d[k].append(e)`, `d[k] += e`, `d[k].a = e`."""
    if isinstance(node, gast.Call):
        yield from filter(None, map(root_name, changed_operands(node)))
    if isinstance(node, gast.AugAssign) and not isinstance(node.target, gast.Name):
        receiver, depth = node.target, 1
    elif isinstance(node, (gast.Subscript, gast.Attribute)) and not isinstance(node.ctx, gast.Load):
        receiver, depth = node.value, 2
    elif isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute) and node.func.attr in MUTATORS:
        receiver, depth = node.func.value, 2
    else:
        return
    root, level = path(receiver)
    if root is not None and level >= depth:
        yield root


@dataclass(frozen=True)
class _Flow:
    """Where the value of a name comes from: names that hold the same value, parts of it, or something that it is a part of."""

    target: str
    same: AbstractSet[str] = frozenset()
    parts: AbstractSet[str] = frozenset()
    around: AbstractSet[str] = frozenset()


def _flows(tree: gast.AST) -> Iterator[_Flow]:
    """Yield where the values of the names come from that a tree binds or changes."""
    every = uses(tree)
    for name in every.mutates:
        yield _Flow(name, parts=every.reads)
    for node in gast.walk(tree):
        if isinstance(node, gast.Assign):
            for target in node.targets:
                yield from _assigned(target, node.value)
        elif isinstance(node, gast.NamedExpr):
            yield from _assigned(node.target, node.value)
        elif isinstance(node, gast.AugAssign) and isinstance(node.target, gast.Name):
            yield _Flow(node.target.id, parts=uses(node.value).reads)
        elif isinstance(node, gast.Match):
            for name in {name for case in node.cases for name in captures(case.pattern)}:
                yield _Flow(name, _same(node.subject), uses(node.subject).reads)


def _assigned(target: Any, value: Any) -> Iterator[_Flow]:
    reads = uses(value).reads
    if isinstance(target, gast.Name):
        yield _Flow(target.id, _same(value), reads)
    elif isinstance(target, (gast.Tuple, gast.List)):
        pairs = isinstance(value, (gast.Tuple, gast.List)) and len(value.elts) == len(target.elts)
        for i, part in enumerate(target.elts):
            if pairs and not any(isinstance(e, gast.Starred) for e in [*target.elts, *value.elts]):
                yield from _assigned(part, value.elts[i])
            else:
                yield from (_Flow(name, around=reads) for name in bound_names(part))


def _same(value: Any) -> set[str]:
    """Return the names whose very value an expression may give."""
    if isinstance(value, gast.Name):
        return {value.id}
    if isinstance(value, gast.IfExp):
        return _same(value.body) | _same(value.orelse)
    if isinstance(value, gast.BoolOp):
        return set().union(*map(_same, value.values))
    if isinstance(value, gast.NamedExpr):
        return {value.target.id} | _same(value.value)
    return set()
