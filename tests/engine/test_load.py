"""What the engine takes of the machine: memory for each item of a fan-out, and nothing while it waits."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tangentflow import step, workflow
from tangentflow.engine.tasks import Task

ROOT = Path(__file__).parents[2]


@step
def inc(x):
    return x + 1


@step
def doze(seconds):
    time.sleep(seconds)
    return seconds


@workflow
def fan_out(n):
    return [inc(i) for i in range(n)]


@workflow
def two_each(n):
    return [inc(inc(i)) for i in range(n)]


@workflow
def wait(seconds):
    return doze(seconds)


@pytest.mark.parametrize("stored", [False, True], ids=["no store", "store"])
def test_memory_grows_with_the_items_alone(stored):
    """Two fan-outs, one with 20,000 items more: for each of them a number, its result and what is known of its step run."""

    def peak(n):
        command = [sys.executable, "benchmarks/memory.py", "--one", str(n), "inline", str(int(stored))]
        return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)[0]

    assert (peak(30_000) - peak(10_000)) / 20_000 < 1500


@pytest.mark.parametrize("workflow", [fan_out, two_each])
def test_tasks_are_made_when_they_may_start(workflow):
    gc.collect()
    earlier = [found for found in gc.get_objects() if isinstance(found, Task)]  # of other runs in this process
    most = []

    def count(event):
        if event.kind == "step-ended" and event.step.path.startswith("loop[150]."):
            most.append(sum(isinstance(found, Task) for found in gc.get_objects()) - len(earlier))

    workflow.options(executor="thread", workers=3, store=False, on_event=count).run(300)
    assert most and max(most) < 12


@pytest.mark.parametrize("executor", ["thread", "process"])
def test_waiting_takes_no_time_of_the_processor(executor, tmp_path):
    seen = {}

    def note(event):
        seen[event.kind] = time.process_time()

    bound = wait.options(executor=executor, store=tmp_path, on_event=note)
    bound.run(0.1)
    assert bound.run(3).result() == 3
    assert (seen["step-ended"] - seen["step-started"]) / 3 < 0.02
