"""How parallel programs of the corpus run: which loops are fan-outs, and in how many waves the steps run."""

from __future__ import annotations

from typing import Any

import pytest

from tangentflow.engine.machine import Machine
from tangentflow.graph.nodes import Graph, Loop, Map
from tangentflow.runtime.codec import encode
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tests.corpus import (
    assign,
    branches,
    calls,
    carried,
    comprehensions,
    effects,
    exceptions,
    jumps,
    loops,
    messages,
    opaque,
    returns,
    steps,
    tries,
)

PARALLEL = [
    loops.whalesay, loops.map_over_result, loops.map_over_result_loop, loops.fan_out_sum, loops.fan_out_effects, loops.last_value,
    loops.best_of, loops.continue_on_result, loops.break_on_item, loops.scan_of_glue, loops.scan_raises, loops.guarded_by_glue,
    loops.return_in_loop_on_item, loops.nested_fan_out, loops.nested_with_inner_result, loops.while_in_for, loops.branch_in_loop,
    loops.for_else_on_item, loops.big_fan_out, loops.loop_invariant_inside, carried.accumulators_of_all_kinds, carried.pipeline,
    carried.inner_state_outer_parallel, comprehensions.list_of_steps, comprehensions.filtered_by_step, comprehensions.two_fors,
    comprehensions.nested_lists, comprehensions.dicts, comprehensions.summed, comprehensions.collected, comprehensions.nested_any,
    effects.two_effects_per_item, effects.effect_with_result_of_item, exceptions.raise_in_loop, exceptions.asserts_in_loop, exceptions.raise_in_loop_on_item,
    exceptions.step_raises_in_one_iteration, calls.sub_in_loop, calls.sub_with_effects_in_loop, opaque.opaque_in_loop, opaque.random_in_loop, messages.prints_in_loop,
    tries.continue_through_finally, tries.skipped_where_it_fails, tries.raised_anew_where_it_fails, tries.other_value_where_it_fails, tries.goes_on_in_else, tries.jump_in_one_branch,
    jumps.tried_again_by_hand, jumps.halved_until_small,
]  # fmt: skip
SERIAL = [
    loops.break_on_result, loops.return_in_loop, loops.for_else, loops.flip_until_heads, loops.while_true, carried.state_from_step, carried.state_and_out,
    carried.previous_result, carried.conditionally_killed, carried.fold_feeds_step, carried.list_feeds_step, carried.item_stores, carried.two_states,
    carried.state_through_inner_loop, carried.ordered_steps, carried.serial_break, carried.effect_under_carried_guard, carried.guard_from_earlier_iteration,
    comprehensions.any_all, effects.ordered_in_loop, effects.ordered_in_sub_in_loop, exceptions.failure_in_while,
    tries.step_decides_continue_through_finally, tries.left_by_an_earlier_iteration, jumps.left_with_what_an_earlier_one_left,
]  # fmt: skip


MISSED = [opaque.opaque_fold, opaque.opaque_break]
"""Loops that could be fan-outs: only glue that is evaluated once carries data from one iteration to the next."""


def first_loop(graph: Graph) -> Any:
    """Return the first loop with steps in it."""
    return next(node for node in graph.main.body.walk() if isinstance(node, (Map, Loop)))


@pytest.mark.parametrize("workflow", [pytest.param(w, id=w.__name__) for w in PARALLEL])
def test_fan_outs(workflow: Any) -> None:
    assert isinstance(first_loop(workflow.graph), Map)


@pytest.mark.xfail(reason="opaque glue makes a loop serial", strict=True)
@pytest.mark.parametrize("workflow", [pytest.param(w, id=w.__name__) for w in MISSED])
def test_missed_fan_outs(workflow: Any) -> None:
    assert isinstance(first_loop(workflow.graph), Map)


@pytest.mark.parametrize("workflow", [pytest.param(w, id=w.__name__) for w in SERIAL])
def test_loops_in_order(workflow: Any) -> None:
    loop = first_loop(workflow.graph)
    assert isinstance(loop, Loop)
    assert loop.kind == "while" or loop.why


def waves(workflow: Any, *args: Any) -> list[list[str]]:
    """Run everything that can run, again and again; return the names of the steps of each wave."""
    steps.reset()
    machine = Machine(workflow.graph, args, {}, messages=False)
    found = []
    while not machine.done:
        machine.check_alive()
        batch = [machine.take() for _ in range(len(machine.ready))]
        found.append(sorted(ready.node.name for ready in batch))
        for ready in batch:
            try:
                outcome: Outcome = Value(ready.step.function(*ready.args, **ready.kwargs))
            except Exception as error:
                outcome = Raised(error)
            machine.settle(ready, encode(outcome, where=ready.path))
    steps.reset()
    return [wave for wave in found if wave]


def test_a_fan_out_runs_at_once() -> None:
    assert waves(loops.whalesay, 4) == [["show"] * 4]
    assert waves(loops.map_over_result, 3) == [["make"], ["f"] * 3]
    assert waves(loops.fan_out_sum, 5) == [["f"] * 5]
    assert waves(comprehensions.nested_lists, 3) == [["g"] * 3]


def test_the_second_step_of_an_item_does_not_wait_for_the_other_items() -> None:
    assert waves(comprehensions.dicts, [1, 2]) == [["f"] * 4 + ["f"] * 2 + ["g"] * 2]
    assert waves(loops.map_over_result_loop, 2) == [["make"], ["f", "f"], ["g", "g"], ["total_of"]]
    assert waves(carried.pipeline, [1, 2])[:2] == [["f", "f"], ["g", "g"]]


def test_independent_values_run_at_once() -> None:
    assert waves(assign.unpack_two, 1)[0] == ["pair", "pair"]
    assert waves(assign.unused_value, 1) == [["f"], ["g"]]
    assert waves(branches.arms_swap, 1)[0] == ["f", "g"]
    assert waves(messages.prints_between_steps_do_not_order, 1) == [["f", "g"]]
    assert waves(calls.sub_in_expression, 1)[0] == ["f", "f", "f"]
    assert waves(exceptions.glue_before_step, 1) == [["fail_if"]]


def test_both_sides_of_arithmetic_run_at_once() -> None:
    assert waves(assign.displays, 1)[0].count("f") >= 4
    assert waves(branches.comparisons, 1)[0].count("f") >= 2


def test_effects_run_one_by_one() -> None:
    assert waves(effects.in_order, 1) == [["e"], ["e"], ["e"]]
    assert waves(effects.value_waits_for_effect, 1) == [["e"], ["f"], ["f"]]
    assert waves(loops.fan_out_effects, [1, 2, 3]) == [["e"] * 3]
    assert waves(effects.two_effects_per_item, [1, 2, 3]) == [["e"] * 3, ["e"] * 3]
    assert waves(effects.effect_with_result_of_item, [1, 2]) == [["f"] * 2, ["e"] * 2]
    assert waves(effects.pure_does_not_wait, 1)[0] == ["e", "p"]


def test_guards_gate() -> None:
    assert waves(effects.value_after_return_guard, 5) == [["f"], ["g"]]
    assert waves(returns.early_on_result, 1) == [["f"], ["g"]]


def test_values_run_ahead_of_exceptions_of_steps() -> None:
    assert waves(exceptions.two_steps_raise, 1) == [["fail", "fail"]]
    assert waves(exceptions.second_loop_raises_too, [1, 2]) == [["fail_if"] * 4]
