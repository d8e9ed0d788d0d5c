"""What a chain of ten steps costs on a cluster, against ten pods written by hand:

    python benchmarks/overhead.py [--rounds 3]

Needs a cluster with Argo's controller (KUBECONFIG, and kubectl or KUBECTL). Each round submits the three workflows one after the other; the time
of one is that from its creation to its end, as the controller writes it down. Prints the medians and their ratios.

The first by hand passes numbers as output parameters (what fits into a status); the second passes them as artifacts, as ours does.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shlex
import statistics
import subprocess
import time
from datetime import datetime

import yaml

from tangentflow import step, workflow

STEPS = 10
IMAGE = "python:3.11-slim"


@step(image=IMAGE)
def increased(x):
    return x + 1


@workflow
def chain(x):
    x = increased(x)
    x = increased(x)
    x = increased(x)
    x = increased(x)
    x = increased(x)
    x = increased(x)
    x = increased(x)
    x = increased(x)
    x = increased(x)
    x = increased(x)
    return x


def with_parameters() -> dict:
    """Ten pods by hand, which pass parameters."""
    template = {
        "name": "increased",
        "inputs": {"parameters": [{"name": "x"}]},
        "outputs": {"parameters": [{"name": "x", "valueFrom": {"path": "/tmp/x"}}]},
        "script": {
            "image": IMAGE, "command": ["python"],
            "source": "with open('/tmp/x', 'w') as file:\n    file.write(str({{inputs.parameters.x}} + 1))\n",
        },
    }  # fmt: skip
    tasks = [
        {"name": f"s{i}", "template": "increased",
         "arguments": {"parameters": [{"name": "x", "value": f"{{{{tasks.s{i - 1}.outputs.parameters.x}}}}" if i else "0"}]}}
        for i in range(STEPS)
    ]  # fmt: skip
    return _workflow("by-hand-parameters-", template, tasks)


def with_artifacts() -> dict:
    """Ten pods by hand, which pass artifacts."""
    template = {
        "name": "increased",
        "inputs": {"artifacts": [{"name": "x", "path": "/tmp/in", "optional": True}]},
        "outputs": {"artifacts": [{"name": "x", "path": "/tmp/x", "archive": {"none": {}}}]},
        "script": {
            "image": IMAGE, "command": ["python"],
            "source": "import os, pickle\nx = pickle.load(open('/tmp/in', 'rb')) if os.path.isfile('/tmp/in') else 0\n"
                      "pickle.dump(x + 1, open('/tmp/x', 'wb'))\n",
        },
    }  # fmt: skip
    tasks = [
        {"name": f"s{i}", "template": "increased",
         **({"arguments": {"artifacts": [{"name": "x", "from": f"{{{{tasks.s{i - 1}.outputs.artifacts.x}}}}"}]}} if i else {})}
        for i in range(STEPS)
    ]  # fmt: skip
    return _workflow("by-hand-artifacts-", template, tasks)


def _workflow(name: str, template: dict, tasks: list[dict]) -> dict:
    for before, task in itertools.pairwise(tasks):
        task["depends"] = before["name"]
    return {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": name},
        "spec": {"entrypoint": "main", "templates": [template, {"name": "main", "dag": {"tasks": tasks}}]},
    }  # fmt: skip


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    command = [
        *shlex.split(os.environ.get("KUBECTL", "kubectl")),
        "-n",
        os.environ.get("ARGO_NAMESPACE", "argo"),
        *arguments,
    ]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True).stdout


def seconds(document: str) -> float:
    """Run a workflow; return how long it took. Raises RuntimeError if it did not succeed with ten pods that run steps."""
    name = kubectl("create", "-f", "-", "-o", "jsonpath={.metadata.name}", stdin=document)
    while True:
        found = json.loads(kubectl("get", "workflow", name, "-o", "json"))
        status = found.get("status", {})
        if status.get("phase") in ("Succeeded", "Failed", "Error"):
            break
        time.sleep(1)
    pods = sum(node["type"] == "Pod" for node in status["nodes"].values())
    kubectl("delete", "workflow", name, "--wait=false")
    if status["phase"] != "Succeeded" or pods != STEPS:
        raise RuntimeError(f"{name}: {status['phase']}, {pods} pods: {status.get('message')}")
    began, ended = (
        datetime.fromisoformat(text.replace("Z", "+00:00"))
        for text in (found["metadata"]["creationTimestamp"], status["finishedAt"])
    )
    return (ended - began).total_seconds()


def main(rounds: int) -> None:
    """Measure and print."""
    documents = {
        "tangentflow": chain.graph.yaml(0),
        "by hand, parameters": yaml.safe_dump(with_parameters()),
        "by hand, artifacts": yaml.safe_dump(with_artifacts()),
    }
    taken: dict[str, list[float]] = {name: [] for name in documents}
    for _ in range(rounds):
        for name, document in documents.items():
            taken[name].append(seconds(document))
    ours = statistics.median(taken["tangentflow"])
    for name, times in taken.items():
        middle = statistics.median(times)
        print(
            f"{name:<22}{middle:>7.0f} s   ours takes {ours / middle:.2f} of it   ({', '.join(f'{t:.0f}' for t in times)})"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    main(parser.parse_args().rounds)
