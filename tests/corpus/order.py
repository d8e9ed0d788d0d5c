"""The order of evaluation inside expressions."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.library import bump
from tests.corpus.steps import add, e, ev, f, fail, fail_if, g, h, ident, make, none, one, p, pair, show


@workflow
def glue_left_of_step(n):
    r = (1 // n) + f(n)
    return r


@workflow
def glue_left_of_failing_step(n):
    r = (1 // n) + fail(n)
    return r


@workflow
def glue_right_of_failing_step(n):
    return fail(n) + 1 // n


@workflow
def walrus_between(n):
    x = 5
    return x + f(x := n) + x


@workflow
def walrus_in_arguments(n):
    x = 5
    return h(x, f(x := n), x, (x := x + 1), x)


@workflow
def walrus_in_display(n):
    x = 5
    return [x, f(x), (x := n), g(x), x]


@workflow
def augmented_reads_first(n):
    if n > 1:
        t = 1
    t += fail_if(n, 1)
    return t


@workflow
def receiver_before_argument(n):
    d = None if n == 1 else []
    d.append(fail_if(n, 1))
    return d


@workflow
def missing_method_before_argument(n):
    d = []
    r = d.push(fail_if(n, 1))
    return r


@workflow
def item_read_before_augment(n):
    d = {}
    d["k"] += fail(n)
    return d


@workflow
def value_before_target(n):
    d = {}
    d[f(n)] = g(n)
    return d


@workflow
def unbound_value_before_target(n):
    d = {}
    if n > 1:
        v = 1
    d[fail_if(n, 1)] = v
    return d


@workflow
def global_value_before_target(n):
    d = {}
    d[fail_if(n, 1)] = no_such_name  # noqa: F821
    return d


@workflow
def unbound_argument_before_step(n):
    if n > 1:
        x = 1
    return h(x, fail_if(n, 1))


@workflow
def unbound_argument_after_step(n):
    if n > 1:
        x = 1
    return h(fail_if(n, 1), x)


@workflow
def unbound_function_before_argument(n):
    if n > 1:
        scale = abs
    return scale(fail_if(n, 1))


@workflow
def global_function_before_argument(n):
    return no_such_function(fail_if(n, 1))  # noqa: F821


@workflow
def function_rebound_in_argument(n):
    scale = abs
    return scale(f((scale := str) and -5))


@workflow
def unbound_left_operand(n):
    if n > 1:
        x = 1
    return x + fail_if(n, 1)


@workflow
def nested_calls(n):
    return h(f(n), g(f(n), f(1)), f(g(n)))


@workflow
def keyword_arguments_in_order(n):
    return h(b=f(n), a=g(n), *make(2))


@workflow
def dict_key_before_value(n):
    return {f(n): g(n), g(1): f(1), **{f(2): 6 // n}, 5: fail_if(n, 1)}


@workflow
def dict_comprehension_key_first(xs):
    return {fail_if(x, 4): fail_if(x, 1) for x in xs}


@workflow
def unhashable_key_after_value(n):
    return {k: fail_if(n, 1) for k in [[]]}


@workflow
def unpack_before_next_argument(n):
    return h(*n, fail(n))


@workflow
def mapping_before_next_argument(n):
    return h(**{"a": 6 // n}, b=fail(n))


@workflow
def slice_bounds(n):
    xs = [1, 2, 3, 4]
    return xs[f(n) : g(n)], xs[6 // n : fail_if(n, 1)]


@workflow
def subscript_before_index(n):
    d = none()
    return d[fail_if(n, 1)]


@workflow
def attribute_before_operand(n):
    d = none()
    return d.real + fail_if(n, 1)


@workflow
def format_before_next_field(n):
    return f"{f(n):q} {fail(n)}"


@workflow
def format_spec_from_name(n):
    w = f(n)
    return f"{f(n):>{w}}|{g(n):0{w}d}|{show(n)!r:^20}|{n!s}"


@workflow
def str_fails_before_next_field(n):
    b = b"\xff" if n == 1 else b"a"
    return f"{b.decode()}{fail_if(n, 1)}"


@workflow
def comparison_left_to_right(n):
    return (6 // n) < fail_if(n, 0)


@workflow
def chained_comparison_middle_once(n):
    return 0 <= ev(n) <= f(n) <= g(n) + 5


@workflow
def boolean_side_by_side(n):
    x = n and fail_if(n, 5) and 6 // (n - 1) and f(n)
    return x


@workflow
def ternary_test_first(n):
    return fail_if(n, 1) if 6 // n else g(n)


@workflow
def right_side_before_unpacking(n):
    a = [0, 0]
    i = 1
    i, a[i] = pair(n)
    return a


@workflow
def chained_targets_left_to_right(n):
    a = b = [f(n)]
    x = i = f(n)
    return a, b, x, i


@workflow
def chained_with_item(n):
    d = {}
    d["a"] = x = d["b"] = f(n)
    return d, x


@workflow
def index_after_target(n):
    xs = [0] * 20
    i = xs[i] = f(n)
    return i, xs


@workflow
def iterable_before_loop(n):
    for x in [f(n), 6 // n, g(n)]:
        e(x)


@workflow
def conditions_before_body(n):
    if f(n) > 1 and 6 // n > 1:
        return g(n)
    return one()


@workflow
def starred_display(n):
    return [*make(n), 6 // n, *pair(n), fail_if(n, 1)]


@workflow
def method_on_step_result(n):
    return show(n).upper().replace("<", show(6 // n)).split(">")


@workflow
def method_of_result_with_step_argument(n):
    xs = make(n)
    return xs.index(fail_if(n - 1, 0)), xs.count(f(n))


@workflow
def lambda_argument_between(n):
    return h(f(n), sorted(make(n), key=lambda v: -v), g(n))


@workflow
def subscript_of_step(n):
    return pair(n)[f(0)], {"a": f(n)}["a"], make(5)[ident(n) : ident(n) + 2]


@workflow
def assert_test_before_message(n):
    assert fail_if(n, 1) > 1, 6 // n
    return n


@workflow
def walrus_of_test_read_later(n):
    if (y := n + 1) > 2:
        pass
    while (z := y) > 50:
        pass
    return p(y), p(z)


@workflow
def walrus_of_test_with_step(n):
    if (y := f(n)) > 2 and (z := n):
        e("in")
    return p(y)


@workflow
def walrus_in_opaque_call(n):
    a = bump(f(b := n))
    c = bump(d := a)
    return p(b), p(c), p(d)


@workflow
def walrus_in_glue_argument(n):
    return p((y := n) + 1), p(y), p(len([z := n])), p(z)


@workflow
def walrus_in_step_keyword(n):
    a = g(n, y=(k := 5))
    e(k, j := 6)
    return a, p(k), p(j)


@workflow
def raise_argument_order(n):
    raise ValueError(f(n), 6 // n, fail_if(n, 2))


@workflow
def return_value_order(n):
    return f(n), 6 // n, fail_if(n, 1)


@workflow
def evaluation_of_conditional_expression_in_argument(n):
    return h(f(n), g(n) if 6 // n else fail(n), none(n))


@workflow
def deletion_order(n):
    d = {1: 1, 2: 2, 3: 3}
    del d[f(0)], d[fail_if(n, 1)]
    return d


@workflow
def deletion_with_missing_first(n):
    d = {1: 1}
    del d[f(n)], d[fail_if(n, 1)]
    return d


@workflow
def binary_of_effects(n):
    return ev(1) + ev(1, 2) * ev(1, 2, 3) - add(ev(4), ev(5))


@workflow
def mutated_between_operands(n):
    xs = [1, 2, 3]
    return [len(xs), xs.pop(), f(n), len(xs)]


@workflow
def read_before_mutation_in_argument(n):
    xs = [1]
    return h(list(xs), f(xs.append(n) or n), list(xs))
