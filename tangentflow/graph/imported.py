"""What a function imports in its own body, as text: modules of the user's by their source, installed ones by version.

Nothing is imported to find out: a step may import what only its image has.
"""

from __future__ import annotations

import ast
import functools
import importlib.machinery
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["imported_modules", "source_of"]


def imported_modules(tree: ast.AST, package: str) -> Iterator[str]:
    """Yield the full names of modules that the imports in a tree may mean. `package` is that of the module that it stands in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_parents(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            if base:
                yield from _with_parents(base)
                yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    if node.level > len(parts):
        return ""
    return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        yield ".".join(parts[:end])


def source_of(name: str) -> tuple[Path, bool] | None:
    """Return the source file of a module and whether it is a package; None if there is none (built in, not found, no Python)."""
    loaded = sys.modules.get(name)
    file = getattr(loaded, "__file__", None)
    if loaded is not None:
        return (Path(file), hasattr(loaded, "__path__")) if file and file.endswith(".py") else None
    return _search(name, tuple(sys.path))


@functools.lru_cache(maxsize=4096)
def _search(name: str, path: tuple[str, ...]) -> tuple[Path, bool] | None:
    parent, _, _ = name.rpartition(".")
    where: list[str] | None = None
    if parent:
        found = source_of(parent)
        if found is None or not found[1]:
            return None
        where = [str(found[0].parent)]
    spec = importlib.machinery.PathFinder.find_spec(name, where)
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin), spec.submodule_search_locations is not None
