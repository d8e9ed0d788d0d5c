"""What the names of a function are bound to, anywhere in it."""

from __future__ import annotations

from typing import Any

import gast

__all__ = ["bindings"]


def bindings(tree: gast.AST) -> dict[str, list[Any]]:
    """Return, for each name bound anywhere in a function, the expressions it is given; None for what has none."""
    found: dict[str, list[Any]] = {}

    def bind(target: gast.AST, value: Any) -> None:
        if isinstance(target, gast.Name):
            found.setdefault(target.id, []).append(value)
        elif isinstance(target, (gast.Tuple, gast.List)):
            for element in target.elts:
                bind(element, None)
        elif isinstance(target, gast.Starred):
            bind(target.value, gast.List([], gast.Load()))  # a starred target takes a new list

    for node in gast.walk(tree):
        if isinstance(node, gast.Assign):
            for target in node.targets:
                bind(target, node.value if len(node.targets) == 1 else None)
        elif isinstance(node, (gast.AnnAssign, gast.NamedExpr)) and node.value is not None:
            bind(node.target, node.value)
        elif isinstance(node, (gast.For, gast.AsyncFor, gast.comprehension, gast.AugAssign)):
            bind(node.target, None)
        elif isinstance(node, (gast.FunctionDef, gast.AsyncFunctionDef)) and node is not tree:
            found.setdefault(node.name, []).append(node)
        elif isinstance(node, gast.ClassDef):
            found.setdefault(node.name, []).append(None)
        elif isinstance(node, (gast.With, gast.AsyncWith)):
            for item in node.items:
                if item.optional_vars is not None:
                    bind(item.optional_vars, None)
        elif isinstance(node, gast.ExceptHandler) and node.name is not None:
            bind(node.name, None)
        elif isinstance(node, (gast.MatchAs, gast.MatchStar)) and node.name:
            found.setdefault(node.name, []).append(None)
        elif isinstance(node, gast.MatchMapping) and node.rest:
            found.setdefault(node.rest, []).append(None)
        elif isinstance(node, (gast.Import, gast.ImportFrom)):
            for alias in node.names:
                found.setdefault(alias.asname or alias.name.partition(".")[0], []).append(None)
        elif isinstance(node, gast.Name) and isinstance(node.ctx, gast.Del):
            found.setdefault(node.id, [])
    return found
