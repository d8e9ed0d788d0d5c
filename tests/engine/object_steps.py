"""Steps whose values are too large for a journal."""

from pathlib import Path

from tangentflow import step, workflow
from tests.engine.stored_steps import note, notes

LARGE = 5000


def ran():
    """Return what has run since the last time."""
    found = notes("ran")
    Path("ran").unlink(missing_ok=True)
    return found


@step
def large(x):
    note("ran", f"large {x}")
    return [x] * LARGE


@step(cache=True)
def cached(xs):
    note("ran", f"cached {xs[0]}")
    return [x + 1 for x in xs]


@step
def fails_above(xs, limit):
    note("ran", f"fails_above {xs[0]}")
    if xs[0] > limit:
        raise ValueError(xs[0])
    return len(xs)


@workflow
def fan(n, limit=100):
    return [fails_above(cached(large(x)), limit) for x in range(n)]


@workflow
def two(x):
    large(x)
    return len(cached([5000] * LARGE))
