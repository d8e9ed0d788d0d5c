"""A step that changes some of its arguments."""

from __future__ import annotations

from tangentflow import step, workflow


@step
def predict(model, rows, *more, k=None, **rest):
    model["queries"] += 1
    rest["log"].append(rows)
    return len(rows)


@workflow
def predicted(n=2):
    return predict({"queries": 0}, list(range(n)), [1], k=[2], log=[])
