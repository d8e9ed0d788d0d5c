"""Exceptions of steps and of glue surface in program order."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.steps import (
    Known,
    add,
    chained,
    contextual,
    divide,
    e,
    f,
    fail,
    fail_if,
    g,
    h,
    ident,
    leave,
    make,
    none,
    odd,
    odd_error,
    one,
    pair,
    size,
    stop,
    table,
)  # fmt: skip

LIMIT = 5


@workflow
def step_raises(n):
    return fail(n)


@workflow
def step_raises_in_one_iteration(xs):
    out = []
    for x in xs:
        out.append(fail_if(x, 1))
    return out


@workflow
def two_steps_raise(n):
    a = fail(1)
    b = fail(2)
    return add(a, b)


@workflow
def glue_before_step(n):
    a = 6 // n
    b = fail_if(n, 0)
    return a, b


@workflow
def step_before_glue(n):
    b = fail_if(n, 0)
    a = 6 // n
    return a, b


@workflow
def glue_between_steps(n):
    a = f(n)
    b = 6 // (a - 1)
    c = fail_if(n, 0)
    return b, c


@workflow
def glue_of_result_then_step(n):
    a = f(n)
    y = g(a)
    d = 6 // (a - 3)
    return y, d


@workflow
def first_iteration_first(xs):
    out = []
    for x in xs:
        a = fail_if(x, 1)
        b = fail_if(x, 5)
        out.append(add(a, b))
    return out


@workflow
def second_loop_raises_too(xs):
    a = [fail_if(x, 4) for x in xs]
    b = [fail_if(x, 5) for x in xs]
    return a, b


@workflow
def fold_raises_before_later_step(xs):
    t = 0
    for x in xs:
        r = f(x)
        t += 12 // (r - 6)
        fail_if(x, 1)
    return t


@workflow
def nested_iterations(n):
    for i in range(n):
        for j in range(n):
            divide(i, j - 1)


@workflow
def explicit_raise(n):
    a = f(n)
    if n > 1:
        raise Known("too big", n)
    return g(a)


@workflow
def explicit_raise_on_result(n):
    a = f(n)
    if a > 2:
        raise Known("too big", a)
    b = g(a)
    e(b)
    return b


@workflow
def raise_class(n):
    e(n)
    raise Known


@workflow
def raise_from(n):
    if odd(n):
        raise Known("from", n) from KeyError(f(n))
    raise Known("none") from None


@workflow
def raise_not_an_exception(n):
    raise f(n)


@workflow
def raise_in_loop(xs):
    out = []
    for x in xs:
        r = f(x)
        if r == 2:
            raise Known("two", x)
        out.append(g(r))
    return out


@workflow
def raise_in_loop_on_item(xs):
    out = []
    for x in xs:
        if x == 1:
            raise Known("one")
        out.append(f(x))
    return out


@workflow
def raise_system_exit_in_loop(xs):
    out = []
    for x in xs:
        if x == 1:
            raise SystemExit(3)
        out.append(f(x))
    return out


@workflow
def raise_base_exception_on_result(xs):
    for x in xs:
        if f(x) == 2:
            raise BaseException("base", x)
        e(x)


@workflow
def asserts(n):
    a = f(n)
    assert a != 3
    b = g(a)
    assert b < 10, "too big"
    assert b, f"message {h(b)}"
    return b


@workflow
def assert_message_from_step(n):
    a = f(n)
    assert a != 3, ident(("message", a))
    return a


@workflow
def asserts_in_loop(xs):
    out = []
    for x in xs:
        r = f(x)
        assert r != 2
        out.append(r)
    return out


@workflow
def step_exits(n):
    e("before")
    leave(n)
    e("after")


@workflow
def step_raises_odd(n):
    return odd_error(n)


@workflow
def step_raises_with_cause(n):
    return chained(n)


@workflow
def step_raises_with_context(n):
    return contextual(n)


@workflow
def step_raises_stop_iteration(n):
    a = stop(n)
    return a


@workflow
def stop_iteration_in_loop(xs):
    for x in xs:
        stop(x)
    return "end"


@workflow
def unbound_argument(n):
    if n > 1:
        a = f(n)
    b = g(n)
    return add(b, a)


@workflow
def unbound_in_glue(n):
    e("before")
    if n > 1:
        a = f(n)
    c = a + 1
    e("after")
    return c


@workflow
def unbound_condition(n):
    if n > 1:
        a = f(n)
    if a:
        e("in")
    return n


@workflow
def unbound_dropped(n):
    if n > 1:
        a = f(n)
    a
    e("after")


@workflow
def unbound_augmented(n):
    if n > 1:
        t = 0
    t += f(n)
    return t


@workflow
def unbound_augmented_in_loop(n):
    for i in range(n):
        t += f(i)
    return n


@workflow
def unbound_deleted(n):
    if n > 1:
        t = f(n)
    del t
    return one()


@workflow
def unbound_iterable(n):
    if n > 1:
        xs = make(n)
    for x in xs:
        e(x)


@workflow
def local_hides_global(n):
    a = f(LIMIT)
    LIMIT = a
    return LIMIT


@workflow
def local_hides_global_in_loop(xs):
    out = []
    for x in xs:
        out.append(g(x, LIMIT))
        if x == 1:
            LIMIT = f(x)
    return out


@workflow
def unbound_global(n):
    a = f(n)
    return a + no_such_name  # noqa: F821


@workflow
def unbound_global_argument(n):
    a = f(n)
    return g(a, no_such_name)  # noqa: F821


@workflow
def unbound_global_function(n):
    return no_such_function(f(n))  # noqa: F821


@workflow
def none_receiver(n):
    d = none()
    d.append(fail_if(n, 1))
    return d


@workflow
def none_item(n):
    d = none()
    d["a"] = f(n)
    return d


@workflow
def none_item_augmented(n):
    d = none()
    d["a"] += fail_if(n, 1)
    return d


@workflow
def none_attribute(n):
    d = none()
    return d.real + f(n)


@workflow
def none_iterated(n):
    for x in none():
        e(x)
    return f(n)


@workflow
def none_called(n):
    d = none()
    return d(f(n))


@workflow
def none_unpacked(n):
    a, b = none()
    return f(a)


@workflow
def missing_key(k):
    d = table(k)
    a = d["k1"]
    return f(a)


@workflow
def index_out_of_range(k):
    xs = make(k)
    a = f(xs[0])
    return g(a, xs[2])


@workflow
def conversion_fails(s):
    return f(int(s))


@workflow
def type_error(n):
    a = f(n)
    b = a + "x"
    return g(b)


@workflow
def type_error_in_step(s):
    return f(s)


@workflow
def comparison_fails(n):
    return sorted([f(n), "a", none()])


@workflow
def unhashable(n):
    return {f(n), *[make(n)]}, g(n)


@workflow
def unhashable_key(n):
    return {make(n): f(n)}


@workflow
def endless_end_by_exception(n):
    t = [1, 2, 3]
    i = 0
    while i != n:
        d = t[i]
        i += 2
    return f(i)


@workflow
def exception_before_loop(xs):
    a = 6 // len(xs)
    for x in xs:
        e(x)
    return a


@workflow
def exception_in_iterable(n):
    e("before")
    for x in [1, 2, 6 // n]:
        e(x)


@workflow
def exception_after_loop(xs):
    for x in xs:
        e(x)
    a = 6 // len(xs)
    e("after")
    return a


@workflow
def unpacking_fails_in_loop(n):
    out = []
    for i in range(n):
        a, b = pair(i) if i != 1 else one()
        out.append(add(a, b))
    return out


@workflow
def format_fails(n):
    a = f(n)
    return f"{a:q}"


@workflow
def failing_argument_of_effect(n):
    e(6 // n)
    e("after")


@workflow
def failing_argument_of_value(n):
    a = f(6 // n)
    e("after")
    return a


@workflow
def result_cannot_be_reached(n):
    a = fail(n)
    b = f(a)
    c = g(b)
    return [x for x in c]


@workflow
def failure_in_unneeded_value(n):
    a = fail_if(n, 1)
    b = f(n)
    return b


@workflow
def failure_inside_arm(n):
    if odd(n):
        fail_if(n, 1)
        e("arm")
    return f(n)


@workflow
def failure_in_while(n):
    i = 0
    while fail_if(i, 3) < n:
        i += 1
    return i


@workflow
def failure_in_while_body(n):
    i = 0
    while i < n:
        i = fail_if(f(i), 3)
    return i


@workflow
def failure_in_test_and_after(n):
    if fail_if(n, 1) > 1:
        fail_if(n, 2)
    return fail_if(n, 5)


@workflow
def raise_after_fan_out(xs):
    r = [f(x) for x in xs]
    raise Known("after", *r)


@workflow
def value_of_exception(n):
    error = ident(Known("value", n))
    if n > 1:
        raise error
    return error


@workflow
def size_of_none(n):
    return size(none())


@workflow
def stop_iteration_in_counted_loop(n):
    for x in [n, 2]:
        stop(x)
    for y in range(2):
        f(y)
    return "end"
