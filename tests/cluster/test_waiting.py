"""Waits that somebody answers and exit handlers, on the real controller."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import pytest

from tests.cluster import waiting_programs as programs
from tests.cluster.outcomes import MINUTES

pytestmark = [pytest.mark.cluster, pytest.mark.lengthy, pytest.mark.timeout(60 * MINUTES + 60)]

WAIT = 60 * MINUTES


@pytest.fixture(autouse=True)
def store(controller, monkeypatch, tmp_path):
    monkeypatch.delenv("ARGO_SERVER", raising=False)
    monkeypatch.setenv("TANGENTFLOW_STORE", str(tmp_path / "store"))


def argo(controller, *arguments):
    """Call Argo's own program, as somebody who answers would."""
    if not shutil.which("argo"):
        pytest.skip("SKIPPED: there is no program `argo`")
    there = {
        name: value for name, value in os.environ.items() if name not in ("ARGO_SERVER", "ARGO_HTTP1", "ARGO_SECURE")
    }
    command = ["argo", "-n", controller.namespace, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=there)
    assert done.returncode == 0, done.stderr


def waits(controller, run):
    """Wait until the run waits: its pod that works out the message has ended."""
    end = time.monotonic() + WAIT
    while True:
        nodes = controller.get(run.id).get("status", {}).get("nodes", {}).values()
        if any(node["type"] == "Suspend" and node["phase"] == "Running" for node in nodes):
            return
        assert time.monotonic() < end, nodes
        time.sleep(0.5)


def test_somebody_answers(controller):
    run = programs.approved.submit(4)
    waits(controller, run)
    where = ["--node-field-selector", "displayName=t-work"]
    argo(
        controller,
        "node",
        "set",
        run.id,
        *where,
        "--output-parameter",
        "approve=true",
        "--output-parameter",
        "note={{=1+1}} $x é",
    )
    argo(controller, "resume", run.id, *where)
    assert run.result(WAIT) == {"approve": True, "note": "{{=1+1}} $x é", "count": 6, "rate": 0.5}
    controller.delete(run.id)


def test_somebody_lets_it_go_on(controller):
    run = programs.approved.submit(4)
    waits(controller, run)
    argo(controller, "resume", run.id)
    assert run.result(WAIT) == {"approve": False, "note": "none {{x}}", "count": 3, "rate": 0.5}
    controller.delete(run.id)


def test_nobody_answers(controller):
    run = programs.unanswered.submit(4)
    assert run.result(WAIT) == {"approve": False, "note": "4 {{=1}}"}
    controller.delete(run.id)


def test_a_wait_is_cancelled(controller):
    run = programs.approved.submit(4)
    waits(controller, run)
    run.cancel()
    assert run.wait(WAIT).status == "Cancelled"
    controller.delete(run.id)


@pytest.mark.parametrize("flow, x, heard", [
    (programs.told, 0, ["it has Succeeded"]),
    (programs.told, 1, ["it has Failed"]),
    (programs.cleaned, 9, ["it has Succeeded a", "it has Succeeded b"]),
    (programs.cleaned, 1, ["it has Failed a", "it has Failed b"]),
])  # fmt: skip
def test_exit_handlers(controller, flow, x, heard):
    run = flow.submit(x)
    try:
        expected = flow(x)
    except ValueError as error:
        with pytest.raises(ValueError) as caught:
            run.result(WAIT)
        assert caught.value.args == error.args
    else:
        assert run.result(WAIT) == expected
    told = [step for step in run.steps if step.path.startswith("on-exit")]
    assert [step.status for step in told] == ["Succeeded"] * len(heard)
    assert [step.logs().strip() for step in told] == heard
    controller.delete(run.id)
