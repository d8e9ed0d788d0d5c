"""`progress(xs)`: a step tells how far it has come. Called plainly, it only iterates. Standard library only."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextvars import ContextVar
from typing import TypeVar

__all__ = ["Listener", "listener_of", "progress", "reporting"]

T = TypeVar("T")
Tell = Callable[[int, "int | None"], object]

_EVERY = 0.1
"""Seconds between two reports."""


class Listener:
    """Hears what a step run tells of itself."""

    __slots__ = ()

    def progressed(self, done: int, total: int | None) -> None:
        """Take how many items are done, and of how many (None: not known)."""

    def wrote(self, stream: str, text: str) -> None:
        """Take what it writes in this process to "stdout" or "stderr"."""


listener_of: ContextVar[Listener | None] = ContextVar("tangentflow_listener", default=None)
"""Who listens to what is run in this context."""


class reporting(Listener):
    """Take what `progress` tells in this context."""

    __slots__ = ("tell", "token")

    def __init__(self, tell: Tell) -> None:
        self.tell = tell

    def progressed(self, done: int, total: int | None) -> None:
        """Pass it on."""
        self.tell(done, total)

    def __enter__(self) -> None:
        self.token = listener_of.set(self)

    def __exit__(self, *raised: object) -> None:
        listener_of.reset(self.token)


def progress(items: Iterable[T], total: int | None = None) -> Iterator[T]:
    """Iterate over `items` in a step, and show in the run how many are done.

    `total` is their number where `len(items)` does not tell it. On Argo it shows as the progress of the pod.
    """
    if total is None:
        total = len(items) if isinstance(items, Sized) else None
    listener = listener_of.get()
    tell = _argo() if listener is None else listener.progressed
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
