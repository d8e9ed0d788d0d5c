"""Reads that change what they read: `d[k]` of a `defaultdict` adds the key.

Requires the tree of a function. Marks (attribute `adds`) each `d[k]` that may add a key of which something else can tell that it is
there, so that `uses` takes it for a change of `d`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import gast

from tangentflow.language import known
from tangentflow.language.patterns import named
from tangentflow.language.uses import root_name

__all__ = ["mark_adding_reads"]


def mark_adding_reads(tree: gast.AST, resolve: Callable[[gast.expr], object]) -> None:
    """Mark the reads by key of the names that are bound to a new `defaultdict` anywhere in the function."""
    nodes = list(gast.walk(tree))
    growing = {name for node in nodes for name in _defaultdicts(node, resolve)}
    if not growing:
        return
    reads = [n for n in nodes if isinstance(n, gast.Subscript) and isinstance(n.ctx, gast.Load)]
    reads = [n for n in reads if root_name(n) in growing]
    keys = _own_keys(nodes)
    looked_up = {id(n.value) for n in nodes if isinstance(n, gast.Subscript)}
    watched = {
        n.id for n in nodes if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Load) and id(n) not in looked_up
    }
    for read in reads:
        there = isinstance(read.slice, gast.Name) and keys.get(read.slice.id) == {root_name(read)}
        if root_name(read) in watched and not (there and isinstance(read.value, gast.Name)):
            read.adds = True


def _defaultdicts(node: Any, resolve: Callable[[gast.expr], object]) -> Iterable[str]:
    if not isinstance(node, (gast.Assign, gast.AnnAssign, gast.NamedExpr)) or not isinstance(node.value, gast.Call):
        return []
    if known.qualified_name(resolve(node.value.func)) != "collections.defaultdict":
        return []
    targets = node.targets if isinstance(node, gast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, gast.Name)]


def _own_keys(nodes: list[gast.AST]) -> dict[str, set[str | None]]:
    """Return for each loop variable the dicts that all its loops go through the keys of; None stands for anything else."""
    found: dict[str, set[str | None]] = {}
    told = set()
    for node in nodes:
        if isinstance(node, (gast.For, gast.comprehension)) and isinstance(node.target, gast.Name):
            told.add(id(node.target))
            found.setdefault(node.target.id, set()).add(_keys_of(node.iter))
    for node in nodes:
        if isinstance(node, gast.Name) and not isinstance(node.ctx, gast.Load) and id(node) not in told:
            found.setdefault(node.id, set()).add(None)
        elif (name := named(node)) is not None:
            found.setdefault(name, set()).add(None)
    return found


def _keys_of(node: Any) -> str | None:
    """Return `d` for `d`, `d.keys()`, `sorted(d)`, `list(d)`."""
    if isinstance(node, gast.Call):
        if isinstance(node.func, gast.Attribute) and node.func.attr == "keys" and not node.args:
            return _keys_of(node.func.value)
        plain = isinstance(node.func, gast.Name) and node.func.id in ("sorted", "list", "tuple", "set", "reversed")
        return _keys_of(node.args[0]) if plain and len(node.args) == 1 else None
    return str(node.id) if isinstance(node, gast.Name) else None
