"""What workflows of the corpus call besides steps: code that the compiler cannot see through."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass

CONSTANT = 7
CALLS: list[str] = []
"""Arguments of `bump` since the last reset: it must be called as often as in a plain call."""


def _bump(value):
    if value is None:
        raise TypeError("nothing to bump")
    CALLS.append(repr(value))
    return value + 2


class _Bump:
    """A callable that cannot be looked into."""

    __call__ = staticmethod(functools.partial(_bump))


bump = _Bump()


def tick():
    """Give a larger number each time."""
    return time.monotonic_ns()


@dataclass
class Account:
    """Plain data with a method."""

    value: int

    def doubled(self) -> int:
        """Return twice the value."""
        return self.value * 2

    def __call__(self, x: int) -> int:
        return x * self.value


class Stack:
    """An object that is no plain data."""

    def __init__(self) -> None:
        self.items: list[object] = []

    def size(self) -> int:
        """Return the number of items."""
        return len(self.items)
