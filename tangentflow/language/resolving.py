"""What the names in a function stand for, as far as that is settled before it runs."""

from __future__ import annotations

import builtins
import importlib
import sys
import types
from collections.abc import Callable

import gast

from tangentflow.language import known
from tangentflow.language.verdict import MISSING
from tangentflow.source.find import FunctionSource

__all__ = ["resolver"]


def resolver(source: FunctionSource, local: set[str]) -> Callable[[gast.expr], object]:
    """Return a function from names and attribute chains to the live objects that they stand for.

    The root of a chain is a free variable, a global or a builtin of the function; names in `local` and whatever does not
    exist yet give MISSING. Attributes are read of modules, classes and plain instances; no property is run.
    Names of modules that the function imports itself are looked up too.
    """
    closure, modules = source.closure, _imports(source.tree)

    def resolve(node: gast.expr) -> object:
        if isinstance(node, gast.Name):
            if node.id in modules:
                return modules[node.id]
            if node.id in local:
                return MISSING
            for scope in (closure, source.globals, vars(builtins)):
                if node.id in scope:
                    return scope[node.id]
            return MISSING
        if isinstance(node, gast.Attribute):
            owner = resolve(node.value)
            return MISSING if owner is MISSING else _member(owner, node.attr)
        return MISSING

    return resolve


def _member(owner: object, name: str) -> object:
    if not isinstance(owner, (types.ModuleType, type)) and isinstance(known.attribute(type(owner), name), property):
        return MISSING
    try:
        return getattr(owner, name)
    except Exception:  # a __getattr__ of its own: what cannot be looked at is not known
        return MISSING


def _imports(tree: gast.AST) -> dict[str, object]:
    """Return the modules and names that a function imports, as far as they are loaded or of the standard library."""
    found: dict[str, object] = {}
    for node in gast.walk(tree):
        if isinstance(node, gast.Import):
            for alias in node.names:
                module = _module(alias.name)
                if module is not None:
                    found[alias.asname or alias.name.partition(".")[0]] = (
                        module if alias.asname else _module(alias.name.partition(".")[0])
                    )
        elif isinstance(node, gast.ImportFrom) and not node.level and node.module:
            module = _module(node.module)
            for alias in node.names:
                obj = MISSING if module is None else _member(module, alias.name)
                if obj is not MISSING:
                    found[alias.asname or alias.name] = obj
    return found


def _module(name: str) -> types.ModuleType | None:
    if name in sys.modules:
        return sys.modules[name]
    if name.partition(".")[0] in sys.stdlib_module_names:
        try:
            return importlib.import_module(name)
        except ImportError:
            return None
    return None
