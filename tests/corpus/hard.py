"""Programs that put several constructs into each other. `tests/argo/test_hard.py` runs them at their full size."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.steps import Known, add, e, f, fail_if, g, ident, less, make, one


@workflow
def while_with_fan_out(n):
    total, i = 0, 0
    while less(i, n):
        parts = [f(x + i) for x in range(2)]
        total = add(total, sum(parts))
        i = f(i)
    return total, i


@workflow
def try_around_one_item(xs):
    out = []
    for x in xs:
        if x == 4:
            try:
                r = fail_if(x, 4)
            except Known as error:
                r = g(error.args[1])
        else:
            r = f(x)
        out.append(r)
    return out


@workflow
def return_from_loop_in_try(xs):
    seen = 0
    try:
        for x in xs:
            seen = f(seen)
            if ident(x) == 1:
                return "found", seen
        return "nothing", seen
    finally:
        e("closed", seen)


@workflow
def fibonacci(n):
    if n > 8:
        raise ValueError("too large for a test")
    if n < 2:
        return one() if n == 1 else 0
    return add(fibonacci(n - 1), fibonacci(n - 2))


@workflow
def glue_error_before_step_error(xs):
    out = []
    for i, x in enumerate(xs):
        y = fail_if(i, 5)
        out.append(6 // (y - 3) + x)
    return out


@workflow
def inner_counts_that_vary(n):
    rows = []
    for i in range(n):
        row = []
        for j in make(i):
            row.append([g(k, j) for k in range(j)])
        rows.append(row)
    return rows
