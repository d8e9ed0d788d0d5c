"""`chunk=`: several runs of a step to a pod, with the values, exceptions and step runs of one to each."""

from __future__ import annotations

import pytest

from tangentflow.engine.simulated import simulate
from tests.argo import chunk_programs as programs
from tests.argo.forking import forking


def told(run):
    outcome = ("value", run.result()) if run.error is None else (type(run.error), run.error.args)
    return outcome, [(s.name, s.path, s.status, s.attempts) for s in run.steps]


def pods(run, name):
    return sum(node.type == "Pod" and node.template == name for node in run.simulation.nodes)


CASES = {
    "items of the run": (programs.known, ([3, 1, 4, 1, 5, 9, 2],), "loop-square", 3),
    "none": (programs.known, ([],), "loop-square", 0),
    "one": (programs.known, ([2],), "loop-square", 1),
    "glue of each iteration": (programs.in_a_loop, (5,), None, None),
    "nested": (programs.nested, (4,), "loop-loop-plus", 1 + 1 + 2 + 2),
    "results of steps": (programs.from_steps, (4,), "loop-2-square", 2),
    "one fails": (programs.fails, (7,), "loop-packed", 3),
    "one fails, caught": (programs.caught, (7,), "loop-packed", 3),
    "calls": (programs.in_calls, (4,), "sub-loop-plus", 0 + 1 + 1 + 2),
    "recursion": (programs.recurse, (4,), "recurse-loop-square", None),
    "in a serial loop": (programs.in_while, (5,), "loop-loop-plus", 2 + 3),
    "a limit of time": (programs.late, (4,), "loop-slow", 2),
    "a process that ends": (programs.lost, (4,), "loop-dies", 2),
    "files": (programs.files, (3,), None, None),
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Plain calls write files to the working directory."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("case", CASES)
def test_same_as_a_local_run(case):
    workflow, args, template, count = CASES[case]
    local = workflow.options(store=False).run(*args)
    with forking():
        run = simulate(workflow.graph, args, {})
    (outcome, steps), (expected, known) = told(run), told(local)
    assert outcome == expected
    failed = [at for at, (_, _, status, _) in enumerate(known) if status == "Failed"]
    if failed:  # what stands behind a failure, caught or not, may have run, or not
        assert [step for step in steps if step in known] == known
        assert steps[: failed[0] + 1] == known[: failed[0] + 1]
    else:
        assert steps == known
    if count is not None:
        assert pods(run, template) == count


def test_one_process_after_the_other():
    with forking():
        found = simulate(programs.pids.graph, (4,), {})
    values = [value for value, _ in found.result()] if found.error is None else []
    assert values == [0, 1, 2, 3]
    assert len({pid for _, pid in found.result()}) == 2
    first, second, *_ = found.steps
    assert first.finished <= second.started


def test_a_count_that_is_known():
    assert [t["dag"]["tasks"][0].get("withSequence") for t in programs.constant.graph.argo()["spec"]["templates"] if "dag" in t] == [
        {"count": "2"}
    ]  # fmt: skip
    assert [value for value, _ in programs.constant.simulate().result()] == [0, 1, 2, 3]


@pytest.mark.parametrize("workflow", [programs.with_retries, programs.effects])
def test_attempts(workflow, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir(), there.mkdir()
    last = [0, 1, 2, 5] if workflow is programs.with_retries else 3
    local = workflow.options(store=False).run(str(here), last)
    with forking():
        run = simulate(workflow.graph, (str(there), last), {})
    assert told(run) == told(local)
    assert {f.name: f.read_text() for f in there.iterdir()} == {f.name: f.read_text() for f in here.iterdir()}


def test_where_it_is_not_kept_it_says_so():
    with forking():
        run = simulate(programs.more_than_one_step.graph, (4,), {})
        assert run.result() == programs.more_than_one_step(4)
        known = simulate(programs.known.graph, ([1, 2],), {})
    [note] = run.notes
    assert note.startswith("chunk= of loop.square has no effect on Argo")
    assert [note.split(" has")[0] for note in known.notes] == ["chunk= of square"]


def test_what_is_on_record_is_taken_over():
    with forking():
        earlier = programs.fails.simulate(7)
        again = programs.fails.options(reuse=earlier).simulate(7)
        changed = programs.known.options(reuse=programs.known.simulate([1, 2, 3, 4])).simulate([1, 9, 3, 4])
    assert [s.path for s in again.steps if not s.cached] == ["loop[4].packed"]
    assert (type(again.error), again.error.args) == (ValueError, (4,))
    assert changed.result() == programs.known([1, 9, 3, 4])
    assert [s.path for s in changed.steps if not s.cached] == ["loop[1].square"]
