"""Workflows that fail, each in another place. (Pods import it, so it needs nothing.)"""

from __future__ import annotations

from tangentflow import step, workflow


@step
def fit(x):
    return checked(x)


@step
def fine(x):
    return x


def checked(x):
    if x > 1:
        raise KeyError("too large", x)
    return x


def ratio(x):
    return 1 // x


@workflow
def part(x):
    y = fit(x)
    return y + 1


@workflow
def in_a_step():
    a = fit(1)
    b = fit(a + 1)
    return b


@workflow
def in_a_sub_workflow_of_a_comprehension():
    a = fine(1)
    return [part(x) for x in range(a, 4)]


@workflow
def in_a_serial_loop():
    total = 0
    for x in range(4):
        total = fit(total + x)
    return total


@workflow
def in_a_while():
    x = 0
    while x < 5:
        y = part(x)
        x = y
    return x


@workflow
def in_glue():
    a = fine(0)
    return ratio(a)


@workflow
def in_glue_of_a_loop():
    total = 0
    for x in range(3):
        total += 1 // (1 - fine(x))
    return total


@workflow
def in_a_serial_loop_of_a_sub_workflow():
    for x in range(2, 4):
        if fine(x) > 2:
            break
        part(x)


@workflow
def raised_here():
    a = fine(3)
    if a > 2:
        raise ValueError(a)
    return a


@workflow
def asserted_here():
    a = fine(3)
    assert a < 2, fine(a)
    return a


@workflow
def raised_again():
    try:
        a = fit(3)
    except KeyError:
        fine(2)
        raise
    return a


@workflow
def behind_a_finally():
    try:
        a = part(3)
    finally:
        fine(2)
    return a


def closure(least):
    @workflow
    def in_a_closure(n=1):
        if n < least:
            n = part(least)
        return n

    return in_a_closure
