"""Programs whose graphs are looked at: they are compiled here, not run."""

from __future__ import annotations

import math
import random

from tangentflow import step, workflow


@step
def f(x):
    return x + 1


@step
def g(x, y=0):
    return x * 2 + y


@step
def e(*args):
    print("effect", args)


@step(pure=True)
def p(x):
    return x


def scale(x):
    return x * 3


@workflow
def chain(n):
    a = f(n)
    b = g(a)
    return b


@workflow
def branch(n: int = 3):
    x = f(n)
    if x > 2:
        x = g(x)
    else:
        e("small", x)
    return x


@workflow
def fan_out(n):
    total = 0
    for i in range(n):
        a, b = f(i), g(i)
        total += a + b
    e(total)
    return total


@workflow
def in_order(n):
    s = 0
    for x in range(n):
        s = f(s)
    while g(s) < 10:
        s = f(s)
    return s


@workflow
def inner(x, y=1):
    return g(f(x), y=y)


@workflow
def caller(n):
    return [inner(i, y=2) for i in range(n)]


@workflow
def countdown(n):
    e(n)
    if n > 0:
        countdown(n - 1)


@workflow
def glue_once(n):
    seed = random.random()
    print("seed", seed)
    return f(scale(n) + math.floor(seed))


@workflow
def hostile(n):
    größe = f('<b>"&\\n`#;%%{}</b>')
    if größe == "]\n--> x":
        größe = g("日本語", y='"')
    return größe


@workflow
def nested(rates, deep=False):
    best, top = None, -1
    for rate in rates:
        model = f(rate)
        if deep:
            while g(model) < 5:
                model = f(model)
                e(model)
        else:
            e("flat", rate)
            model = g(model)
        score = g(model)
        if score > top:
            best, top = model, score
    return best


ALL = {w.__name__: w for w in (chain, branch, fan_out, in_order, caller, countdown, glue_once, hostile, nested)}
