"""Copies of values that a replay may change in place.

`copy.deepcopy` builds an exception again by calling its class with its args, which is not how it was made: `__init__` may take something else. So
exceptions in a value are shared with its copy. Nothing in a workflow changes them, and raised again they are the same object, as in Python.
"""

from __future__ import annotations

import copy
import gc
import types
from typing import TypeVar

__all__ = ["copied"]

_T = TypeVar("_T")

_ATOMS = frozenset({int, float, bool, complex, str, bytes, type(None), range, slice})
_OUTSIDE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.CodeType, types.FrameType)


def copied(value: _T) -> _T:
    """Return a deep copy of a value. Raises what `copy.deepcopy` raises."""
    if type(value) in _ATOMS:
        return value
    return copy.deepcopy(value, {id(error): error for error in _exceptions(value)})


def _exceptions(value: object) -> list[BaseException]:
    """Return the exceptions in a value, not those behind them."""
    found: list[BaseException] = []
    seen: set[int] = set()
    todo: list[object] = [[value]]
    while todo:
        for part in gc.get_referents(todo.pop()):
            if type(part) in _ATOMS or id(part) in seen:
                continue
            seen.add(id(part))
            if isinstance(part, BaseException):
                found.append(part)
            elif not isinstance(part, _OUTSIDE):
                todo.append(part)
    return found
