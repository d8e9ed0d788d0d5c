"""Submitted runs that take outcomes over from earlier ones, on a cluster whose controller is the simulator."""

from __future__ import annotations

import io
import os
import sys

import pytest

from tangentflow import attach
from tangentflow.cli.main import main
from tangentflow.errors import UsageError
from tests.argo import reuse_programs as programs
from tests.engine import kind_policies
from tests.engine import stored_steps as steps


def of(run):
    return {step.path: step.status for step in run.steps}


def test_a_run_is_reused(simulated, path, flag):
    open(f"{flag}2", "w").close()
    first = programs.spread.submit(path, flag, 3)
    with pytest.raises(ValueError):
        first.result()
    os.unlink(f"{flag}2")
    before = len(steps.notes(path))
    second = programs.spread.options(reuse=first.id).submit(path, flag, 3)
    assert second.result() == 7
    assert sorted(steps.notes(path)[before:]) == ["add 6 1", "fail_if 4"]
    assert [s.path for s in second.steps if s.status == "Cached"] == [
        s.path for s in first.steps if s.status == "Succeeded"
    ]
    assert second.steps[0].why == f"taken from run {first.id}" and second.steps[0].result == [0, 1, 2]
    third = programs.spread.options(reuse=attach(second.id, namespace="simulated")).submit(path, flag, 3)
    assert (third.result(), third.pods) == (7, 1)
    assert third.step("loop.fail_if", i=2).result == 4


def test_attempts_of_a_container(simulated, tmp_path, monkeypatch):
    monkeypatch.setenv(
        "TANGENTFLOW_CONTAINER_ENGINE", kind_policies.__file__.replace("kind_policies", "container_engine")
    )
    run = kind_policies.in_a_loop.submit(str(tmp_path / "log"), 3)
    assert run.result() == ["tried"] * 3
    assert [(step.path, step.attempts, step.status) for step in run.steps] == [
        (f"loop[{i}].container", i + 1, "Succeeded") for i in range(3)
    ]
    assert len({step.pod for step in run.steps}) == 3 and all("-work-" in step.pod for step in run.steps)


def test_inputs_of_step_runs(simulated, path, flag):
    run = programs.blocks.submit(path, flag, 2)
    assert [step.inputs["x"] for step in run.steps["double"]] == [10, 0, 1]
    assert run.steps["add"][0].inputs == {"path": path, "x": 21, "y": 4}


def test_an_overridden_step_run(simulated, path):
    first = steps.iterate.submit(path, 0, 5)
    assert first.result()["iter"] == 5
    first.step("loop.search", i=1).override(iter=3)
    found = attach(first.id, namespace="simulated").step("loop.search", i=1)
    assert (found.result, found.why) == ({"iter": 3, "found": [0, 1]}, "overridden")
    before = len(steps.notes(path))
    second = steps.iterate.options(reuse=first.id).submit(path, 0, 5)
    assert second.result() == {"iter": 5, "found": [0, 1, 3, 4]}
    assert steps.notes(path)[before:] == ["search 3", "search 4"]
    assert list(of(second).values()) == ["Cached", "Cached", "Succeeded", "Succeeded"]


def test_values_of_cached_steps_are_found(simulated, path):
    first = programs.here.submit(path, 2)
    assert first.result() == 15
    before = len(steps.notes(path))
    second = programs.there.submit(path, 2)
    assert second.result() == 23 and second.notes == []
    assert sorted(steps.notes(path)[before:]) == ["add 21 2", "costly 0", "costly 1"]
    found = second.step("loop.costly", i=2)
    assert (found.status, found.why, found.result) == ("Cached", f"same code and inputs in run {first.id}", 14)
    third = programs.there.options(cache=False).submit(path, 2)
    assert third.result() == 23 and "Cached" not in of(third).values()


def test_what_no_pod_recorded_is_replayed_with_what_was_taken_over(simulated, path, flag):
    first = programs.spread.submit(path, flag, 2)
    second = programs.spread.options(reuse=first).submit(path, flag, 2)
    (simulated.folder / second.uid / "result" / "v").unlink()
    assert attach(second.id, namespace="simulated").result() == first.result() == 3


def test_what_cannot_be_reused(simulated, path):
    with pytest.raises(UsageError, match="must be a run or the id of one"):
        steps.diamond.options(reuse=3).submit(path, 1)
    run = steps.diamond.submit(path, 1)
    run._cluster = type("Other", (), {"namespace": "other"})()
    with pytest.raises(UsageError, match="in the namespace other"):
        steps.diamond.options(reuse=run).submit(path, 1)


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


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "its_flow.py").write_text(FLOW)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("its_flow", None)


def test_a_run_is_resumed_and_looked_at(simulated, here, capfd, monkeypatch):
    flag = here / "flag"
    flag.touch()
    assert main(["submit", "its_flow.py:flow", "--flag", str(flag)]) == 0
    id = capfd.readouterr().out.strip()
    monkeypatch.setattr(sys, "stdin", io.StringIO("p ('here', x, flag)\nq\n"))
    assert main(["show", id, "--pdb", "loop[1].check", "-n", "simulated"]) == 0
    told = capfd.readouterr()
    assert f"('here', 1, {str(flag)!r})" in told.out + told.err and "flag is up" in told.err
    flag.unlink()
    assert main(["resume", id, "-n", "simulated", "--wait"]) == 0
    told = capfd.readouterr()
    assert told.out == "[0, 1, 2]\n"
    resumed = attach(told.err.split()[0], namespace="simulated")
    assert {path: status for path, status in of(resumed).items() if status != "Cached"} == {
        "loop[1].check": "Succeeded"
    }
    assert main(["show", resumed.id, "-n", "simulated"]) == 0
    assert f"taken from run {id}" in capfd.readouterr().out
    assert main(["show", id, "-n", "simulated"]) == 0
    assert "x = 1" in capfd.readouterr().out


def test_a_run_that_was_submitted_from_elsewhere(simulated, here, capfd, monkeypatch):
    assert main(["submit", "its_flow.py:flow", "--n", "1"]) == 0
    id = capfd.readouterr().out.strip()
    monkeypatch.setenv("TANGENTFLOW_STORE", str(here / "other"))
    assert main(["resume", id, "-n", "simulated"]) == 2
    assert "--workflow FILE[:WF]" in capfd.readouterr().err
    assert main(["resume", id, "-n", "simulated", "--wait", "--workflow", "its_flow.py:flow"]) == 0
    assert capfd.readouterr().out == "[0]\n"
