"""Clients, controllers and servers that die in the middle of a run: it finishes, and its result is found.

ARGO_RESTART is the command that kills a program of the cluster (-9) and starts it again, given its name: workflow-controller or argo.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from tangentflow import attach
from tests.cluster.interrupted_programs import long
from tests.cluster.outcomes import MINUTES

pytestmark = [pytest.mark.cluster, pytest.mark.lengthy, pytest.mark.timeout(60 * MINUTES + 60)]

ROOT = Path(__file__).parents[2]
WAIT = 60 * MINUTES

CLIENT = """
    from tests.cluster.interrupted_programs import long
    run = long.submit(4, bad=2)
    print(run.id, flush=True)
    run.result()
"""


def restart(program):
    command = os.environ.get("ARGO_RESTART")
    if not command:
        pytest.skip("SKIPPED: ARGO_RESTART, which kills a program of the cluster and starts it again, is not set")
    done = subprocess.run([*shlex.split(command), program], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, f"{command} {program}: {done.stdout[-1000:]}{done.stderr[-3000:]}"


def begun(run, pods):
    """Wait until so many pods have ended."""
    end = time.monotonic() + WAIT
    while sum(step.status in ("Succeeded", "Failed") for step in run.steps) < pods:
        assert run.status in ("Pending", "Running") and time.monotonic() < end, run.status
        time.sleep(0.5)


def test_the_client_is_killed(way, controller):
    client = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CLIENT)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert client.stdout is not None
    name = client.stdout.readline().strip()
    run = attach(name)
    begun(run, 1)
    client.send_signal(signal.SIGKILL)
    client.communicate()
    assert run.status == "Running"
    assert attach(name).result(WAIT) == long(4, seconds=0, bad=2)
    controller.delete(name)


def test_the_controller_is_killed(way, controller):
    run = long.submit(4, bad=2)
    begun(run, 2)
    restart("workflow-controller")
    begun(run, 4)
    restart("workflow-controller")
    assert run.result(WAIT) == long(4, seconds=0, bad=2)
    assert run.pods == long.simulate(4, seconds=0, bad=2).pods  # nothing ran twice
    assert all(step.attempts == 1 for step in run.steps)
    controller.delete(run.id)


def test_the_server_is_killed(way, controller):
    if way == "kube":
        pytest.skip("does not use it")
    run = long.submit(4, bad=2)
    found = []
    waiting = threading.Thread(target=lambda: found.append(run.result(WAIT)))
    waiting.start()
    begun(attach(run.id), 2)
    restart("argo")
    waiting.join(WAIT)
    assert found == [long(4, seconds=0, bad=2)]
    controller.delete(run.id)
