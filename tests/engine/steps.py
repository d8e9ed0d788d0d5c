"""Steps and workflows that the tests of the local engine run."""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass

from tangentflow import sequential, step, workflow


class Picky(Exception):
    """An exception whose `__init__` takes what its args do not hold."""

    def __init__(self, code, *, hint):
        super().__init__(f"code {code}")
        self.code, self.hint = code, hint


@dataclass(frozen=True)
class Point:
    x: int
    y: int


@step
def add(a, b=1):
    return a + b


@step
def same(x):
    return x


@step
def nap(seconds):
    time.sleep(seconds)
    return seconds


@step
def picky(code):
    raise Picky(code, hint="look")


@step
def chained(x):
    try:
        {}[x]
    except KeyError as error:
        raise ValueError("chained", x) from error


@step
def leave(code):
    sys.exit(code)


@step
def die(x):
    os._exit(x)


@step
def grow(xs):
    xs.append(len(xs))
    return xs


@step(check=False)
def grow_unchecked(xs):
    xs.append(len(xs))
    return xs


@step
def lock():
    return {"a": [threading.Lock()]}


@step
def odd_repr(n):
    return lambda: n


@step
def check_even(n):
    if n % 2:
        raise ValueError("odd", n)
    return n


@step
def note(path, text):
    with open(path, "a") as file:
        file.write(f"{text}\n")


@step
def process():
    return os.getpid()


@step
def thread():
    return threading.get_ident()


@step
def point(x):
    return Point(x, x + 1)


@workflow
def straight(n):
    a = add(n)
    b = add(n, 10)
    return a, add(a, b), Point(a, b)


@workflow
def mapped(items):
    return [add(same(item), i) for i, item in enumerate(items)]


@workflow
def echo(items):
    return [same(item) for item in items]


@workflow
def counted(n):
    k, rounds = 0, []
    while k < n:
        k = add(k, 2)
        rounds.append(k)
    return k, rounds


@workflow
def branch(n):
    if add(n) > 3:
        return "big", add(n, n)
    elif n:
        return "small", same(n)
    return None


@workflow
def naps(seconds):
    a = nap(seconds)
    b = nap(seconds)
    return a + b


@workflow
def slow_then_failing(seconds):
    a = nap(seconds)
    b = check_even(1)
    return a + b


@workflow
def raises_picky(n):
    return picky(n)


@workflow
def raises_chained(n):
    return chained(n)


@workflow
def raises_exit(n):
    leave(n)
    return "not reached"


@workflow
def raises_in_glue(n):
    return add(n) // (n - n)


@workflow
def first_odd_fails(items):
    return [check_even(item) for item in items]


@workflow
def dies(n):
    a = add(n)
    return die(3) + a


@workflow
def grows(n):
    xs = [n]
    return grow(xs)


@workflow
def grows_unchecked(n):
    xs = [n]
    ys = grow_unchecked(xs)
    return ys


@workflow
def returns_lock():
    return lock()


@workflow
def passes_lambda(n):
    f = odd_repr(n)
    return same(f)()


@workflow
def notes(path, items):
    note(path, "first")
    for item in sequential(items):
        note(path, item)
    note(path, "last")


@workflow
def pair(x):
    return add(x), point(x)


@workflow
def nested(n):
    found = []
    for i in range(n):
        a, at = pair(i)
        found.append((a, at, pair(a)))
    return found


@workflow
def factorial(n):
    if n < 2:
        return 1
    return n * same(factorial(n - 1))


@workflow
def where(n):
    return [process() for _ in range(n)]


@workflow
def threads(n):
    return [thread() for _ in range(n)]


@workflow
def skips(n):
    if n > 100:
        add(n)
    total = 0
    for i in range(n):
        if i % 2:
            total += add(i)
    return total
