"""Steps with other options: the values are those of the steps that they are made of."""

from __future__ import annotations

from functools import partial

import tangentflow
from tangentflow import attempt, workflow
from tests.corpus import steps
from tests.corpus.steps import add, e, f, fail_if, g, total_of

CPUS = 0.2

large = f.options(cpu=0.3, labels={"size": "large"})
tried = fail_if.options(retries=1, on=(TimeoutError,))
calm = f.options(pure=True)
in_order = e.options(ordered=True)
dotted = f.options(name="model.fit [50%] / a b")
other = g.options(name="data.fit [50%] / a b")


@workflow
def made_outside(xs):
    return (
        [large(x) for x in xs],
        list(map(large, xs)),
        attempt(large, xs),
        large.options(cpu=0.1, name="small")(len(xs)),
    )


@workflow
def made_where_called(xs):
    out = []
    for x in xs:
        y = f.options(cpu=CPUS)(x)
        out.append(
            g.options(memory="1Gi", cpu=+0.1)(y, y=2) if y % 2 else steps.f.options(retries=+1, on=TimeoutError)(x)
        )
    return out, list(map(f.options(cpu=0.2), xs)), attempt(f.options(cpu=CPUS, tolerations=[{"key": "a"}]), xs)


@workflow
def bound_afterwards(n):
    fit = partial(large)
    return fit(n), f.options(cpu=0.1).options(memory="64Mi")(n)


@workflow
def fails_as_before(n):
    try:
        x = tried(n, 2)
    except ValueError as error:
        x = error.args
    return x


@workflow
def orders_as_said(n):
    in_order(n)
    in_order.options(ordered=False)(n + 1)
    return calm(n), steps.add.options(retries=1, on=(tangentflow.StepTimeout, OSError))(n, n), total_of([add(n, 1)])


@workflow
def named_by_anything(xs):
    first = dotted(len(xs))
    second = other(len(xs), 1)
    out = []
    for x in xs:
        y = dotted(x + first)
        out.append(other(y, second))
    t = 0
    while t < len(xs):
        t = dotted(t)
    return out, t
