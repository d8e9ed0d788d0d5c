"""Workflows that keep iterators, or read such as fail on the way, for tests of the engine."""

from __future__ import annotations

import itertools

from tangentflow import step, workflow
from tests.corpus.library import Hidden


def _walk(xs):
    return iter(xs)


def _fall(xs):
    yield from xs
    raise KeyError("behind the last")


walk, fall = Hidden(_walk), Hidden(_fall)


class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if not self.n:
            raise StopIteration
        self.n -= 1
        return self.n


class Numbered:
    def __init__(self):
        self.ids = itertools.count(5)


@step
def inc(x):
    return x + 1


@step
def pairs(n):
    return zip(range(n), "abc")


@step
def countdown(n):
    return Countdown(n)


@step
def both(n):
    return n, Countdown(n)


@step
def numbered(n):
    return Numbered()


@step
def number_of(made):
    return type(made).__name__


@workflow
def kept(n):
    items = walk(range(n))
    try:
        return [inc(x) for x in items], [inc(x) for x in items]
    except Exception:
        return "caught"


@workflow
def falls(n):
    out = []
    try:
        for x in fall(range(n)):
            out.append(inc(x))
    except KeyError:
        out.append("fell")
    return out


@workflow
def from_step(n):
    items = pairs(n)
    return [inc(x) for x, _ in items], [inc(x) for x, _ in items]


@workflow
def own_from_step(n):
    return [inc(x) for x in countdown(n)]


@workflow
def beside_another(n):
    m, items = both(n)
    return [inc(x) for x in items]


@workflow
def given(items):
    return [inc(x) for x in items], [inc(x) for x in items]


@workflow
def part_of_an_object(n):
    return number_of(numbered(n))
