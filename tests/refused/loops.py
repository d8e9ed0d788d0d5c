"""Iterables that would have to be read while their loop goes on."""

from __future__ import annotations

import itertools

from tangentflow import workflow
from tests.corpus.steps import f, g, make


def _squares(n):
    for i in range(n):
        yield i * i




@workflow
def changes_what_a_function_reads(n):
    t = 0

    def shifted(v):
        return v + t

    for x in map(shifted, make(n)):  # error: TF205 @18-25
        t += f(x)
    return t




@workflow
def returns_out_of_a_generator_function(n):
    for x in _squares(n):  # error: TF137 @14-25
        if f(x):
            return x


@workflow
def breaks_out_of_takewhile(n):
    for x in itertools.takewhile(lambda v: 9 // v, make(n)):  # error: TF137 @14-60
        if f(x):
            break
    return x




@workflow
def fine_whole(n):
    t = 0
    for x in map(int, make(n)):
        t += f(x)
    return t


@workflow
def fine_listed(n):
    for x in list(map(int, make(n))):
        if f(x):
            break
    return x


@workflow
def changes_what_a_zip_reads(n):
    t = 0
    for x, y in zip(map(lambda v: v + t, make(n)), [1, 2, 3]):  # error: TF136 @17-62
        t += f(x + y)
    return t


@workflow
def breaks_out_of_a_zip(n):
    for x, y in zip(map(int, make(n)), [1, 2, 3]):  # error: TF137 @17-50
        if f(x + y):
            break
    return x


@workflow
def groups_of_one_iterator(n=3):
    sizes = {key: len(list(group)) for key, group in itertools.groupby(make(n))}  # error: TF138 @54-80
    for _, group in enumerate(itertools.groupby(make(n))):  # error: TF138 @21-58
        f(group)
    return sizes, max(len(list(group)) for _, group in itertools.groupby(make(n)))  # error: TF138 @56-82


@workflow
def groups_that_are_kept(n=3):
    groups = itertools.groupby(make(n))  # error: TF120 @14-40
    return groups


@workflow
def search_in_a_strict_zip(xs):
    return any(f(x) for x, y in zip(xs, make(2), strict=True))  # error: TF137 @33-62
