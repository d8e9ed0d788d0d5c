"""Objects of a cluster, made by the real controller and by kubectl: the same values and exceptions."""

from __future__ import annotations

import os

import pytest

from tests.cluster import resource_programs as programs
from tests.cluster.outcomes import MINUTES, agree, ended, run_here, submitting

pytestmark = [pytest.mark.cluster, pytest.mark.lengthy]

CASES = {
    "a job that the document knows": (programs.known, ()),
    "jobs of the run": (programs.of_the_run, ([1, 2],)),
    "a job that fails": (programs.fails, (1,)),
    "a job that does not": (programs.fails, (0,)),
    "manifests as text": (programs.of_a_text, ("b",)),
    "no such kind": (programs.refused, ()),
    "a job that fails twice": (programs.fails_twice, (1,)),
    "a job that takes too long": (programs.takes_too_long, (60,)),
}


@pytest.fixture(scope="module")
def submitted(controller):
    """The names of all workflows."""
    with submitting(controller, CASES) as names:
        yield names


@pytest.mark.timeout(60 * MINUTES + 60)
@pytest.mark.parametrize("case", CASES)
def test_the_controller_gives_what_a_local_run_gives(case, controller, submitted, tmp_path, monkeypatch):
    kubectl = os.environ.get("KUBECTL", "kubectl")
    monkeypatch.setenv("TANGENTFLOW_KUBECTL", f"{kubectl} -n {controller.namespace}")
    workflow, args = CASES[case]
    expected = run_here(workflow, args, executor="thread")
    agree(*ended(controller, submitted[case], workflow, args, tmp_path), expected)
