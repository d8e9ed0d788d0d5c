"""A Kubernetes API server with Argo's types, and its controller where one answers.

These tests run only where they are asked for by name (`pytest -m cluster`) and KUBECONFIG says where; a plain `pytest` never touches a
cluster. KUBECTL is the command to use (default: kubectl), ARGO_NAMESPACE the namespace.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

IDLE = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: is-there-a-controller-}
spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: none, template: none, withItems: []}]]
  - name: none
    suspend: {duration: "1"}
"""
"""A workflow without pods: only a controller can finish it."""


@dataclass(frozen=True)
class Cluster:
    """The API server that KUBECONFIG names."""

    namespace: str

    def kubectl(
        self, *arguments: str, check: bool = True, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        command = [*shlex.split(os.environ.get("KUBECTL", "kubectl")), "-n", self.namespace, *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=300)
        if check and done.returncode:
            raise AssertionError(f"{shlex.join(command)}: {done.stderr}")
        return done

    def create(self, text: str) -> str:
        """Create a workflow and return its name."""
        return self.kubectl("create", "-f", "-", "-o", "jsonpath={.metadata.name}", stdin=text).stdout

    def get(self, name: str) -> dict[str, Any]:
        return json.loads(self.kubectl("get", "workflow", name, "-o", "json").stdout)

    def wait(self, name: str, seconds: float) -> dict[str, Any]:
        """Return a workflow when it has ended; fail if it does not in time."""
        end = time.monotonic() + seconds
        while True:
            workflow = self.get(name)
            if workflow.get("status", {}).get("phase") in ("Succeeded", "Failed", "Error"):
                return workflow
            if time.monotonic() > end:
                raise AssertionError(
                    f"{name} did not end within {seconds} s: {workflow.get('status', {}).get('phase')}"
                )
            time.sleep(0.5)

    @contextmanager
    def judge(self) -> Iterator[Callable[[str], str]]:
        """Give a function that lets the API server judge a document without creating it: "" or why it is refused.

        One connection for all documents: they are as many as the corpus is large.
        """
        command = [*shlex.split(os.environ.get("KUBECTL", "kubectl")), "proxy", "--port=0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as proxy:
            assert proxy.stdout is not None
            connection = http.client.HTTPConnection(
                "127.0.0.1", int(proxy.stdout.readline().rpartition(":")[2]), timeout=60
            )
            place = f"/apis/argoproj.io/v1alpha1/namespaces/{self.namespace}"

            def judge(text: str) -> str:
                url = f"{place}/{_kind(text).lower()}s?dryRun=All&fieldValidation=Strict"
                form = "json" if text.startswith("{") else "yaml"
                connection.request("POST", url, text.encode(), {"Content-Type": f"application/{form}"})
                answer = connection.getresponse()
                body = json.loads(answer.read())
                return "" if answer.status == 201 else str(body.get("message", body))

            try:
                yield judge
            finally:
                connection.close()
                proxy.terminate()

    def delete(self, name: str) -> None:
        self.kubectl("delete", "workflow", name, "--wait=false", check=False)


def _kind(text: str) -> str:
    """Return the kind of a document. To parse YAML would take longer than all the rest."""
    if text.startswith("{"):
        return str(json.loads(text)["kind"])
    found = re.search(r'^kind: "?(\w+)"?$', text, re.MULTILINE)
    assert found is not None, text[:1000]
    return found[1]


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """The cluster; skips, saying why, where there is none."""
    if "cluster" not in (request.config.getoption("-m") or ""):
        pytest.skip("SKIPPED: cluster tests run with `pytest -m cluster`")
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("SKIPPED: no API server: KUBECONFIG is not set")
    cluster = Cluster(os.environ.get("ARGO_NAMESPACE", "argo"))
    cluster.kubectl("get", "workflows")
    return cluster


@pytest.fixture(scope="session")
def controller(cluster: Cluster) -> Cluster:
    """The cluster with a controller that runs workflows; skips, saying so, where none answers."""
    name = cluster.create(IDLE)
    try:
        cluster.wait(name, 20)
    except AssertionError:
        pytest.skip("SKIPPED: no controller: the API server took a workflow, but nothing runs it")
    finally:
        cluster.delete(name)
    return cluster


@pytest.fixture(params=["server", "kube"])
def way(request: pytest.FixtureRequest, controller: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A way to the cluster that the environment of a user may name."""
    if request.param == "kube":
        monkeypatch.delenv("ARGO_SERVER", raising=False)
    elif not os.environ.get("ARGO_SERVER"):
        pytest.skip("SKIPPED: no Argo Server: ARGO_SERVER is not set")
    monkeypatch.setenv("TANGENTFLOW_STORE", str(tmp_path / "store"))
    return str(request.param)
