"""A program that takes long enough to be interrupted."""

import time

from tangentflow import step, workflow


@step
def slow(x, seconds):
    time.sleep(seconds)
    return x + 1


@step
def fails_at(x, bad):
    if x == bad:
        raise ValueError("bad", x)
    return x


@workflow
def long(n, seconds=2, bad=-1):
    x, seen = 0, []
    while x < n:
        x = slow(x, seconds)
        try:
            seen.append(fails_at(x, bad))
        except ValueError as error:
            seen.append(error.args)
    return seen, [slow(i, seconds) for i in range(3)]
