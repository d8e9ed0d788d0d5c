"""What the source says of a step call: arguments that are the same in every run of it, found in its slice."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tangentflow.graph.nodes import Slice

__all__ = ["UNKNOWN", "Written", "constant", "written"]

UNKNOWN: Any = object()
"""Stands for a value that only a run knows."""


@dataclass(frozen=True)
class Written:
    """The arguments of a call as they are written, names followed to the only expression they are bound to."""

    args: tuple[ast.expr, ...]
    keywords: Mapping[str, ast.expr]


def written(slice_: Slice) -> Written | None:
    """Return the arguments of the call that a slice prepares; None if `*` or `**` hides some of them, or another shape does."""
    function = ast.parse(slice_.code).body[0]
    assert isinstance(function, ast.FunctionDef)
    made = [
        node.value.body
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Lambda)
    ]
    call = made[0] if len(made) == 1 else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Call):
        return None
    if any(isinstance(arg, ast.Starred) for arg in call.args) or any(k.arg is None for k in call.keywords):
        return None
    names = _names(function)
    keywords = {k.arg: _followed(k.value, names) for k in call.keywords if k.arg is not None}
    return Written(tuple(_followed(arg, names) for arg in call.args), keywords)


def _names(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """Return the names that are bound once, by a statement at the top that is always passed."""
    bound: dict[str, int] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound[node.id] = bound.get(node.id, 0) + 1
    return {
        stmt.targets[0].id: stmt.value
        for stmt in function.body
        if isinstance(stmt, ast.Assign) and isinstance(stmt.targets[0], ast.Name) and bound[stmt.targets[0].id] == 1
    }


def _followed(value: ast.expr, names: Mapping[str, ast.expr]) -> ast.expr:
    for _ in range(10):
        if not (isinstance(value, ast.Name) and value.id in names):
            break
        value = names[value.id]
    return value


def constant(value: ast.expr | None, missing: Any = UNKNOWN) -> Any:
    """Return the value of a literal of an immutable type, UNKNOWN for any other expression, `missing` for none."""
    if value is None:
        return missing
    try:
        found = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError):
        return UNKNOWN
    return found if found is None or isinstance(found, (str, int, float, bool)) else UNKNOWN
