"""Programs whose steps have several runs to a pod."""

import math
import os
import time
from pathlib import Path

from tangentflow import StepKilled, StepTimeout, step, workflow


@step
def double(x):
    return 2 * x


@step(chunk=3)
def packed(x):
    if x == 4:
        raise ValueError(x)
    return x, os.getpid()


@step(chunk=3)
def square(x):
    return x * x


@step(chunk=2)
def plus(x, y):
    return x + y


@step(chunk=2, retries=2)
def third_time(path, x):
    file = Path(path) / str(x)
    seen = file.read_text() if file.exists() else ""
    file.write_text(seen + "|")
    if len(seen) < x:
        raise OSError(x, len(seen))
    return x, len(seen) + 1


@step(chunk=2, timeout=1)
def slow(x):
    time.sleep(30 if x == 1 else 0)
    return x


@step(chunk=3, retries=1, on=(OSError,))
def dies(x):
    if x == 1:
        os._exit(7)
    return x


@step(chunk=2)
def file_of(x):
    path = Path(f"file-{x}")
    path.write_text(str(x))
    return path


@step(chunk=2)
def read(path):
    return path.read_text()


@workflow
def pids(n):
    return [packed(i) for i in range(n)]


@workflow
def constant():
    return [packed(i) for i in range(4)]


@workflow
def known(xs):
    return [square(x) for x in xs], square(7)


@workflow
def in_a_loop(n):
    out = []
    for i in range(n):
        y = math.sqrt(double(i))
        out.append(plus(y, i))
    return out


@workflow
def nested(n):
    return [[plus(i, j) for j in range(i + 1)] for i in range(n)]


@workflow
def from_steps(n):
    found = [double(i) for i in range(n)]
    total = 0
    for x in found:
        total += square(x)
    return total


@workflow
def fails(n):
    done = []
    for i in range(n):
        done.append(packed(i)[0])
    return done


@workflow
def caught(n):
    try:
        return [packed(i)[0] for i in range(n)]
    except ValueError as error:
        return error.args


@workflow
def each_caught(n):
    done = []
    for i in range(n):
        try:
            done.append(packed(i)[0])
        except ValueError as error:
            done.append(repr(error))
    return done


@workflow
def sub(n, k):
    return [plus(i, k) for i in range(n)]


@workflow
def in_calls(n):
    return [sub(i, double(i)) for i in range(n)]


@workflow
def recurse(n):
    if n == 0:
        return []
    return [square(i) for i in range(n)] + recurse(n - 1)


@workflow
def in_while(n):
    found = [n]
    while len(found) < n:
        found = [plus(i, len(found)) for i in range(len(found) + 2)]
    return found


@workflow
def effects(path, n):
    for i in range(n):
        third_time(path, i)
    return double(n)


@workflow
def with_retries(path, xs):
    return [third_time(path, x) for x in xs]


@workflow
def late(n):
    try:
        return [slow(i) for i in range(n)]
    except StepTimeout as error:
        return str(error)


@workflow
def lost(n):
    try:
        return [dies(i) for i in range(n)]
    except StepKilled as error:
        return str(error)


@workflow
def files(n):
    return [read(p) for p in [file_of(i) for i in range(n)]]


@workflow
def more_than_one_step(n):
    return [square(double(i)) for i in range(n)]
