"""What is refused: unknown fields, wrong types, and tags in our own documents that never become values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tangentflow.simulator import POD_ROOT_ANNOTATION, DocumentRefused, NotSimulated, SimulationError, simulate


def workflow(*templates: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "wf", "annotations": {POD_ROOT_ANNOTATION: "1"}},
        "spec": {"entrypoint": "main", "templates": list(templates), **spec},
    }


def script(source: str = "", **fields: Any) -> dict[str, Any]:
    return {"name": "main", "script": {"image": "python:3.11-slim", "command": ["python"], "source": source}, **fields}


def dag(*tasks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"name": "main", "dag": {"tasks": list(tasks)}, **fields}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (workflow(script(), hooks={}), "spec.hooks"),
        (workflow(script(daemon=True)), "spec.templates[0].daemon"),
        (workflow(script(outputs={"parameters": [{"name": "a", "valueFrom": {"jqFilter": "."}}]})),
         "spec.templates[0].outputs.parameters[0].valueFrom.jqFilter"),
        (workflow(script(inputs={"artifacts": [{"name": "a", "path": "/a", "raw": {"data": ""}}]})),
         "spec.templates[0].inputs.artifacts[0].raw"),
        (workflow(dag({"name": "a", "template": "b", "dependencies": ["c"]})), "spec.templates[0].dag.tasks[0].dependencies"),
        (workflow({"name": "main", "steps": []}), "spec.templates[0].steps"),
        ({**workflow(script()), "kind": "Pod"}, "kind"),
        ({**workflow(script()), "status": {}}, "status"),
    ],
)  # fmt: skip
def test_unknown_fields(document: dict[str, Any], path: str, tmp_path: Path) -> None:
    with pytest.raises(NotSimulated) as refused:
        simulate(document, store=tmp_path)
    assert refused.value.path == path


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (workflow({**script(), "name": True}), 'spec.templates[0].name: Invalid value: "boolean"'),
        (workflow(script(inputs={"parameters": "a"})), "must be of type array"),
        (
            workflow(script(inputs={"parameters": [{"value": "1"}]})),
            "spec.templates[0].inputs.parameters[0].name: Required value",
        ),
        (workflow({**script(), "suspend": {}}), "at most one template type"),
        (workflow(dag({"name": "a", "template": "main"}, timeout="1s")), "only valid for leaf templates"),
        (workflow(script(retryStrategy={"retryPolicy": "Sometimes"})), 'Unsupported value: "Sometimes"'),
    ],
)
def test_what_the_api_server_refuses(document: dict[str, Any], problem: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentRefused) as refused:
        simulate(document, store=tmp_path)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (workflow(script("print({{= nope(1) }})")), "no function nope()"),
        (workflow(dag({"name": "a", "template": "main", "when": "{{= 1 + }}"})), "unexpected token EOF"),
        (workflow(dag({"name": "a", "template": "b"}, outputs={"parameters": [{"name": "x", "valueFrom": {"expression": "f(1)"}}]}),
                  {**script(), "name": "b"}), "no function f()"),
        (workflow(script("{{= tasks['t-z'].status }}")), "was never replaced"),
        (workflow(script("{{retries}}")), "was never replaced"),
    ],
)  # fmt: skip
def test_tags_that_never_become_values(document: dict[str, Any], what: str, tmp_path: Path) -> None:
    with pytest.raises(NotSimulated) as refused:
        simulate(document, store=tmp_path)
    assert what in str(refused.value)


def test_parameters_that_the_document_has_not(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="no workflow parameter y; the document has x"):
        simulate(workflow(script(), arguments={"parameters": [{"name": "x"}]}), store=tmp_path, parameters={"y": "1"})


def test_a_parameter_without_a_value_is_an_invalid_spec(tmp_path: Path) -> None:
    run = simulate(workflow(script(), arguments={"parameters": [{"name": "x"}]}), store=tmp_path)
    assert (run.phase, run.hang, run.nodes) == ("Failed", False, ())
    assert run.message == "invalid spec: spec.arguments.x.value or spec.arguments.x.valueFrom is required"


def test_resource_templates_need_a_cluster(tmp_path: Path) -> None:
    resource = {"name": "main", "resource": {"action": "create", "manifest": "{}"}}
    with pytest.raises(NotSimulated, match="API server"):
        simulate(workflow(resource), store=tmp_path)


@pytest.mark.parametrize("key", ["a//b", "../b", "./b"])
def test_keys_that_a_folder_cannot_hold(key: str, tmp_path: Path) -> None:
    artifact = {"name": "a", "path": "/in/a", "s3": {"key": key}}
    with pytest.raises(NotSimulated, match="artifact key"):
        simulate(workflow(script(inputs={"artifacts": [artifact]})), store=tmp_path)
