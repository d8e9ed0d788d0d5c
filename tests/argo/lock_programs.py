"""Programs whose steps may run only so many at a time. Each step returns when it began and when it ended."""

import time

from tangentflow import step, workflow


def now_and_then(x):
    began = time.time()
    time.sleep(0.3)
    return x, began, time.time()


@step(max_concurrent=1)
def single(x):
    return now_and_then(x)


@step(max_concurrent=2)
def pair(x):
    return now_and_then(x)


@step(max_concurrent=2, retries=1)
def tried(x, marks):
    try:
        open(f"{marks}/{x}", "x").close()
    except FileExistsError:
        return now_and_then(x)
    raise ValueError(x)


@step(max_concurrent=1)
def fails(x):
    if x == 1:
        raise ValueError(x)
    return now_and_then(x)


@step
def free(x):
    return now_and_then(x)


@workflow
def fan_out(n):
    return [pair(i) for i in range(n)]


@workflow
def one_by_one(n):
    return [single(i) for i in range(n)]


@workflow
def nested(n):
    return [pair((i, j)) for i in range(n) for j in range(n)]


@workflow
def several_sites():
    return [pair(0), pair(1), pair(2), single(3), single(4)]


@workflow
def sub(i):
    return pair(i)


@workflow
def in_calls(n):
    return [sub(i) for i in range(n)] + [pair(n)]


@workflow
def with_retries(n, marks):
    return [tried(i, marks) for i in range(n)]


@workflow
def one_fails(n):
    done = []
    for i in range(n):
        try:
            done.append(fails(i))
        except ValueError:
            done.append(free(i))
    return done
