"""What workflows of the corpus call besides steps: code that the compiler cannot see through."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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


class Hidden:
    """A callable that cannot be looked into."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = functools.partial(function)

    def __reduce__(self) -> str:
        return str(self.function.func.__name__.lstrip("_"))

    @property
    def __call__(self) -> Callable[..., Any]:
        return self.function


def _take(queue):
    return queue.pop(0)


def _put(queue, item):
    queue.append(item)
    return len(queue)


def _peek(queue):
    return queue[0]


def _same(value):
    return value


def _put_both(a, b):
    a.append(1)
    b.append(2)
    return len(a) + len(b)


def _put_in(outer, inner):
    outer.append(inner)
    return len(outer)


def _spoil(queue):
    queue.append(9)
    raise ValueError("after a change", len(queue))


def _walk(xs):
    for number, x in enumerate(xs):
        if number == 3:
            raise KeyError("the fourth item")
        yield x


def _walk_or_fall(xs):
    if not xs:
        raise KeyError("no items")
    return iter(xs)


class _Bar:
    """Goes through something, as a progress bar does: again each time, and never to another process."""

    def __init__(self, xs):
        self.xs = xs
        self.lock = threading.Lock()

    def __len__(self):
        return len(self.xs)

    def __iter__(self):
        return iter(self.xs)


def _bar(xs):
    return _Bar(xs)


walk, walk_or_fall, bar = Hidden(_walk), Hidden(_walk_or_fall), Hidden(_bar)
take, put, peek, same = Hidden(_take), Hidden(_put), Hidden(_peek), Hidden(_same)
put_both, put_in, spoil = Hidden(_put_both), Hidden(_put_in), Hidden(_spoil)


class Counter:
    """Its methods can be looked into."""

    def __init__(self, n: int) -> None:
        self.n = n

    def bump(self, by: int = 1) -> int:
        """Count on; return the count."""
        self.n += by
        return self.n

    def peek(self) -> int:
        """Return the count."""
        return self.n


class Pile:
    """Its methods cannot be looked into."""

    def __init__(self, n: int) -> None:
        self.items = list(range(n))

    take = functools.partialmethod(lambda self: self.items.pop() if self.items else None)
    look = functools.partialmethod(lambda self: len(self.items))
    rest = functools.partialmethod(lambda self: self.items)


def helper_take(queue):
    """Change a parameter."""
    return queue.pop(0)


def helper_put(queue, item) -> int:
    """Change a parameter."""
    queue.append(item)
    return len(queue)


def helper_count(counter) -> int:
    """Change an attribute of a parameter."""
    counter.n = counter.n + 1
    return counter.n


def helper_on_items(rows) -> int:
    """Change what a parameter holds."""
    for row in rows:
        row.append(1)
    return len(rows)


def helper_on_captured(table):
    """Change what a parameter holds, and return it."""
    match table:
        case {"k": list(row)}:
            row.append(1)
    return table
