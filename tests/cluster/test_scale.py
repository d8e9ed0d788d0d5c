"""Sizes that a platform meets, on the real controller: each workflow finishes with the right result, in as many pods as it says.

With TANGENTFLOW_CORPUS=all the loops have 300 iterations and the functions are 450 (most of an hour on two cores).
"""

from __future__ import annotations

import os
import time

import pytest

from tangentflow.argo.document import helpers
from tests.argo.many_functions import many_functions
from tests.cluster import scale_programs as programs

ALL = os.environ.get("TANGENTFLOW_CORPUS") == "all"
ITERATIONS, WIDTH, FUNCTIONS = (300, 1000, 450) if ALL else (20, 1000, 40)
WAIT = 7200 if ALL else 900

pytestmark = [pytest.mark.cluster, pytest.mark.lengthy, pytest.mark.timeout(WAIT + 60)]


@pytest.fixture(autouse=True)
def place(controller, monkeypatch, tmp_path):
    """Without a server: the object and the store are read themselves."""
    monkeypatch.delenv("ARGO_SERVER", raising=False)
    monkeypatch.setenv("TANGENTFLOW_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)


def submitted(controller, workflow, *args):
    """Return the result of a submitted run, and the number of pods that ran steps."""
    began = time.monotonic()
    run = workflow.submit(*args)
    try:
        result = run.result(WAIT)
        aside = {template for template, _ in helpers(workflow.graph)}
        nodes = controller.wait(run.id, 60)["status"]
        print(
            f"{workflow.__name__}{args}: {run.pods} pods in {time.monotonic() - began:.0f} s, status: {status_bytes(nodes)} bytes"
        )
        return result, run.pods, aside
    finally:
        controller.delete(run.id)


def status_bytes(status):
    """Return how large the engine's account of the nodes is, packed if it has packed it."""
    return len(status.get("compressedNodes") or str(status.get("nodes")))


@pytest.mark.parametrize("name", ["one_after_the_other", "while_less"])
def test_iterations_one_after_the_other(controller, name):
    workflow = getattr(programs, name)
    result, pods, aside = submitted(controller, workflow, ITERATIONS)
    assert result == workflow(ITERATIONS)
    assert ITERATIONS <= pods <= ITERATIONS + len(aside)


def test_a_wide_fan_out_in_chunks(controller):
    result, pods, aside = submitted(controller, programs.side_by_side, WIDTH)
    assert result == [i * i for i in range(WIDTH)]
    assert WIDTH // 50 <= pods <= WIDTH // 50 + len(aside)


def test_many_functions(controller, tmp_path):
    with many_functions(tmp_path, FUNCTIONS) as workflow:
        result, pods, aside = submitted(controller, workflow, 1)
        assert result == workflow(1)
    assert FUNCTIONS <= pods <= FUNCTIONS + len(aside)


def test_a_large_value(controller):
    (told, data), pods, _ = submitted(controller, programs.large, programs.LARGE)
    expected = programs.large(programs.LARGE)
    assert told == expected[0] and data == expected[1] and len(data) == programs.LARGE
    assert pods <= 3


def test_a_directory_of_many_files(controller):
    (told, root), pods, _ = submitted(controller, programs.directory, programs.FILES)
    expected, here = programs.directory(programs.FILES)
    assert sum(len(data) > 0 for *_, data in expected) == programs.FILES  # one is empty, and there is a script
    assert told == expected and programs.listing(root) == expected and root.name == here.name
    assert pods <= 3
