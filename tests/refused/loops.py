"""Iterables that would have to be read while their loop goes on."""

from __future__ import annotations

import itertools

from tangentflow import workflow
from tests.corpus.steps import f, g, make


def _squares(n):
    for i in range(n):
        yield i * i


@workflow
def changes_what_a_lambda_reads(n):
    t = 0
    for x in map(lambda v: v + t, make(n)):  # error: TF136 @14-43
        t += f(x)
    return t


@workflow
def changes_what_a_generator_reads(n):
    t = 0
    for x in (v + t for v in make(n)):  # error: TF123 @14-38
        t += f(x)
    return t


@workflow
def changes_what_a_function_reads(n):
    t = 0

    def shifted(v):
        return v + t

    for x in map(shifted, make(n)):  # error: TF136 @14-35
        t += f(x)
    return t


@workflow
def breaks_out_of_a_map(n):
    for x in map(int, make(n)):  # error: TF137 @14-31
        if f(x):
            break
    return x


@workflow
def returns_out_of_a_generator(n):
    for x in (9 // v for v in make(n)):  # error: TF123 @14-39
        if f(x):
            return x


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
def stops_early(n):
    return any(f(x) for x in map(int, make(n)))  # error: TF137 @30-47


@workflow
def goes_on_with_steps(n):
    for x in (f(v) for v in make(n)):  # error: TF123 @14-37
        if g(x):
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
