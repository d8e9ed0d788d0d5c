"""`attempt`: a fan-out of which some items may fail.

It is a workflow like any other, one for each step that it is used with, so there is nothing about it that engines know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.errors import LateRefusal, TooFewSucceeded
from tangentflow.runtime.glue import in_glue

__all__ = ["attempt", "attempting"]

T = TypeVar("T")
R = TypeVar("R")


def attempt(
    step: Callable[[T], R], items: Iterable[T], /, *, min_ratio: float = 0.0, min_count: int = 0, default: Any = None
) -> list[Any]:  # fmt: skip
    """Call a step or workflow for each item, in parallel; return the results in the order of the items.

    Where a call raises an `Exception`, `default` stands in its place. All calls are made. If then fewer than `min_count` have succeeded, or
    fewer than `min_ratio` (0 to 1) of all, TooFewSucceeded is raised from the first exception. Raises ValueError for another `min_ratio`.
    """
    if in_glue():
        raise LateRefusal(
            "attempt() was called through a value, so that the compiler did not see the call; write `attempt(step, items)`, both names of "
            "the module, in a @workflow"
        )
    found: list[Any] = attempting(step)(items, min_ratio=min_ratio, min_count=min_count, default=default)
    return found


def attempting(step: Callable[[T], R]) -> WorkflowFunction[..., list[Any]]:
    """Return the workflow that `attempt` is for a step: always the same for the same step."""
    kept = vars(step).get(_KEPT) if isinstance(step, (StepFunction, WorkflowFunction)) else None
    if kept is not None:
        return kept  # type: ignore[no-any-return]
    name = getattr(step, "__name__", "call")

    def attempt(
        items: Iterable[T], /, *, min_ratio: float = 0.0, min_count: int = 0, default: Any = None
    ) -> list[Any]:  # fmt: skip
        if not 0 <= min_ratio <= 1:
            raise ValueError(f"attempt(min_ratio={min_ratio!r}): a ratio is a number from 0 to 1")
        results: list[Any] = []
        failed: list[tuple[int, Exception]] = []
        for index, item in enumerate(items):
            try:
                result = step(item)
            except Exception as error:
                failed.append((index, error))
                result = default
            results.append(result)
        succeeded = len(results) - len(failed)
        if succeeded < min_count or (results and succeeded / len(results) < min_ratio):
            kinds = [(index, type(error).__name__) for index, error in failed]
            raise TooFewSucceeded(name, succeeded, len(results), kinds) from (failed[0][1] if failed else None)
        return results

    made = WorkflowFunction(attempt, {})
    if isinstance(step, (StepFunction, WorkflowFunction)):
        setattr(step, _KEPT, made)
    return made


_KEPT = "_attempting"
