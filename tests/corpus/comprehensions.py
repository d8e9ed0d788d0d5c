"""Comprehensions, and generator expressions that are consumed where they stand."""

from __future__ import annotations

import itertools

from tangentflow import workflow
from tests.corpus.steps import (
    add,
    divide,
    e,
    ev,
    f,
    fail_if,
    g,
    h,
    ident,
    make,
    odd,
    one,
    pair,
    show,
    size,
    stop,
    table,
    upper,
)


@workflow
def list_of_steps(xs):
    return [f(x) for x in xs]


@workflow
def filtered_by_glue(xs):
    return [f(x) for x in xs if x > 1 if x < 5]


@workflow
def filtered_by_step(xs):
    return [g(x) for x in xs if odd(x)]


@workflow
def filtered_by_two_steps(xs):
    return [x for x in xs if odd(x) if f(x) > 3]


@workflow
def two_fors(n):
    return [add(i, j) for i in range(n) for j in range(i)]


@workflow
def two_fors_of_steps(n):
    return [add(i, j) for i in make(n) if odd(i) for j in make(i)]


@workflow
def nested_lists(n):
    return [[g(j, i) for j in range(i)] for i in range(n)]


@workflow
def inner_without_steps(n):
    return [size([j * 2 for j in range(i)]) for i in range(n)]


@workflow
def step_outside_only(n):
    return [x + 1 for x in make(n) if x != 1]


@workflow
def sets(xs):
    return {f(x) % 3 for x in xs}, {x for x in make(4) if odd(x)}


@workflow
def dicts(xs):
    return {x: f(x) for x in xs}, {f(x): x for x in xs}, {f(x): g(x) for x in xs if x}


@workflow
def dict_of_items(k):
    return {upper(key): f(value) for key, value in table(k).items()}


@workflow
def shadowing(xs):
    x = 100
    out = [f(x) for x in xs]
    return out, g(x)


@workflow
def shadowing_parameter(n):
    out = [f(n) for n in range(n)]
    return out, n


@workflow
def same_target_twice(xs):
    return [f(x) for x in [g(x) for x in xs]]


@workflow
def condition_and_element_share(xs):
    return [y for x in xs if (y := f(x)) > 2]


@workflow
def summed(xs):
    return sum(f(x) for x in xs), sum([g(x) for x in xs])


@workflow
def summed_wrong_types(xs):
    return sum(show(x) for x in xs)


@workflow
def any_all(xs):
    return any(odd(x) for x in xs), all(odd(x) for x in xs)


@workflow
def any_of_two_fors(n):
    return any(add(i, j) == 3 for i in range(n) for j in range(i)), all(
        add(i, j) < 3 for i in range(n) for j in range(i)
    )


@workflow
def any_filtered(xs):
    return any(odd(x) for x in xs if x > 1), all(f(x) > 2 for x in xs if odd(x))


@workflow
def any_stops_before_failure(xs):
    return any(fail_if(x, 1) == 5 for x in xs)


@workflow
def any_in_condition(xs):
    if any(odd(x) for x in xs) and not all(odd(x) for x in xs):
        return f(1)
    return g(1)


@workflow
def collected(xs):
    return list(f(x) for x in xs), tuple(g(x) for x in xs), sorted(f(x) for x in xs), set(f(x) % 2 for x in xs)


@workflow
def sorted_with_options(xs):
    return sorted((f(x) for x in xs), key=lambda v: -v), sorted((f(x) for x in xs), reverse=True)


@workflow
def joined(xs):
    return ", ".join(show(x) for x in xs)


@workflow
def joined_wrong_types(xs):
    return "".join(f(x) for x in xs)


@workflow
def stop_iteration_in_list(xs):
    return [stop(x) for x in xs]


@workflow
def stop_iteration_in_generator(xs):
    return list(stop(x) for x in xs)


@workflow
def stop_iteration_in_sum(xs):
    return sum(stop(x) for x in xs)


@workflow
def stop_iteration_in_any(xs):
    return any(stop(x) for x in xs)


@workflow
def raising_in_the_middle(xs):
    return [fail_if(x, 1) for x in xs]


@workflow
def raising_glue_in_the_middle(xs):
    return [12 // f(x - 2) for x in xs]


@workflow
def raising_filter(xs):
    return [f(x) for x in xs if 12 // (x - 1)]


@workflow
def raising_in_both(xs):
    return [divide(x, f(x) - 2) for x in xs]


@workflow
def effects_as_elements(xs):
    return [ev(x) for x in xs], [e(x) for x in xs]


@workflow
def dropped_comprehension(xs):
    _ = [f(x) for x in xs]
    e("end")


@workflow
def in_arguments(xs):
    return h([f(x) for x in xs], {x: g(x) for x in xs}, *[f(x) for x in xs], k=[one() for x in xs])


@workflow
def in_conditions(xs):
    return "some" if [f(x) for x in xs if odd(x)] else "none"


@workflow
def lambdas_inside(xs):
    return [f((lambda v: v + x)(1)) for x in xs], sorted([g(x) for x in xs], key=lambda v: (v % 3, v))


@workflow
def targets_unpack(n):
    return [add(a, b) for a, b in [pair(i) for i in range(n)]], [f(a) for a, *_ in [(1, 2), (n,)]]


@workflow
def over_string(s):
    return [upper(c) for c in s]


@workflow
def ternary_element(xs):
    return [f(x) if odd(x) else g(x) for x in xs]


@workflow
def short_circuit_element(xs):
    return [x and f(x) or g(x) for x in xs]


@workflow
def walrus_element(xs):
    return [(y := f(x), y * 2, g(y)) for x in xs]


@workflow
def comprehension_in_loop(n):
    out = []
    for i in range(n):
        out.append([add(i, x) for x in make(2)])
    return out


@workflow
def nested_any(n):
    return [i for i in range(n) if any(add(i, j) > 3 for j in range(3))]


@workflow
def element_is_a_comprehension_of_results(n):
    return [[y + 1 for y in make(i)] for i in range(n)]


@workflow
def unpacked_result(n):
    return [*[f(i) for i in range(n)], *[g(i) for i in [1, 2] if i > 5], ident(n)]


@workflow
def loop_variable_of_for_reused(xs):
    out = []
    for x in xs:
        out.append([f(x) for x in range(2)])
        out.append(g(x))
    return out


@workflow
def filter_binds_what_the_element_reads(xs):
    return [(y, z) for x in xs if x and (y := f(x)) and 1 < (z := g(x)) < 99], [w + w for x in xs if (w := f(x)) > 2]


def _runs_of(xs):
    return [(key, list(group)) for key, group in itertools.groupby(xs)]


@workflow
def groups_by_a_helper(xs):
    """What `itertools.groupby` gives may not be looped over here: a helper reads each group in its turn."""
    return {key: size(group) for key, group in _runs_of([f(x) % 2 for x in xs])}, [
        len(group) for _, group in _runs_of(xs)
    ]
