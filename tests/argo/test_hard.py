"""Programs that put several constructs into each other, at a size that shows what does not scale.

With TANGENTFLOW_CORPUS=all the `while` runs 300 times.
"""

import os

import pytest

from tangentflow.engine.simulated import simulate
from tests.argo.forking import forking
from tests.corpus import hard, steps
from tests.corpus.steps import canon, shape

LONG = 300 if os.environ.get("TANGENTFLOW_CORPUS") == "all" else 20

CASES = {
    f"a while of {LONG} iterations with a fan-out in each": (hard.while_with_fan_out, (LONG,)),
    "a try around one item of a fan-out": (hard.try_around_one_item, ([1, 4, 2, 4, 7],)),
    "an early return from a loop in a try with finally": (hard.return_from_loop_in_try, ([5, 3, 1, 0],)),
    "no early return from a loop in a try with finally": (hard.return_from_loop_in_try, ([5, 3],)),
    "Fibonacci of 8 as a tree of sub-workflows": (hard.fibonacci, (8,)),
    "glue fails in iteration 3 and the step of iteration 5": (hard.glue_error_before_step_error, ([1] * 7,)),
    "nested loops with inner counts that vary": (hard.inner_counts_that_vary, (5,)),
}


def ended(call):
    """Return the value or the shape of the exception, and the step calls in order."""
    steps.reset()
    try:
        return ("value", canon(call())), sorted(steps.LOG)
    except Exception as error:
        return ("raised", shape(error)), sorted(steps.LOG)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("case", CASES)
def test_hard(case):
    workflow, args = CASES[case]
    plain, called = ended(lambda: workflow(*args))
    run, ran = ended(lambda: workflow.options(executor="inline", progress=False).run(*args).result())
    assert run == plain
    assert ran == called or plain[0] == "raised"  # after an exception independent values may have run
    with forking():
        simulated = simulate(workflow.graph, args, {}, workers=1)
    outcome = ("value", canon(simulated.result())) if simulated.error is None else ("raised", shape(simulated.error))
    assert outcome == plain
    assert simulated.pods - len(simulated.helpers) == len(called) or plain[0] == "raised"
