"""Steps bound with `functools.partial`."""

from __future__ import annotations

import functools
from functools import partial

from tangentflow import workflow
from tests.corpus.steps import add, e, f, g, h, less, noisy, twice

fit = partial(g, y=5)
fit2 = functools.partial(h, 1, [2], k="x")
twice_of = partial(twice)


@workflow
def at_module_level(xs):
    return list(map(twice, xs)), list(map(fit, xs)), fit(1), fit(1, y=2), fit2(*xs), fit2(3, z=4), twice_of(2)


@workflow
def arguments_once(n):
    fa = partial(g, y=f(n))
    n = 100
    return fa(1), fa(2, y=3), [fa(i) for i in range(2)], list(map(fa, range(3)))


@workflow
def maybe_unbound(n):
    if n:
        fa = functools.partial(h, n, k=n)
    return fa(n + 1)


@workflow
def in_loop(xs):
    out = []
    for x in xs:
        tr = partial(add, f(x))
        out.append(tr(x))
    return out, tr(5)


@workflow
def of_bound(n):
    a = partial(h, 1, k=2)
    b = partial(a, n, k=f(n), z=3)
    return b(4, w=5), a(6), b(k=7)


@workflow
def called_at_once(n):
    return partial(g, y=3)(n), list(map(partial(g, y=n), range(n))), list(map(partial(add, 2), range(n)))


@workflow
def by_mapping(n):
    a = partial(g, y=n)
    return list(filter(partial(less, 1), range(n))), a(**{"x": f(2)}), a(**{"x": 1, "y": 9})


@workflow
def effects(n):
    e_ = partial(e, "bound")
    e_(n)
    e_()
    for i in range(n):
        e_(i)
    noisy_ = partial(noisy)
    return noisy_(n)


@workflow
def annotated(n):
    a: object = partial(add, n + 1)
    out = []
    while a(1) < 3:
        n = a(n)
        out.append(n)
        if n > 6:
            break
    return out, a(1, 2) if n < 0 else a(3)


@workflow
def walrus_in_arguments(n):
    a = partial(g, opt := f(n), y=opt)
    return a(), opt


@workflow
def sub_workflow(n):
    t = partial(twice)
    return list(map(t, range(n))), max(map(t, range(n)), key=lambda v: -v, default=None), t(n)


@workflow
def unexpected_keyword(n):
    a = partial(g, k=3)
    return a(n)


@workflow
def too_many(n):
    a = partial(g, 3)
    return a(n, 4)


@workflow
def twice_given(n):
    a = partial(f, x=3)
    return a(n)


@workflow
def argument_raises(n):
    a = partial(add, 6 // n)
    e("before")
    return a(n)


@workflow
def keywords_in_order(n):
    a = partial(h, z=n, y=f(n))
    return a(x=1, y=2), a(y=n, z=3), a(n, *[1, 2])


@workflow
def rebound_argument(n):
    rate = f(n)
    a = partial(g, y=rate)
    rate = 100
    return a(rate), [a(i) for i in range(n)]


@workflow
def in_try(n):
    try:
        a = partial(add, 4 // n)
        r = a(1)
    except ZeroDivisionError:
        r = "zero"
    return r


@workflow
def imported_in_body(n):
    from functools import partial as bind

    from tests.corpus.steps import half as halve

    part = bind(halve, n)
    return part(), list(map(bind(add, 1), range(n)))
