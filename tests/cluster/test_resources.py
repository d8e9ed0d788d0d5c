"""Objects of a cluster, made by the real controller and by kubectl: the same values and exceptions."""

from __future__ import annotations

import inspect
import os

import pytest

from tangentflow.engine.stored import stored_outcome
from tangentflow.runtime.outcome import Raised
from tests.cluster import resource_programs as programs
from tests.cluster.store import download

pytestmark = pytest.mark.cluster

MINUTES = 5

CASES = {
    "a job that the document knows": (programs.known, ()),
    "jobs of the run": (programs.of_the_run, ([1, 2],)),
    "a job that fails": (programs.fails, (1,)),
    "a job that does not": (programs.fails, (0,)),
    "manifests as text": (programs.of_a_text, ("b",)),
    "no such kind": (programs.refused, ()),
}


@pytest.fixture(scope="module")
def submitted(controller):
    """The names of all workflows, submitted at once; they are deleted in the end."""
    names = {}
    try:
        for case, (workflow, args) in CASES.items():
            names[case] = controller.create(workflow.graph.yaml(*args))
        yield names
    finally:
        for name in names.values():
            controller.delete(name)


@pytest.mark.timeout(60 * MINUTES + 60)
@pytest.mark.parametrize("case", CASES)
def test_the_controller_gives_what_a_local_run_gives(case, controller, submitted, tmp_path, monkeypatch):
    kubectl = os.environ.get("KUBECTL", "kubectl")
    monkeypatch.setenv("TANGENTFLOW_KUBECTL", f"{kubectl} -n {controller.namespace}")
    workflow, args = CASES[case]
    expected = workflow.options(executor="thread", store=False).run(*args)
    ended = controller.wait(submitted[case], 60 * MINUTES)
    uid = ended["metadata"]["uid"]
    download(f"{uid}/", tmp_path)
    names = inspect.signature(workflow.function).bind(*args).arguments
    outcome = stored_outcome(workflow.graph, tmp_path / uid, names)
    if isinstance(outcome, Raised):
        got, wanted = outcome.exception, expected.error
        assert (type(got), got.args) == (type(wanted), wanted.args), ended["status"].get("message")
    else:
        assert expected.error is None, expected.error
        assert outcome.value == expected.result(), ended["status"].get("message")
