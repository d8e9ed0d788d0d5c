"""`if`, ternaries, short circuits, chained comparisons."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.steps import add, e, f, fail, g, h, half, ident, less, none, odd, one


@workflow
def arms_define_the_same_name(n):
    if odd(n):
        x = f(n)
    else:
        x = g(n)
    return add(x, 1)


@workflow
def one_arm_rebinds(n):
    x = f(n)
    if x > 2:
        x = g(x)
    return f(x)


@workflow
def only_one_arm_binds(n):
    if n > 1:
        x = f(n)
    e(n)
    return x


@workflow
def only_one_arm_binds_step(n):
    if n > 1:
        x = f(n)
    return g(x)


@workflow
def elif_ladder(n):
    if n == 0:
        r = "zero"
    elif f(n) == 2:
        r = g(n)
    elif f(n) > 5:
        r = f(g(n))
    else:
        r = None
    return r


@workflow
def nested(n, flag):
    x = 0
    if flag:
        if f(n) > 2:
            x = g(n)
        else:
            y = f(5)
            x = y + 1
    elif n:
        x = f(n)
    return x, f(x)


@workflow
def condition_of_two_steps(n):
    if f(n) > 1 and g(n) > 2 or odd(n):
        return f(10)
    return g(10)


@workflow
def truthiness(n):
    if half(n):
        return f(n)
    if not none():
        return g(n)
    return None


@workflow
def empty_arms(n):
    if f(n):
        pass
    else:
        pass
    if g(n) > 3:
        ...
    return one()


@workflow
def effects_in_arms(n):
    if odd(n):
        e("odd", n)
    else:
        e("even", n)
        e("again")
    e("after")


@workflow
def value_after_effect_in_arm(n):
    if n > 1:
        e("in")
    a = f(n)
    if a > 3:
        e("late", a)
    return g(a)


@workflow
def ternary(n):
    x = f(n) if n > 1 else g(n)
    return x


@workflow
def ternary_nested(n):
    return (f(n) if odd(n) else (g(n) if n else f(100))) + (1 if f(n) else 2)


@workflow
def ternary_in_argument(n, flag):
    return add(f(n) if flag else n, n if flag else g(n))


@workflow
def and_or(n):
    a = n and f(n)
    b = n or f(n)
    c = n and f(n) and g(n)
    d = f(n) or fail(n)
    return a, b, c, d, not (n and f(n))


@workflow
def and_or_mixed(n, flag):
    return flag and (n > 1 or f(n)) and g(n) or h(n)


@workflow
def comparisons(n):
    return f(n) < g(n), 0 < f(n) < 5, f(n) == n + 1 == g(0) + n + 1, n < f(n) < g(n) < f(100)


@workflow
def comparison_stops(n):
    return 5 < f(n) < fail(n)


@workflow
def comparison_in_if(n):
    if 0 < f(n) <= g(n) != 4:
        return "in"
    return "out"


@workflow
def membership(n):
    return n in [f(0), f(1), f(2)], f(n) not in (1, 2), None is none(n), f(n) is not None


@workflow
def variable_of_both_arms_effect(n):
    if odd(n):
        r = f(n)
        e(r)
    else:
        r = n
    e("end", r)
    return r


@workflow
def same_test_twice(n):
    c = odd(n)
    if c:
        a = f(n)
    b = 1
    if c:
        b = g(a)
    return b


@workflow
def raising_test(n):
    if 6 // n > 2:
        return f(n)
    return g(n)


@workflow
def raising_test_before_effect(n):
    x = f(n)
    if 6 // n > 2:
        y = g(n)
    e("after")
    return x


@workflow
def unbound_test(n):
    if n:
        ready = n > 1
    if ready:
        return f(n)
    return g(n)


@workflow
def arms_swap(n):
    a, b = f(n), g(n)
    if less(a, b):
        a, b = b, a
    return ident(a), b


@workflow
def walrus_in_condition(n):
    if (a := f(n)) > 2 and (b := g(a)) > 6:
        return a, b
    return a


@workflow
def return_in_both(n):
    if f(n) > 2:
        return g(1)
    else:
        return g(2)


@workflow
def long_elif(n):
    if n == 0:
        x = f(0)
    elif n == 1:
        x = f(10)
    elif n == 2:
        x = f(20)
    elif n == 5:
        return g(50)
    else:
        x = -1
    y = g(x)
    return x, y
