"""`progress(xs)`: a step tells how far it has come. Called plainly, it only iterates. Standard library only."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextvars import ContextVar
from typing import TypeVar

__all__ = ["progress", "reporting", "tell_of"]

T = TypeVar("T")
Tell = Callable[[int, "int | None"], object]

_EVERY = 0.1
"""Seconds between two reports."""

tell_of: ContextVar[Tell | None] = ContextVar("tangentflow_progress", default=None)


class reporting:
    """Take what `progress` tells in this context: how many items are done, and of how many (None: not known)."""

    __slots__ = ("tell", "token")

    def __init__(self, tell: Tell) -> None:
        self.tell = tell

    def __enter__(self) -> None:
        self.token = tell_of.set(self.tell)

    def __exit__(self, *raised: object) -> None:
        tell_of.reset(self.token)


def progress(items: Iterable[T], total: int | None = None) -> Iterator[T]:
    """Iterate over `items` in a step, and show in the run how many are done.

    `total` is their number where `len(items)` does not tell it. On Argo it shows as the progress of the pod.
    """
    if total is None:
        total = len(items) if isinstance(items, Sized) else None
    tell = tell_of.get() or _argo()
    if tell is None:
        yield from items
        return
    done, told = 0, time.monotonic()
    tell(0, total)
    for item in items:
        yield item
        done += 1
        if time.monotonic() - told >= _EVERY:
            told = time.monotonic()
            tell(done, total)
    tell(done, total)


def _argo() -> Tell | None:
    """Return what writes to the file that Argo's executor reads the progress of a pod from, in a pod that has one."""
    file = os.environ.get("ARGO_PROGRESS_FILE")
    if not file:
        return None

    def tell(done: int, total: int | None) -> None:
        if total:
            with open(file, "w", encoding="ascii") as stream:
                stream.write(f"{done}/{total}\n")

    return tell
