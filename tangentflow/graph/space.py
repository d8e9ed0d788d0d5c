"""Where a function finds the names from outside."""

from __future__ import annotations

import ast
import builtins
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tangentflow.graph.whose import is_own

__all__ = ["MISSING", "Space"]

MISSING = object()
"""What `Space.value` gives for a name that means nothing."""


@dataclass
class Space:
    """The names of a function: those that it imports itself, those of the functions around it, those of its module."""

    closure: Mapping[str, Any]
    globals: Mapping[str, Any]
    imports: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, function: types.FunctionType) -> Space:
        """Return the names of a function."""
        cells = {}
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                cells[name] = cell.cell_contents
            except ValueError:
                continue  # not assigned yet
        return cls(cells, function.__globals__)

    def value(self, node: ast.expr) -> object:
        """Return what a name means, or a dotted name through the user's own modules; else MISSING."""
        if isinstance(node, ast.Name):
            for space in (self.imports, self.closure, self.globals, vars(builtins)):
                if node.id in space:
                    found: object = space[node.id]
                    return found
            return MISSING
        if isinstance(node, ast.Attribute):
            owner = self.value(node.value)
            if isinstance(owner, types.ModuleType) and is_own(owner.__name__):
                found = getattr(owner, node.attr, MISSING)
                return found
        return MISSING
