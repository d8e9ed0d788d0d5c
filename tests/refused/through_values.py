"""Steps that a workflow calls through a value: they cannot be seen before the run, which then ends with UsageError."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.steps import f, g

STEPS = {"f": f, "g": g}


@workflow
def fine_of_dict(n):
    return STEPS["f"](n)


@workflow
def fine_of_default(n, run=f):
    return run(n)


@workflow
def fine_of_loop(n):
    return [run(n) for run in STEPS.values()]
