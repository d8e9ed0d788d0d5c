"""Calls in glue that belong into a step."""

from __future__ import annotations

import decimal
import functools
import itertools
import os
import random
import subprocess
import sys
import time
import traceback
import warnings
from pathlib import Path

import tangentflow
from tangentflow import step, workflow
from tests.corpus.steps import f, g, make

RNG = random.Random(1)
SEEN = []


def _halved(x):
    return x // 2


def _helper_with_step(x):
    return f(x) + 1


def _helper_of_helper(x):
    return [_helper_with_step(x)]


def _helper_that_opens(name):
    with open(name) as file:
        return file.read()


def _helper_that_changes(xs):
    xs.append(1)
    return xs


def _helper_that_changes_items(rows):
    for row in rows:
        row.append(1)
    return rows


def _helper_that_changes_captured(table):
    match table:
        case {"k": list(row)}:
            row.append(1)
    return table


def _helper_that_changes_a_global(x):
    SEEN.append(x)
    return x


def _generator(n):
    yield n


async def _coroutine(n):
    return n


@functools.lru_cache
def _cached_step(x):
    return f(x)


@workflow
def opens_file(n):
    return f(open("data.txt").read())  # error: TF301 @14-30


@workflow
def makes_directory(n):
    os.makedirs("out")  # error: TF301 @5-23
    return f(n)


@workflow
def runs_program(n):
    return f(subprocess.run(["ls"]).returncode)  # error: TF301 @14-36


@workflow
def reads_path(n):
    path = Path("data.txt")
    return f(path.read_text()), path.exists()  # error: TF301 @14-30, TF301 @33-46


@workflow
def fine_sleeps(n):
    time.sleep(1)
    return f(n)


@workflow
def opens_in_lambda(n):
    read = lambda: open("data.txt").read()  # error: TF301 @20-36
    return f(read())


@workflow
def opens_in_inner_function(n):
    def read():
        return open("data.txt").read()  # error: TF301 @16-32

    return f(read())


@workflow
def evaluates(n):
    return eval("n"), exec("n"), f(n)  # error: TF302 @12-21, TF302 @23-32


@workflow
def inspects(n):
    a = f(n)
    return locals(), globals(), vars(), a  # error: TF302 @12-20, TF302 @22-31, TF302 @33-39


@workflow
def exits(n):
    os._exit(f(n))  # error: TF302 @5-19


@workflow
def asks(n):
    return f(input("n? "))  # error: TF301 @14-26


@workflow
def goes_on_for_ever(n):
    out = []
    for i in itertools.count():  # error: TF303 @14-31
        out.append(f(i))
    return out


@workflow
def cycles(xs):
    return [f(x) for x in itertools.cycle(xs)]  # error: TF303 @27-46


@workflow
def calls_helper_with_step(n):
    return _helper_with_step(n), _helper_of_helper(n), _cached_step(n)  # error: TF304 @12-32, TF304 @34-54, TF304 @56-71


@workflow
def passes_helper_with_step(xs):
    return sorted(make(3), key=_helper_with_step)  # error: TF304 @12-50


@workflow
def calls_helper_that_opens(n):
    return f(_helper_that_opens("data.txt"))  # error: TF301 @14-44


@workflow
def calls_helper_that_changes(xs):
    ys = _helper_that_changes(xs)  # error: TF201 @10-34
    return f(len(ys))


@workflow
def calls_helper_that_changes_a_global(n):
    return f(_helper_that_changes_a_global(n))  # error: TF306 @14-46


@workflow
def calls_generator(n):
    it = _generator(n)  # error: TF120 @10-23
    return f(list(it))


@workflow
def calls_coroutine(n):
    return f(_coroutine(n))  # error: TF307 @14-27


@workflow
def draws_from_shared_generator(n):
    return f(RNG.random())  # error: TF309 @14-26


@workflow
def drops_result(n):
    xs = [3, 1, n]
    random.shuffle(xs)  # error: TF210 @5-23
    sorted(xs)  # error: TF130 @5-15
    len(xs)  # error: TF130 @5-12
    return f(xs[0])


@workflow
def drops_result_of_helper(n):
    xs = make(n)
    _helper_that_changes(xs)  # error: TF305 @5-29
    return f(xs)


@workflow
def drops_unknown_method(n):
    d = make(n)
    d.send(f(n))  # error: TF130 @5-17
    return g(n)


@workflow
def calls_helper_that_changes_items(rows):
    return _helper_that_changes_items(rows), rows, f(1)  # error: TF201 @12-44


@workflow
def calls_helper_that_changes_captured(table):
    return _helper_that_changes_captured(table), table, f(1)  # error: TF201 @12-48


@workflow
def makes_a_step(xs):
    @tangentflow.step(retries=2)  # error: TF139 @6-33
    def own(x):
        return x + 1

    return [own(x) for x in xs]


@workflow
def makes_a_step_of_a_function(xs):
    own = step(_halved)  # error: TF139 @11-24
    return [own(x) for x in xs]


@workflow
def makes_a_workflow(n):
    @workflow  # error: TF139 @6-14
    def own(x):
        return x + 1

    return own(n), f(n)


@workflow
def seeds_the_generator(n):
    random.seed(42)  # error: TF302 @5-20
    return [f(i) for i in range(n)]


def _seeded(n):
    random.seed(n)
    return n


@workflow
def seeds_in_a_helper(n):
    return f(_seeded(n))  # error: TF302 @14-24


@workflow
def sets_the_precision(n):
    decimal.getcontext().prec = 5  # error: TF302 @5-25
    return f(n)


def _quietly(n):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return n + 1


@workflow
def silences_warnings(n):
    warnings.simplefilter("ignore")  # error: TF302 @5-36
    return f(_quietly(n))


@workflow
def asks_what_is_handled(n):
    try:
        f(n)
    except ValueError:
        return traceback.format_exc(), sys.exc_info()  # error: TF302 @16-38, TF302 @40-54
    return n


def _report():
    return traceback.format_exc()


def _tried(n):
    try:
        return 1 // n
    except ZeroDivisionError:
        return traceback.format_exc()


@workflow
def helper_asks_what_is_handled(n):
    try:
        f(_tried(n))
    except ValueError:
        return _report()  # error: TF302 @16-25
    return n


@workflow
def starts_a_run(n):
    return f(helper_asks_what_is_handled.run(n).result())  # error: TF310 @14-48
