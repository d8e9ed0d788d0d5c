"""The parts of a fingerprint by name, so that it can be said what changed: "function lib.scale", "global lib.FACTOR", "package numpy"."""

from __future__ import annotations

import ast
import hashlib
import re
import types
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tangentflow.graph.reach import Reach
from tangentflow.graph.space import MISSING, Space

__all__ = ["changed_parts", "parts_of"]

_VERSION = re.compile(r"([\w.]+)\[((?:[\w.+-]+==[\w.+!-]+,?)+)\]")


def parts_of(value: object, without: str | None = None) -> dict[str, str]:
    """Return a digest of each part that a value's fingerprint is made of, by what the part is called. Versions stand as they are.

    The name of the module `without` is left out, so that two files can be compared.
    """
    reach = _Parts()
    reach.whole(value)
    own = re.compile(rf"\b{re.escape(without)}\.") if without else None
    found = {}
    for name, text in reach.parts.items():
        if own is not None:
            name, text = own.sub("", name), own.sub("", text)
        for _, versions in _VERSION.findall(text):
            for version in versions.split(","):
                package, _, number = version.partition("==")
                found[f"package {package}"] = number
        bare = _VERSION.sub(r"\1", text)
        found[name] = hashlib.sha256(bare.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return found


def changed_parts(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return in words which parts differ."""
    found = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if name.startswith(("package ", "Python")) and old and new:
            found.append(f"{name} ({old} → {new})")
        elif old is None:
            found.append(f"{name} (new)")
        elif new is None:
            found.append(f"{name} (gone)")
        else:
            found.append(name)
    return found


class _Parts(Reach):
    """Gives each function, class, module and value a name of its own in place of a number."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: dict[str, str] = {}
        self.called: dict[int, str] = {}

    def entry(self, value: object, write: Any) -> str:
        name = self.called.get(id(value))
        if name is None:
            kind = {types.FunctionType: "function", types.ModuleType: "the names of module"}.get(type(value), "class")
            name = self.called[id(value)] = self._free(f"{kind} {_spelled(value)}")
            self.keep.append(value)
            self.parts[name] = ""
            self.entries.append("")
            self.todo.append((len(self.entries) - 1, value, partial(self._write, name, write)))
        return f"<{name}>"

    def _write(self, name: str, write: Any, value: object) -> str:
        self.parts[name] = write(value)
        return ""

    def _free(self, name: str) -> str:
        """Return a name that nothing else has: there may be several lambdas."""
        made, count = name, 1
        while made in self.parts:
            count += 1
            made = f"{name} ({count})"
        return made

    def defaults(self, function: types.FunctionType) -> str:
        if function.__defaults__ or function.__kwdefaults__:
            self.parts[f"defaults of {_spelled(function)}"] = super().defaults(function)
        return ""

    def outer(self, node: ast.expr, space: Space) -> str | None:
        text = super().outer(node, space)
        found = space.value(node)
        if text is None or found is MISSING or text.startswith("<") or not isinstance(node, (ast.Name, ast.Attribute)):
            return text
        if callable(found) or isinstance(found, types.ModuleType):
            return text
        spelled = ast.unparse(node)
        where = "variable" if isinstance(node, ast.Name) and node.id in space.closure else "global"
        module = "" if where == "variable" else f"{space.globals.get('__name__', '')}."
        name = f"{where} {module}{spelled}"
        self.parts[name] = text
        return f"<{name}>"

    def source(self, name: str, file: Path, is_package: bool) -> str:
        known = name in self.sources
        text = super().source(name, file, is_package)
        if not known:
            self.parts[f"module {name}"] = self.sources[name]
        return text


def _spelled(value: Any) -> str:
    if isinstance(value, types.ModuleType):
        return value.__name__
    return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}".replace(".<locals>", "")
