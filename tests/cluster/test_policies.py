"""Retries, limits of time and environments on the real controller: the outcome of a local run, in as many attempts."""

from __future__ import annotations

import pytest

from tests.cluster import policy_programs as programs
from tests.cluster.outcomes import MINUTES, agree, ended, run_here, submitting

pytestmark = [pytest.mark.cluster, pytest.mark.lengthy]

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
    """The names of all workflows."""
    with submitting(controller, CASES) as names:
        yield names


@pytest.mark.timeout(60 * MINUTES + 60)
@pytest.mark.parametrize("case", CASES)
def test_the_controller_gives_what_a_local_run_gives(case, controller, submitted, tmp_path):
    workflow, args, attempts = CASES[case]
    expected = run_here(workflow, args)
    found, outcome = ended(controller, submitted[case], workflow, args, tmp_path)
    agree(found, outcome, expected)
    nodes = found["status"]["nodes"].values()
    made = [len(node["children"]) for node in nodes if node["type"] == "Retry"]
    assert max(made, default=0) == attempts
