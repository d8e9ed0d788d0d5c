"""A cluster whose controller is the simulator: a workflow is over as soon as it is created."""

from __future__ import annotations

import datetime
import os
import uuid
from pathlib import Path
from typing import Any

from tangentflow.client.cluster import Snapshot, snapshot
from tangentflow.containers import ENGINE
from tangentflow.errors import ClusterError
from tangentflow.simulator import simulate
from tangentflow.simulator.status import _entry, _id
from tests.argo.forking import forking

Json = dict[str, Any]


class SimulatedCluster:
    """One namespace, with its artifacts in a folder."""

    namespace = "simulated"
    place = "a simulated cluster"
    serves = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workflows: dict[str, Json] = {}

    def create(self, document: Json) -> Json:
        uid, now = str(uuid.uuid4()), datetime.datetime.now(datetime.timezone.utc)
        with forking():
            run = simulate(document, store=self.folder, uid=uid, workers=1, engine=os.environ.get(ENGINE))
        assert not run.hang, run.reason
        templates = {template["name"]: template for template in document["spec"]["templates"]}
        nodes = {_id(run, node.name): _entry(run, node, templates.get(node.template, {})) for node in run.nodes}
        for node in run.nodes:
            if node.attempt:
                nodes[_id(run, node.name)]["nodeFlag"] = {"retried": True}
        stamp = now.isoformat().replace("+00:00", "Z")
        metadata = {**document["metadata"], "uid": uid, "creationTimestamp": stamp}
        status = {"phase": run.phase, "message": run.message, "nodes": nodes, "startedAt": stamp, "finishedAt": stamp}
        found = {**document, "metadata": metadata, "status": status}
        self.workflows[metadata["name"]] = found
        return found

    def get(self, name: str) -> Json:
        if name not in self.workflows:
            raise ClusterError(f"there is no workflow {name}", 404)
        return self.workflows[name]

    def put(self) -> list[int]:
        """Return the sizes of what clients have put into the artifact repository."""
        return [file.stat().st_size for folder in self.folder.glob("put-*") for file in folder.rglob("v")]

    def peek(self, name: str) -> Snapshot:
        return snapshot(self.get(name))

    def list(self) -> list[Snapshot]:
        return [snapshot(found) for found in reversed(self.workflows.values())]

    def stop(self, name: str) -> None:
        raise AssertionError("it is over")

    def logs(self, name: str, pod: str) -> str | None:
        return None

    def secret(self, name: str, key: str) -> str:
        raise AssertionError("nobody needs one")

    def artifact(self, name: str, node: str, artifact: str, rest: str) -> bytes | None:
        raise AssertionError("it serves none")
