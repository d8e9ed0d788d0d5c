"""Runs that take outcomes over from runs of another kind: local ones from simulated and submitted ones, and the other way round."""

from __future__ import annotations

import os

import pytest

from tangentflow import attach, runs
from tangentflow.cli.main import main
from tangentflow.client import submit
from tangentflow.client.simulating import simulate
from tangentflow.errors import ClusterError, UsageError
from tests.argo import reuse_programs as programs
from tests.argo.forking import forking
from tests.client import crossing_programs as values
from tests.client.simulated import SimulatedCluster
from tests.engine import stored_steps as steps

HOSTILE = {
    "{{inputs.parameters.x}}": "{{=1+1}} $(HOME) `id` ${PATH}\n---\n- {a: b}\n\t'\"\\ \u2028\x00\x1b",
    "lone": "\udcff", "empty": "", "long": "é" * 3000,
}  # fmt: skip


@pytest.fixture
def cluster(monkeypatch, tmp_path):
    found = SimulatedCluster(tmp_path / "artifacts")
    found.folder.mkdir()
    monkeypatch.setattr(submit, "connect", lambda settings: found)
    monkeypatch.setenv("TANGENTFLOW_ARTIFACTS", found.folder.as_uri())
    monkeypatch.setenv("TANGENTFLOW_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("ARGO_NAMESPACE", "simulated")
    return found


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "notes")


@pytest.fixture
def flag(tmp_path):
    """The beginning of the names of files; a step fails if its own is there."""
    return str(tmp_path / "flag")


class Local:
    """Runs on this machine."""

    def __call__(self, workflow, *args, reuse=None):
        return workflow.options(executor="inline", reuse=reuse).run(*args)


class Simulation:
    """The document under the simulator, in a folder of its own."""

    def __call__(self, workflow, *args, reuse=None):
        with forking():
            return simulate(workflow.graph, args, {}, workers=1, reuse=reuse)


class Submission:
    """The document on a cluster whose controller is the simulator."""

    def __call__(self, workflow, *args, reuse=None):
        return workflow.options(reuse=reuse).submit(*args).wait()


LOCAL, SIMULATED, SUBMITTED = Local(), Simulation(), Submission()
TO_LOCAL = [(SIMULATED, LOCAL), (SUBMITTED, LOCAL)]


def kinds(ways):
    return pytest.mark.parametrize("first, second", ways, ids=lambda way: type(way).__name__.lower())


def of(run):
    return {step.path: step.status for step in run.steps}


def since(path, before):
    return sorted(steps.notes(path)[before:])


def edited_add(path, x, y=0):
    steps.note(path, f"edited add {x} {y}")
    return x + 1000


def edited_double(path, x):
    steps.note(path, f"edited double {x}")
    return 3 * x


@kinds(TO_LOCAL)
def test_nothing_edited(cluster, path, first, second):
    before = first(programs.six, path, 3)
    again = second(programs.six, path, 3, reuse=before)
    assert again.result() == before.result() == 131 and len(steps.notes(path)) == 6
    assert set(of(again).values()) == {"Cached"} and of(again).keys() == of(before).keys()
    assert {step.why for step in again.steps} == {f"taken from run {before.id}"}
    assert [step.result for step in again.steps] == [step.result for step in before.steps]
    third = second(programs.six, path, 3, reuse=again)
    assert third.result() == 131 and len(steps.notes(path)) == 6


@kinds(TO_LOCAL)
def test_the_last_of_six_steps_is_edited(cluster, path, first, second, monkeypatch):
    before = first(programs.six, path, 3)
    monkeypatch.setattr(programs.add, "function", edited_add)
    programs.six._graph = None
    again = second(programs.six, path, 3, reuse=before)
    assert again.result() == 1130 and since(path, 6) == ["edited add 130 1"]
    assert [step.status for step in again.steps] == ["Cached"] * 5 + ["Succeeded"]
    assert again.steps[-1].why.startswith(f"changed since add of run {before.id}: its code: ")


@kinds(TO_LOCAL)
def test_code_is_edited_and_what_follows_runs_again(cluster, path, first, second, monkeypatch):
    before = first(programs.six, path, 3)
    monkeypatch.setattr(programs.double, "function", edited_double)
    programs.six._graph = None
    again = second(programs.six, path, 3, reuse=before)
    assert again.result() == 3 * (12**2 + 1) + 1
    assert of(again) == {"grown": "Cached", "double": "Succeeded", "squared": "Succeeded", "grown_2": "Succeeded",
                         "double_2": "Succeeded", "add": "Succeeded"}  # fmt: skip
    assert again.step("squared").why == f"changed since squared of run {before.id}: its inputs: x"


@kinds(TO_LOCAL)
def test_the_failed_item_of_a_fan_out_and_what_follows(cluster, path, flag, first, second):
    open(f"{flag}2", "w").close()
    before = first(programs.spread, path, flag, 4)
    assert isinstance(before.error, ValueError)
    os.unlink(f"{flag}2")
    count = len(steps.notes(path))
    again = second(programs.spread, path, flag, 4, reuse=before)
    assert again.result() == 13 and since(path, count) == ["add 12 1", "fail_if 4"]
    assert {p for p, s in of(again).items() if s != "Cached"} == {"loop[2].fail_if", "add"}


@kinds(TO_LOCAL)
def test_calls_loops_and_branches(cluster, path, flag, first, second):
    for workflow, args, failing in [
        (programs.blocks, (4,), "6"), (programs.nested, (3,), "21"), (programs.rounds, (3,), "1"), (programs.chosen, (3,), ""), (programs.down, (2,), ""),
    ]:  # fmt: skip
        open(f"{flag}{failing}", "w").close()
        before = first(workflow, path, flag, *args)
        known = {step.path for step in before.steps if step.status == "Succeeded"}
        os.unlink(f"{flag}{failing}")
        count = len(steps.notes(path))
        again = second(workflow, path, flag, *args, reuse=before)
        ran = len(steps.notes(path)) - count
        assert again.result() == workflow(path + "2", flag, *args)
        taken = {step.path for step in again.steps if step.status == "Cached"}
        assert taken <= known and (taken or not known)
        assert ran == sum(step.status == "Succeeded" for step in again.steps)


@kinds(TO_LOCAL)
def test_an_override(cluster, path, first, second):
    before = first(steps.iterate, path, 0, 5)
    before.step("loop.search", i=1).override(iter=3)
    count = len(steps.notes(path))
    again = second(steps.iterate, path, 0, 5, reuse=before)
    assert again.result() == {"iter": 5, "found": [0, 1, 3, 4]}
    assert steps.notes(path)[count:] == ["search 3", "search 4"]
    assert list(of(again).values()) == ["Cached", "Cached", "Succeeded", "Succeeded"] + ["Skipped"] * (
        len(again.steps) - 4
    )
    assert again.steps[1].why == f"overridden in run {before.id}"


@kinds(TO_LOCAL)
def test_expressions_that_are_evaluated_once(cluster, path, flag, first, second):
    open(f"{flag}1", "w").close()
    before = first(programs.stamps, path, flag, 3)
    os.unlink(f"{flag}1")
    count = len(steps.notes(path))
    again = second(programs.stamps, path, flag, 3, reuse=before)
    assert since(path, count) == ["fail_if 1"]
    third = first(programs.stamps, path, flag, 3)
    fourth = second(programs.stamps, path, flag, 3, reuse=third)
    assert fourth.result() == third.result() != again.result()


@kinds(TO_LOCAL)
def test_code_of_what_a_step_is_given(cluster, path, first, second, monkeypatch):
    before = first(programs.given_objects, path, 3)
    assert set(of(second(programs.given_objects, path, 3, reuse=before)).values()) == {"Cached"}
    monkeypatch.setattr(programs.Scale, "of", lambda self, x: x * self.factor + 1)
    again = second(programs.given_objects, path, 3, reuse=before)
    assert [step.status for step in again.steps] == ["Cached", "Succeeded"] and again.result() == 13
    assert again.steps[1].why.endswith("the code of what it is given: tests.argo.reuse_programs.Scale")


@kinds(TO_LOCAL)
def test_paths(cluster, path, flag, tmp_path, monkeypatch, first, second):
    monkeypatch.chdir(tmp_path)  # steps write where this process is
    (tmp_path / "given").mkdir()
    for name in ("a", "b"):
        (tmp_path / "given" / name).write_text(name)
    open(flag, "w").close()
    before = first(values.of_files, path, flag, tmp_path / "given")
    assert isinstance(before.error, ValueError)
    os.unlink(flag)
    (tmp_path / "elsewhere").mkdir()
    given = (tmp_path / "given").rename(tmp_path / "elsewhere" / "given")
    count = len(steps.notes(path))
    again = second(values.of_files, path, flag, given, reuse=before)
    assert again.result() == "aabb" and since(path, count) == ["joined"]
    (given / "a").write_text("other")
    third = second(values.of_files, path, flag, given, reuse=before)
    assert third.step("listed_in").why.endswith("its inputs: folder") and third.step("packed").status == "Cached"


@kinds(TO_LOCAL)
def test_hostile_strings(cluster, path, first, second):
    before = first(values.hostile, path, HOSTILE)
    again = second(values.hostile, path, HOSTILE, reuse=before)
    assert again.result() == before.result() == values.hostile(path + "2", HOSTILE)
    assert len(steps.notes(path)) == 3 and set(of(again).values()) == {"Cached"}
    other = second(values.hostile, path, {**HOSTILE, "empty": "\x00"}, reuse=before)
    assert [step.status for step in other.steps] == ["Succeeded", "Succeeded", "Cached"]


# --- a run on the cluster, and one on this machine


def test_a_run_on_the_cluster_is_found_by_its_id(cluster, path):
    before = SUBMITTED(steps.diamond, path, 3)
    assert set(of(LOCAL(steps.diamond, path, 3, reuse=before.id)).values()) == {"Cached"}
    found = steps.diamond.options(executor="inline", store=False, reuse=before.id).run(path, 3)
    assert set(of(found).values()) == {"Cached"}
    with pytest.raises(UsageError, match="no run 'nothing-x', neither in the store .* nor on the cluster"):
        LOCAL(steps.diamond, path, 3, reuse="nothing-x")


def test_what_a_local_run_has_taken_over_counts_for_later_ones(cluster, path, flag, monkeypatch):
    """Also of what it did not come to itself: it failed before."""
    before = SUBMITTED(programs.spread, path, flag, 3)
    with monkeypatch.context() as patch:
        patch.setattr(steps.fail_if, "function", failing)
        between = LOCAL(programs.spread, path, flag, 3, reuse=before)
        assert isinstance(between.error, ValueError)
    count = len(steps.notes(path))
    again = LOCAL(programs.spread, path, flag, 3, reuse=between.id)
    assert again.result() == before.result() and set(since(path, count)) <= {"fail_if 0", "fail_if 2", "fail_if 4"}
    assert again.step("add").status == "Cached" and not [note for note in again.notes if before.id in note]
    del cluster.workflows[before.id]
    gone = LOCAL(programs.spread, path, flag, 3, reuse=between.id)
    assert gone.result() == before.result() and gone.step("add").status == "Succeeded"
    assert any(before.id in note and between.id in note for note in gone.notes)


def failing(path, flag, x):
    raise ValueError("it always does", x)


def test_a_run_that_is_not_over(cluster, path, monkeypatch):
    before = SUBMITTED(steps.diamond, path, 3)
    found = attach(before.id, namespace="simulated")
    cluster.workflows[before.id]["status"] |= {"phase": "Running", "finishedAt": None}
    found = attach(before.id, namespace="simulated")
    with pytest.raises(UsageError, match="is still Running; wait for its end"):
        LOCAL(steps.diamond, path, 3, reuse=found)


def test_what_cannot_be_read_is_not_run_again(cluster, path, monkeypatch):
    before = SUBMITTED(steps.diamond, path, 3)
    monkeypatch.delenv("TANGENTFLOW_ARTIFACTS")
    with pytest.raises(ClusterError, match="no artifact repository is configured"):
        LOCAL(steps.diamond, path, 3, reuse=before.id)
    assert len(steps.notes(path)) == 4


def test_from_the_command_line(cluster, tmp_path, monkeypatch, capfd):
    (tmp_path / "their_flow.py").write_text(FLOW)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "flag").touch()
    assert main(["submit", "their_flow.py:flow"]) == 0
    id = capfd.readouterr().out.strip()
    (tmp_path / "flag").unlink()
    assert main(["run", "--reuse", id, "--executor", "inline", "their_flow.py:flow"]) == 0
    assert capfd.readouterr().out == "[0, 1, 2]\n"
    assert [s.path for s in runs(tmp_path / "store")[0].steps if s.status != "Cached"] == ["loop[1].check"]


FLOW = """
import os
from tangentflow import step, workflow

@step
def load(n):
    return list(range(n))

@step
def check(x, *, flag):
    if x == 1 and os.path.exists(flag):
        raise ValueError("flag is up", x)
    return x

@workflow
def flow(n: int = 3, flag: str = "flag"):
    return [check(x, flag=flag) for x in load(n)]
"""
