"""`return` anywhere, with any structure."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.library import bump
from tests.corpus.steps import add, e, f, g, make, odd, p, pair, show


@workflow
def nothing(n):
    f(n)


@workflow
def bare(n):
    f(n)
    return


@workflow
def early(n):
    if n > 2:
        return f(n)
    return g(n)


@workflow
def early_on_result(n):
    a = f(n)
    if a > 2:
        return a
    b = g(a)
    return b


@workflow
def early_bare(n):
    if odd(n):
        return
    e("even")
    return n


@workflow
def several(n):
    if n == 0:
        return "zero"
    a = f(n)
    if a == 2:
        return "two", a
    b = g(a)
    if b > 10:
        return [b, [a]]
    e(b)


@workflow
def structures(n):
    return {"list": [f(n), (g(n), None)], "pair": pair(n), (1, 2): {f(0)}, "text": f"{show(n)}!", "n": n}


@workflow
def nested_returns(n, flag):
    if flag:
        if odd(n):
            return "a"
        elif n > 1:
            return f(n)
        e("fell")
    else:
        for x in make(n):
            if x == 1:
                return add(x, 100)
    return "end"


@workflow
def unreachable(n):
    return f(n)
    e("never")
    return g(n)


@workflow
def unreachable_after_both(n):
    if n:
        return f(n)
    else:
        return g(n)
    e("never")


@workflow
def from_while(n):
    i = 0
    while True:
        i = f(i)
        if i >= n:
            return i


@workflow
def from_nested_loops(n):
    for i in range(n):
        for j in range(n):
            if i * j == 4:
                return "found", add(i, j)
    return "not found"


@workflow
def from_nested_loops_on_result(n):
    for i in range(n):
        for j in range(n):
            if add(i, j) == 4:
                return "found", i, j
        e("row", i)
    return "not found"


@workflow
def from_while_in_for(n):
    for i in range(n):
        k = 0
        while k < i:
            k = f(k)
            if k == 3:
                return i, k
    return None


@workflow
def from_loop_else(n):
    for i in range(n):
        if f(i) == 3:
            break
    else:
        return "no break"
    return i


@workflow
def from_loop_of_glue(xs):
    for x in xs:
        if x == 1:
            return "one"
    e("after")
    return f(2)


@workflow
def from_while_of_glue(n):
    i = 0
    while i < n:
        i += 1
        if i == 2:
            return "two"
    return f(n), g(0)


@workflow
def value_after_raise_in_loop_of_glue(xs):
    for x in xs:
        if x == 1:
            raise ValueError("one")
    return f(2)


@workflow
def value_after_raise_in_while_of_glue(n):
    i = 0
    while i < n:
        i += 1
        assert i != 2
    return f(2)


@workflow
def value_raises(n):
    a = f(n)
    return 6 // n


@workflow
def value_unbound(n):
    if n > 1:
        a = f(n)
    return a


@workflow
def walrus_in_return(n):
    return (a := f(n)) + a


@workflow
def return_of_loop_in_branch(n, flag):
    if flag:
        for i in range(n):
            if f(i) > 2:
                return i
    e("after")
    return -1


@workflow
def effect_after_an_effect_behind_a_return_in_an_arm(n):
    if n < 5:
        if f(n) < 2:
            return n
        e(n)
    e(-n)
    return n


@workflow
def value_after_an_effect_behind_a_return_in_an_arm(n):
    if n < 5:
        if f(n) < 2:
            return n
        e(n)
    return g(n)


@workflow
def try_after_an_effect_behind_a_return_in_an_arm(n):
    if n < 5:
        if f(n) < 2:
            return n
        e(n)
    a = bump(n)
    try:
        e(a)
    except ArithmeticError:
        pass
    return a


@workflow
def test_behind_a_return_and_an_effect_in_an_arm(n):
    if odd(1):
        e()
        c = 0
        while c < 2:
            c = c + 1
            if (w := n) < 0:
                return n
        if bump(c - w) > 5:
            pass
        else:
            e(w)


@workflow
def return_that_reads_the_variable_of_an_earlier_loop(n):
    out = []
    for i in range(3):
        out.append(f(i))
    e(out)
    total = sum(map(add, range(2), range(3)))
    c = 0
    while c < 1:
        c = c + 1
        return c, total * i % 11
    return total, n, p(total)
