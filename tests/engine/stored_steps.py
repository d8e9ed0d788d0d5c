"""Workflows whose steps count how often they run, for the tests of the store."""

from __future__ import annotations

import os
import random
import time

from tangentflow import step, workflow

FACTOR = 2


def note(path, text):
    """Append a line, whole."""
    with open(path, "a") as file:
        file.write(f"{text}\n")


def notes(path):
    """Return the lines."""
    try:
        with open(path) as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


@step
def double(path, x):
    note(path, f"double {x}")
    return FACTOR * x


@step
def add(path, x, y=0):
    note(path, f"add {x} {y}")
    return x + y


@step
def effect(path, text):
    note(path, f"effect {text}")


@step
def fail_if(path, flag, x):
    note(path, f"fail_if {x}")
    if os.path.exists(flag):
        raise ValueError("flag", x)
    return x


@step
def big(path, n):
    note(path, f"big {n}")
    return os.urandom(n)


@step
def size(path, data, i):
    note(path, f"size {i}")
    return len(data) + i


@step
def search(path, i, found):
    note(path, f"search {i}")
    return {"iter": i + 1, "found": found + [i]}


@step
def slow(path, i, seconds=0.0):
    note(path, f"slow {i}")
    time.sleep(seconds)
    return i * 10


@workflow
def diamond(path, x):
    a = double(path, x)
    b = add(path, a, 1)
    c = add(path, a, y=2)
    return add(path, b, c)


@workflow
def fragile(path, flag, n):
    found = []
    for i in range(n):
        found.append(double(path, i))
    effect(path, "between")
    last = fail_if(path, flag, sum(found))
    return add(path, last, 1)


@workflow
def handled(path, flag, x):
    try:
        a = fail_if(path, flag, x)
    except ValueError:
        a = -1
    return slow(path, a, 0.5), a


@workflow
def with_large(path, n, count):
    data = big(path, n)
    return [size(path, data, i) for i in range(count)]


@workflow
def iterate(path, start, stop):
    state = {"iter": start, "found": []}
    while state["iter"] < stop:
        state = search(path, state["iter"], state["found"])
    return state


@workflow
def stamped(path):
    stamp = time.time()
    seed = random.random()
    a = double(path, stamp)
    return add(path, a, seed), stamp


@workflow
def opaque(path, items):
    a = [double(path, x) for x in items]
    return sorted(a, key=abs)[0], add(path, sum(a), 1)
