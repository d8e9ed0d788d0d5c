"""Retries and limits of time in documents: the same attempts, values and exceptions as in a local run."""

import time

import pytest

from tangentflow.argo.document import document
from tangentflow.engine.simulated import simulate
from tests.argo import policy_programs as programs
from tests.argo.forking import forking

PROGRAMS = [
    ("at_last", (), {"third": 3}),
    ("in_vain", (), {"never": 3}),
    ("only_listed", (True,), {"picky": 1}),
    ("only_listed", (False,), {"picky": 3}),
    ("unpicklable", (), {"odd": 1}),
    ("with_pause", (), {"pausing": 2}),
    ("handled", (), {"never": 3}),
    ("handled_at_last", (), {"third": 3}),
    ("decides", (), {"third": 3}),
    ("fanned", (3,), {"third-0": 3, "third-1": 3, "third-2": 3}),
    ("fanned_in_vain", (3,), {"third-0": 3, "never-1": 3, "third-2": 3}),
    ("in_turn", (4,), {"third-0-0": 3, "third-1-2": 3, "third-2-4": 3}),
    ("late", (0,), {"slow": 1}),
    ("late", (30,), {"slow": 1}),
    ("late_is_caught", (0,), {"slow": 1}),
    ("late_is_caught", (30,), {"slow": 1}),
    ("late_in_loop", (3,), {"slow": 2}),
    ("late_once", (), {"slow": 2}),
    ("late_then_wrong", (), {"slow": 2}),
    ("late_for_good", (), {"slow": 1}),
    ("killed", (0,), {"dies": 3}),
    ("killed", (1,), {"dies": 3}),
    ("killed", (-9,), {"dies": 3}),
    ("killed_for_good", (3,), {"dies": 1}),
    ("killed_for_good", (75,), {"dies": 1}),
    ("killed_once", (), {"dies": 2}),
    ("killed_is_caught", (75,), {"dies": 3}),
]


def told(run):
    return ("value", run.result()) if run.error is None else (type(run.error), run.error.args)


def attempts(folder):
    return {file.name: len(file.read_text().splitlines()) for file in folder.iterdir()}


@pytest.mark.parametrize(
    ("name", "args", "counts"), PROGRAMS, ids=lambda value: value if isinstance(value, str) else None
)
def test_same_as_a_local_run(name, args, counts, tmp_path):
    workflow = getattr(programs, name)
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    local = workflow.options(store=False).run(str(here), *args)
    with forking():
        run = simulate(workflow.graph, (str(there), *args), {})
    assert told(run) == told(local)
    assert attempts(here) == attempts(there) == counts
    ran = {(s.path, s.status, s.attempts) for s in local.steps if s.status != "Skipped"}
    assert {(s.path, s.status, s.attempts) for s in run.steps} == ran
    assert all(s.started <= s.finished for s in run.steps)
    nodes = run.simulation.nodes
    assert max((n.exit_code for n in nodes if n.type == "Pod" and n.exit_code not in (0, 1, 75)), default=0) == 0
    for node in nodes:
        if node.exit_code == 75:  # an attempt that is not the last one records nothing
            assert not [key for key in node.output_artifacts if key.endswith("/v")]


def test_real_processes(tmp_path):
    """As above, without the short cut of forks."""
    run = programs.at_last.simulate(str(tmp_path))
    assert (run.result(), [s.attempts for s in run.steps]) == (30, [3, 1])
    assert sorted(n.type for n in run.simulation.nodes if n.phase != "Omitted") == ["DAG", *["Pod"] * 4, "Retry"]
    run = programs.late_is_caught.simulate(str(tmp_path), 30)
    assert run.result() == ["StepTimeout", "step slow ran longer than its timeout of 500ms"]
    assert (run.steps[0].status, run.steps[0].finished - run.steps[0].started < 10) == ("Failed", True)


def test_what_a_late_step_has_started_ends_with_it(tmp_path):
    with forking():
        run = simulate(programs.late_and_deaf.graph, (str(tmp_path),), {})
    assert isinstance(run.error, TimeoutError)
    assert run.error.step == "deaf" and run.error.path == "deaf"
    time.sleep(3)
    assert attempts(tmp_path) == {}


def test_the_pause_between_attempts(tmp_path):
    with forking():
        simulate(programs.with_pause.graph, (str(tmp_path),), {})
    first, second = map(float, (tmp_path / "pausing").read_text().splitlines())
    assert second - first >= 0.3


def templates(workflow):
    return {t["name"]: t for t in document(workflow.graph)["spec"]["templates"]}


def test_what_the_engine_is_told():
    found = templates(programs.with_pause)["pausing"]
    assert found["retryStrategy"] == {
        "limit": "1",
        "retryPolicy": "Always",
        "expression": "asInt(lastRetry.exitCode) != 1",
        "backoff": {"duration": "300ms", "factor": 2},
    }
    assert templates(programs.only_listed)["picky"]["retryStrategy"] == {
        "limit": "2",
        "retryPolicy": "Always",
        "expression": "asInt(lastRetry.exitCode) == 75",
    }
    assert templates(programs.killed_once)["dies-once"]["retryStrategy"]["expression"].endswith("!= 1")
    late = templates(programs.late_is_caught)
    assert late["slow"]["activeDeadlineSeconds"] == 601
    assert "retryStrategy" not in late["slow"]
    assert all("activeDeadlineSeconds" not in t for name, t in late.items() if name != "slow")
