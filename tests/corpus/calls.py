"""Parameters of every kind, closures, globals, sub-workflows, recursion."""

from __future__ import annotations

import functools
import operator

from tangentflow import step, workflow
from tests.corpus import steps
from tests.corpus.steps import add, e, enter, f, fail_if, g, h, half, ident, less, make, noisy, odd, one, pair, twice

BASE = 10
NAMES = ("a", "b")
LIMITS = {"low": 1, "high": 5}


@workflow
def defaults(n, m=3, *, key=None, word="w"):
    return h(n, m, key=key, word=word)


@workflow
def default_is_list(n, acc=[1, 2]):
    return add(acc, [f(n)])


@workflow
def default_is_expression(n, low=BASE, high=LIMITS["high"] + 1, /, word="w", *more, pick=NAMES[0], empty={}):
    return h(n, low, high, word, more, pick, empty), f(low)


@workflow
def default_has_the_name_of_a_global(n, BASE=BASE):
    return f(BASE + n)


def _with_default(offset):
    @workflow
    def defaulted(n, k0=offset, *, k1=offset * 2):
        return f(n + k0 + k1)

    return defaulted


closure_default = _with_default(4)


@workflow
def variadic(*args, **kwargs):
    return h(*args, **kwargs), [f(x) for x in args], {k: g(v) for k, v in kwargs.items()}


@workflow
def positional_only(n, /, k, *, flag):
    return h(n, k, flag)


@workflow
def globals_read(n):
    return add(f(n), BASE), [f(len(name)) for name in NAMES], LIMITS["high"] + f(LIMITS["low"])


def _closure(offset, scale):
    @step
    def shift(x):
        enter("shift", x, offset)
        return x + offset

    @workflow
    def closed(n):
        return shift(n) * scale + f(scale)

    return closed


closure_two = _closure(2, 3)
closure_five = _closure(5, 7)


def _closure_with_slice(width):
    @workflow
    def cut(xs):
        return f(len(xs[slice(0, width)]))

    return cut


closure_slices = _closure_with_slice(2)


@workflow
def two_closures(n):
    return closure_two(n) + closure_five(n)


@workflow
def text_with_closure(n):
    return _text_closed(n)


def _make_text_closed():
    word = "w"

    @workflow
    def _text(n):
        a = f(n)
        return f"""{word}
  two {a}
    three"""

    return _text


_text_closed = _make_text_closed()


short = workflow(lambda n, m=2: f(n) + g(m))


@workflow
def sub_is_a_lambda(n):
    return short(n) + short(f(n), m=1)


@workflow
def sub_twice(n):
    a = twice(n)
    b = twice(a)
    return a, b


@workflow
def sub_in_expression(n):
    return twice(f(n)) + twice(2) * g(twice(n))


@workflow
def sub_in_loop(xs):
    return [twice(x) for x in xs]


@workflow
def sub_in_while(n):
    i = 0
    while i < n:
        i = twice(i) + 1
    return i


@workflow
def sub_in_condition(n):
    if twice(n) > 5:
        return f(n)
    return twice(1)


@workflow
def sub_dropped(n):
    a = f(n)
    twice(a)
    e(a)


@workflow
def sub_with_effects(n):
    a = f(n)
    b = noisy(a)
    e("between")
    c = noisy(b)
    return c, g(n)


@workflow
def sub_with_effects_in_loop(xs):
    return [noisy(x) for x in xs]


@workflow
def _options(x, *rest, scale=2, **more):
    return f(x) * scale, rest, more


@workflow
def sub_with_arguments(n):
    return _options(n), _options(f(n), 2, 3, scale=g(1), word="w"), _options(*make(3), **{"k": f(0)})


@workflow
def sub_wrong_arguments(n):
    e("before")
    return _options(n, x=f(n))


@workflow
def step_wrong_arguments(n):
    e("before")
    return f(n, 2, k=3)


@workflow
def step_missing_argument(n):
    e("before")
    f()
    e("after")


@workflow
def step_with_defaults(n):
    return g(n), g(n, 5), g(y=1, x=n), g(x=f(n))


@workflow
def _early(x):
    if x > 2:
        return "big"
    e("small", x)
    return f(x)


@workflow
def sub_returns_early(n):
    return _early(n), _early(f(n)), [_early(i) for i in range(n)]


@workflow
def _loops(xs):
    out = []
    for x in xs:
        out.append(twice(x))
    return out


@workflow
def sub_of_sub(n):
    return _loops(make(n)), _loops([]), _loops([f(n)])


@workflow
def factorial(k):
    if k <= 1:
        return one()
    return k * factorial(k - 1) + f(0)


@workflow
def fibonacci(k):
    if less(k, 2):
        return ident(k)
    return fibonacci(k - 1) + fibonacci(k - 2) if k < 5 else f(k)


@workflow
def countdown(k):
    e(k)
    if k > 0:
        countdown(k - 1)
    e("up", k)


@workflow
def guarded_by_exception(k):
    c = 6 // k
    r = guarded_by_exception(k - 1)
    return r + c


@workflow
def guarded_by_exception_with_steps(k):
    c = 6 // k
    a = f(k)
    r = guarded_by_exception_with_steps(k - 1)
    return r + c + a


@workflow
def is_even(k):
    if k == 0:
        return one() == 1
    return _is_odd(k - 1)


@workflow
def _is_odd(k):
    if k == 0:
        return False
    return is_even(half(2 * k) - 1)


@workflow
def tree(k):
    if k == 0:
        return [ident(k)]
    return [f(k), *[t for i in range(2) for t in tree(k - 1)]]


@workflow
def passes_objects(n):
    return h(None, ..., slice(1, 2), NAMES, {1, 2}, b"x", 1.5, 2j)[0][1:]


@workflow
def attribute_of_module(n):
    return steps.f(n) + steps.g(steps.f(n))


@workflow
def helper_calls(n):
    return _helper(f(n)) + _helper(n), max(f(n), g(n), key=_key), functools.reduce(operator.add, make(n), 0)


def _helper(x):
    return x * 100 + BASE


def _key(x):
    return -x


@workflow
def inner_function(n):
    k = f(n)

    def scale(x, by=2):
        return x * by

    return g(scale(k)), [scale(x) for x in make(n)], scale(f(k), by=k)


@workflow
def inner_lambda(n):
    scale = lambda x: x * 2
    return scale(f(n)), [scale(g(i)) for i in range(n)]


@workflow
def inner_captures_result(n):
    k = f(n)

    def shift(x):
        return x + k

    return [g(shift(x)) for x in make(2)]


@workflow
def lambda_captures_loop(xs):
    out = []
    for x in xs:
        r = f(x)
        out.append(sorted([3, r, 1], key=lambda v: abs(v - r)))
    return out


class Box:
    """A plain class with a step inside."""

    @staticmethod
    @step
    def put(x):
        enter("put", x)
        return [x]


class Holder:
    """An object with steps as attributes."""

    def __init__(self, inner=None) -> None:
        self.f = f
        self.inner = inner

    def plus(self, x):
        return x + 5

    @step
    def minus(self, x):
        enter("minus", x)
        return x - 1


HOLDER = Holder(Holder())


@workflow
def steps_of_objects(n):
    a = HOLDER.f(n)
    return a, HOLDER.inner.f(a), HOLDER.plus(a), Holder.minus(HOLDER, a)


@workflow
def static_method_step(n):
    return Box.put(f(n))


@workflow
def starred_everything(n):
    a, *b = make(n + 1)
    return h(a, *b, *[f(x) for x in b], *pair(n), **{"x": f(n)}, **dict(y=g(n)))


@workflow
def duplicate_keyword(n):
    return h(a=f(n), **{"a": g(n)})


@workflow
def stars_not_iterable(n):
    return h(f(1), *n, g(1))


@workflow
def keywords_not_mapping(n):
    return h(f(1), **f(n))


@workflow
def sub_raises(xs):
    out = []
    for x in xs:
        out.append(_checked(x))
    return out


@workflow
def _checked(x):
    y = f(x)
    fail_if(x, 1)
    return g(y)


@workflow
def same_sub_as_argument(n):
    return twice(twice(twice(n)))


@workflow
def shared_value_changed_later(n):
    xs = make(n)
    a = ident(xs)
    xs = [*xs, 9]
    b = ident(xs)
    return a, b, xs


@workflow
def odd_names(größe, _x=1, __y=2):
    λ = f(größe)
    return λ, g(_x, __y)


@workflow(max_iterations=5)
def bounded_enough(k):
    i = 0
    while i < 5:
        i = f(i)
    return i


@workflow
def condition_of_sub(n):
    return [x for x in range(n) if _keep(x)]


@workflow
def _keep(x):
    return odd(x) or x == 2
