"""Workflows that a test submits, and what they left in the store: the value or the exception."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tangentflow.decorators import WorkflowFunction
from tangentflow.engine.stored import stored_outcome
from tangentflow.graph.nodes import Graph
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.slices import bind
from tests.cluster.conftest import Cluster
from tests.cluster.store import download

__all__ = ["MINUTES", "agree", "ended", "outcome_of", "run_here", "submitting"]

MINUTES = 6
"""How long a workflow of a test may take, with those beside it."""

Cases = Mapping[str, tuple[Any, ...]]


@contextmanager
def submitting(cluster: Cluster, cases: Cases) -> Iterator[dict[str, str]]:
    """Create all workflows at once, a case being (workflow, arguments, ...); give their names by case, delete them in the end."""
    names: dict[str, str] = {}
    try:
        for case, (workflow, args, *_) in cases.items():
            names[case] = cluster.create(workflow.graph.yaml(*args))
        yield names
    finally:
        for name in names.values():
            cluster.delete(name)


def outcome_of(
    cluster: Cluster, name: str, graph: Graph, arguments: Mapping[str, Any], folder: Path, seconds: float = 60 * MINUTES
) -> tuple[dict[str, Any], Outcome]:
    """Wait for the end of a workflow; return the object, and the outcome, whose files are copied below a folder."""
    found = cluster.wait(name, seconds)
    uid = found["metadata"]["uid"]
    download(f"{uid}/", folder)
    return found, stored_outcome(graph, folder / uid, arguments)


def ended(
    cluster: Cluster,
    name: str,
    workflow: WorkflowFunction,
    args: tuple[Any, ...],
    folder: Path,
    seconds: float = 60 * MINUTES,
) -> tuple[dict[str, Any], Outcome]:
    """Do so for a call of a workflow."""
    return outcome_of(cluster, name, workflow.graph, bind(workflow.function, args, {}), folder, seconds)


def run_here(workflow: WorkflowFunction, args: tuple[Any, ...], executor: str = "process") -> Outcome:
    """Return the outcome of a local run."""
    run = workflow.options(store=False, executor=executor).run(*args)
    return Value(run.result()) if run.error is None else Raised(run.error)


def agree(found: dict[str, Any], outcome: Outcome, expected: Outcome) -> None:
    """Fail unless the outcome of a workflow is the expected one, and its phase says the same."""
    message = found["status"].get("message")
    if isinstance(expected, Value):
        assert outcome == expected, message
        assert found["status"]["phase"] == "Succeeded"
    else:
        assert isinstance(expected, Raised) and isinstance(outcome, Raised), (outcome, expected, message)
        got, wanted = outcome.exception, expected.exception
        assert (type(got), got.args, vars(got)) == (type(wanted), wanted.args, vars(wanted)), message
        assert found["status"]["phase"] == "Failed"
