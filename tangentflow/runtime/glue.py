"""Knowing that user code is evaluated between steps, where a step call would be hidden from the compiler."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["glue", "in_glue"]

_inside: ContextVar[bool] = ContextVar("tangentflow_in_glue", default=False)


@contextmanager
def glue() -> Iterator[None]:
    """Mark that glue is evaluated."""
    token = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(token)


def in_glue() -> bool:
    """Whether glue is being evaluated."""
    return _inside.get()
