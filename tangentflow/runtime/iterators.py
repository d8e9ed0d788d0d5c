"""Iterators: reading uses them up, so one of which there are copies would give its items more than once. Standard library only: pods have it too."""

from __future__ import annotations

import io
import itertools
from typing import Any

__all__ = ["is_iterator", "is_made_for_reading", "iterator_among", "refusal", "shown"]

_COUNTING = frozenset({itertools.count, itertools.cycle, itertools.repeat})
"""Types that objects keep to number things: such a part of an object is its state, and not there to be read."""

_WALKED: tuple[Any, ...] = (
    [],
    (),
    "",
    "é",
    b"",
    bytearray(),
    range(0),
    range(2**70),
    set(),
    {},
    {}.values(),
    {}.items(),
)
_TURNED: tuple[Any, ...] = ([], {}, {}.values(), {}.items())

_MADE_FOR_READING = (
    frozenset(value for value in vars(itertools).values() if isinstance(value, type) and hasattr(value, "__next__"))
    | {type(iter(made)) for made in _WALKED}
    | {type(reversed(made)) for made in _TURNED}
    | {enumerate, filter, map, reversed, zip, type(iter(int, 0))}
) - _COUNTING

_BUFFERS = frozenset({io.BytesIO, io.StringIO})
"""Types that go through their lines, among other things that they are for."""

_FEW = 16


def is_made_for_reading(value: object) -> bool:
    """Whether a value is an iterator of Python's own, wherever it stands."""
    return type(value) in _MADE_FOR_READING


def is_iterator(value: object) -> bool:
    """Whether reading a value uses it up."""
    kind = type(value)
    if not hasattr(kind, "__next__") or not hasattr(kind, "__iter__") or kind in _BUFFERS:
        return False
    try:
        return bool(iter(value) is value)  # type: ignore[call-overload]
    except Exception:  # then nobody can read it
        return False


def iterator_among(value: Any, place: str = "", depth: int = 2) -> tuple[str, object] | None:
    """Return the first iterator that is `value` or stands in it, and where; None if there is none.

    Looked at is what small tuples, lists and dictionaries hold.
    """
    if is_iterator(value):
        return place, value
    kind = type(value)
    if depth and kind in (tuple, list, dict) and len(value) <= _FEW:
        for key, part in value.items() if kind is dict else enumerate(value):
            found = iterator_among(part, f"{place}[{key!r}]", depth - 1)
            if found is not None:
                return found
    return None


def refusal(value: object, place: str = "") -> str:
    """Return why an iterator cannot travel; `place` is where it stands in what travels."""
    where = f"{place}: " if place else ""
    return f"{where}{shown(value)} is used up by reading it, and a copy of it would not be: make it a list"


def shown(value: object) -> str:
    """Return an iterator in words."""
    return f"an iterator (`{type(value).__qualname__}`)"
