"""What orders steps beyond their data. Called plainly, it does nothing."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

__all__ = ["after", "parallel", "sequential"]

T = TypeVar("T")


def sequential(items: Iterable[T]) -> Iterable[T]:
    """Make a `for` over `items` run in order, one iteration after the other, even if its iterations are independent."""
    return items


def after(*values: object) -> AbstractContextManager[None]:
    """Let the steps in a `with` block start when these results are there, though they are no arguments of them.

    For a single call write `f(x, after=(a, b))`.
    """
    return nullcontext()


def parallel() -> AbstractContextManager[None]:
    """Free the effects of a `with` block from each other: steps whose results are dropped, which else keep their order.

    They still wait for what stands before the block and for the values before them in it; what follows waits for all of them. If
    several fail, the exception of the first one in program order is raised, and the others may have run.
    """
    return nullcontext()
