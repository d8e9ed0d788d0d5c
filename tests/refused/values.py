"""Values that could not cross from one step to another: identity, steps, iterators, names that may be unbound."""

from __future__ import annotations

import io
import os

from tangentflow import step, workflow
from tests.corpus.steps import f, g, h, make, odd, twice


@workflow
def compares_identity(n):
    a = f(n)
    b = a
    return a is b, a is not n  # error: TF110 @12-18, TF110 @20-30


@workflow
def asks_for_identity(n):
    return id(f(n))  # error: TF302 @12-20


@workflow
def stores_step(n):
    run = f  # error: TF111 @11-12
    return run(n)


@workflow
def chooses_step(n):
    return (f if n else g)(n)  # error: TF111 @13-14, TF111 @25-26


@workflow
def lists_steps(n):
    return [run(n) for run in [f, g]]  # error: TF111 @32-33, TF111 @35-36


@workflow
def passes_step(n):
    return h(f, n)  # error: TF111 @14-15


@workflow
def returns_step(n):
    return twice  # error: TF111 @12-17


class Holder:
    """An object with a step as a method."""

    @step
    def minus(self, x):
        return x - 1


HOLDER = Holder()


@workflow
def calls_step_method(n):
    return HOLDER.minus(n)  # error: TF114 @12-27


@workflow
def calls_step_in_lambda(n):
    run = lambda x: f(x)  # error: TF133 @21-25
    return run(n)


@workflow
def calls_step_in_default_of_lambda(n):
    run = lambda x=f(1): x  # error: TF133 @20-24
    return run()


@workflow
def calls_step_in_inner_function(n):
    def run(x):
        return f(x)  # error: TF133 @16-20

    return run(n)


@workflow
def calls_workflow_in_inner_function(n):
    def run(x):
        return [twice(y) for y in x]  # error: TF133 @17-25

    return run([n])


@workflow
def calls_step_in_default_of_inner_function(n):
    def run(x=f(1)):  # error: TF133 @15-19
        return x

    return run()


@workflow
def sorts_by_step(xs):
    return sorted(xs, key=f), sorted(xs, key=lambda x: f(x))  # error: TF310 @12-29, TF304 @31-61, TF133 @56-60


@workflow
def step_and_target_share_a_name(xs):
    return [f for f in xs], f(1)  # error: TF125 @13-14, TF125 @29-30


@workflow
def keeps_generator(n):
    it = (x for x in range(n))  # error: TF120 @10-31
    a = f(n)
    return list(it), a


@workflow
def keeps_generator_of_steps(n):
    it = (f(x) for x in range(n))  # error: TF123 @10-34
    return list(it)


@workflow
def lines_of_a_buffer(n):
    buffer = io.StringIO(str(f(n)))
    return [f(x) for x in buffer]  # error: TF120 @27-33


LEFT = iter([1, 2, 3])


def rest():
    return list(LEFT)


@workflow
def iterator_outside(n):
    return [f(x) for x in LEFT]  # error: TF120 @27-31


@workflow
def iterator_of_a_helper(n):
    return [f(x) for x in rest()]  # error: TF120 @27-33


@workflow
def keeps_iterator(n):
    it = iter(make(n))  # error: TF120 @10-23
    return f(next(it))  # error: TF308 @14-22


@workflow
def keeps_zip(xs):
    pairs = zip(xs, make(2))  # error: TF120 @13-29
    return f(1), list(pairs)


@workflow
def returns_map(xs):
    return map(str, [f(x) for x in xs])  # error: TF120 @12-40


@workflow
def passes_iterator(xs):
    return h(reversed(xs))  # error: TF120 @14-26


@workflow
def consumes_lazily(xs):
    return len(set(str(y) for y in iter(f(x) for x in xs)))  # error: TF123 @40-58


@workflow
def may_be_unbound_in_comprehension(n):
    if n:
        k = f(n)
    return [g(x, k) for x in range(n)]  # error: TF124 @12-39


@workflow
def reads_before_binding_in_comprehension(n):
    return [f(w := 1) for x in range(n) if g(w)]  # error: TF124 @12-49


@workflow
def takes_the_compilers_name(n):
    _tf_x = f(n)  # error: TF113 @5-10
    return _tf_x  # error: TF113 @12-17


@workflow
def reads_environment(n):
    return f(os.environ["HOME"]), os.environ  # error: TF112 @14-24, TF112 @35-45


@workflow
def infinite(n):
    import itertools

    for i in itertools.count():  # error: TF303 @14-31
        if f(i) > n:
            return i
