"""Steps whose result is dropped keep their place."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.steps import add, e, ev, f, fail, fail_if, g, half, ident, make, none, o, odd, p, twice


@workflow
def in_order(n):
    e(1)
    e(2)
    e(3)


@workflow
def download_train(n):
    res = ev("download")
    res = ev("train")
    return res


@workflow
def dropped_by_underscore(n):
    _ = ev("a")
    _ = ev("b")
    e("c")


@workflow
def never_read(n):
    a = ev("a")
    b = ev("b", n)
    if n > 100:
        e(a)
    return b


@workflow
def values_and_effects(n):
    a = f(n)
    e(a)
    b = g(n)
    e(b)
    return add(a, b)


@workflow
def effect_waits_for_value(n):
    a = f(n)
    e("constant")
    return a


@workflow
def value_waits_for_effect(n):
    e("first")
    a = f(n)
    b = f(a)
    return b


@workflow
def effect_in_loop_then_value(xs):
    for x in xs:
        e(x)
    return f(0)


@workflow
def value_in_loop_then_effect(xs):
    out = []
    for x in xs:
        out.append(f(x))
    e("after")
    return out


@workflow
def two_effects_per_item(xs):
    for x in xs:
        e("a", x)
        e("b", x)


@workflow
def effect_with_result_of_item(xs):
    out = []
    for x in xs:
        r = f(x)
        out.append(r)
        e(r)
    return out


@workflow
def effect_after_failure(n):
    e("before")
    a = fail(n)
    e("after")
    return a


@workflow
def effect_after_unused_failure(n):
    e("before")
    fail(n)
    e("after")


@workflow
def effect_after_failing_value(n):
    a = fail_if(n, 2)
    e("after")
    return f(n)


@workflow
def effect_after_raising_glue(n):
    a = f(n)
    b = 6 // n
    e("after")
    return a, b


@workflow
def effect_after_raising_glue_of_result(n):
    a = f(n)
    b = 6 // (a - 2)
    e("after")
    return a, b


@workflow
def effect_after_raising_glue_in_loop(xs):
    t = 0
    for x in xs:
        t += 12 // (x - 1)
    e("after", t)


@workflow
def effect_after_raising_fold(xs):
    t = 0
    for x in xs:
        t += 12 // (f(x) - 2)
    e("after", t)


@workflow
def effect_in_loop_after_failure(n):
    b = fail_if(n, 1)
    for j in range(2):
        k = 0
        while k < 2:
            e(j, k)
            k += 1
    return b


@workflow
def effect_in_map_after_failure(n):
    b = fail_if(n, 1)
    for j in range(3):
        e(j)


@workflow
def effect_in_nested_map_after_glue(n):
    b = 6 // (n - 1)
    for i in range(2):
        for j in range(2):
            e(i, j)
    return b


@workflow
def effect_in_branch_after_failure(n):
    b = fail_if(n, 1)
    if n < 5:
        e(n)
    return b


@workflow
def effect_in_sub_after_failure(n):
    b = fail_if(n, 1)
    _effects(n)
    return b


@workflow
def _effects(n):
    e("sub", n)
    return f(n)


@workflow
def used_sub_with_effect_waits(n):
    e("first")
    a = f(n)
    b = _effects(3)
    e("last")
    return a, b


@workflow
def conditional_effects(n):
    if odd(n):
        e("odd")
    if n > 2:
        e("big")
    e("end")


@workflow
def effects_in_expression(n):
    return [none(1), none(2), f(n)], (none(3) or none(4))


@workflow
def effect_arguments_from_steps(n):
    e(f(n), g(n), k := f(k0 := n))
    e(k, k0)


@workflow
def pure_does_not_wait(n):
    e(1)
    a = p(n)
    b = p(a)
    e(2, b)
    return a


@workflow
def pure_dropped(n):
    p(n)
    e(1)
    p(n + 1)


@workflow
def ordered_among_values(n):
    a = f(n)
    b = o(n)
    c = g(n)
    d = o(c)
    return a, b, c, d


@workflow
def ordered_in_loop(xs):
    return [o(x) for x in xs]


@workflow
def _ordered_inside(x):
    return o(x)


@workflow
def ordered_in_sub_in_loop(xs):
    return [_ordered_inside(x) for x in xs]


@workflow
def ordered_in_nested_loops(k):
    for i in range(k):
        for j in range(i):
            o(i * 10 + j)
    return f(1)


@workflow
def effect_in_while_test(n):
    i = 0
    while ev(i) + i < n:
        e("body", i)
        i += 1
    e("end")


@workflow
def effects_of_nested_loops(n):
    for i in range(n):
        e("outer", i)
        for j in range(2):
            e("inner", i, j)
        e("close", i)
    e("end")


@workflow
def effect_after_break(xs):
    for x in xs:
        if odd(x):
            break
        e(x)
    e("after")


@workflow
def effect_after_return_guard(n):
    a = f(n)
    if a == 2:
        return "early"
    e("late")
    return g(n)


@workflow
def value_after_return_guard(n):
    if f(n) == 2:
        return "early"
    return g(n)


@workflow
def effect_between_loops(xs):
    a = [f(x) for x in xs]
    e("middle")
    b = [g(x) for x in xs]
    return a, b


@workflow
def effect_of_list(n):
    xs = make(n)
    e(xs)
    xs = [*xs, 1]
    e(xs)


@workflow
def value_after_arm_with_effect_and_value(n):
    b = 0
    if n > 1:
        e("in")
        b = f(n)
    c = g(n)
    return b, c


@workflow
def value_after_item_with_effect_and_value(xs):
    out = []
    for x in xs:
        out.append(f(x))
        e(x)
        out.append(g(x))
    c = half(9)
    return out, c


@workflow
def value_after_sub_with_effect_and_value(n):
    a = _effects(n)
    b = half(n)
    return a, b


@workflow
def value_after_effects_around_continue(xs):
    for x in xs:
        e(x)
        if x > 1:
            continue
        e("small", x)
    return f(1)


@workflow
def value_after_effects_around_break(xs):
    for x in xs:
        e(x)
        if x > 1:
            break
        e("small", x)
    return f(1)


@workflow
def value_after_effects_around_nested_continue(xs):
    for x in xs:
        e("outer", x)
        for y in (1, 2):
            e("inner", x, y)
            if x > 1:
                e("big", x)
                if y < x:
                    continue
                e("still", x)
            e("end", x, y)
        if odd(x):
            continue
        e("even", x)
    return f(1)


@workflow
def effect_waits_for_filtered_values_of_its_item(n):
    for i in make(n):
        unused = [f(q) for q in make(2) if q != 1]
        last = ev("dropped", i)


@workflow
def effect_waits_for_conditional_value_of_its_item(xs):
    last = 0
    for x in xs:
        if x > 1:
            last = f(x) + 1
        e(x)
    return last


@workflow
def dropped_sub_is_an_effect(n):
    twice(n)
    twice(n + 1)
    e("end")


@workflow
def effects_on_both_sides_of_failure_in_loop(xs):
    for x in xs:
        e("in", x)
        fail_if(x, 1)
        e("out", x)
    e("end")


@workflow
def serial_effects_with_state(xs):
    s = 0
    for x in xs:
        s = add(s, x)
        e(s)
        ident(s)
    e("end", s)
