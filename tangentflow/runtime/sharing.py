"""Whether two values have a part in common that can be changed."""

from __future__ import annotations

import enum
import random
import re
import struct
import types
import uuid
from collections import deque
from collections.abc import Iterable
from datetime import date, time, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from typing import Any

__all__ = ["parts_at", "share"]

_ATOMS = (
    int, float, complex, str, bytes, type(None), type(...), type(NotImplemented), range, slice, type, enum.Enum, PurePath, date, time,
    timedelta, tzinfo, Decimal, Fraction, uuid.UUID, re.Pattern, types.ModuleType, types.FunctionType, types.BuiltinFunctionType,
)  # fmt: skip
_LEAVES = (bytearray, random.Random)


def share(a: object, b: object, closed: bool = True) -> bool:
    """Whether a change inside `a` may show inside `b`. With `closed`, what cannot be looked into counts as shared with its like."""
    first, dark = _parts(a)
    second, also_dark = _parts(b)
    return bool(first & second) or (closed and bool(dark & also_dark))


def parts_at(value: object, depth: int) -> list[Any]:
    """Return the parts of a value that lie so many levels inside it, as far as they can be changed; 0 is the value itself."""
    level: list[Any] = [value]
    for _ in range(depth):
        level = [inner for part in level if not isinstance(part, _ATOMS) for inner in _inside(part) or ()]
    return [part for part in level if not isinstance(part, _ATOMS)]


def _parts(value: object) -> tuple[set[int], set[str]]:
    """Return the ids of all parts that can be changed, and the packages of those that nobody can look into."""
    found: set[int] = set()
    closed: set[str] = set()
    seen: set[int] = set()
    todo: list[Any] = [value]
    while todo:
        part = todo.pop()
        if isinstance(part, _ATOMS) or id(part) in seen:
            continue
        seen.add(id(part))
        if not isinstance(part, (tuple, frozenset)):
            found.add(id(part))
        inner = _inside(part)
        if inner is None:
            closed.add(type(part).__module__.partition(".")[0])
        else:
            todo += inner
    return found, closed


def _inside(part: Any) -> Iterable[Any] | None:
    """Return what a value holds; None if that cannot be seen."""
    kind = type(part)
    attributes = [*getattr(part, "__dict__", {}).values(), *_slots(part)]
    if isinstance(part, dict):
        return [*part.keys(), *part.values(), *attributes]
    if isinstance(part, (list, tuple, set, frozenset, deque)):
        return [*part, *attributes]
    if isinstance(part, _LEAVES):
        return attributes
    if kind.__module__ == "numpy" and kind.__name__ == "ndarray" and not part.dtype.hasobject:
        return [] if part.base is None else [part.base]  # of a view, the array that it is a view of
    return None if _has_hidden_fields(kind) else attributes


def _has_hidden_fields(kind: type) -> bool:
    """Whether instances are larger than their attributes need: the class is written in C."""
    pointers = len(_slot_names(kind)) + (kind.__dictoffset__ > 0) + (kind.__weakrefoffset__ > 0)
    return kind.__basicsize__ > object.__basicsize__ + pointers * struct.calcsize("P")


def _slot_names(kind: type) -> list[str]:
    names: list[str] = []
    for cls in kind.__mro__:
        slots = cls.__dict__.get("__slots__", ())
        names += [slots] if isinstance(slots, str) else list(slots)
    return [name for name in names if name not in ("__dict__", "__weakref__")]


def _slots(part: Any) -> list[Any]:
    kind = type(part)
    mangled = [f"_{kind.__name__.lstrip('_')}{name}" if name.startswith("__") else name for name in _slot_names(kind)]
    return [getattr(part, name) for name in mangled if hasattr(part, name)]
