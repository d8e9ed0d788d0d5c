"""Programs with options of workflows: limits of a run, schedules, what happens at its end."""

import fcntl
import time

from tangentflow import step, workflow

REFUSED = frozenset({"calls_timed", "calls_deep", "calls_retried", "calls_branching", "scheduled_in_vain"})
"""Workflows of which there are no documents, or none of the kind that their options ask for."""


def note(path, text):
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(f"{text}\n")


def most_at_a_time(path, mark=""):
    """Return how many of the step runs that were noted were under way at the same time."""
    most = level = 0
    with open(path) as file:
        for line in file.read().split():
            if line[1:].startswith(mark):
                level += 1 if line[0] == "+" else -1
                most = max(most, level)
    return most


@step
def work(path, x, mark=""):
    note(path, f"+{mark}")
    time.sleep(0.2)
    note(path, f"-{mark}")
    return x


@step(retries=1)
def tried(x):
    return x


@step
def nap(seconds):
    time.sleep(seconds)
    return seconds


@step
def fail(x):
    raise ValueError(x)


@step(cache=True)
def kept(x):
    return x * 2


@workflow(
    name="the nightly one", schedule=["0 3 * * mon-fri", "@every 12h"], timezone="Europe/Berlin", timeout="5m", parallelism=3,
    ttl="7d", pod_gc="OnPodSuccess", labels={"team": "ml"}, annotations={"note": "x: y"},
)  # fmt: skip
def nightly(n: int = 3):
    return kept(n)


@workflow(schedule="@daily")
def scheduled_in_vain(n):
    return kept(n)


# -- the time of a run ------------------------------------------------------------------------------------------------


@workflow(timeout=3)
def timed(first, second):
    """A failure is no excuse: handlers do not run once the time is over."""
    a = nap(first)
    try:
        b = nap(second)
    except Exception as error:
        b = type(error).__name__
    return a, b


@workflow(timeout=3)
def timed_in_loop(n):
    total = 0
    for _ in range(n):
        total += nap(total + 0.01)
    return total


@workflow(timeout=3)
def failed_in_time(seconds):
    """The exception is the outcome before the time is over; the other step is under way until then."""
    fail("early")
    if seconds:
        return nap(seconds)


@workflow(timeout=3)
def failed_beside(seconds):
    a = fail("early")
    b = nap(seconds)
    return a, b


@workflow
def calls_timed():
    return timed(0, 0)


# -- how many at a time -----------------------------------------------------------------------------------------------


@workflow(parallelism=2)
def bounded(path, n):
    return [work(path, x) for x in range(n)]


@workflow(parallelism=2)
def part(path, mark, n):
    """Steps that Argo can count: a fan-out of one, and some that always run."""
    a = [work(path, x, mark) for x in range(n)]
    return a, work(path, n, mark), work(path, n + 1, mark), work(path, n + 2, mark)


@workflow
def calls(path):
    return part(path, "a", 5), part(path, "b", 3)


@workflow(parallelism=1)
def deep(path, n):
    return [part(path, str(x), 2) for x in range(n)]


@workflow
def calls_deep(path):
    return deep(path, 3)


@workflow(parallelism=2)
def retried(n):
    return [tried(x) for x in range(n)]


@workflow
def calls_retried(n):
    return retried(n)


@workflow(parallelism=2)
def branching(n):
    if n:
        return tried(n)


@workflow
def calls_branching(n):
    return branching(n)


@workflow(parallelism=1)
def recursive(path, n):
    """Its own bound is that of the whole run."""
    if n == 0:
        return 0
    a = work(path, n)
    return a + recursive(path, n - 1)
