"""Options of steps that stay refused in the body of a workflow."""

from __future__ import annotations

from functools import partial

from tangentflow import container, suspend, workflow
from tests.corpus.steps import f, g


@workflow
def keeps_a_step(n):
    large = f.options(cpu=16)  # error: TF118 @13-30
    return large(n), [f.options(cpu=1)], partial(g.options(cpu=1), y=3)(n)  # error: TF118 @23-39, TF118 @50-66


@workflow
def options_of_the_run(n):
    return f.options(cpu=n)(n), f.options(cpu=2 * 3)(n), f.options(**{"cpu": 1})(n), f.options(4)(n)  # error: TF118 @12-28, TF118 @33-53, TF118 @58-81, TF118 @86-98


@workflow
def options_that_there_are_not(n):
    f.options(cpus=1)(n)  # error: TF118 @5-22
    f.options(cpu=-1).options(memory=1)(n)  # error: TF118 @5-22
    container.options(image="x")("a", ["b"])  # error: TF118 @5-33
    suspend.options(retries=2)("Go?")  # error: TF118 @5-31
    return f.options()(n)


@workflow
def keeps_a_step_in_a_function(n):
    def fit(x):
        return f.options(cpu=1)(x)  # error: TF133 @16-35

    return list(map(lambda x: f.options(cpu=n)(x), [n])), fit(n)  # error: TF118 @31-47
