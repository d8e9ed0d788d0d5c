"""What orders steps beyond their data. Called plainly, it does nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

__all__ = ["sequential"]

T = TypeVar("T")


def sequential(items: Iterable[T]) -> Iterable[T]:
    """Make a `for` over `items` run in order, one iteration after the other, even if its iterations are independent."""
    return items
