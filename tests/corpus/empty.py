"""Workflows with next to nothing in them."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.steps import e, f, make, total_of


@workflow
def only_pass():
    pass


@workflow
def only_docstring():
    """Nothing."""


@workflow
def only_ellipsis(): ...


@workflow
def only_return():
    return


@workflow
def no_steps(n):
    return n * 2


@workflow
def one_effect():
    e()


@workflow
def one_value():
    return f(1)


@workflow
def loop_over_nothing():
    out = []
    for x in []:
        out.append(f(x))
    for x in ():
        e(x)
    return out, [f(y) for y in make(0)], total_of([])


@workflow
def while_false():
    while False:
        e("never")
    return f(0)


@workflow
def if_false(n):
    if False:
        e("never")
    if True:
        r = f(n)
    return r


@workflow
def loop_that_breaks_at_once(n):
    for x in range(5):
        break
        e("never")
    return f(x)


@workflow
def loop_that_continues(n):
    for x in range(n):
        continue
        e("never")
    return f(n)


@workflow
def loop_that_returns_at_once(xs):
    for x in xs:
        return f(x)


@workflow
def loop_that_raises_at_once(xs):
    for x in xs:
        raise KeyError(f(x))


@workflow
def empty_displays(n):
    return f(n), [], (), {}, set(), "", None


# fmt: off
@workflow
def one_line(n): return f(n)


@workflow
def semicolons(n):
    a = f(n); b = f(a); e(b); return a, b
