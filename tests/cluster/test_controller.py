"""The real controller gives what the plain call gives: the same value, or the same exception."""

from __future__ import annotations

import pytest

from tangentflow.runtime.outcome import Outcome, Raised, Value
from tests.cluster import programs
from tests.cluster.outcomes import MINUTES, agree, ended, submitting
from tests.corpus import hard, ordering, tries

pytestmark = pytest.mark.cluster

HOSTILE = [
    "",
    "{{workflow.uid}}",
    "${HOME} $(id)",
    "'\"\\ \n\t\0",
    "null",
    "0x10",
    "- a: b # c",
    "\ud800\U0001f40b\u2028",
]

CASES = {
    "greet": (programs.greet, ()),
    "coin at once": (programs.coin, (0,)),
    "coin": (programs.coin, (3,)),
    "map of none": (programs.mapped, (0,)),
    "map of one": (programs.mapped, (1,)),
    "map of three": (programs.mapped, (3,)),
    "then": (programs.branch, (5,)),
    "else": (programs.branch, (1,)),
    "sub-workflows": (programs.outer, (2,)),
    "early return": (programs.early, (5,)),
    "no early return": (programs.early, (1,)),
    "an item fails": (programs.one_fails, (3,)),
    "serial": (programs.serial, (3,)),
    "recursion": (programs.factorial, (3,)),
    "hostile strings": (programs.echo, (HOSTILE,)),
    "glue raises": (programs.raises_in_glue, (1,)),
    "two naps": (programs.naps, ()),
    "a handler": (tries.everything, (1,)),
    "no handler": (tries.everything, (3,)),
    "a handler that raises again": (tries.everything, (0,)),
    "jumps through finally": (tries.jump_through_two_finallys, (2,)),
    "the state of a loop that failed": (tries.while_in_try, (5,)),
    "a try in a fan-out": (tries.try_in_fan_out, ([3, 1, 2],)),
    "a try around one item": (hard.try_around_one_item, ([1, 4, 2],)),
    "a return from a loop in a try": (hard.return_from_loop_in_try, ([5, 3, 1, 0],)),
    "Fibonacci": (hard.fibonacci, (3,)),
    "glue fails before a step": (hard.glue_error_before_step_error, ([1] * 7,)),
    "inner counts that vary": (hard.inner_counts_that_vary, (2,)),
    "a while with a fan-out": (hard.while_with_fan_out, (2,)),
    "effects in parallel": (ordering.effects_in_parallel, (2,)),
}


@pytest.fixture(scope="module")
def submitted(controller):
    """The names of all workflows."""
    with submitting(controller, CASES) as names:
        yield names


@pytest.mark.timeout(60 * MINUTES + 60)
@pytest.mark.parametrize("case", CASES)
def test_the_controller_gives_what_the_plain_call_gives(case, controller, submitted, tmp_path):
    workflow, args = CASES[case]
    try:
        expected: Outcome = Value(workflow(*args))
    except Exception as error:
        expected = Raised(error)
    agree(*ended(controller, submitted[case], workflow, args, tmp_path), expected)


def test_the_pods_of_a_fan_out_are_its_steps(controller, submitted):
    nodes = controller.wait(submitted["greet"], 60 * MINUTES)["status"]["nodes"].values()
    assert sum(node["type"] == "Pod" for node in nodes) == 2


@pytest.mark.timeout(60 * MINUTES + 60)
def test_independent_steps_overlap(controller, submitted):
    nodes = controller.wait(submitted["two naps"], 60 * MINUTES)["status"]["nodes"].values()
    naps = [node for node in nodes if node["type"] == "Pod" and node["displayName"].startswith("t-nap")]
    assert len(naps) == 2
    assert max(nap["startedAt"] for nap in naps) < min(nap["finishedAt"] for nap in naps)
