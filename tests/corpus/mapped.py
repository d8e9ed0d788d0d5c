"""`map`, `filter` and generator expressions with steps, consumed where they stand; iterables that compute their items one by one."""

from __future__ import annotations

import itertools

from tangentflow import sequential, workflow
from tests.corpus.library import bump
from tests.corpus.steps import add, e, f, fail_if, g, h, half, ident, make, none, o, odd, p, pair, size, stop, twice


def inc(x):
    return x + 1


def counted(n):
    for i in range(n):
        yield 6 // (3 - i)


def falling(xs):
    yield from xs
    raise KeyError("end")


@workflow
def nested_maps(xs):
    return ", ".join(map(str, map(f, xs))), list(map(g, map(f, xs))), max(map(len, map(make, xs)), default=-1)


@workflow
def listed(xs):
    return list(map(f, xs))


@workflow
def eager_consumers(xs):
    return (
        sum(map(f, xs)),
        tuple(map(g, xs, range(9))),
        sorted(map(half, xs), key=lambda v: -v),
        set(map(f, xs)),
        max(map(f, xs), default=0),
    )


@workflow
def looped_with_break(xs):
    out = []
    for y in map(f, xs):
        out.append(g(y))
        if y > 4:
            break
    else:
        out.append("end")
    return out, y


@workflow
def enumerated(xs):
    for i, (a, b) in enumerate(map(pair, xs), 1):
        e(i, a, b)
    return [v + w for v, w in map(pair, xs) if v]


@workflow
def zipped_to_dict(xs):
    return dict(zip(xs, map(f, xs))), list(zip(xs, map(f, xs), map(g, xs))), dict(enumerate(map(f, xs)))


@workflow
def stops_early(xs):
    return any(map(odd, xs)), all(map(odd, xs)), next(map(f, xs), None), 2 in map(f, xs), 2 not in map(f, xs)


@workflow
def next_of_nothing(xs):
    return next(map(f, xs))


@workflow
def filtered(xs):
    return (
        list(filter(odd, xs)),
        [g(y) for y in filter(odd, xs)],
        sum(filter(lambda v: f(v) > 2, xs)),
        next(filter(odd, xs), "none"),
    )


@workflow
def looped_over_filter(xs):
    out = []
    for x in filter(odd, xs):
        if x == 5:
            continue
        out.append(x)
    for x in sequential(map(f, xs)):
        e(x)
    return out


@workflow
def unpacked(xs):
    a, b = map(f, xs)
    return a, b


@workflow
def starred(xs):
    a, *b = map(f, xs)
    return a, b, h(*map(f, xs), 3, *filter(odd, xs)), [*map(f, xs), 1]


@workflow
def lambdas(xs):
    return list(map(lambda x: f(x) + g(x), xs)), [y for y in map(lambda x, y: add(x, y) if x else 0, xs, xs)]


@workflow
def map_of_filter_of_map(xs):
    return list(map(g, filter(odd, map(f, xs)))), min(map(fail_if, xs, [3] * 9))


@workflow
def not_iterable(n):
    return list(map(f, n))


@workflow
def summed_with_start(xs):
    return sum(map(pair, xs), ()), sum(map(make, xs), start=[])


@workflow
def not_comparable(xs):
    return max(map(ident, [*xs, "a"])), f(3)


@workflow
def stop_iteration_of_the_body(n):
    for x in map(f, [n]):
        if x == 1:
            raise StopIteration("mine")
    return x


@workflow
def stop_iteration_of_the_element(n):
    return [stop(y) for y in map(f, [n])]


@workflow
def glue_inside(n):
    d = {}
    for k, v in zip(d, map(f, range(n))):
        e(k)
    for x in map(f, filter(None, [0, n, 2])):
        e(x)
    return list(map(f, filter(lambda v: v > 1, range(n)))), list(filter(None, map(half, range(n))))


@workflow
def kinds_of_steps(n):
    return list(map(p, range(n))), list(map(o, range(n))), sum(map(size, [[n], []]), n), list(map(none, range(n), "ab"))


@workflow
def mixed(xs):
    best, *rest = sorted(map(f, xs), reverse=True) or [0]
    return [best, *map(half, rest)], {x: y for x, y in zip(xs, map(f, xs))}, {*map(f, xs)}, (*map(f, xs), 1)


@workflow
def printed(xs):
    print(*map(f, xs), sep="-")
    print(sum(map(f, xs)))
    return len(list(map(f, xs))), f"{max(map(f, xs), default=0)}"


@workflow
def opaque_function(xs):
    return [f(y) for y in map(bump, xs)]


@workflow
def local_function(xs):
    def loc(v):
        return v + 1

    return [f(y) for y in map(loc, xs)]


@workflow
def pure_function(xs):
    return [f(y) for y in map(inc, xs)]


@workflow
def generator_and_break(xs):
    out = []
    for y in (x * 2 for x in xs):
        out.append(f(y))
        if y > 4:
            break
    return out


@workflow
def generator_reads_what_the_loop_assigns(xs):
    t = 0
    for y in (x + t for x in xs):
        t = f(y)
    return t


@workflow
def generator_raises_late(xs):
    return [fail_if(y, 6) for y in (8 // (x - 1) for x in xs)]


@workflow
def pure_map_raises_late(n):
    return [fail_if(y, 3) for y in map(int, ["3", "a"])]


@workflow
def generator_raises_after_effect(n):
    for y in (1 // (x - 2) for x in [3, 2]):
        fail_if(y, 1)


@workflow
def mapped_sub_workflow(xs):
    return list(map(twice, xs)), max(map(twice, xs), key=lambda v: -v, default=None)


@workflow
def least_and_greatest(xs):
    low = min((f(x) for x in xs), default="none")
    high = max((pair(x) for x in xs), key=lambda v: -v[0], default=low)
    return low, high, min(map(half, xs))


@workflow
def frozen_and_membership(xs):
    return frozenset(f(x) for x in xs), 4 in (f(x) for x in xs), next((g(x) for x in xs if odd(x)), None)


@workflow
def dict_of_pairs(xs):
    return dict((x, f(x)) for x in xs), dict(zip("abc", map(f, xs)))


@workflow
def not_hashable(xs):
    return dict(zip([[1], 2], map(f, xs)))


@workflow
def default_before_first(xs):
    return next(map(f, xs), 1 // len(xs))


@workflow
def unpacked_with_rest(xs):
    (a, b), *rest = map(pair, xs)
    return a, b, rest


@workflow
def too_many_to_unpack(xs):
    a, b = (fail_if(x, 4) for x in xs)
    return a, b


@workflow
def messages_by_map(xs):
    return list(map(print, xs)), f(1)


@workflow
def carried_by_map(xs):
    total = 0
    for y in map(lambda x: add(x, total), xs):
        total = y
    return total


@workflow
def mapped_in_condition(xs):
    if any(map(odd, xs)) and sum(map(f, xs)) > 3:
        return [half(y) for y in filter(None, map(half, xs))]
    while len(xs) < sum(map(f, xs[:1])):
        xs = [*xs, *map(f, xs[-1:])]
    return xs


@workflow
def caught_in_map(xs):
    out = []
    for x in xs:
        try:
            out += list(map(fail_if, [x, 1], [4, 4]))
        except ValueError:
            out.append("caught")
    return out


@workflow
def filtered_by_glue(xs):
    return [f(x) for x in filter(lambda v: 9 // (v - 3) > 1, xs)]


@workflow
def looped_generator_of_steps(xs):
    out = []
    for y in (f(x) for x in xs if odd(x)):
        if y > 5:
            break
        out.append(y)
    else:
        e("all")
    return out, [y for y in (g(x) for x in xs) if y]


@workflow
def generator_over_step(n):
    for i, y in enumerate(x * 2 for x in range(n)):
        e(i, y)
    return [z for z in (x + 1 for x in make(n))]


@workflow
def stop_iteration_in_generator(n):
    return [f(y) for y in (next(iter([])) if x else x for x in range(n))]


@workflow
def stop_iteration_of_step_in_generator(n):
    for y in (stop(x) if x > 1 else x for x in range(n)):
        e(y)
    return n


@workflow
def deleted_target(xs):
    for y in map(f, xs):
        z = y
        del y
    return z


@workflow
def map_reads_what_the_loop_assigns(n):
    t = 0
    for x in map(lambda v: v + t, make(n)):
        t += f(x)
    return t


@workflow
def break_out_of_a_map(n):
    for x in map(int, make(n)):
        if f(x):
            break
    return x


@workflow
def return_out_of_a_generator(n):
    for x in (9 // v for v in make(n)):
        if f(x):
            return x


@workflow
def search_in_a_map(n):
    return any(f(x) for x in map(int, make(n)))


@workflow
def generator_function_raises_late(n):
    for y in counted(n):
        e(y)
    return n


@workflow
def generator_function_and_step_raise(n):
    return [fail_if(y, 3) for y in counted(n)]


@workflow
def generator_function_raises_before_else(xs):
    out = []
    try:
        for y in falling(xs):
            out.append(f(y))
        else:
            out.append("else")
    except KeyError as err:
        out.append(err.args)
    return out


@workflow
def lazy_iterables_raise(xs):
    for a, b in zip(falling(xs), xs):
        e(a, b)
    for c in itertools.accumulate(xs, lambda a, b: a // (b - 1)):
        e(c)
    return sum(f(x) for x in falling(xs))


@workflow
def carried_until_it_raises(xs):
    t = 0
    for y in falling(list(map(f, xs))):
        t = add(t, y)
    return t


@workflow
def nested_lazy_loops(xs):
    for x in xs:
        for y in counted(x):
            if y == 2:
                continue
            e(y)
    return {g(y) for y in falling(xs) if y}


@workflow
def generator_function_raises_at_once(n):
    for y in counted("a"):
        e(y)


@workflow
def loop_over_a_map_of_a_filter(n, xs):
    out = []
    for r in map(g, filter(odd, xs)):
        out.append(r)
    for r in map(bump, filter(n, xs)):
        out.append(r)
    return out
