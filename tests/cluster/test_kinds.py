"""Containers, locks and chunks on the real controller: the outcome of a local run."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from tangentflow.engine.stored import stored_outcome
from tangentflow.runtime.outcome import Raised
from tests.cluster import kind_programs as programs
from tests.cluster.store import download

pytestmark = pytest.mark.cluster

MINUTES = 6
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
    "chunks": (programs.chunks, (list(range(5)),)),
    "a chunk fails": (programs.chunks, (list(range(8)),)),
    "attempts of a chunk": (programs.tried_chunks, (3,)),
    "locks": (programs.locked, (3,)),
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
    monkeypatch.setenv("TANGENTFLOW_CONTAINER_ENGINE", str(ENGINE))
    workflow, args = CASES[case]
    ended = controller.wait(submitted[case], 60 * MINUTES)
    uid = ended["metadata"]["uid"]
    download(f"{uid}/", tmp_path)
    names = inspect.signature(workflow.function).bind(*args).arguments
    outcome = stored_outcome(workflow.graph, tmp_path / uid, names)
    if workflow is programs.locked:
        assert not isinstance(outcome, Raised), ended["status"].get("message")
        pairs, tried = outcome.value
        assert ([x for x, _, _ in pairs], at_once(pairs)) == (list(range(6)), 2)
        assert ([x for x, _, _ in tried], at_once(tried)) == ([0, 1], 1)
        return
    expected = workflow.options(store=False).run(*args)
    if isinstance(outcome, Raised):
        got, wanted = outcome.exception, expected.error
        assert (type(got), got.args) == (type(wanted), wanted.args), ended["status"].get("message")
    else:
        assert outcome.value == expected.result(), ended["status"].get("message")


def at_once(runs):
    """Return the most runs that were under way at the same time."""
    return max(sum(began <= other < ended for _, began, ended in runs) for _, other, _ in runs)
