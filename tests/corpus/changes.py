"""Calls in glue that change values which the workflow made: each later read sees the new version."""

from __future__ import annotations

import bisect
import copy
import heapq
import io
import operator
import random
from heapq import heappop, heappush

from tangentflow import workflow
from tests.corpus.library import (
    Account,
    Counter,
    Pile,
    Stack,
    bump,
    helper_count,
    helper_on_captured,
    helper_on_items,
    helper_put,
    helper_take,
    peek,
    put,
    put_both,
    put_in,
    same,
    spoil,
    take,
)
from tests.corpus.steps import add, e, f, fail_if, g, h, hush, ident, make, size


@workflow
def pops(xs):
    heap = sorted(xs)
    out = []
    while heap:
        x = heappop(heap)
        out.append(f(x))
    return out, heap


@workflow
def pushes(xs):
    q = []
    for x in xs:
        _ = heappush(q, f(x))
    out = []
    while q:
        out.append(g(heappop(q)))
    return out


@workflow
def draws(n):
    rng = random.Random(n)
    return [f(rng.random()) for _ in range(n)], rng.randint(0, 9)


@workflow
def draws_straight(n):
    rng = random.Random(7)
    a = rng.random()
    b = f(rng.randint(0, 9))
    c = rng.choice([1, 2, 3])
    return a, b, c, rng.gauss(0, 1), g(rng.random())


@workflow
def shuffles(xs):
    rng = random.Random(3)
    ys = list(xs)
    _ = rng.shuffle(ys)
    return ident(ys), rng.random()


@workflow
def stack_used(n):
    s = Stack()
    k = s.size()
    s.items.append(f(n))
    return s.size(), k


@workflow
def takes(n):
    q = [1, 2, 3, n]
    a = take(q)
    b = f(take(q))
    c = take(q)
    return a, b, c, q, size(q)


@workflow
def takes_in_loop(xs):
    q = list(xs)
    out = []
    while q:
        out.append(f(take(q)))
    return out, q


@workflow
def for_takes(xs):
    q = [*xs, 4, 5]
    out = []
    for x in xs:
        out.append(f(take(q)))
    return out, q


@workflow
def puts(xs):
    q = []
    for x in xs:
        k = put(q, f(x))
    return q, g(len(q))


@workflow
def peeks(n):
    rows = [[1], [n]]
    a = peek(rows)
    b = peek(rows)
    return a, f(a[0]), rows, b


@workflow
def peeks_then_changes(n):
    rows = [[1], [n]]
    a = peek(rows)
    b = take(rows)
    return a, f(a[0]), rows, b


@workflow
def boths(n):
    a, b = [n], [f(n)]
    k = put_both(a, b)
    m = put_both(a, b)
    return a, b, k, m, size(a)


@workflow
def swallows(n):
    a, b = [n], [1]
    k = put_in(a, b)
    return f(k), a, b


@workflow
def raises_after(n):
    a = [n]
    k = f(n)
    r = spoil(a)
    return r, a, k


@workflow
def counters(n):
    c = Counter(n)
    a = c.bump()
    b = f(c.bump(2))
    return a, b, c.peek(), ident(c).n


@workflow
def counters_loop(xs):
    c = Counter(0)
    out = []
    for x in xs:
        out.append(f(x + c.bump()))
    return out, c.n


@workflow
def unknowns(n):
    u = Pile(n)
    a = u.take()
    b = u.take()
    k = f(u.look())
    return a, b, k, u.items, u.look()


@workflow
def unknown_rest(n):
    u = Pile(n)
    r = u.rest()
    return r, f(len(r))


@workflow
def stored_results(n):
    u = Pile(n)
    out = []
    while u.look() > 0:
        x = u.take()
        out.append(x)
        out.append(f(x))
    return out


@workflow
def helpers_used(n):
    q = [3, n, 1]
    a = helper_take(q)
    k = helper_put(q, f(a))
    b = helper_take(q)
    return a, b, k, q, size(q)


@workflow
def helpers_loop(xs):
    q = []
    for x in xs:
        k = helper_put(q, f(x))
    out = []
    while q:
        out.append(g(helper_take(q)))
    return out


@workflow
def helper_counter(n):
    c = Account(n)
    c2 = Counter(n)
    a = helper_count(c2)
    b = f(helper_count(c2))
    return a, b, c2.n, helper_count(c2)


@workflow
def in_expression(n):
    q = [1, 2, 3, n]
    return f(take(q)) + take(q) * 10 + len(q), q[0], take(q), g(take(q)), q


@workflow
def in_comprehension(n):
    q = [1, 2, 3, 4, 5, 6]
    return [take(q) + f(x) for x in range(n)], q


@workflow
def conditional(n):
    q = [1, 2, n]
    if f(n) > 2:
        a = take(q)
    else:
        a = take(q) + take(q)
    return a, q, g(len(q))


@workflow
def from_step_copied(n):
    q = copy.deepcopy(make(n + 1))
    x = take(q)
    return x, q, f(x)


@workflow
def nested_path(n):
    d = {"q": [1, 2, n], "k": 1}
    x = take(d["q"])
    y = f(x)
    z = take(d["q"])
    return x, y, z, d


@workflow
def rng_in_branch(n, flag):
    rng = random.Random(n)
    if flag:
        a = rng.random()
    b = f(rng.randint(0, 100))
    return b, rng.randint(0, 100)


@workflow
def rng_while(n):
    rng = random.Random(5)
    k = 0
    while rng.random() < 0.8 and k < 20:
        k = f(k)
    return k, rng.random()


@workflow
def rng_unseeded(n):
    rng = random.Random()
    a = rng.random()
    b = hush(a)
    return a == b


@workflow
def last_value(n):
    q = [3, 1, 2]
    x = heapq.heappushpop(q, f(n))
    y = heapq.heapreplace(q, 7)
    return x, y, sorted(q)


@workflow
def assigns_self(n):
    q = [1, 2, n]
    q = same(q)
    q.append(f(n))
    return q


@workflow
def list_of_param(xs):
    q = [xs, 1]
    x = peek(q)
    return x, f(len(x)), q


@workflow
def iadd(n):
    xs = [n]
    ys = operator.iadd(xs, [f(n)])
    return xs, ys


@workflow
def stringio(n):
    buf = io.StringIO()
    k = buf.write("ab")
    j = buf.write(str(f(n)))
    return buf.getvalue(), k, j


@workflow
def nested_loops(xs):
    q = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    out = []
    for x in xs:
        row = []
        for y in range(2):
            row.append(f(x + take(q)))
        out.append(row)
    return out, q


@workflow
def while_else(n):
    q = list(range(n))
    seen = []
    while q:
        x = take(q)
        if f(x) > 3:
            break
        seen.append(x)
    else:
        seen.append("end")
    return seen, q


@workflow
def effect_and_take(n):
    q = [3, 4, n]
    e(1)
    x = take(q)
    e(2, x)
    y = take(q)
    e(3, y)
    return q


@workflow
def take_unbound(n):
    if n:
        q = [n, 2]
    x = take(q)
    return f(x), q


@workflow
def take_in_short_circuit(n):
    q = [0, n, 7]
    a = take(q) or take(q) or f(take(q))
    b = n and take(q)
    return a, b, q


@workflow
def take_in_condition(xs):
    q = [True, False] * 3
    out = []
    for x in xs:
        if take(q):
            out.append(f(x))
        else:
            out.append(g(x))
    return out, q


@workflow
def take_in_fstring(n):
    q = [1, 2, 3]
    return f"{take(q)}-{f(n)}-{take(q)}-{len(q)}", q


@workflow
def take_in_args(n):
    q = [1, 2, 3, 4]
    return h(take(q), *[take(q), f(n)], k=take(q)), q


@workflow
def take_and_rebind(n):
    q = [1, 2, n]
    q, x = q[1:], take(q)
    return q, x, f(x)


@workflow
def take_from_attribute(n):
    s = Stack()
    s.items.append(n)
    s.items.append(f(n))
    x = take(s.items)
    return x, s.items, s.size(), ident(s).items


@workflow
def take_two_lists(n):
    a, b = [1, 2], [n, 4]
    x = take(a)
    y = take(b)
    z = f(x + y)
    return a, b, take(a), take(b), z


@workflow
def take_in_return(n):
    q = [1, n]
    return take(q) + f(take(q))


@workflow
def early_return(xs):
    q = [1, 5, 2]
    for x in xs:
        if take(q) > 4:
            return f(x), q
    return g(1), q


@workflow
def result_dead(n):
    q = [1, n]
    x = take(q)
    return f(q[0])


@workflow
def q_dead(n):
    q = [1, n]
    x = take(q)
    return f(x)


@workflow
def del_q(n):
    q = [1, n]
    x = take(q)
    del q
    return f(x)


@workflow
def rename(n):
    q = [1, 2, n]
    x = take(q)
    r = q
    r.append(f(x))
    return r


@workflow
def swap(n):
    a, b = [1, 2], [n]
    x = take(a)
    a, b = b, a
    y = take(a)
    return a, b, f(x + y)


@workflow
def counting_loop(n):
    c = Counter(0)
    while c.bump() < n:
        e(c.peek())
    return c.peek(), f(n)


@workflow
def helper_in_comprehension(n):
    q = list(range(n + 3))
    return [helper_take(q) + f(i) for i in range(n)], q


@workflow
def pop_pure_comprehension(n):
    heap = [5, 3, n]
    k = [heapq.heappop(heap) for _ in range(2)]
    return k, heap, f(k[0])


@workflow
def heap_of_tuples(xs):
    heap = []
    for i, x in enumerate(xs):
        _ = heapq.heappush(heap, (f(x), i))
    out = []
    while heap:
        cost, i = heapq.heappop(heap)
        out.append((cost, g(i)))
        if cost > 3 and len(out) < 6:
            _ = heapq.heappush(heap, (cost - 2, i))
    return out


@workflow
def dijkstra(n):
    graph = {0: [(1, 4), (2, 1)], 1: [(3, 1)], 2: [(1, 2), (3, 5)], 3: []}
    dist = {0: 0}
    todo = [(0, 0)]
    while todo:
        d, u = heapq.heappop(todo)
        if d > dist[u]:
            continue
        for v, w in graph[u]:
            c = d + add(w, 0)
            if v not in dist or c < dist[v]:
                dist[v] = c
                _ = heapq.heappush(todo, (c, v))
    return dist


@workflow
def rng_choice(n):
    rng = random.Random(n)
    xs = [1, 2, 3]
    return f(rng.choice(xs)), rng.choices(xs, k=2), rng.sample(xs, 2), xs


@workflow
def rng_pick_step_results(xs):
    rng = random.Random(3)
    made = [f(x) for x in xs]
    best = [g(rng.choice(made)) for _ in range(2) if made]
    return best, rng.random()


@workflow
def rng_to_step(n):
    rng = random.Random(n)
    a = rng.random()
    b = ident(rng).random()
    return a, b, rng.random() == b


@workflow
def rng_rebound(n):
    rng = random.Random(1)
    a = rng.random()
    rng = random.Random(n)
    b = rng.random()
    return a, b, f(n)


@workflow
def rng_maybe(n, flag):
    rng = random.Random(1)
    if flag:
        rng = random.Random(2)
    return [rng.random() for _ in range(n)], f(n), rng.random()


@workflow
def insort_key(xs):
    out = []
    for x in xs:
        _ = bisect.insort(out, f(x), key=lambda v: -v)
    return out


@workflow
def heap_bump(n):
    q = [4, n]
    x = heapq.heappop(q)
    y = bump(x)
    return y, q, f(y)


@workflow
def spoiled_and_caught(n):
    q = [n]
    try:
        k = spoil(q)
    except ValueError as error:
        k = error.args[1]
    return k, q, f(len(q))


@workflow
def empty_heap_caught(xs):
    q = []
    for x in xs:
        _ = heapq.heappush(q, f(x))
    out = []
    while True:
        try:
            out.append(g(heapq.heappop(q)))
        except IndexError:
            break
    return out


@workflow
def taken_in_body(xs):
    q = [1, 5, 2, 6, 7, 8]
    out = []
    for x in xs:
        try:
            out.append(fail_if(x, take(q)))
        except Exception as error:
            out.append(type(error).__name__)
    return out, q


@workflow
def taken_in_finally(n):
    q = [1, n]
    try:
        a = f(n)
    finally:
        k = take(q)
    return a, k, q


@workflow
def taken_in_handler(n):
    q = [1, n]
    try:
        a = fail_if(n, 1)
    except Exception:
        a = f(take(q))
    else:
        a = a, take(q)
    return a, q


@workflow
def drawn_until_good(n):
    rng = random.Random(n)
    tries = 0
    while True:
        tries += 1
        try:
            r = fail_if(rng.randint(0, 2), 1)
            break
        except Exception:
            if tries > 4:
                r = -1
                break
    return r, tries, rng.randint(0, 9)


@workflow
def raised_before_the_change(n):
    q = [1, 2]
    try:
        x = put(q, fail_if(n, 1))
    except Exception:
        x = len(q)
    return x, q, f(x)


@workflow
def taken_from_nothing(n):
    q = [n]
    out = []
    for i in range(3):
        try:
            out.append(take(q))
        except IndexError:
            out.append(f(len(q)))
    return out


@workflow
def taken_under_match(n):
    q = [0, 1, n]
    match take(q):
        case 0:
            a = f(take(q))
        case k:
            a = g(k)
    return a, q


@workflow
def items_changed_by_helper(n):
    rows = [make(n)]
    k = helper_on_items(rows)
    return k, rows, size(rows[0])


@workflow
def captured_changed_by_helper(n):
    table = {"k": make(n)}
    same_table = helper_on_captured(table)
    return same_table, table, size(table["k"])


@workflow
def pushes_and_sorts_in(xs):
    heap, ordered = [], []
    for i, x in enumerate(xs):
        heapq.heappush(heap, (f(x), i))
        bisect.insort(ordered, f(x))
    heapq.heapify(heap)
    return heap, ordered


@workflow
def shortest_way(n):
    todo, seen = [(0, 0)], {}
    while todo:
        cost, at = heapq.heappop(todo)
        if at in seen or at > n:
            continue
        seen[at] = cost
        for ahead in (1, 2):
            heapq.heappush(todo, (cost + f(ahead), at + ahead))
    return seen
