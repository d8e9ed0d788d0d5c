"""`with parallel()`, `after=`, `with after(...)`: the order of steps beyond their data."""

from __future__ import annotations

from tangentflow import after, parallel, workflow
from tests.corpus.steps import add, e, f, fail, fail_if, g, h, ident, make, o, odd, p, twice


@workflow
def effects_in_parallel(n):
    e("before")
    with parallel():
        e("a", n)
        e("b", n)
        e("c", n)
    e("behind")
    return f(n)


@workflow
def parallel_with_values(n):
    with parallel():
        a = f(n)
        e("a", a)
        b = g(n)
        e("b", b)
    return h(a), b


@workflow
def parallel_compounds(n):
    with parallel():
        for i in range(n):
            e("first", i)
        if odd(n):
            e("odd")
            e("and then")
        _effects(n)
    return p(n)


@workflow
def _effects(n):
    e("sub", n)
    e("sub again", n)


@workflow
def parallel_in_loop(xs):
    out = []
    for x in xs:
        with parallel():
            e("a", x)
            e("b", x)
            if x == 1:
                continue
            e("c", x)
        out.append(f(x))
    return out


@workflow
def parallel_and_return(n):
    with parallel():
        e("a")
        if n == 1:
            return "early"
        e("b")
    e("c")
    return "late"


@workflow
def parallel_failures(n):
    with parallel():
        fail_if(n, 1)
        fail_if(n, 2)
        e(6 // n)
    return f(n)


@workflow
def parallel_in_try(n):
    try:
        with parallel():
            e("a")
            fail_if(n, 1)
            e("b")
    except ValueError:
        e("handled")
    return f(n)


@workflow
def parallel_in_parallel(n):
    with parallel():
        e("a")
        with parallel():
            e("b")
            e("c")
        e("d")
    return n


@workflow
def two_blocks(n):
    with parallel():
        e("a")
        e("b")
    with parallel():
        e("c")
        e("d")


@workflow
def ordered_in_parallel(n):
    with parallel():
        o(1)
        o(2)
        e(n)


@workflow
def carried_in_parallel(n):
    i = 0
    with parallel():
        while i < n:
            i = f(i)
            e("while", i)
        e("beside")
    return i


@workflow
def after_one(n):
    a = f(n)
    b = g(n, after=a)
    return b


@workflow
def after_several(n):
    a, b = f(n), g(n)
    c = h(n, after=(a, b))
    d = h(2, after=[c, 1])
    return d


@workflow
def after_failure(n):
    a = fail_if(n, 1)
    b = f(n, after=a)
    return b


@workflow
def after_unbound(n):
    if n > 1:
        a = f(n)
    return g(n, after=a)


@workflow
def after_a_call(n):
    return g(n, after=f(n))


@workflow
def after_by_options(n):
    options = {"y": 2, "after": f(n)}
    return g(n, **options)


@workflow
def sub_after(n):
    a = f(n)
    return twice(n, after=a)


@workflow
def block_after(n):
    a = f(n)
    with after(a, g(n)):
        b = f(2)
        c = [h(x) for x in make(n)]
        d = twice(n, after=b)
    return b, c, d


@workflow
def block_after_in_loop(xs):
    out = []
    s = 0
    for x in xs:
        s = add(s, x)
        with after(s):
            out.append(f(x))
    return out


@workflow
def blocks_in_each_other(n):
    a = f(n)
    with after(a), parallel():
        e("a")
        with after(ident(n)):
            e("b")
    return a


@workflow
def after_star(n):
    xs = make(n)
    with after(*xs):
        return f(n)


@workflow
def after_nothing(n):
    with after():
        return fail(n)


@workflow
def break_in_with(xs):
    for x in xs:
        with parallel():
            e("x", x)
            if x == 1:
                break
    else:
        e("else")
    return f(len(xs))
