"""Programs that run on the real controller."""

from __future__ import annotations

import os
import time

from tangentflow import step, workflow


class Odd(Exception):
    """An exception that its args cannot rebuild."""

    def __init__(self, code, *, hint):
        super().__init__(f"code {code}")
        self.code, self.hint = code, hint


@step
def whalesay(message):
    print(message)


@step
def add(a, b=1):
    return a + b


@step
def same(x):
    return x


@step
def numbers(n):
    return list(range(n))


@step
def flip(heads_at, turn):
    return "heads" if turn >= heads_at else "tails"


@step
def fail_if(x, bad):
    if x == bad:
        raise Odd(x, hint="look")
    return x


@workflow
def greet():
    for message in ["hello world", "goodbye world"]:
        whalesay(message)


@workflow
def coin(heads_at):
    turn = 0
    while flip(heads_at, turn) == "tails":
        turn += 1
    return turn


@workflow
def mapped(n):
    return [add(x, 10) for x in numbers(n)]


@workflow
def branch(n):
    a = add(n)
    if a > 3:
        b = add(a, 100)
    else:
        b = a
    return same(b)


@workflow
def inner(x):
    a = add(x)
    return add(a, a)


@workflow
def outer(n):
    return inner(n), inner(inner(n))


@workflow
def early(n):
    if add(n) > 3:
        return "early"
    total = 0
    for i in range(n + 1):
        total += add(i)
    return total


@workflow
def one_fails(n):
    return [fail_if(i, 1) for i in range(n)]


@workflow
def serial(n):
    total = 0
    for i in range(n):
        total = add(total, i)
    return total


@workflow
def factorial(n):
    if n < 2:
        return 1
    return n * same(factorial(n - 1))


@workflow
def echo(texts):
    return [same(text) for text in texts]


@workflow
def raises_in_glue(n):
    return add(n) // (n - n)


@step
def nap(x):
    time.sleep(2)
    return x


@workflow
def naps():
    first = nap(1)
    second = nap(2)
    return first, second


@step
def die(x):
    os.kill(os.getpid(), 9)


@workflow
def dies(n):
    return same(die(add(n)))


@step
def weight(data):
    return len(data)


@step
def weights(folder):
    return {path.name: len(path.read_bytes()) for path in folder.iterdir()}


@workflow
def add_one(x):
    return add(x)


@workflow
def weighed(folder, data):
    return weights(folder), weight(data), folder.name
