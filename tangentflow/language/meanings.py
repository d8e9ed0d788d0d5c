"""What the names of a workflow meant when it was compiled. A notebook cell that is run again gives a name another meaning."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

__all__ = ["Meanings"]

_NOTHING = object()


@dataclass
class Meanings:
    """The objects that names outside a function meant, those of modules by their dotted names (`steps.fit`)."""

    function: FunctionType
    names: dict[str, object] = field(default_factory=dict)

    def note(self, name: str, value: object = _NOTHING) -> None:
        """Take note of what a name means; without a value, that the function's module does not have it."""
        self.names[name] = value

    def hold(self) -> bool:
        """Whether all of them still mean the same objects."""
        spaces = (_closure(self.function), self.function.__globals__)
        return all(_now(name, spaces) is value for name, value in self.names.items())


def _closure(function: FunctionType) -> dict[str, Any]:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not bound yet
            continue
    return found


def _now(name: str, spaces: tuple[Mapping[str, Any], ...]) -> object:
    first, *rest = name.split(".")
    value = next((space[first] for space in spaces if first in space), _NOTHING)
    for part in rest:
        value = getattr(value, part, _NOTHING) if inspect.ismodule(value) else _NOTHING
    return value
