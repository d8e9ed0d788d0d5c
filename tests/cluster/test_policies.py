"""Retries, limits of time and environments on the real controller: the outcome of a local run, in as many attempts."""

from __future__ import annotations

import inspect

import pytest

from tangentflow.engine.stored import stored_outcome
from tangentflow.runtime.outcome import Raised
from tests.cluster import policy_programs as programs
from tests.cluster.store import download

pytestmark = pytest.mark.cluster

MINUTES = 6

CASES = {
    "tried in vain": (programs.tried_in_vain, (1,), 3),
    "caught at last": (programs.caught_at_last, (1,), 3),
    "not listed": (programs.tried_once, (1,), 1),
    "late": (programs.late_is_caught, (1,), 0),
    "killed": (programs.killed_is_caught, (75,), 2),
    "a fan-out": (programs.some_of_a_fan_out_fail, (3,), 3),
    "hostile environment": (programs.hostile_environment, (), 0),
}
"""Workflow, arguments, and the attempts of its step with retries (0: it has none)."""


@pytest.fixture(scope="module")
def submitted(controller):
    """The names of all workflows, submitted at once; they are deleted in the end."""
    names = {}
    try:
        for case, (workflow, args, _) in CASES.items():
            names[case] = controller.create(workflow.graph.yaml(*args))
        yield names
    finally:
        for name in names.values():
            controller.delete(name)


@pytest.mark.timeout(60 * MINUTES + 60)
@pytest.mark.parametrize("case", CASES)
def test_the_controller_gives_what_a_local_run_gives(case, controller, submitted, tmp_path):
    workflow, args, attempts = CASES[case]
    expected = workflow.options(store=False).run(*args)
    ended = controller.wait(submitted[case], 60 * MINUTES)
    uid = ended["metadata"]["uid"]
    download(f"{uid}/", tmp_path)
    names = inspect.signature(workflow.function).bind(*args).arguments
    outcome = stored_outcome(workflow.graph, tmp_path / uid, names)
    if isinstance(outcome, Raised):
        got, wanted = outcome.exception, expected.error
        assert (type(got), got.args) == (type(wanted), wanted.args), ended["status"].get("message")
    else:
        assert outcome.value == expected.result(), ended["status"].get("message")
    nodes = ended["status"]["nodes"].values()
    made = [len(node["children"]) for node in nodes if node["type"] == "Retry"]
    assert max(made, default=0) == attempts
