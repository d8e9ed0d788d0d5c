"""The check of the ends of documents sees what is wrong with them."""

from __future__ import annotations

import pytest

from tangentflow.argo import ends
from tangentflow.argo.shape import Block, FlowPlan, Pod, Task
from tangentflow.graph.nodes import Loop
from tests.argo.endings import wrong_ends
from tests.corpus import jumps


def test_an_end_that_is_tried_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    graphs = [jumps.glue_tells_of_a_branch_before_the_last_step.graph, jumps.nothing_runs_behind_the_jump.graph]
    assert [wrong_ends(graph) for graph in graphs] == [[], []]
    monkeypatch.setattr(ends, "_may_run_nothing", lambda plan, task: False)
    for graph in graphs:
        [told] = wrong_ends(graph)
        assert told.startswith("loop:0: with ") and "no end comes last of" in told


def test_a_failure_that_nothing_records(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = jumps.finally_goes_on_to_the_next.graph
    assert wrong_ends(graph) == []
    adding = ends._end_task

    def no_rescue(plan: FlowPlan, block: Block, pod: Pod, loop: Loop | None) -> Task:
        task = adding(plan, block, pod, loop)
        if pod.kind in ("fail", "next", "result"):
            pod.ends.clear()
        return task

    monkeypatch.setattr(ends, "_end_task", no_rescue)
    assert any("no end comes last of" in told for told in wrong_ends(graph))
