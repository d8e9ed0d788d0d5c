"""Eight ordinary programs with a coin in them, each with a decision that is made when the workflow runs."""

from __future__ import annotations

from tangentflow import step, workflow
from tests.corpus.steps import e, enter, f, flip, g, make, odd, show


@step
def toss(i, heads_at):
    enter("toss", i, heads_at)
    return "a" if i < heads_at else "b"


@workflow
def compares_result(n):
    if flip(n, 2) == "heads":
        r = f(n)
    else:
        r = g(n)
    return r


@workflow
def tests_result(n):
    if odd(n):
        e("a")
    else:
        e("b")


@workflow
def returns_early(n):
    if flip(n, 2) == "heads":
        return "won"
    e("paid", n)
    return g(n)


@workflow
def breaks(n):
    tries = []
    for i in range(5):
        w = flip(i, n)
        tries.append(w)
        if w == "heads":
            break
    return tries


@workflow
def waits_in_while(n):
    w, i = toss(0, n), 0
    while w == "a" and i < 3:
        i += 1
        w = toss(i, n)
    return w, i


@workflow
def loops_over_result(n):
    out = []
    for x in make(n):
        out.append(f(x))
    return out


@workflow
def formats_result(n):
    return show(f"{flip(n, 2)}!")
