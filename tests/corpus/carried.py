"""Loops whose iterations hand something on."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.library import bump
from tests.corpus.steps import add, e, f, fail_if, g, h, half, ident, make, none, o, odd, one, p, pair, size


@workflow
def state_from_step(xs):
    s = 0
    for x in xs:
        s = add(s, x)
    return s


@workflow
def state_and_out(xs):
    s, out = 0, []
    for x in xs:
        s = add(s, x)
        out.append(g(s))
    return s, out


@workflow
def previous_result(xs):
    prev = 0
    out = []
    for x in xs:
        r = g(x, prev)
        out.append(r)
        prev = r
    return out


@workflow
def sometimes_carried(xs):
    k = 1
    for x in xs:
        if x > 2:
            k = f(k)
        e(k)
    return k


@workflow
def conditionally_killed(xs):
    v = 0
    out = []
    for x in xs:
        if odd(x):
            v = f(x)
        out.append(g(v))
    return out


@workflow
def fold_feeds_step(xs):
    t = 0
    for x in xs:
        r = f(x)
        t += r
        e(t)
    return t


@workflow
def list_feeds_step(xs):
    out = []
    for x in xs:
        out.append(f(x))
        n = size(out)
    return out, n if xs else 0


@workflow
def item_stores(n):
    d = {}
    for i in range(n):
        d[i] = f(i)
        d[i] = g(d[i])
    return d


@workflow
def two_states(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, add(a, b)
    return a


@workflow
def state_through_inner_loop(n):
    s = 0
    for i in range(n):
        for j in range(i):
            s = add(s, j)
        s = f(s)
    return s


@workflow
def inner_state_outer_parallel(n):
    out = []
    for i in range(n):
        s = i
        for j in range(2):
            s = add(s, j)
        out.append(s)
    return out


@workflow
def while_two_states(n):
    lo, hi = 0, n
    while lo < hi:
        mid = half(lo + hi)
        if mid * mid < n:
            lo = mid + 1
        else:
            hi = mid
    return lo


@workflow
def while_reads_list(xs):
    todo = list(xs)
    out = []
    while todo:
        x = todo.pop()
        r = f(x)
        if r > 4:
            todo.append(r - 4)
        out.append(r)
    return out


@workflow
def while_queue_of_lists(n):
    todo, seen = [n], 0
    while todo:
        k, *todo = todo
        seen = f(seen)
        if k > 1:
            todo = [*todo, k // 2, half(k)]
    return seen


@workflow
def while_dict_state(n):
    d = {"i": 0}
    while d["i"] < n:
        d["i"] = f(d["i"])
        d[d["i"]] = g(d["i"])
    return d


@workflow
def carried_unbound_at_first(n):
    i = 0
    while i < n:
        if i > 0:
            e(last)
        last = f(i)
        i += 1
    return i


@workflow
def retry_like(n):
    ok, tries = False, 0
    while not ok and tries < 5:
        ok = add(tries, 0) >= n
        tries += 1
    return ok, tries


@workflow
def nested_whiles_share(n):
    i = j = 0
    while i < n:
        while j < i:
            j = f(j)
        i = add(i, j) + 1
    return i, j


@workflow
def serial_with_parallel_inside(xs):
    s = 0
    for x in xs:
        parts = [g(s, k) for k in range(3)]
        s = sum(parts)
    return s


@workflow
def serial_break(xs):
    s = 0
    for x in xs:
        s = add(s, x)
        if s > 5:
            break
        e(s)
    return s


@workflow
def serial_continue(xs):
    s = 0
    for x in xs:
        if x == 1:
            continue
        s = add(s, x)
    return s


@workflow
def serial_return(xs):
    s = 0
    for x in xs:
        s = add(s, x)
        if s > 5:
            return "big", s
    return "small", s


@workflow
def serial_raises_inside(xs):
    s = 0
    for x in xs:
        s = add(s, fail_if(x, 1))
    return s


@workflow
def ordered_steps(xs):
    out = []
    for x in xs:
        out.append(o(x))
        p(x)
    return out


@workflow
def pure_steps(n):
    e(1)
    a = p(n)
    e(2)
    b = p(a)
    e(3)
    return a, b


@workflow
def state_of_loop_after_loop(xs):
    s = one()
    for x in xs:
        s = add(s, x)
    for x in xs:
        s = add(s, s)
    return g(s)


@workflow
def carried_over_glue_only(n):
    k = f(n)
    t = 0
    for i in range(4):
        t = t + k
        k = k + i
    return g(t, k)


@workflow
def accumulators_of_all_kinds(xs):
    t, out, seen, d, text, best = 0, [], set(), {}, "", None
    for x in xs:
        r = f(x)
        t += r
        out.append(r)
        seen.add(r % 2)
        d[x] = r
        text += str(r)
        best = r if best is None else max(best, r)
    return t, out, seen, d, text, best


@workflow
def swap_states(n):
    a, b = f(n), g(n)
    for i in range(n):
        a, b = b, a
        if i == 2:
            a = f(a)
    return a, b


@workflow
def one_state_two_readers(n):
    s = 0
    out = []
    for i in range(n):
        s = add(s, i)
        out.append((f(s), g(s)))
    return out


@workflow
def pipeline(xs):
    a = [f(x) for x in xs]
    b = [g(y) for y in a]
    c = [add(y, z) for y, z in zip(a, b)]
    return c


@workflow
def state_is_none(n):
    s = None
    while s is None or s < n:
        s = one() if s is None else f(s)
    return s


@workflow
def alternating(n):
    x = y = 0
    i = 0
    while i < n:
        if i % 2:
            x = f(y)
        else:
            y = f(x)
        i += 1
    return x, y


@workflow
def deleted_in_serial_loop(n):
    a, b = f(n), 1
    c = 0
    while c < n:
        c = f(c)
        b = add(b, c)
        if c == 2:
            del b
            b = 7
        if c == 5:
            del a
    print(b)
    return a


@workflow
def large_values_in_state(n):
    xs = make(3)
    for i in range(n):
        xs = [*xs, f(xs[-1])]
        xs = xs[1:]
    return ident(xs)


@workflow
def guard_from_earlier_iteration(xs):
    done = False
    out = []
    for x in xs:
        if done:
            continue
        r = f(x)
        done = r == 2
        out.append(r)
    return out


@workflow
def effect_under_carried_guard(xs):
    done = False
    for x in xs:
        if not done:
            e(x)
        done = odd(x)
    return done


@workflow
def dropped_values_in_loop(xs):
    for x in xs:
        f(x)
        _ = g(x)
        none(x)
    a, b = pair(0)
    return a


@workflow
def return_in_plain_loop_of_serial_loop(n):
    x = 0
    for i in range(3):
        c = 0
        while c < 2:
            c += 1
            if n < i:
                return x, i
        for k in range(2):
            if n == k + i + 5:
                return k
        x = f(x)
    return x


@workflow
def guards_between_steps(n):
    x = f(n)
    if x < 0:
        return x
    y = f(1)
    if y > n + 2:
        raise ValueError(y)
    x = f(x)
    if x == 4:
        return y
    z = g(y)
    assert z < 100
    e(x)
    if n > 5:
        return z
    return h(x, z)


@workflow
def guards_in_arms_between_steps(n):
    x = f(n)
    if n > 1:
        if x == 3:
            return x
        x = f(x)
        if x == 5:
            return -x
    else:
        y = f(1)
        if x == 1:
            return y
        x = g(y)
    try:
        z = f(x)
        if z == 9:
            return z
        w = f(z)
    finally:
        e(x)
    return w


@workflow
def effect_that_is_never_reached(n):
    for i in range(2):
        continue
        e(i)
    x = ident(n)
    return bump(x)


@workflow
def effect_behind_a_continue(xs, n):
    for x in xs:
        if x > 1:
            if x == 2:
                continue
            e(x)
        if x == n:
            break
        e(-x)
    y = f(n)
    return bump(y), g(y)
