"""Iterables that raise behind an item: what was before it has run, and a `break` keeps them from it."""

from __future__ import annotations

import heapq
import itertools

from tangentflow import workflow
from tests.corpus.steps import e, f, g, make, odd


@workflow
def zip_strict(xs, k):
    out = []
    for x, i in zip(xs, range(k), strict=True):
        e(x)
        out.append(f(i))
    return out


@workflow
def zip_strict_comprehension(xs, k):
    return [f(x) for x, _ in zip(xs, make(k), strict=True)]


@workflow
def zip_strict_that_breaks(xs, k):
    out = []
    for x, i in zip(xs, range(k), strict=True):
        if odd(x):
            break
        out.append(g(x, i))
    return out


@workflow
def zip_strict_else(xs, k):
    out = []
    for i, (x, j) in enumerate(zip(xs, range(k), strict=True)):
        if x == 4:
            break
        out.append(f(i + j))
    else:
        out.append(f("else"))
    return out


@workflow
def zip_strict_caught(xs, k):
    out = []
    try:
        for x, i in zip(xs, range(k), strict=True):
            out.append(f(x))
            if i > 1:
                return out
    except ValueError as u:
        out.append(str(u))
    finally:
        e(len(out))
    return out


@workflow
def zip_strict_in_while(xs, k):
    out, n = [], 0
    while n < 2:
        try:
            for x, _ in zip(xs, range(k + n), strict=True):
                if odd(x) and n:
                    break
                out.append(f(x))
        except ValueError:
            out.append("uneven")
        n += 1
    return out


@workflow
def zip_strict_decided_by_a_value(xs, k, flag):
    out = []
    for x, _ in zip(xs, range(k), strict=flag):
        out.append(f(x))
    return out


@workflow
def chain_of_no_iterable(xs, k):
    out = []
    for x in itertools.chain(xs, k):
        e(x)
        out.append(f(x))
    return out


@workflow
def chain_that_breaks(xs, k):
    out = []
    for x in itertools.chain(xs, [1, 2], k):
        if x == 2:
            break
        out.append(f(x))
    return out


@workflow
def chain_from_iterable(xs, k):
    return [f(x) for x in itertools.chain.from_iterable([xs, k, xs])]


@workflow
def chain_of_lists(xs, n):
    return [f(x) for x in itertools.chain([n], [n, n])], [g(x) for x in itertools.chain.from_iterable([[n], [1]])]


@workflow
def merge_of_what_cannot_be_compared(xs, s):
    return [f(x) for x in heapq.merge(xs, [9, s])]
