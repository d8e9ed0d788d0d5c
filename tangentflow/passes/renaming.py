"""Other names for variables of a core tree, which is changed in place.

x = f(n)            with {"x": "x_2"}:      x_2 = f(n)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

import gast

from tangentflow.language import core
from tangentflow.language.core import Block
from tangentflow.language.patterns import named
from tangentflow.runtime.operands import Operands

__all__ = ["inner_bindings", "rename", "tree_names", "trees"]


def trees(block: Block) -> Iterator[Any]:
    """Yield the syntax trees of all statements of a block."""
    for stmt in core.walk(block):
        for value in vars(stmt).values():
            if isinstance(value, gast.AST):
                yield value
        yield from (argument.value for argument in getattr(stmt, "args", []))
        yield from (h.type for h in getattr(stmt, "handlers", []) if h.type is not None)


def tree_names(block: Block) -> set[str]:
    """Return every name that occurs in the trees of a block."""
    nodes = (node for tree in trees(block) for node in gast.walk(tree))
    found = {node.id if isinstance(node, gast.Name) else named(node) for node in nodes}
    return {name for name in found if name is not None}


def inner_bindings(block: Block) -> set[str]:
    """Return the names of inner functions and of parameters of inner functions: they show outside, in keywords and messages."""
    found: set[str] = set()
    for node in (node for tree in trees(block) for node in gast.walk(tree)):
        if isinstance(node, gast.FunctionDef):
            found.add(node.name)
        if isinstance(node, gast.arguments):
            every = [*node.posonlyargs, *node.args, node.vararg, *node.kwonlyargs, node.kwarg]
            found |= {argument.id for argument in every if argument is not None}
    return found


def rename(block: Block, names: Mapping[str, str]) -> None:
    """Rename variables wherever they occur."""
    if not names:
        return
    seen: dict[int, Any] = {}  # trees may have nodes in common; kept, so that no id is used twice
    for tree in list(trees(block)):
        for node in gast.walk(tree):
            if id(node) not in seen:
                seen[id(node)] = node
                _rename_node(node, names)
    for stmt in core.walk(block):
        if isinstance(stmt, core.Site):
            stmt.target = names.get(stmt.target, stmt.target) if stmt.target else None
            stmt.operands = _operands(stmt.operands, names)
        elif isinstance(stmt, core.For):
            stmt.var, stmt.items = names.get(stmt.var, stmt.var), names.get(stmt.items, stmt.items)
        elif isinstance(stmt, core.Try):
            for handler in stmt.handlers:
                handler.name = names.get(handler.name, handler.name) if handler.name else None


def _rename_node(node: Any, names: Mapping[str, str]) -> None:
    if isinstance(node, gast.Name):
        node.id = names.get(node.id, node.id)
    elif isinstance(node, (gast.MatchAs, gast.MatchStar, gast.FunctionDef)) and node.name:
        node.name = names.get(node.name, node.name)
    elif isinstance(node, gast.MatchMapping) and node.rest:
        node.rest = names.get(node.rest, node.rest)


def _operands(operands: Operands, names: Mapping[str, str]) -> Operands:
    changed: dict[str, Any] = {}
    for field in fields(operands):
        value = getattr(operands, field.name)
        if field.name == "held":
            changed["held"] = tuple((names.get(name, name), level) for name, level in value)
        elif isinstance(value, tuple):
            changed[field.name] = tuple(names.get(name, name) for name in value)
    return replace(operands, **changed)
