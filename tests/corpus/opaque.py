"""Glue that is recorded: library calls, clocks, random numbers, calls of values."""

from __future__ import annotations

import random
import time
import uuid
from pathlib import PurePosixPath

import tests.corpus.library as library
from tangentflow import workflow
from tests.corpus.library import Account, Stack, bump, tick
from tests.corpus.steps import add, e, f, fail_if, g, h, hush, ident, make, odd, pair


@workflow
def random_once(n):
    r = random.random()
    a = hush(r)
    b = hush(r)
    return a == b == r


@workflow
def random_in_loop(xs):
    out = []
    for x in xs:
        r = random.random()
        out.append(hush(r) == hush(r) == r)
    return out


@workflow
def random_decides(n):
    r = random.random()
    if r < 0.5:
        a, word = f(n), "low"
    else:
        a, word = g(n), "high"
    return (word == "low") == (r < 0.5) and a == (n + 1 if r < 0.5 else 2 * n)


@workflow
def clocks(n):
    start = time.time()
    a = f(n)
    end = time.time()
    return start <= end, a


@workflow
def unique_names(n):
    names = [uuid.uuid4().hex for _ in range(n)]
    return len({hush(name) for name in names}) == n


@workflow
def dropped_impure(n):
    time.monotonic()
    e(1)
    random.random()
    return f(n)


@workflow
def opaque_called_once(n):
    a = bump(f(n))
    return ident(a), g(a), a


@workflow
def opaque_in_loop(xs):
    return [bump(f(x)) for x in xs], [f(bump(x)) for x in xs]


@workflow
def opaque_in_condition(n):
    if bump(f(n)) > 3:
        return g(n)
    return f(bump(n))


@workflow
def opaque_raises(n):
    a = f(n)
    b = bump(6 // n)
    return a, b


@workflow
def opaque_raises_itself(n):
    a = fail_if(n, 1)
    b = bump(None)
    return a, b


@workflow
def opaque_carried(xs):
    s = 0
    for x in xs:
        s = bump(s + x)
    return ident(s)


@workflow
def opaque_fold(xs):
    s = 0
    for x in xs:
        r = f(x)
        s = bump(s + r)
    return s


@workflow
def opaque_between_steps(xs):
    out = []
    for x in xs:
        a = f(x)
        b = bump(a)
        out.append(g(b))
    return out


@workflow
def opaque_break(xs):
    out = []
    for x in xs:
        if bump(x) > 4:
            break
        out.append(f(x))
    return out


@workflow
def opaque_in_while(n):
    i = 0
    while bump(i) < n:
        i = f(i)
    return i


@workflow
def method_of_result(n):
    a = Account(f(n))
    return a.doubled(), g(a.doubled()), a


@workflow
def method_of_step_result(n):
    a = ident(Account(n))
    return f(a.doubled()), a.value


@workflow
def attribute_store(n):
    a = Account(0)
    a.value = f(n)
    a.value += g(n)
    return a, ident(a)


@workflow
def callable_parameter(n):
    scale = Account(2)
    return scale(f(n)), [scale(x) for x in make(n)]


@workflow
def opaque_object_made_here(n):
    s = Stack()
    a = s.size()
    return a + f(n), s.size()


@workflow
def opaque_and_effects(n):
    e(1)
    a = bump(n)
    e(2, a)
    b = bump(f(a))
    e(3)
    return b


@workflow
def impure_keeps_place(n):
    e(1)
    a = tick()
    e(2)
    b = tick()
    return a < b, f(n)


@workflow
def module_attributes(n):
    return library.bump(n) + f(library.CONSTANT), library.Account(f(n)).doubled()


@workflow
def paths(s):
    path = PurePosixPath("data") / "file.txt"
    return ident(path), path.stem, path.with_suffix(".csv").name, f(len(path.parts))


@workflow
def opaque_in_short_circuit(n):
    return n and bump(n) or bump(f(n)), (bump(1) if odd(n) else bump(2))


@workflow
def opaque_argument_of_step(n):
    return add(bump(n), bump(f(n))), h(*[bump(n), bump(1)], k=bump(2))


@workflow
def opaque_unpacked(n):
    (a, b), c = (bump(n), bump(2)), bump(3)
    d, *r = pair(bump(a))
    return a, b, c, d, r


@workflow
def opaque_of_changing_argument(n):
    xs = [1, 2, n]
    a = bump(xs.pop())
    b = bump(xs.pop() + f(n))
    print(xs.pop(), "left", len(xs))
    return a, b, ident(xs), f(len(xs))


@workflow
def opaque_receiver_bound_in_place(n):
    a = (box := Account(f(n))).doubled()
    return a, f(box.value), box


@workflow
def message_binds(n):
    print(y := n, f"{(z := y + 1)}", sep="|")
    return f(y), f(z)


@workflow
def opaque_unused(n):
    a = bump(n)
    return f(n)


@workflow
def opaque_unused_raises(n):
    a = bump(None)
    return f(n)


@workflow
def captured_by_an_opaque_function(n):
    a = sum(make(n % 4))
    c = bump(a)

    def inner(v):
        return c

    r = inner(a)
    return r, c, a, f(r)


@workflow
def opaque_behind_what_raises(n):
    out = []
    try:
        out[1] += bump(n)
    except LookupError:
        pass
    return f(n)


@workflow
def opaque_behind_what_raises_alone(n):
    out = []
    try:
        out[n] += bump(n)
    except LookupError:
        pass
    return out


@workflow
def opaque_test_in_a_fan_out_of_none(n):
    for i in n:
        while bump(n):
            e(f(n))


@workflow
def opaque_test_in_a_fan_out(k):
    for i in range(k):
        j = i
        while bump(j) > 1:
            j = f(j) - 2
            e(j)


@workflow
def condition_in_a_loop_of_a_fan_out(k):
    out = []
    for i in range(k):
        s = f(i)
        j = i
        while bump(j) > 1:
            j -= 1
            if s > 2:
                out.append(g(j))
    return out


@workflow
def iterator_in_loop(xs):
    out = []
    for x in library.walk(xs[:3]):
        e(x)
        out.append(f(x))
    return out


@workflow
def iterator_in_comprehension(xs):
    return [f(x) for x in library.walk(xs[:3]) if x > 1], {x: g(i, x) for i, x in enumerate(library.walk(xs[:3]))}


@workflow
def iterator_read_whole(xs):
    rows = list(library.walk(xs[:3]))
    total = sum(library.walk(xs[:2]), start=f(1))
    out = []
    for x in rows:
        if x > 4:
            break
        out.append(f(x))
    return out, rows, total, sorted(library.walk(xs[:3]), reverse=True), max(library.walk([1, *xs[:2]]))


@workflow
def iterator_that_fails(xs):
    try:
        rows = list(library.walk([*xs, 1, 2, 3]))
    except KeyError as u:
        rows = [str(u)]
    return [hush(row) for row in rows]


@workflow
def iterator_that_cannot_begin(xs):
    out = []
    try:
        for x in library.walk_or_fall(xs):
            out.append(f(x))
    except KeyError as u:
        out.append(u)
    return out


@workflow
def iterators_in_a_chain(xs):
    out = []
    for x in map(str, library.walk(xs[:3])):
        for y in library.walk(x * 2):
            out.append(hush(y))
    return out


@workflow
def iterator_of_what_the_loop_replaces(xs):
    ys = list(xs[:3])
    for x in list(library.walk(ys)):
        ys = [*ys, f(x)]
    return ys


@workflow
def iterator_put_behind(xs):
    out = [0]
    out.extend(library.walk(xs[:2]))
    return [f(x) for x in out], ",".join(map(str, library.walk(xs[:2])))


@workflow
def behind_a_progress_bar(xs):
    out = []
    for i, x in enumerate(library.bar(xs)):
        e(i)
        out.append(f(x))
    return out, [g(x) for x in library.bar(xs)], sorted(library.bar(xs))
