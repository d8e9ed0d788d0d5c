"""Runs that take outcomes over from runs of another kind: local ones from simulated and submitted ones, and the other way round."""

from __future__ import annotations

import os
import zlib

import pytest

from tangentflow import attach, runs
from tangentflow.cli.main import main
from tangentflow.client import sources
from tangentflow.client.simulating import simulate
from tangentflow.engine.journal import reading
from tangentflow.engine.reuse import Kept
from tangentflow.errors import ClusterError, UsageError
from tests.argo import reuse_programs as programs
from tests.argo.forking import forking
from tests.client import crossing_programs as values
from tests.engine import stored_steps as steps

HOSTILE = {
    "{{inputs.parameters.x}}": "{{=1+1}} $(HOME) `id` ${PATH}\n---\n- {a: b}\n\t'\"\\ \u2028\x00\x1b",
    "lone": "\udcff", "empty": "", "long": "é" * 3000,
}  # fmt: skip


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


class Putting:
    """As another way, with no value that travels with the code: all are put where pods find them."""

    def __init__(self, way):
        self.way = way

    def __call__(self, workflow, *args, reuse=None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sources, "LARGEST_CARRIED", -1)
            return self.way(workflow, *args, reuse=reuse)


LOCAL, SIMULATED, SUBMITTED = Local(), Simulation(), Submission()
WAYS = {
    "simulated-local": (SIMULATED, LOCAL), "submitted-local": (SUBMITTED, LOCAL), "local-simulated": (LOCAL, SIMULATED),
    "local-submitted": (LOCAL, SUBMITTED), "local-simulated-put": (LOCAL, Putting(SIMULATED)), "local-submitted-put": (LOCAL, Putting(SUBMITTED)),
    "simulated-submitted": (SIMULATED, SUBMITTED), "submitted-simulated": (SUBMITTED, SIMULATED),
}  # fmt: skip


FEW = ("simulated-local", "submitted-local", "local-simulated", "local-submitted-put")
every_kind = pytest.mark.parametrize("first, second", WAYS.values(), ids=WAYS)
kinds = pytest.mark.parametrize("first, second", [WAYS[name] for name in FEW], ids=FEW)


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


@every_kind
def test_nothing_edited(simulated, path, first, second):
    before = first(programs.six, path, 3)
    again = second(programs.six, path, 3, reuse=before)
    assert again.result() == before.result() == 131 and len(steps.notes(path)) == 6
    assert set(of(again).values()) == {"Cached"} and of(again).keys() == of(before).keys()
    assert {step.why for step in again.steps} == {f"taken from run {before.id}"}
    assert [step.result for step in again.steps] == [step.result for step in before.steps]
    third = second(programs.six, path, 3, reuse=again)
    assert third.result() == 131 and len(steps.notes(path)) == 6


@kinds
def test_the_last_of_six_steps_is_edited(simulated, path, first, second, monkeypatch):
    before = first(programs.six, path, 3)
    monkeypatch.setattr(programs.add, "function", edited_add)
    programs.six._graph = None
    again = second(programs.six, path, 3, reuse=before)
    assert again.result() == 1130 and since(path, 6) == ["edited add 130 1"]
    assert [step.status for step in again.steps] == ["Cached"] * 5 + ["Succeeded"]
    assert again.steps[-1].why.startswith(f"changed since add of run {before.id}: its code: ")


@kinds
def test_code_is_edited_and_what_follows_runs_again(simulated, path, first, second, monkeypatch):
    before = first(programs.six, path, 3)
    monkeypatch.setattr(programs.double, "function", edited_double)
    programs.six._graph = None
    again = second(programs.six, path, 3, reuse=before)
    assert again.result() == 3 * (12**2 + 1) + 1
    assert of(again) == {"grown": "Cached", "double": "Succeeded", "squared": "Succeeded", "grown_2": "Succeeded",
                         "double_2": "Succeeded", "add": "Succeeded"}  # fmt: skip
    assert again.step("double").why.startswith(f"changed since double of run {before.id}: its code: ")


@every_kind
def test_the_failed_item_of_a_fan_out_and_what_follows(simulated, path, flag, first, second):
    open(f"{flag}2", "w").close()
    before = first(programs.spread, path, flag, 4)
    assert isinstance(before.error, ValueError)
    os.unlink(f"{flag}2")
    count = len(steps.notes(path))
    again = second(programs.spread, path, flag, 4, reuse=before)
    last = ["double 3", "fail_if 6"] if first is LOCAL else []  # a local run ends with the first exception
    assert again.result() == 13 and since(path, count) == ["add 12 1", *last[:1], "fail_if 4", *last[1:]]
    missing = {"loop[2].fail_if", "add"} | ({"loop[3].double", "loop[3].fail_if"} if first is LOCAL else set())
    assert {p for p, s in of(again).items() if s != "Cached"} == missing
    assert again.step("loop.fail_if", i=2).why == f"loop[2].fail_if of run {before.id} failed"


@kinds
def test_calls_loops_and_branches(simulated, path, flag, first, second):
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


@kinds
def test_an_override(simulated, path, first, second):
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


@kinds
def test_expressions_that_are_evaluated_once(simulated, path, flag, first, second):
    open(f"{flag}1", "w").close()
    before = first(programs.stamps, path, flag, 3)
    os.unlink(f"{flag}1")
    count = len(steps.notes(path))
    again = second(programs.stamps, path, flag, 3, reuse=before)
    assert since(path, count) == (["fail_if 1", "fail_if 2"] if first is LOCAL else ["fail_if 1"])
    third = first(programs.stamps, path, flag, 3)
    fourth = second(programs.stamps, path, flag, 3, reuse=third)
    assert fourth.result() == third.result() != again.result()


@kinds
def test_an_answer_is_not_asked_for_again(simulated, path, flag, first, second):
    open(flag, "w").close()
    before = first(programs.answered, path, flag)
    os.unlink(flag)
    again = second(programs.answered, path, flag, reuse=before)
    assert again.result() is True and of(again) == {"suspend": "Cached", "fail_if": "Succeeded"}


@kinds
def test_a_handler_is_called_for_each_run(simulated, path, monkeypatch, first, second):
    monkeypatch.setattr(values, "PLACE", path)
    before = first(values.handled, path, 1)
    again = second(values.handled, path, 1, reuse=before)
    assert again.result() == before.result() == 2 and of(again)["grown"] == "Cached"
    assert steps.notes(path) == ["grown 1", "Succeeded", "Succeeded"]


@kinds
def test_code_of_what_a_step_is_given(simulated, path, first, second, monkeypatch):
    before = first(programs.given_objects, path, 3)
    assert set(of(second(programs.given_objects, path, 3, reuse=before)).values()) == {"Cached"}
    monkeypatch.setattr(programs.Scale, "of", lambda self, x: x * self.factor + 1)
    again = second(programs.given_objects, path, 3, reuse=before)
    assert [step.status for step in again.steps] == ["Cached", "Succeeded"] and again.result() == 13
    assert ": the code of what it is given" in again.steps[1].why


@kinds
def test_paths(simulated, path, flag, tmp_path, monkeypatch, first, second):
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
    assert third.step("listed_in").why.endswith("its inputs: folder")
    # Documents say before the run what is taken over, a local run compares what it has.
    assert third.step("packed").status == ("Cached" if second is LOCAL else "Succeeded")


@kinds
def test_hostile_strings(simulated, path, first, second):
    before = first(values.hostile, path, HOSTILE)
    again = second(values.hostile, path, HOSTILE, reuse=before)
    assert again.result() == before.result() == values.hostile(path + "2", HOSTILE)
    assert len(steps.notes(path)) == 3 and set(of(again).values()) == {"Cached"}
    other = second(values.hostile, path, {**HOSTILE, "empty": "\x00"}, reuse=before)
    assert [step.status for step in other.steps] == ["Succeeded", "Succeeded", "Cached"]


# --- a run on the cluster, and one on this machine


def test_a_run_on_the_cluster_is_found_by_its_id(simulated, path):
    before = SUBMITTED(steps.diamond, path, 3)
    assert set(of(LOCAL(steps.diamond, path, 3, reuse=before.id)).values()) == {"Cached"}
    found = steps.diamond.options(executor="inline", store=False, reuse=before.id).run(path, 3)
    assert set(of(found).values()) == {"Cached"}
    with pytest.raises(UsageError, match="no run 'nothing-x', neither in the store .* nor on the cluster"):
        LOCAL(steps.diamond, path, 3, reuse="nothing-x")


def test_what_a_local_run_has_taken_over_counts_for_later_ones(simulated, path, flag, monkeypatch):
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
    del simulated.workflows[before.id]
    gone = LOCAL(programs.spread, path, flag, 3, reuse=between.id)
    assert gone.result() == before.result() and gone.step("add").status == "Succeeded"
    assert any(before.id in note and between.id in note for note in gone.notes)


def failing(path, flag, x):
    raise ValueError("it always does", x)


def test_a_run_that_is_not_over(simulated, path, monkeypatch):
    before = SUBMITTED(steps.diamond, path, 3)
    found = attach(before.id, namespace="simulated")
    simulated.workflows[before.id]["status"] |= {"phase": "Running", "finishedAt": None}
    found = attach(before.id, namespace="simulated")
    with pytest.raises(UsageError, match="is still Running; wait for its end"):
        LOCAL(steps.diamond, path, 3, reuse=found)


def test_what_cannot_be_read_is_not_run_again(simulated, path, monkeypatch):
    before = SUBMITTED(steps.diamond, path, 3)
    monkeypatch.delenv("TANGENTFLOW_ARTIFACTS")
    with pytest.raises(ClusterError, match="no artifact repository is configured"):
        LOCAL(steps.diamond, path, 3, reuse=before.id)
    assert len(steps.notes(path)) == 4


# --- a run on this machine, and one on the cluster


@pytest.mark.parametrize("second", [SIMULATED, SUBMITTED], ids=["simulated", "submitted"])
def test_what_is_taken_over_has_no_pods(simulated, path, monkeypatch, second):
    before = LOCAL(programs.six, path, 3)
    assert second(programs.six, path, 3, reuse=before).pods == 1  # for the result, and for what is printed
    monkeypatch.setattr(programs.add, "function", edited_add)
    programs.six._graph = None
    again = second(programs.six, path, 3, reuse=before)
    assert (again.pods, again.result(), simulated.put()) == (1, 1130, [])


@pytest.mark.parametrize("second", [SIMULATED, SUBMITTED], ids=["simulated", "submitted"])
def test_large_values_are_put_where_pods_find_them(simulated, path, flag, second):
    open(flag, "w").close()
    before = LOCAL(values.of_large, path, flag, 3)
    assert isinstance(before.error, ValueError)
    os.unlink(flag)
    count = len(steps.notes(path))
    again = second(values.of_large, path, flag, 3, reuse=before)
    assert again.result() == 3 * values.LARGE + 1 and since(path, count) == ["fail_if 1"]
    assert [len(step.result) for step in again.steps["filled"]] == [values.LARGE] * 3
    assert again.steps["total"][0].inputs["parts"] == [step.result for step in before.steps["filled"]]
    third = LOCAL(values.of_large, path, flag, 3, reuse=again)
    fourth = second(values.of_large, path, flag, 3, reuse=again)
    assert set(of(third).values()) == set(of(fourth).values()) == {"Cached"}
    assert third.result() == fourth.result() == again.result() and len(steps.notes(path)) == count + 1


def test_what_is_put_is_never_put_in_the_place_of_other_values(simulated, path, flag):
    before = LOCAL(values.of_large, path, flag, 3)
    first = SUBMITTED(values.of_large, path, flag, 3, reuse=before)
    kept = simulated.put()
    assert sum(size > values.LARGE for size in kept) == 3
    SUBMITTED(values.of_large, path, flag, 3, reuse=before)
    assert simulated.put() == kept
    before.step("loop.filled", i=1).override(b"x" * values.LARGE)
    other = SUBMITTED(values.of_large, path, flag, 3, reuse=before).step("loop.filled", i=1)
    assert (other.result, other.why) == (b"x" * values.LARGE, f"overridden in run {before.id}")
    assert sum(size > values.LARGE for size in simulated.put()) == 6
    assert attach(first.id, namespace="simulated").step("loop.filled", i=1).result == b"\1" * values.LARGE


def test_a_local_run_is_found_by_its_id(simulated, path, tmp_path):
    before = LOCAL(steps.diamond, path, 3)
    for way in (SIMULATED, SUBMITTED):
        assert set(of(way(steps.diamond, path, 3, reuse=before.id)).values()) == {"Cached"}
        with pytest.raises(UsageError, match=r"no run 'nothing-x', neither in the store .* nor on the cluster"):
            way(steps.diamond, path, 3, reuse="nothing-x")
    other = steps.diamond.options(executor="inline", store=tmp_path / "other").run(path, 4)
    again = steps.diamond.options(store=tmp_path / "other", reuse=other.id).submit(path, 4)
    assert set(of(again).values()) == {"Cached"}
    memory = steps.diamond.options(executor="inline", store=False).run(path, 5)
    assert set(of(SUBMITTED(steps.diamond, path, 5, reuse=memory)).values()) == {"Cached"}
    assert len(steps.notes(path)) == 12


def test_a_repository_that_cannot_be_written(simulated, path, flag, monkeypatch):
    before = LOCAL(values.of_large, path, flag, 2)
    (simulated.folder / "put-in-the-way").touch()
    monkeypatch.setenv("TANGENTFLOW_ARTIFACTS", (simulated.folder / "put-in-the-way").as_uri())
    with pytest.raises(UsageError, match="cannot be written: .*; set TANGENTFLOW_ARTIFACTS"):
        values.of_large.options(reuse=before).submit(path, flag, 2)
    monkeypatch.delenv("TANGENTFLOW_ARTIFACTS")
    told = r"the values that are taken over \([\d,]+ bytes\) must be put into the artifact repository of the cluster, .* no address of it is known; set TANGENTFLOW_ARTIFACTS"
    with pytest.raises(UsageError, match=told):
        values.of_large.options(reuse=before).submit(path, flag, 2)
    assert not simulated.workflows and len(steps.notes(path)) == 1
    steps.diamond.submit(path, 1)
    keys = {"name": "keys", "key": "secret"}
    found = {"s3": {"bucket": "theirs", "endpoint": "nowhere:9000", "secretKeySecret": keys}}
    next(iter(simulated.workflows.values()))["status"]["artifactRepositoryRef"] = {"artifactRepository": found}
    monkeypatch.setattr(simulated, "secret", forbidden)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    with pytest.raises(
        UsageError, match="secrets are forbidden.* of the artifact repository; set TANGENTFLOW_ARTIFACTS"
    ):
        values.of_large.options(reuse=before).submit(path, flag, 2)
    assert len(simulated.workflows) == 1


def forbidden(name, key):
    raise ClusterError("secrets are forbidden", 403)


def test_what_argo_server_does_not_hand_out(simulated, path, flag, monkeypatch):
    again = SUBMITTED(values.of_large, path, flag, 2, reuse=LOCAL(values.of_large, path, flag, 2))
    monkeypatch.delenv("TANGENTFLOW_ARTIFACTS")
    monkeypatch.setattr(simulated, "serves", True)
    found = attach(again.id, namespace="simulated")
    with pytest.raises(ClusterError, match="hands out only what pods recorded; set TANGENTFLOW_ARTIFACTS"):
        _ = found.steps["filled"][0].result


def test_a_run_that_was_cancelled(simulated, path, flag):
    """Exceptions that it has handled are history for a local run, and tried again on Argo."""
    open(flag, "w").close()
    before = LOCAL(programs.chosen, path, flag, 3)
    with reading(before.folder) as journal:
        journal.change("UPDATE runs SET status='Cancelled' WHERE id=?", before.id)
    os.unlink(flag)
    assert LOCAL(programs.chosen, path, flag, 3, reuse=before.id).result() == before.result() == 71
    count = len(steps.notes(path))
    assert SUBMITTED(programs.chosen, path, flag, 3, reuse=before.id).result() == 8
    assert since(path, count) == ["add 7 1", "effect 7", "fail_if 7"]


@pytest.mark.parametrize("share", [0.3, 0.7])
@pytest.mark.parametrize("second", [SIMULATED, Putting(SIMULATED)], ids=["carried", "put"])
@pytest.mark.parametrize(
    "workflow, args",
    [(programs.spread, (3,)), (programs.blocks, (3,)), (programs.nested, (3,)), (programs.chosen, (3,)), (programs.rounds, (2,))],
)  # fmt: skip
def test_whatever_is_on_record(simulated, path, flag, workflow, args, second, share, monkeypatch):
    """Any part of a local record leads to the same result, with those step runs alone that are not on it or follow from such."""
    before = LOCAL(workflow, path, flag, *args)
    kept = Kept.of_step

    def some(self, ready):
        return None if zlib.crc32(ready.path.encode()) / 2**32 < share else kept(self, ready)

    monkeypatch.setattr(Kept, "of_step", some)
    count = len(steps.notes(path))
    again = second(workflow, path, flag, *args, reuse=before)
    assert again.result() == before.result()
    known = [step for step in again.steps if step.status == "Cached"]
    assert len(steps.notes(path)) - count == len(again.steps) - len(known)
    assert [step.path for step in again.steps] == [step.path for step in before.steps if step.status != "Skipped"]


@pytest.mark.parametrize("second", [LOCAL, SIMULATED, SUBMITTED], ids=["local", "simulated", "submitted"])
def test_what_is_not_there_any_more_is_not_run_again(simulated, path, tmp_path, monkeypatch, second):
    before = SUBMITTED(steps.diamond, path, 3)
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("TANGENTFLOW_ARTIFACTS", (tmp_path / "empty").as_uri())
    with pytest.raises(
        ClusterError, match="double of .* has succeeded, and its value is not in the artifact repository"
    ):
        second(steps.diamond, path, 3, reuse=before.id)
    assert len(steps.notes(path)) == 4


def test_from_the_command_line(simulated, tmp_path, monkeypatch, capfd):
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
