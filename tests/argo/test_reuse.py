"""Documents that take outcomes over from an earlier run: what has pods, what has not, and that the result is the same."""

from __future__ import annotations

import contextlib
import io
import os
import time
import types
import zlib

import pytest

from tangentflow.client import cached
from tangentflow.client.cached import Candidate
from tangentflow.client.records import Record
from tangentflow.client.reusing import reused
from tangentflow.client.simulating import record_of, simulate
from tangentflow.errors import UsageError
from tests.argo import reuse_programs as programs
from tests.argo.forking import forking
from tests.engine import stored_steps as steps


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "notes")


@pytest.fixture
def flag(tmp_path):
    """The beginning of the names of files; a step fails if its own is there."""
    return str(tmp_path / "flag")


def run(workflow, *args, reuse=None):
    with forking():
        return simulate(workflow.graph, args, {}, workers=1, reuse=reuse)


def raised_flag(flag, *names):
    for name in names:
        open(f"{flag}{name}", "w").close()


def lower(flag, *names):
    for name in names:
        os.unlink(f"{flag}{name}")


def since(path, before):
    return sorted(steps.notes(path)[before:])


def of(run):
    return {step.path: step.status for step in run.steps}


def test_nothing_edited_starts_one_pod_for_the_result(path):
    first = run(programs.six, path, 3)
    assert len(steps.notes(path)) == first.pods == 6
    second = run(programs.six, path, 3, reuse=first)
    assert second.result() == first.result() == 131
    assert (second.pods, second.helpers, len(steps.notes(path))) == (1, ["result"], 6)
    assert set(of(second).values()) == {"Cached"}
    assert {step.why for step in second.steps} == {f"taken from run {first.id}"}
    assert "six of 3" in "".join(node.logs for node in second.simulation.nodes)
    third = run(programs.six, path, 3, reuse=second)
    assert (third.pods, third.result()) == (1, 131)


def test_an_edited_last_step_starts_one_pod(path, monkeypatch):
    first = run(programs.six, path, 3)
    monkeypatch.setattr(programs.add, "function", edited_add)
    programs.six._graph = None
    second = run(programs.six, path, 3, reuse=first)
    assert second.result() == 1130
    assert (second.pods, second.helpers) == (1, [])
    assert since(path, 6) == ["edited add 130 1"]
    assert [step.status for step in second.steps] == ["Cached"] * 5 + ["Succeeded"]
    assert "its code: " in second.steps[-1].why and first.id in second.steps[-1].why


def edited_add(path, x, y=0):
    steps.note(path, f"edited add {x} {y}")
    return x + 1000


def test_an_edited_argument_runs_what_needs_it(path):
    first = run(programs.six, path, 3)
    second = run(programs.six, path, 4, reuse=first)
    assert second.result() == programs.six(path + "2", 4)
    assert set(of(second).values()) == {"Succeeded"}
    assert second.steps[0].why.endswith("its inputs: x")


def test_the_failed_item_of_a_fan_out_and_what_follows(path, flag):
    raised_flag(flag, 2)
    first = run(programs.spread, path, flag, 4)
    assert isinstance(first.error, ValueError)
    lower(flag, 2)
    before = len(steps.notes(path))
    second = run(programs.spread, path, flag, 4, reuse=first)
    assert second.result() == 13
    assert since(path, before) == ["add 12 1", "fail_if 4"]
    assert (second.pods, second.helpers) == (2, [])
    assert {p: s for p, s in of(second).items() if s != "Cached"} == {
        "loop[2].fail_if": "Succeeded",
        "add": "Succeeded",
    }
    third = run(programs.spread, path, flag, 4, reuse=second)
    assert (third.result(), third.pods) == (13, 1)


def test_items_that_failed_at_different_steps(path, flag, monkeypatch):
    raised_flag(flag, 1, 3)
    first = run(programs.spread, path, flag, 5)
    lower(flag, 1)
    second = run(programs.spread, path, flag, 5, reuse=first)
    assert second.error.args == ("flag", 6)
    lower(flag, 3)
    before = len(steps.notes(path))
    third = run(programs.spread, path, flag, 5, reuse=second)  # outcomes of two earlier runs are taken over
    assert third.result() == 21
    assert since(path, before) == ["add 20 1", "fail_if 6"]


@pytest.mark.parametrize("failing", ["20", "2", "6"])
def test_calls_of_a_workflow(path, flag, failing):
    raised_flag(flag, failing)
    first = run(programs.blocks, path, flag, 4)
    assert first.error is not None
    lower(flag, failing)
    before = len(steps.notes(path))
    second = run(programs.blocks, path, flag, 4, reuse=first)
    assert second.result() == 21 + sum(2 * x + 1 for x in range(4))
    assert since(path, before) == sorted([f"fail_if {failing}", "add 21 16"])


@pytest.mark.parametrize("failing", ["00", "21", "22"])
def test_loops_in_loops(path, flag, failing):
    raised_flag(flag, failing)
    first = run(programs.nested, path, flag, 3)
    assert first.error is not None
    lower(flag, failing)
    before = len(steps.notes(path))
    second = run(programs.nested, path, flag, 3, reuse=first)
    assert second.result() == programs.nested(path + "2", flag, 3)
    i = int(failing[0])
    assert since(path, before) == sorted(
        [f"fail_if {int(failing)}", f"add {sum(i * 10 + j for j in range(i + 1))} {i}"]
    )


def test_what_items_list_is_taken_over_and_what_they_do_with_it_is_not(path, flag):
    raised_flag(flag, "00", "11", "21")
    first = run(programs.rows, path, flag, 3)
    lower(flag, "00", "11", "21")
    before = len(steps.notes(path))
    second = run(programs.rows, path, flag, 3, reuse=first)
    assert second.result() == [[0, 1]] * 3
    assert since(path, before) == ["fail_if 0", "fail_if 1", "fail_if 1"]


def test_override(path):
    """The numbers of a search whose third round is replaced: rounds 0 and 1 are reused, there is no round 2, 3 and 4 run."""
    first = run(steps.iterate, path, 0, 5)
    assert first.result() == {"iter": 5, "found": [0, 1, 2, 3, 4]}
    first.step("loop.search", i=1).override(iter=3)
    before = len(steps.notes(path))
    second = run(steps.iterate, path, 0, 5, reuse=first)
    assert steps.notes(path)[before:] == ["search 3", "search 4"]
    assert [s.status for s in second.steps["search"]] == ["Cached", "Cached", "Succeeded", "Succeeded"]
    assert second.steps["search"][1].result == {"iter": 3, "found": [0, 1]}
    assert second.steps["search"][1].why == f"overridden in run {first.id}"
    assert second.result() == {"iter": 5, "found": [0, 1, 3, 4]}
    third = run(steps.iterate, path, 0, 5, reuse=second)
    assert (third.result(), third.pods) == (second.result(), 1)


def test_override_of_a_failed_step(path, flag):
    raised_flag(flag, "")
    first = run(programs.chosen, path, flag, 3)
    assert first.result() == 71 and first.steps["slow"][0].result == 70
    first.steps["fail_if"][0].override(100)
    before = len(steps.notes(path))
    second = run(programs.chosen, path, flag, 3, reuse=first)
    assert second.result() == 101
    assert since(path, before) == ["add 100 1", "effect 100"]


def test_an_override_that_is_too_large(path):
    first = run(steps.iterate, path, 0, 2)
    first.steps[0].override({"iter": 1, "found": ["x" * 400_000]})
    with pytest.raises(UsageError, match="loop\\[0\\].search was overridden with"):
        run(steps.iterate, path, 0, 2, reuse=first)


@pytest.mark.parametrize("x", [1, 3, 60])
def test_branches(path, flag, x):
    first = run(programs.chosen, path, flag, x)
    before = len(steps.notes(path))
    second = run(programs.chosen, path, flag, x, reuse=first)
    assert second.result() == first.result() == programs.chosen(path + "2", flag, x)
    assert second.pods == 1 and len(steps.notes(path)) == before


def test_a_failure_that_was_handled_is_tried_again(path, flag):
    raised_flag(flag, "")
    first = run(programs.chosen, path, flag, 3)
    assert first.result() == 71
    lower(flag, "")
    before = len(steps.notes(path))
    second = run(programs.chosen, path, flag, 3, reuse=first)
    assert second.result() == 8
    assert since(path, before) == ["add 7 1", "effect 7", "fail_if 7"]


def test_code_of_what_a_step_is_given_counts(path, monkeypatch):
    first = run(programs.given_objects, path, 3)
    assert run(programs.given_objects, path, 3, reuse=first).pods == 1
    monkeypatch.setattr(programs.Scale, "of", edited_of)
    second = run(programs.given_objects, path, 3, reuse=first)
    assert [step.status for step in second.steps] == ["Cached", "Succeeded"]
    assert second.steps[1].why.endswith("the code of what it is given: tests.argo.reuse_programs.Scale")


def edited_of(self, x):
    return x * self.factor + 1


def test_expressions_that_are_evaluated_once_keep_their_values(path, flag):
    raised_flag(flag, 1)
    first = run(programs.stamps, path, flag, 3)
    lower(flag, 1)
    before = len(steps.notes(path))
    second = run(programs.stamps, path, flag, 3, reuse=first)
    assert since(path, before) == ["fail_if 1"]
    third = run(programs.stamps, path, flag, 3, reuse=second)
    assert third.result() == second.result() and third.pods == 1


def test_an_answer_is_not_asked_for_again(path, flag):
    raised_flag(flag, "")
    first = run(programs.answered, path, flag)
    lower(flag, "")
    second = run(programs.answered, path, flag, reuse=first)
    assert second.result() is True and second.pods - len(second.helpers) == 1
    assert not [node for node in second.simulation.nodes if node.type == "Suspend" and node.template.endswith("work")]


def test_files_are_taken_over(path, flag, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # simulated pods are forks here, which write where this process is
    raised_flag(flag, "")
    first = run(programs.files, path, flag, "text")
    lower(flag, "")
    before = len(steps.notes(path))
    second = run(programs.files, path, flag, "text", reuse=first)
    assert second.result() == "text"
    assert since(path, before) == ["fail_if 1", "read out.txt"]
    assert [step.inputs["file"].name for step in second.steps["read"]] == ["out.txt"]


def test_inputs_of_step_runs(path, flag):
    first = run(programs.spread, path, flag, 2)
    assert first.step("loop.double", i=1).inputs == {"path": path, "x": 1}
    assert first.step("add").inputs == {"path": path, "x": 2, "y": 1}
    second = run(programs.blocks, path, flag, 2)
    assert [step.inputs["x"] for step in second.steps["double"]] == [10, 0, 1]


def test_an_edited_workflow_whose_calls_stand_elsewhere(path, flag):
    first = run(programs.blocks, path, flag, 2)
    before = len(steps.notes(path))
    second = run(programs.blocks_and_more, path, flag, 2, reuse=first)
    assert second.result() == 27
    assert since(path, before) == ["add 21 6", "grown 0", "grown 1"]
    third = run(programs.blocks_and_more, path, flag, 2, reuse=second)
    assert (third.result(), third.pods) == (27, len(third.helpers))
    said = [line for node in third.simulation.nodes for line in node.logs.splitlines() if line.startswith("block of")]
    assert sorted(said) == ["block of 0", "block of 1", "block of 10"]  # by a pod for each call, as it prints


@pytest.mark.parametrize("failing", [0, 2])
def test_a_loop_goes_on_where_it_failed(path, flag, failing):
    raised_flag(flag, failing)
    first = run(programs.rounds, path, flag, 3)
    assert first.error is not None
    lower(flag, failing)
    before = len(steps.notes(path))
    second = run(programs.rounds, path, flag, 3, reuse=first)
    assert second.result() == programs.rounds(path + "2", flag, 3)
    known = [step.path for step in first.steps if step.status == "Succeeded"]
    assert [step.path for step in second.steps if step.status == "Cached"] == known
    assert len(steps.notes(path)) - before == len(second.steps) - len(known)
    third = run(programs.rounds_edited, path, flag, 3, reuse=second)
    assert third.result() == programs.rounds_edited(path + "2", flag, 3)
    assert (third.pods, third.helpers) == (1, [])


def test_recursion(path, flag):
    raised_flag(flag, "")
    first = run(programs.down, path, flag, 3)
    assert first.error is not None
    lower(flag, "")
    before = len(steps.notes(path))
    second = run(programs.down, path, flag, 3, reuse=first)
    assert second.result() == 6
    assert since(path, before) == ["add 0 1", "add 1 2", "add 3 3", "fail_if 0"]
    assert run(programs.down, path, flag, 3, reuse=second).pods == 1


def test_a_cached_step_is_found_wherever_it_ran(path):
    first = run(programs.here, path, 2)
    before = len(steps.notes(path))
    second = run(programs.there, path, 2, reuse=first)
    assert second.result() == 23
    assert since(path, before) == ["add 21 2", "costly 0", "costly 1"]
    found = second.step("loop.costly", i=2)
    assert (found.status, found.why) == ("Cached", f"same code and inputs in run {first.id}")
    with forking():
        third = simulate(programs.there.graph, (path, 2), {}, workers=1, reuse=first, cache=False)
    assert "Cached" not in of(third).values() and third.result() == 23


def test_all_steps_may_be_cached(path):
    first = run(programs.six, path, 3)
    with forking():
        second = simulate(programs.grown_twice.graph, (path, 3), {}, workers=1, reuse=first, cache=True)
    assert of(second) == {"grown": "Cached", "grown_2": "Succeeded"} and second.result() == 5


def test_the_age_of_a_cached_value(path, monkeypatch):
    first = run(programs.by_age, path, 2)
    for hours in (0.9, 1.1):
        late = time.time() + hours * 3600
        monkeypatch.setattr(cached, "time", types.SimpleNamespace(time=lambda: late))  # noqa: B023
        found = reused(programs.by_age.graph, (path, 2), {}, None, [Candidate(record_of(first), first.steps)])
        assert bool(found.taken) is (hours < 1)


def test_what_cannot_be_reused(path, monkeypatch):
    for name in ("ARGO_SERVER", "ARGO_NAMESPACE", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", path)  # no kubeconfig
    with pytest.raises(UsageError, match="no run 'wf-12345' in the store .*, and no cluster is configured"):
        steps.diamond.options(reuse="wf-12345").simulate(path, 1)
    with pytest.raises(UsageError, match="must be a run or the id of one"):
        steps.diamond.options(reuse=3).simulate(path, 1)


@pytest.mark.parametrize("share", [0.3, 0.7])
@pytest.mark.parametrize(
    "workflow, args",
    [
        (programs.spread, (3,)),
        (programs.blocks, (3,)),
        (programs.nested, (3,)),
        (programs.chosen, (3,)),
        (programs.six, None),
    ],
)
def test_whatever_is_on_record(path, flag, workflow, args, share, monkeypatch):
    """Any part of a record leads to the same result, with those step runs alone that are not on it or follow from such."""
    given = (path, flag, *args) if args is not None else (path, 3)
    first = run(workflow, *given)
    kept = Record.outcome

    def some(self, frame, site, indices):
        told = zlib.crc32(f"{frame} {site} {indices}".encode()) / 2**32
        return None if told < share else kept(self, frame, site, indices)

    monkeypatch.setattr(Record, "outcome", some)
    before = len(steps.notes(path))
    second = run(workflow, *given, reuse=first)
    assert second.result() == first.result()
    known = [step for step in second.steps if step.status == "Cached"]
    assert len(steps.notes(path)) - before == len(second.steps) - len(known)
    assert [step.path for step in second.steps] == [step.path for step in first.steps]


def test_a_run_from_the_command_line_is_silent(path):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        run(programs.six, path, 3, reuse=run(programs.six, path, 3))
    assert out.getvalue() == ""
