"""Imports in the body."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.steps import e, f, fail_if, g, make


@workflow
def module(n):
    import math

    return f(math.factorial(n))


@workflow
def several_in_one_line(n):
    import math
    import os.path as p
    from math import floor as fl
    from math import pi

    a = f(fl(n + pi))
    out = []
    for i in range(n):
        b = f(a + math.floor(pi))
        a = b
        out.append(p.join("a", str(b)))
    return out, a


@workflow
def steps(n):
    import tests.corpus.steps as s
    from tests.corpus.steps import half
    from tests.corpus.steps import pair as two

    x, y = two(half(n))
    return s.add(x, y), [s.f(i) for i in make(n)]


@workflow
def parts_of_a_package(n):
    import collections
    import collections.abc

    c = collections.Counter(make(n))
    return c, isinstance(c, collections.abc.Mapping), f(1)


@workflow
def read_in_functions(xs):
    import json

    fn = lambda v: json.dumps(v)  # noqa: E731

    def gn(v):
        return json.dumps([v])

    out = []
    s = 0
    for x in xs:
        s = f(s + x)
        out.append(fn(s) + gn(x))
    return out


@workflow
def kinds_are_seen(n):
    import os
    import random
    import time
    from random import random as rnd

    a = f(n)
    r = random.random()
    q = rnd()
    return f(r > 2), f(q > 2), a


@workflow
def for_what_it_does(n):
    import colorsys

    return f(n)


@workflow
def messages_by_import(n):
    import logging
    import warnings

    log = logging.getLogger("x")
    logging.warning("hi %s", n)
    warnings.warn("bye")
    return f(n)


@workflow
def opaque_by_import(n):
    from tests.corpus.library import Account, bump, tick

    return f(bump(n)), tick() > 0, Account(n).doubled(), f(Account(n)(2))


@workflow
def read_in_patterns(n):
    from dataclasses import dataclass, replace

    from tests.corpus.patterns import Point

    match Point(n, f(n)):
        case Point(x=0) as p:
            return replace(p, y=g(p.y))
        case p:
            return p


@workflow
def exception_by_import(n):
    from tests.corpus.steps import Known, fail_if

    try:
        return fail_if(n, 1)
    except Known as err:
        return str(err)


@workflow
def between_statements(n):
    if n == 1:
        return f(n)
    e(n)
    import math

    if n == 2:
        from_math = math.sqrt(f(3))
        return from_math
    from math import floor

    return f(floor(math.pi))


@workflow
def carried_past_import(xs):
    import operator

    total = 0
    for x in xs:
        total = operator.add(f(x), total)
        while operator.lt(total, 4):
            total = g(total, operator.neg(-1))
    return total


@workflow
def module_passed_on(n):
    import math as m

    parts = [m.pi, m.e]
    return f(len(parts) + n), [p > 3 for p in parts]


@workflow
def raised_by_import(n):
    from tests.corpus.steps import Odd

    if f(n) > 1:
        raise Odd(n, hint="x")
    return n


@workflow
def same_module_twice(n):
    import tests.corpus.library as library
    from tests.corpus import library

    return f(library.CONSTANT + n)
