"""`attempt`: fan-outs of which some items may fail."""

from __future__ import annotations

import tangentflow
from tangentflow import TooFewSucceeded, attempt, workflow
from tests.corpus.steps import chained, e, f, g, leave, make, total_of


@workflow
def picky(x):
    y = f(x)
    if y % 3 == 0:
        raise KeyError(y)
    return y


@workflow
def attempts_of_a_step(xs):
    return attempt(f, xs)


@workflow
def attempts_that_fail(xs):
    return tangentflow.attempt(chained, xs, default=[0])


@workflow
def attempts_with_ratio(xs):
    found = attempt(picky, xs, min_ratio=0.6)
    return [None if y is None else g(y) for y in found], len(xs)


@workflow
def attempts_with_count(n):
    found = attempt(picky, range(n), min_count=3, default=0)
    return total_of(found)


@workflow
def attempts_handled(xs):
    try:
        found = attempt(chained, xs, min_ratio=1)
    except TooFewSucceeded as error:
        found = error.succeeded, error.total, error.failed, str(error.__cause__)
    return found, f(1)


@workflow
def attempts_in_a_loop(n):
    out = []
    for i in range(n):
        found = attempt(picky, make(i), min_ratio=0.5)
        out.append((i, found))
        e("tried", i)
    return out


@workflow
def attempts_dropped(n):
    attempt(chained, range(n))
    e("after")
    return n


@workflow
def attempts_that_leave(n):
    return attempt(leave, [n])


@workflow
def attempts_of_attempts(n):
    return attempt(attempts_with_count, range(n), min_ratio=n / 2)
