"""Programs for the tests of documents: what is hosted where, what fails how."""

import os
import threading

from tangentflow import step, workflow


@step
def f(x):
    return x + 1


@step
def g(x, y=0):
    return 2 * x + y


@step
def e(*args):
    pass


@step
def make(n):
    return list(range(n))


@step
def refuse(x, bad):
    if x == bad:
        raise ValueError("bad", x)
    return x


@step
def boom(x):
    raise KeyError(x)


@step
def die(x):
    os.kill(os.getpid(), 9)


@step
def locked(x):
    return threading.Lock()


@step(image="other:1")
def elsewhere(x):
    return x


# -- placement


@workflow
def chain(n: int = 3):
    return g(f(n)) * 10


@workflow
def glue_between(n):
    a = f(n)
    b = {"k": [a * 2, a]}
    return g(b["k"][0], b["k"][1])


@workflow
def branch(n):
    if f(n) > 3:
        return g(n)
    return None


@workflow
def both_arms(n):
    if f(n) > 3:
        x = g(n)
    else:
        x = f(0)
    return f(x)


@workflow
def filtered(n):
    return [f(x) for x in make(n) if x % 2]


@workflow
def nested(n):
    return [[g(x, y) for y in range(x)] for x in range(n)]


@workflow
def until(n):
    k = 0
    while f(k) < n:
        k = g(k, 1)
    return k


@workflow
def at_test(n):
    k = 0
    while k < n:
        k = f(k)
    return k


@workflow
def some_iterations(n):
    s = 0
    for i in range(n):
        if i % 3 == 0:
            s = f(s)
    return s


@workflow
def fixed():
    s = 0
    for i in range(3):
        s = f(s)
    return s


@workflow
def part(x, s="a"):
    a = f(x)
    if a > 2:
        return s
    return g(a), s


@workflow
def constant_call():
    return [part(1), part(5)]


@workflow
def factorial(n):
    if n < 1:
        return 1
    return g(0, n * factorial(n - 1))


@workflow
def effects_behind_return(xs):
    a = f(1)
    if a in xs:
        return 0
    for x in xs:
        e(x)
    if a > 1:
        e("after")
    return a


@workflow
def side_by_side(n):
    return f(n), g(n)


@workflow
def other_image(n):
    a = elsewhere(n)
    b = a + 1
    if b > 1:
        e(b)
    return b


# -- failures


@workflow
def dies_first(n):
    return f(die(n))


@workflow
def dies_last(n):
    return die(f(n))


@workflow
def dies_in_loop(n):
    s = 0
    for i in range(n):
        s = die(f(s))
    return s


@workflow
def hosted_glue_raises(n):
    a = f(n)
    d = 6 // (a - 2)
    return f(d)


@workflow
def hosted_test_raises(n):
    a = f(n)
    if 6 // (a - 2) > 1:
        e(a)
    return g(n)


@workflow
def scan_raises(n):
    a = f(n)
    return [g(6 // (a - 2 - i)) for i in range(3)]


@workflow
def two_raise(n):
    s = n
    for i in range(3):
        a = boom(s)
        b = boom(s + 10)
        s = f(a) + f(b)
    return s


@workflow
def fails_late(n):
    s = 0
    for i in range(n):
        s = refuse(s, 2)
        s = f(s)
    return f(s)


@workflow
def items_fail(n):
    return [refuse(i, 2) for i in range(n)]


@workflow(max_iterations=3)
def limited(n):
    k = 0
    while f(k) <= n:
        k = f(k)
    return k


@workflow
def unpicklable_result(n):
    locked(n)
    return f(1)


@workflow
def unpicklable_argument(n):
    return f(threading.Lock() if n else 1)


@workflow
def named(a, *, b):
    return f(a) + b


@workflow
def wrong_call(n):
    x = named(n)
    return f(x)


@workflow
def wrong_call_last(n):
    return named(n, c=1)


@workflow
def exits(n):
    a = f(n)
    if a > 1:
        raise SystemExit(3)
    return f(a)


# -- documents


@workflow
def parameters(
    n: int = 3, text: str = "{{workflow.name}} {{{'\\ é", *rest, code: tuple = (1, {"a": {"b": 2}}), größe=os.sep
):
    return f(n), [text, rest, code, größe]


@workflow
def hostile(text="a"):
    return g(text, "{{=1}}")
