"""`print` and `logging` in a workflow: once each, in their order, after their data."""

from __future__ import annotations

import logging
import sys
import warnings

from tangentflow import workflow
from tests.corpus.steps import add, e, f, fail, fail_if, g, odd

log = logging.getLogger("corpus")


@workflow
def prints(n):
    print("start", n)
    a = f(n)
    print("a =", a, sep="\t", end="!\n")
    return a


@workflow
def prints_in_loop(xs):
    print("before")
    for x in xs:
        r = f(x)
        print("item", x, r)
    print("after")


@workflow
def prints_in_serial_loop(xs):
    s = 0
    for x in xs:
        s = add(s, x)
        print("state", s)
    print("end", s)
    return s


@workflow
def prints_in_while(n):
    i = 0
    while i < n:
        print("at", i)
        i = f(i)
    print("end")


@workflow
def prints_in_nested_loops(n):
    s = 0
    for i in range(n):
        print("outer", i, s)
        for j in range(2):
            s = add(s, j)
            print("inner", j, s)
    return s


@workflow
def prints_in_branch(n):
    if odd(n):
        print("odd")
        return f(n)
    print("even", g(n))
    return n


@workflow
def prints_before_failure(n):
    print("before")
    a = fail(n)
    print("after", a)


@workflow
def prints_before_failure_in_loop(xs):
    for x in xs:
        print("at", x)
        fail_if(x, 1)


@workflow
def prints_raising_argument(n):
    print("first")
    print(6 // n)
    e("after")


@workflow
def _prints(x):
    print("sub", x)
    a = f(x)
    print("sub end", a)
    return a


@workflow
def prints_in_sub(n):
    print("main")
    a = _prints(n)
    print("between", a)
    b = _prints(a)
    return b


@workflow
def prints_then_independent_sub(n):
    a = f(n)
    print("a", a)
    b = _prints(5)
    print("b", b)
    return a, b


@workflow
def prints_two_independent_subs(n):
    a = _prints(f(n))
    b = _prints(7)
    return a, b


@workflow
def prints_in_sub_in_loop(xs):
    return [_prints(x) for x in xs]


@workflow
def logs(n):
    logging.getLogger("corpus").warning("n is %s", n)
    a = f(n)
    log.warning("a is %s", a)
    logging.warning("root %d", a)
    return a


@workflow
def warns(n):
    warnings.warn(f"n is {n}", stacklevel=1)
    return f(n)


@workflow
def print_as_value(n):
    x = print("value")
    return x, f(n), [print(i) for i in range(2)]


@workflow
def prints_between_steps_do_not_order(n):
    a = f(n)
    print("one")
    b = g(n)
    print("two")
    return a, b


@workflow
def prints_mutable(n):
    xs = []
    for i in range(n):
        xs.append(i)
        print(xs)
        xs.append(f(i))
    print(xs)
    return xs


@workflow
def message_that_raises_in_a_loop_without_steps(n):
    try:
        c = 0
        while c < 2:
            c = c + 1
            print(12 // (c - n))
    except ArithmeticError:
        f(c)
    else:
        e(c)
    return f(c)


def _warned(x):
    print("seen", x, file=sys.stderr)
    return x


@workflow
def to_stderr(n):
    print("begin", n, file=sys.stderr)
    a = f(_warned(n))
    print("end", a, file=sys.stdout)
    return a
