"""Which environment variables a function reads by name: `os.environ["A"]`, `os.environ.get("A")`, `"A" in os.environ`, `os.getenv("A")`."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator, Mapping

__all__ = ["variables_read"]

_METHODS = frozenset({"get", "pop", "setdefault", "__getitem__", "__contains__"})


def variables_read(tree: ast.AST, value: Callable[[ast.expr], object]) -> Iterator[str]:
    """Yield the variables that are read in a tree; `value` gives what a name from outside means."""
    names = dict(_imports(tree))
    for node in ast.walk(tree):
        given: ast.expr | None = None
        if isinstance(node, ast.Subscript) and _is(node.value, "environ", names, value):
            given = node.slice
        elif isinstance(node, ast.Call) and node.args:
            func = node.func
            if _is(func, "getenv", names, value) or (
                isinstance(func, ast.Attribute) and func.attr in _METHODS and _is(func.value, "environ", names, value)
            ):
                given = node.args[0]
        elif isinstance(node, ast.Compare) and any(_is(n, "environ", names, value) for n in node.comparators):
            given = node.left
        name = given.value if isinstance(given, ast.Constant) else value(given) if given is not None else None
        if isinstance(name, str):
            yield name


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the names that a body itself gives to `os` and to what is in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname or "os", "os") for alias in node.names if alias.name == "os")
        elif isinstance(node, ast.ImportFrom) and node.module == "os" and not node.level:
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names)


def _is(node: ast.expr, what: str, names: Mapping[str, str], value: Callable[[ast.expr], object]) -> bool:
    """Whether an expression means `os.environ` or `os.getenv`."""
    if isinstance(node, ast.Name):
        return names.get(node.id) == what or (node.id not in names and value(node) is getattr(os, what))
    if isinstance(node, ast.Attribute) and node.attr == what and isinstance(node.value, ast.Name):
        return names.get(node.value.id) == "os" or (node.value.id not in names and value(node.value) is os)
    return False
