"""Containers, locks and chunks on the real controller: the outcome of a local run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tangentflow.runtime.outcome import Value
from tests.cluster import kind_programs as programs
from tests.cluster.outcomes import MINUTES, agree, ended, run_here, submitting

pytestmark = [pytest.mark.cluster, pytest.mark.lengthy]

ENGINE = Path(__file__).parents[1] / "engine" / "container_engine.py"

CASES = {
    "words that the document knows": (programs.known, ("",)),
    "words of the run": (programs.of_the_run, (programs.HOSTILE,)),
    "in a loop": (programs.in_a_loop, (2,)),
    "fails": (programs.fails, (3,)),
    "caught": (programs.caught, (4,)),
    "unchecked": (programs.unchecked, (5,)),
    "no such program": (programs.no_such_program, ()),
    "arguments raise": (programs.arguments_raise, (0,)),
    "a large output": (programs.large, (700_000,)),
    "files": (programs.with_files, ("{{x}} $$\n",)),
    "a missing output": (programs.lacks_an_output, (1,)),
    "chunks": (programs.chunks, (list(range(5)),)),
    "a chunk fails": (programs.chunks, (list(range(8)),)),
    "attempts of a chunk": (programs.tried_chunks, (3,)),
    "locks": (programs.locked, (3,)),
    "tried in vain": (programs.tried_in_vain, (3,)),
    "tried and caught": (programs.tried_and_caught, (4,)),
    "not tried again": (programs.not_tried_again, (5,)),
    "no failure": (programs.unchecked_is_no_failure, (6,)),
    "late": (programs.late_is_caught, (300,)),
    "late again": (programs.late_again, (300,)),
    "failed in time": (programs.failed_in_time, (143,)),
    "marks": (programs.with_marks, (2,)),
    "a script": (programs.scripts, (7,)),
}
ATTEMPTS = {
    "tried in vain": [3],
    "tried and caught": [1, 3],
    "not tried again": [1],
    "no failure": [1],
    "late again": [2],
    "failed in time": [2],
    "a script": [2],
}
"""How many attempts there are of each step that has retries."""


@pytest.fixture(scope="module")
def submitted(controller):
    """The names of all workflows."""
    with submitting(controller, CASES) as names:
        yield names


@pytest.mark.timeout(60 * MINUTES + 60)
@pytest.mark.parametrize("case", CASES)
def test_the_controller_gives_what_a_local_run_gives(case, controller, submitted, tmp_path, monkeypatch):
    monkeypatch.setenv("TANGENTFLOW_CONTAINER_ENGINE", str(ENGINE))
    workflow, args = CASES[case]
    found, outcome = ended(controller, submitted[case], workflow, args, tmp_path)
    if workflow is programs.locked:
        assert isinstance(outcome, Value), found["status"].get("message")
        pairs, tried = outcome.value
        assert ([x for x, _, _ in pairs], at_once(pairs)) == (list(range(6)), 2)
        assert ([x for x, _, _ in tried], at_once(tried)) == ([0, 1], 1)
    else:
        agree(found, outcome, run_here(workflow, args))
    nodes = found["status"]["nodes"].values()
    made = sorted(len(node["children"]) for node in nodes if node["type"] == "Retry")
    assert made == ATTEMPTS.get(case, made)
    if workflow is programs.with_marks:
        pods = marked(controller, submitted[case], "team=a")
        works = [pod for pod in pods if "-pull-work-" in pod["metadata"]["name"]]
        assert len(works) == 2 and len(pods) == 6  # each with one before and one behind it
        for pod in works:
            [main] = [container for container in pod["spec"]["containers"] if container["name"] == "main"]
            assert main["resources"]["limits"] == {"cpu": "100m", "memory": "64Mi"}
            assert pod["metadata"]["annotations"]["why"] == "because"


def marked(controller, name, label):
    """Return the pods of a workflow with a label."""
    labels = f"{label},workflows.argoproj.io/workflow={name}"
    return json.loads(controller.kubectl("get", "pods", "-l", labels, "-o", "json").stdout)["items"]


def at_once(runs):
    """Return the most runs that were under way at the same time."""
    return max(sum(began <= other < ended for _, began, ended in runs) for _, other, _ in runs)
