"""Uses of `map`, `filter` and `partial` over steps that stay refused."""

from __future__ import annotations

import itertools
from functools import partial

from tangentflow import attempt, workflow
from tests.corpus.library import bump
from tests.corpus.steps import e, f, fail_if, g, h, make, odd, pair, total_of

fit = partial(g, y=5)


@workflow
def keeps_map(n):
    m = map(f, range(n))  # error: TF123 @9-25
    return list(m)


@workflow
def names_bound_step_anew(n):
    a = partial(f)
    b = a  # error: TF115 @9-10
    return b(n), [a]  # error: TF115 @19-20


@workflow
def lists_bound_steps(n):
    fs = [partial(g, i) for i in range(n)]  # error: TF115 @11-24
    return [x() for x in fs]


@workflow
def binds_in_two_places(n):
    if n: a = partial(g, 1)  # error: TF115 @15-28
    else: a = partial(g, 2)  # error: TF115 @15-28
    return a(n)


@workflow
def changes_what_a_map_goes_through(n):
    xs = [n]
    for y in map(f, xs):
        xs.append(y)  # error: TF204 @9-21
    return xs


@workflow
def passes_bound_steps(n):
    a = partial(g, 1)
    return h(a, fit), list(map(lambda x, y=1: f(x), range(n)))  # error: TF115 @14-15, TF111 @17-20, TF304 @28-62, TF133 @47-51


@workflow
def maps_without_a_consumer(n):
    return list(zip(map(f, range(n)), [1, 2])), dict(map(pair, range(n))), list(map(f, *[range(n)])), list(map(f))  # error: TF123 @21-37, TF123 @54-73, TF310 @81-100, TF310 @108-114


@workflow
def deletes_bound_step(n):
    d = partial(g, y=n)  # error: TF115 @9-24
    del d
    return f(n)


@workflow
def maps_in_inner_functions(n):
    def inner(xs):
        return list(map(f, xs))  # error: TF133 @25-26
    k = lambda xs: sum(map(f, xs))  # noqa: E731  # error: TF133 @28-29
    return inner([1]), k([2])


@workflow
def changes_bound_argument(n):
    opts = [n]
    a = partial(total_of, opts)
    opts.append(3)  # error: TF202 @5-19
    return a()


@workflow
def calls_bound_step_out_of_order(n):
    a = partial(h, k=1, j=2)
    return a(j=f(1), k=f(2)), a(k=3, j=4, i=n), a(j=f(1), **{"i": 2})  # error: TF116 @12-29, TF116 @49-70


@workflow
def binds_stars(n):
    a = partial(g, *[n])  # error: TF116 @9-25
    b = partial(g, **{"y": n})  # error: TF116 @9-31
    return a(), b(1)


@workflow
def binds_by_walrus(n):
    return [a(i) for i in range(n)] if n else [], (a := partial(f))  # error: TF124 @12-36, TF115 @57-67


@workflow
def drops_list(n):
    list(map(e, range(n)))  # error: TF130 @5-27
    return any(map(e, range(n)))


@workflow
def calls_at_once_with_step(n):
    x = partial(fail_if, bad=f(n))(n)  # error: TF116 @9-38
    return x


@workflow
def zips_filter(xs):
    return list(zip(xs, filter(odd, xs))), list(zip(map(f, xs), make(3))), list(enumerate(filter(odd, xs)))  # error: TF123 @25-40, TF123 @53-63, TF123 @91-106


@workflow
def opaque_iterators(xs):
    for y in itertools.takewhile(bump, xs):  # error: TF120 @14-43
        e(y)
    return f(1)


@workflow
def extends_by_map(xs):
    out = []
    out.extend(map(f, xs))  # error: TF123 @16-26
    return out


@workflow
def attribute_of_bound_step(n):
    a = partial(g, n)
    return a.args, fit.keywords, f(n)  # error: TF115 @12-13, TF111 @20-23


@workflow
def returns_bound_step(n):
    return fit if n else None  # error: TF111 @12-15


@workflow
def fine_bound_step(n):
    a = partial(g, n)
    return list(map(a, range(n))), fit(n)


@workflow
def attempts_unknown(xs, k):
    a = attempt(k, xs)  # error: TF117 @9-23
    b = attempt(bump, xs)  # error: TF117 @9-26
    c = attempt(f, *xs)  # error: TF117 @9-24
    d = attempt(partial(g, 1), xs)  # error: TF117 @9-35
    return a, b, c, d, attempt(f)  # error: TF117 @24-34
