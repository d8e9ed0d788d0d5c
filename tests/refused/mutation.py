"""Changes in place that other holders of the value would see, or not see."""

from __future__ import annotations

import heapq
import operator
import random
from collections import deque

from tangentflow import workflow
from tests.corpus.library import Counter, Pile, helper_put, helper_take, put, put_in
from tests.corpus.steps import f, g, h, make, size

TABLE = {"a": 1}
ITEMS = [1, 2]


@workflow
def changes_parameter(xs):
    xs.append(f(1))  # error: TF201 @5-20
    return xs


@workflow
def changes_parameter_by_item(d):
    d["a"] = f(1)  # error: TF201 @5-11
    del d["b"]  # error: TF201 @9-15
    return d


@workflow
def augments_parameter(xs):
    xs += [f(1)]  # error: TF201 @5-7
    return xs


@workflow
def augments_alias_of_parameter(n):
    t = n
    t += f(n)  # error: TF201 @5-6
    return t


@workflow
def changes_attribute_of_parameter(box):
    box.value = f(box.value)  # error: TF201 @5-14
    return box


@workflow
def changes_alias(n):
    a = []
    b = a
    b.append(f(n))  # error: TF202 @5-19
    return a, b


@workflow
def changes_what_a_tuple_holds(n):
    a = [f(n)]
    both = (a, 1)
    a.append(2)  # error: TF202 @5-16
    return both


@workflow
def changes_element(n):
    row = []
    rows = [row, row]
    rows[0].append(f(n))  # error: TF203 @5-25
    return rows


@workflow
def changes_what_it_iterates(n):
    xs = [1, 2]
    for x in xs:
        if x < 3:
            xs.append(f(x))  # error: TF204 @13-28
    return xs


@workflow
def deletes_while_iterating(k):
    d = {i: f(i) for i in range(k)}
    for key in d:
        del d[key]  # error: TF204 @13-19
    return d


@workflow
def changes_global(n):
    TABLE["b"] = f(n)  # error: TF207 @5-15
    ITEMS.append(f(n))  # error: TF306 @5-23


@workflow
def changes_after_view(n):
    d = {"a": f(n)}
    keys = d.keys()
    d["b"] = 2  # error: TF202 @5-11
    return list(keys)


@workflow
def captures_then_rebinds(n):
    k = f(n)
    shift = lambda x: x + k
    k = 100
    return shift(1)  # error: TF205 @12-17


@workflow
def captures_loop_variable(n):
    shifts = []
    for i in range(n):
        shifts.append(lambda x: x + i)
    return [shift(f(0)) for shift in shifts]  # error: TF205 @38-44


@workflow
def changes_captured_list(n):
    xs = [f(n)]
    count = lambda: len(xs)
    xs.append(1)
    return count()  # error: TF205 @12-17


@workflow
def changes_deque_alias(n):
    q = deque([f(n)])
    r = q
    r.popleft()  # error: TF202 @5-16
    return q


@workflow
def changes_in_branch_alias(n, flag):
    a, b = [1], [2]
    c = a if flag else b
    c.append(f(n))  # error: TF202 @5-19
    return a, b


@workflow
def changes_default(n, acc=[]):
    acc.append(f(n))  # error: TF201 @5-21
    return acc


@workflow
def changes_result_of_helper(n):
    xs = _same(make(n))
    xs.append(1)  # error: TF203 @5-17
    return size(xs)


def _same(xs):
    return xs


@workflow
def changes_captured_by_inner_function(n):
    seen = []

    def note(x):
        seen.append(x)  # error: TF209 @9-23
        return x

    note(n)  # error: TF130 @5-12
    return f(n), seen


@workflow
def changes_what_a_call_was_given(n):
    xs = [n]
    ys = make(n).joined(xs)
    ys[0] = 1
    return xs  # error: TF208 @12-14


@workflow
def reads_what_a_call_gave(n):
    xs = [n]
    ys = make(n).joined(xs)
    xs.append(f(n))
    for y in ys:  # error: TF208 @14-16
        g(y)


@workflow
def fine_by_copy(n):
    xs = make(n)
    xs = [*xs, 1]
    ys = list(xs)
    ys.append(f(n))
    return h(xs, ys), g(n)


@workflow
def changes_element_of_a_sample(n):
    rows = [[1], [2], [3]]
    rng = random.Random(1)
    picked = rng.sample(rows, 2)
    picked[0].append(f(n))  # error: TF203 @5-27
    return rows


@workflow
def pops_heap_that_is_a_parameter(xs):
    return heapq.heappop(xs), f(1)  # error: TF201 @12-29


@workflow
def changes_what_was_put_in(n):
    a, b = [n], [1]
    k = put_in(a, b)
    b.append(2)
    return f(k), a, b  # error: TF208 @14-15, TF208 @18-19


@workflow
def changes_nested_heap(n):
    d = {"q": [1, 2, n], "k": 1}
    x = heapq.heappop(d["q"])
    _ = heapq.heappush(d["q"], f(x))  # error: TF203 @9-37
    return x, d


@workflow
def changes_result_of_iadd(n):
    xs = [n]
    ys = operator.iadd(xs, [f(n)])
    ys.append(2)
    return xs, ys  # error: TF208 @12-14


@workflow
def pops_in_a_lambda(n):
    xs = [3, n]
    pop = lambda: heapq.heappop(xs)  # error: TF209 @19-36
    return f(n)


@workflow
def draws_from_an_alias(n):
    rng = random.Random(1)
    other = rng
    a = rng.random()  # error: TF202 @9-21
    return a, f(other.random())


@workflow
def drops_what_a_method_changes(n):
    c = Counter(n)
    c.bump()  # error: TF305 @5-13
    return f(c.n)


@workflow
def drops_what_an_unknown_method_changes(n):
    pile = Pile(n)
    pile.take()  # error: TF130 @5-16
    return f(pile.look())


@workflow
def takes_by_helper_from_an_alias(n):
    q = [1, n]
    r = q
    x = helper_take(q)  # error: TF202 @9-23
    return x, r, f(x)


@workflow
def takes_by_helper_while_iterating(n):
    q = [1, 2]
    for x in q:
        y = helper_take(q)  # error: TF204 @13-27
        f(x + y)
    return q


@workflow
def reads_capture_after_helper(n):
    q = [1, n]
    count = lambda: len(q)
    k = helper_put(q, 3)
    return count(), f(k)  # error: TF205 @12-17


@workflow
def fine_used(n):
    q = [3, n]
    k = helper_put(q, f(n))
    _ = heapq.heappush(q, 3)
    return q, k, put(q, 1)


@workflow
def changes_what_was_returned(n):
    out = [f(n)]
    try:
        out.append(g(n))
        return out
    finally:
        out.append(h(n))  # error: TF202 @9-25


@workflow
def changes_what_a_returned_tuple_holds(n):
    d = {}
    for i in range(n):
        try:
            d[i] = f(i)
            if i:
                return d, i
        finally:
            d["end"] = g(i)  # error: TF202 @13-21
    return d
