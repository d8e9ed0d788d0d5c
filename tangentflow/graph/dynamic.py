"""What a function looks up at run time by means that its text does not show: `globals()`, `locals()`, `eval`, `importlib.import_module`."""

from __future__ import annotations

import ast
import builtins
import dis
import importlib
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

__all__ = ["Dynamic", "dynamic", "imports_in", "names_in"]

_ABOUT = frozenset(
    {"__doc__", "__annotations__", "__signature__", "getdoc", "signature", "get_type_hints", "get_annotations", "getsource"}
)  # fmt: skip
"""Names by which documentation and annotations are read."""


@dataclass
class Dynamic:
    """`names`: the names of local variables matter. `globals`: any name of the module may be read. `about`: documentation and annotations
    of functions may be read. `modules` are imported by name, `unknown` are calls of which nobody can tell what they read.
    """

    names: bool = False
    globals: bool = False
    about: bool = False
    modules: set[str] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)


def dynamic(tree: ast.AST, value: Callable[[ast.expr], object]) -> Dynamic:
    """Return what a tree looks up at run time; `value` gives what a name from outside means."""
    found = Dynamic()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.about |= node.id in _ABOUT
            _name(found, value(node))
        elif isinstance(node, ast.Attribute):
            found.about |= node.attr in _ABOUT
        elif isinstance(node, ast.Constant):
            found.about |= isinstance(node.value, str) and node.value in _ABOUT
        elif isinstance(node, ast.ImportFrom):
            found.about |= any(alias.name in _ABOUT for alias in node.names)
        elif isinstance(node, ast.Call) and _imports(node.func, value):
            given = node.args[0] if len(node.args) == 1 and not node.keywords else None
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                found.modules.add(given.value)
            else:
                found.unknown.append(f"{ast.unparse(node)} imports what nobody can tell")
    return found


def _name(found: Dynamic, meant: object) -> None:
    if meant is builtins.eval or meant is builtins.exec:
        found.names = found.globals = True
        found.unknown.append(f"{'eval' if meant is builtins.eval else 'exec'}() may read anything")
    elif meant is builtins.globals:
        found.globals = True
    elif meant is builtins.locals or meant is builtins.vars or meant is builtins.dir:
        found.names = True


def _imports(func: ast.expr, value: Callable[[ast.expr], object]) -> bool:
    """Whether a call is one of `importlib.import_module` or `__import__`, whatever they are called here."""
    if isinstance(func, ast.Attribute):
        return func.attr == "import_module"
    if not isinstance(func, ast.Name):
        return False
    meant = value(func)
    return func.id == "import_module" or meant is importlib.import_module or meant is builtins.__import__


def names_in(code: types.CodeType) -> Iterator[str]:
    """Yield the names in bytecode: those from outside, and those of attributes."""
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from names_in(inner)


def imports_in(code: types.CodeType) -> Iterator[str]:
    """Yield the modules that bytecode imports."""
    yield from (step.argval for step in dis.get_instructions(code) if step.opname == "IMPORT_NAME")
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from imports_in(inner)
