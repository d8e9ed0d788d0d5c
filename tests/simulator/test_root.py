"""Pods with a root folder of their own: any program, true absolute paths, nothing of this machine written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tangentflow.simulator import POD_ROOT_ANNOTATION, SimulationError, runners, simulate
from tangentflow.simulator.runners import RootRunner

pytestmark = pytest.mark.skipif(not RootRunner.available(), reason="this machine allows no root folder for a process")


def workflow(template: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "wf.with.dots"},
        "spec": {"entrypoint": "main", "templates": [{"name": "main", **template}]},
    }


def test_python_has_true_paths_and_no_packages(tmp_path: Path) -> None:
    source = """
import importlib.util, json, os, sqlite3, ssl, sys, tempfile
os.mkdir("/out"); open("/out/v", "w").write("x")
try:
    open("/usr/tangentflow-was-here", "w")
except OSError as error:
    usr = error.strerror
print(json.dumps([os.getcwd(), __file__, tempfile.gettempdir(), usr, importlib.util.find_spec("pytest") is None,
                  sorted(os.listdir("/out")), os.getppid()]))
"""
    artifact = {"name": "v", "path": "/out/v", "archive": {"none": {}}, "s3": {"key": "{{workflow.uid}}/v"}}
    script = {"image": "python:3.11-slim", "command": ["python"], "source": source}
    run = simulate(workflow({"script": script, "outputs": {"artifacts": [artifact]}}), store=tmp_path, uid="u")
    assert run.phase == "Succeeded", run.nodes[0].logs
    facts = ["/", "/argo/staging/script", "/tmp", "Read-only file system", True, ["v"], 1]
    assert json.loads(run.nodes[0].logs) == facts
    assert (tmp_path / "u/v").read_text() == "x"


def test_one_template_of_our_documents_may_want_a_root(tmp_path: Path) -> None:
    container = {"image": "busybox", "command": ["sh", "-c", "echo $TANGENTFLOW_POD_ROOT; pwd; ls /in"]}
    inputs = {"artifacts": [{"name": "a", "path": "/in/a", "optional": True, "s3": {"key": "nothing"}}]}
    document = workflow(
        {"container": container, "inputs": inputs, "metadata": {"annotations": {POD_ROOT_ANNOTATION: "0"}}}
    )
    document["metadata"]["annotations"] = {POD_ROOT_ANNOTATION: "1"}
    assert simulate(document, store=tmp_path).nodes[0].logs == "\n/\na\n"


def test_a_root_that_cannot_be_made_is_no_failure_of_the_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, "_machine", lambda _: ([("/no/such/folder", "/usr")], []))
    with pytest.raises(SimulationError, match="no root folder could be made.*No such file"):
        simulate(workflow({"container": {"image": "x", "command": ["true"]}}), store=tmp_path)


def test_without_a_root_the_document_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RootRunner, "available", staticmethod(lambda: False))
    with pytest.raises(SimulationError, match=POD_ROOT_ANNOTATION):
        simulate(workflow({"container": {"image": "x", "command": ["true"]}}), store=tmp_path)
