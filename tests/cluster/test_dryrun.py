"""The API server accepts every document of the corpus: Argo's schema, its CEL rules, its limits."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tangentflow.argo.kinds import KINDS, declared
from tangentflow.decorators import WorkflowFunction
from tests.argo import exit_programs, option_programs, policy_programs, workflow_programs
from tests.language.contract import arguments

pytestmark = pytest.mark.cluster

CORPUS = Path(__file__).parents[1] / "corpus"


def programs() -> list[WorkflowFunction[..., object]]:
    found: dict[str, WorkflowFunction[..., object]] = {}
    for path in sorted(CORPUS.glob("*.py")):
        module = importlib.import_module(f"tests.corpus.{path.stem}")
        for value in vars(module).values():
            if isinstance(value, WorkflowFunction):
                found.setdefault(f"{value.__module__.rpartition('.')[2]}.{value.__qualname__}", value)
    return list(found.values())


def documents(workflow: WorkflowFunction[..., object]) -> Iterator[str]:
    """Give the document with parameters, as users see it, and the one with arguments baked in (as JSON)."""
    yield workflow.graph.yaml()
    for call in arguments(workflow)[-1:]:
        args, kwargs = call.copies()
        yield json.dumps(workflow.graph.argo(*args, **kwargs))


@pytest.mark.timeout(900)
def test_every_document_is_accepted(cluster):
    refused, accepted = [], 0
    with cluster.judge() as judge:
        for workflow in programs():
            for text in documents(workflow):
                why = judge(text)
                accepted += not why
                if why:
                    refused.append(f"{workflow.__module__}.{workflow.__qualname__}: {why[:500]}")
    assert not refused, "\n".join(refused)
    assert accepted > 500


def test_documents_with_options_are_accepted(cluster):
    """What options of steps and workflows make of documents is right for the API server."""
    told = {}
    with cluster.judge() as judge:
        for module in (exit_programs, option_programs, policy_programs, workflow_programs):
            for name, workflow in vars(module).items():
                if isinstance(workflow, WorkflowFunction) and name not in getattr(module, "REFUSED", ()):
                    told[name] = judge(workflow.graph.yaml())
        for kind in KINDS:
            told[kind] = judge(json.dumps(declared(workflow_programs.nightly.graph, kind=kind)))
    assert {name: why[:500] for name, why in told.items() if why} == {}
    assert len(told) > 20


def test_a_wrong_document_is_refused(cluster):
    """The judge is awake: it names an unknown field, a wrong type, and a rule that is broken."""
    document = programs()[0].graph.argo()
    with cluster.judge() as judge:
        assert judge(json.dumps(document)) == ""
        assert "entry" in judge(json.dumps({**document, "spec": {**document["spec"], "entry": "main"}}))
        assert "parallelism" in judge(json.dumps({**document, "spec": {**document["spec"], "parallelism": "many"}}))
        both = {"name": "both", "suspend": {}, "dag": {"tasks": []}}
        broken = {**document["spec"], "templates": [*document["spec"]["templates"], both]}
        assert "template" in judge(json.dumps({**document, "spec": broken}))


def test_kubectl_takes_what_the_command_writes(cluster, tmp_path):
    path = tmp_path / "workflow.yaml"
    path.write_text(programs()[0].graph.yaml(), encoding="utf-8")
    assert cluster.kubectl("create", "--dry-run=server", "-o", "name", "-f", str(path)).stdout.startswith("workflow")
