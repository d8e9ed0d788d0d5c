"""Worker processes of the local engine in which steps fail as planned by the test."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

from tangentflow.decorators import StepFunction
from tangentflow.engine import driver
from tangentflow.engine.tasks import Shipped
from tangentflow.runtime.codec import encode
from tangentflow.runtime.outcome import Value
from tests.corpus import steps
from tests.corpus.steps import Plan

__all__ = ["planned"]


def _planned(plan: Plan, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    steps.reset(plan)
    return function(*args, **kwargs)


@contextlib.contextmanager
def planned(plan: Plan) -> Iterator[None]:
    """Let steps in worker processes fail by this plan."""

    class WithPlan(Shipped):
        def __init__(self, step: StepFunction[..., Any]) -> None:
            super().__init__(step)
            self.data = encode(Value(functools.partial(_planned, plan, step.function)))

    kept = driver.Shipped
    driver.Shipped = WithPlan
    try:
        yield
    finally:
        driver.Shipped = kept
