"""Worker processes of the local engine in which steps fail as planned by the test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent import futures
from typing import Any

from tangentflow.engine import local
from tests.corpus import steps
from tests.corpus.steps import Plan

__all__ = ["planned"]


def _planned(plan: Plan, function: Any, *args: Any) -> Any:
    steps.reset(plan)
    return function(*args)


class _Pool:
    def __init__(self, pool: local.Pool, plan: Plan) -> None:
        self.pool = pool
        self.plan = plan

    def submit(self, function: Any, /, *args: Any) -> futures.Future[Any]:
        return self.pool.submit(_planned, self.plan, function, *args)


@contextlib.contextmanager
def planned(plan: Plan) -> Iterator[None]:
    """Let steps in worker processes fail by this plan."""
    kept = local._processes
    local._processes = lambda count, graph: _Pool(kept(count, graph), plan)
    try:
        yield
    finally:
        local._processes = kept
