"""Containers, locks and chunks on the real controller: the outcome of a local run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tangentflow.runtime.outcome import Value
from tests.cluster import kind_programs as programs
from tests.cluster.outcomes import MINUTES, agree, ended, run_here, submitting

pytestmark = pytest.mark.cluster

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
}


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


def at_once(runs):
    """Return the most runs that were under way at the same time."""
    return max(sum(began <= other < ended for _, began, ended in runs) for _, other, _ in runs)
