"""`for` and `while`: fan-outs, nesting, break, continue, else."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.steps import (
    add,
    e,
    f,
    flip,
    g,
    h,
    half,
    ident,
    less,
    load_coin,
    make,
    odd,
    p,
    pair,
    show,
    size,
    table,
    toss,
    total_of,
)


@workflow
def whalesay(n):
    said = []
    for i in range(n):
        said.append(show(f"boo {i}"))
    return " ".join(said)


@workflow
def flip_until_heads(k):
    tries = 0
    while flip(tries, k) == "tails":
        tries += 1
    return tries


@workflow
def toss_until_heads(k):
    load_coin(k)
    tries = 0
    while toss() != "heads":
        tries = tries + 1
    return tries


@workflow
def map_over_result(k):
    return [f(i) for i in make(k)]


@workflow
def map_over_result_loop(k):
    out = []
    for i in make(k):
        a = f(i)
        b = g(a)
        out.append(b)
    return total_of(out)


@workflow
def fan_out_sum(n):
    t = 0
    for i in range(n):
        t += f(i)
    return t


@workflow
def fan_out_effects(xs):
    for x in xs:
        e(x)


@workflow
def last_value(xs):
    r = None
    for x in xs:
        r = f(x)
    return r


@workflow
def last_value_unbound(xs):
    for x in xs:
        r = f(x)
    return r


@workflow
def loop_variable_after(xs):
    x = -1
    for x in xs:
        e(x)
    return f(x)


@workflow
def loop_variable_unbound_after(xs):
    for x in xs:
        pass
    return f(x)


@workflow
def best_of(xs):
    best = None
    for x in xs:
        r = g(x)
        if best is None or r > best:
            best = r
    return best


@workflow
def continue_on_result(xs):
    out = []
    for x in xs:
        r = f(x)
        if r < 3:
            continue
        out.append(g(r))
    return out


@workflow
def break_on_item(xs):
    out = []
    for x in xs:
        if x == 1:
            break
        out.append(f(x))
    return out


@workflow
def break_on_result(xs):
    out = []
    for x in xs:
        r = f(x)
        if r == 2:
            break
        out.append(g(r))
    return out, r if xs else None


@workflow
def break_after_work(n):
    for i in range(10):
        r = f(i)
        if i >= n:
            break
    return r, i


@workflow
def return_in_loop(xs):
    for x in xs:
        r = f(x)
        if r == 2:
            return g(r)
    return None


@workflow
def return_in_loop_on_item(xs, n):
    for x in xs:
        if x == n:
            return g(x)
        e(x)
    return "none"


@workflow
def for_else(xs):
    for x in xs:
        if f(x) == 2:
            found = x
            break
    else:
        found = g(0)
    return found


@workflow
def for_else_without_break(xs):
    for x in xs:
        e(x)
    else:
        e("end")
    return f(0)


@workflow
def for_else_on_item(xs):
    for x in xs:
        a = f(x)
        if x == 1:
            break
    else:
        return g(7)
    return a


@workflow
def while_else(n):
    i = 0
    while i < n:
        i = f(i)
        if i == 3:
            break
    else:
        i = g(i)
    return i


@workflow
def while_else_no_break(n):
    i = 0
    while less(i, n):
        i += 2
    else:
        e(i)
    return i


@workflow
def nested_fan_out(n):
    rows = []
    for i in range(n):
        row = []
        for j in range(i):
            row.append(add(i, j))
        rows.append(total_of(row))
    return rows


@workflow
def nested_with_inner_result(xs):
    out = {}
    for x in xs:
        inner = make(x)
        for y in inner:
            out[(x, y)] = g(f(y), x)
    return out


@workflow
def nested_break(n):
    out = []
    for i in range(n):
        for j in range(n):
            if j > i:
                break
            out.append(add(i, j))
        else:
            out.append("full")
    return out


@workflow
def nested_break_on_result(n):
    out = []
    for i in range(n):
        for j in range(3):
            r = add(i, j)
            if r > 3:
                break
            out.append(r)
    return out


@workflow
def nested_return(n):
    for i in range(n):
        for j in range(i):
            if add(i, j) == 3:
                return i, j
    return None


@workflow
def while_in_for(xs):
    out = []
    for x in xs:
        k = x
        while k > 0:
            k = half(k)
        out.append(k + f(x))
    return out


@workflow
def for_in_while(n):
    i, out = 0, []
    while i < n:
        for j in range(i):
            out.append(g(j, i))
        i = f(i)
    return out


@workflow
def while_in_while(n):
    i, t = 0, 0
    while i < n:
        j = 0
        while j < i:
            t = add(t, j)
            j += 1
        i += 1
    return t, i


@workflow
def three_deep(k):
    t = 0
    for i in range(k):
        for j in range(2):
            for m in make(j + 1):
                t += g(m, i + j)
    return t


@workflow
def while_with_glue_only(n):
    i = 0
    while i < n:
        i += 2
    return f(i)


@workflow
def while_true(n):
    i = 0
    while True:
        i = f(i)
        if i > n:
            break
    return i


@workflow
def while_true_return(n):
    i = 0
    while True:
        if i * i > n:
            return g(i)
        i = f(i)


@workflow
def while_continue(n):
    i, out = 0, []
    while i < n:
        i += 1
        if odd(i):
            continue
        out.append(f(i))
    return out


@workflow
def while_test_of_two(n):
    i = 0
    while f(i) < n and g(i) < 9 or i < 1:
        i += 1
    return i


@workflow
def while_effects(n):
    i = 0
    while i < n:
        e("step", i)
        i += 1
        e("done", i)
    e("end")


@workflow
def while_walrus(n):
    i, seen = 0, []
    while (r := f(i)) < n:
        seen.append(r)
        i = r
    return seen, r


@workflow
def while_counts_in_its_test(n):
    i, out = 0, []
    while (i := i + 1) < n and (j := i * 2) < 9:
        out.append(f(j))
    return out, i, p(i)


@workflow
def over_enumerate_zip(xs):
    out = []
    for i, (x, y) in enumerate(zip(xs, [f(x) for x in xs])):
        out.append(h(i, x, y=y))
    return out


@workflow
def over_items(k):
    out = {}
    for key, value in table(k).items():
        out[key] = f(value)
    return out


@workflow
def over_dict_and_string(s):
    a = [show(c) for c in s]
    return a, [f(len(key)) for key in {"a": 1, "bb": 2}]


@workflow
def over_reversed_sorted(xs):
    return [f(x) for x in reversed(xs)], [g(x) for x in sorted(xs)], [f(x) for x in map(abs, xs)]


@workflow
def over_tuple_literal(n):
    t = 0
    for k in (n, 2, f(n)):
        t += g(k)
    return t


@workflow
def over_pairs(n):
    out = []
    for a, b in [pair(n), pair(n + 1)]:
        out.append(add(a, b))
    return out


@workflow
def over_starred(n):
    out = []
    for first, *rest in [[1, 2, 3], [n], make(n + 1)]:
        out.append(h(first, size(rest)))
    return out


@workflow
def over_wrong_pairs(xs):
    out = []
    for a, b in xs:
        out.append(add(a, b))
    return out


@workflow
def over_not_iterable(n):
    e("before")
    for x in n:
        e(x)
    e("after")


@workflow
def over_walrus(n):
    out = []
    for x in (xs := make(n)):
        out.append(f(x))
    for y in [(z := n), f(n)]:
        out.append(g(y))
    return out, xs, p(z)


@workflow
def over_range_of_result(n):
    out = []
    for i in range(f(n), g(n), 2):
        out.append(ident(i))
    return out


@workflow
def loop_invariant_inside(xs):
    out = []
    for x in xs:
        base = f(100)
        out.append(add(base, x))
    return out


@workflow
def scan_of_glue(xs):
    k = 1
    out = []
    for x in xs:
        k = k * 2 + x
        out.append(f(k))
    return out, k


@workflow
def scan_raises(xs):
    out = []
    for x in xs:
        k = 12 // (x - 1)
        out.append(f(k))
    return out


@workflow
def guarded_by_glue(xs):
    out = []
    for x in xs:
        if x > 2:
            out.append(f(x))
        else:
            out.append(x)
    return out


@workflow
def names_live_through(xs):
    a = f(0)
    for x in xs:
        b = g(x)
        a = a + b
        c = b
    return a


@workflow
def set_before_used_after(n):
    x = 0
    for i in range(n):
        y = f(i)
        x = y * 2
    z = g(x)
    return z, x


@workflow
def two_loops(xs):
    a = [f(x) for x in xs]
    b = []
    for x, y in zip(xs, a):
        b.append(add(x, y))
    return a, b, total_of(b)


@workflow
def loop_in_branch(xs, flag):
    r = []
    if flag:
        for x in xs:
            r.append(f(x))
    else:
        r = [g(x) for x in xs]
    return r


@workflow
def branch_in_loop(n):
    out = []
    for i in range(n):
        if odd(i):
            v = f(i)
        elif i > 3:
            v = g(i)
        else:
            continue
        out.append(v)
    return out


@workflow
def bound_in_one_iteration(n):
    for i in range(n):
        if i == 1:
            w = f(i)
        if i == 3:
            e(w)
    return n


@workflow
def bound_later_in_the_body(n):
    out = []
    for i in range(n):
        if i > 0:
            out.append(f(prev))
        prev = i
    return out


@workflow
def deleted_in_loop(n):
    x = f(0)
    for i in range(n):
        y = g(x, i)
        if i == 1:
            del x
    return y


@workflow
def loop_variable_after_pure(xs):
    for x in xs:
        p(x)
    return p(x)


@workflow
def loop_variable_after_glue(xs):
    x = 7
    for i, x in enumerate(xs):
        if x == 1:
            break
    return p(x)


@workflow
def pass_body(n):
    for i in range(n):
        pass
    while n > 10:
        pass
    return f(n)


@workflow
def snapshot(n):
    xs = make(n)
    out = []
    for x in xs:
        xs = [f(x)]
        out.append(x)
    return xs, out


@workflow
def index_of_while_in_for(n):
    out = []
    for i in range(n):
        k = 0
        while f(k) < i:
            k += 1
        out.append(k)
    return out


@workflow
def big_fan_out(k):
    out = []
    for i in range(k * 20):
        out.append(f(i))
    return total_of(out)


@workflow
def value_before_a_continue_in_order(n, m=2):
    c = 0
    while c < 3:
        c = c + 1
        n = m
        if f(c) != 3:
            continue
        n = add(n, 1)
    return n


@workflow
def value_before_a_break_in_order(n, m=2):
    c = k = 0
    while c < 3:
        c = c + 1
        k = m
        if f(c) == n:
            break
        k = add(c, 1)
    else:
        k = k + 10
    return k


@workflow
def value_before_a_continue_of_a_fan_out(xs, n):
    k = 0
    for x in xs:
        k = n
        if x == 2:
            continue
        k = f(x)
    return k, g(k)


@workflow
def value_before_a_break_of_a_fan_out(xs, n):
    k = 0
    for x in xs:
        k = n
        if x == 2:
            break
        k = f(x)
    return k, g(k)


@workflow
def value_before_a_jump_in_a_try(xs, n):
    k = 0
    for x in xs:
        try:
            k = n
            if odd(x):
                continue
            k = add(k, x)
        finally:
            e(k)
    return k


@workflow
def nested_arms_that_may_have_no_step(n):
    total = n
    out = []
    for i in range(4):
        total = f(total)
        if total % 4 != 1:
            if total % 4 != 2:
                if total % 4 != 3:
                    total = add(total, 1)
            else:
                out.append(i)
        else:
            out.append(g(i))
    return total, out


@workflow
def assert_with_a_step_in_its_message(n):
    c = 0
    while f(c) < 2:
        c = f(c)
        assert c < 5, g(c)
    return c


@workflow
def assert_with_a_condition_in_its_message(k):
    c = k
    while f(c) < 4:
        c = f(c)
        assert c < 3, c if g(c) else k
    return c


@workflow
def arm_behind_a_break_comes_last(k):
    out = []
    for i in range(k):
        if f(i) > 3:
            break
        c = g(i)
        if c > 2:
            out.append(h(c))
    return out


@workflow
def two_asserts_and_a_condition_in_a_message(k):
    c = k
    while f(c) < 4:
        c = f(c)
        assert c < 9
        assert c != 7, g(c)
        assert c < 3, c if g(c) else k
    return c


@workflow
def arms_behind_two_breaks_come_last(k):
    out = []
    for i in range(k + 2):
        c = g(i)
        if c > 5:
            break
        if c == 3:
            break
        if c > 1:
            if c > 2:
                out.append(h(c))
    return out
