"""Programs that are explained: line numbers of this file stand in the tests, so add at the end."""

from __future__ import annotations

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


@workflow
def train(n, start):
    data = f(n)
    total = start
    for x in range(data):
        total = total + g(total, x)
        if total > 100:
            break
    best = 0
    for x in range(3):
        y = f(x)
        for z in range(y):
            e(z)
        best = max(best, y)

    # nothing here
    return best + total


@workflow
def careful(n):
    try:
        m = f(n)
    except ValueError:
        m = inner(1)
    else:
        e(m)
    finally:
        e("end")
    if m > 3:
        return m
    return g(m)


@workflow
def inner(a):
    b = f(a)
    c = g(a, after=b)
    return c


@workflow
def search(n):
    k = n
    while g(k) < 10:
        k = f(k)
    if f(k) and g(k):
        e("both")
    return k


@step(executor="slurm")
def far(x):
    return x


@workflow
def elsewhere(n):
    return far(n)
