"""What becomes of an iterator that a recorded call gives: it is read at once, or refused."""

from __future__ import annotations

from typing import Any

from tangentflow.errors import InternalError, LateRefusal
from tangentflow.runtime.iterators import is_iterator, shown
from tangentflow.runtime.pickling import attempt

__all__ = ["read", "refuse_iterator"]

_TRAVELLING = frozenset({"builtins", "collections", "numpy", "pandas", "polars", "pyarrow"})
"""Packages whose containers can be pickled, and may be too large to find that out by trying."""


def read(value: Any, text: str, in_turn: bool) -> Any:
    """Return the items of an iterator as a list, and of what else can be read but not be pickled (a progress bar); any other value as it is.

    What stops it is raised. Raises LateRefusal if something stops it behind an item where a loop takes each `in_turn`: the loop would have
    gone through the items before that.
    """
    if not is_iterator(value) and not _is_for_reading_alone(value):
        return value
    items: list[Any] = []
    try:
        items.extend(value)
    except (KeyboardInterrupt, InternalError, LateRefusal):
        raise
    except BaseException as error:
        if not in_turn or not items:
            raise
        raise LateRefusal(
            f"`{text}` raised {type(error).__name__} behind its item {len(items)}, and the items of a loop are read before it starts; "
            f"make it a list before the loop, `list({text})`"
        ) from error
    return items


def _is_for_reading_alone(value: object) -> bool:
    """Whether a value that is no iterator has items and cannot travel itself. (One with `keys` is read in another way by `dict`.)"""
    kind = type(value)
    home = kind.__module__.partition(".")[0]
    if home in _TRAVELLING or not hasattr(kind, "__iter__") or hasattr(kind, "keys"):
        return False
    return attempt(value) is not None


def refuse_iterator(value: Any, text: str) -> None:
    """Raise LateRefusal for an iterator that an expression would give a workflow to keep."""
    if is_iterator(value):
        raise LateRefusal(
            f"`{text}` gives {shown(value)}, which reading uses up, and what one step reads is not read in another; "
            f"make it a list where it is made: `list({text})`"
        )
