"""How large the status of a run would be on the engine: it keeps all nodes in one object, packed once that is large.

The fields are those that Argo v4.1.2 writes; what the simulator does not know (times, durations, hosts) stands in with its usual length.
"""

from __future__ import annotations

import base64
import datetime
import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tangentflow.simulator.document import read
from tangentflow.simulator.nodes import Node
from tangentflow.simulator.run import SimulatedRun

__all__ = ["LARGEST", "StatusSize", "status_size"]

LARGEST = 1 << 20
"""Bytes of a Workflow beyond which the engine packs its nodes, and beyond which, packed, it gives up (unless it may put them into a database)."""

_TIME = "2026-01-01T00:00:00Z"
_BEGAN = datetime.datetime.fromisoformat(_TIME.replace("Z", "+00:00"))

Json = dict[str, Any]


@dataclass(frozen=True)
class StatusSize:
    """Sizes in bytes: of the nodes, of the nodes packed, and of the rest of the object."""

    nodes: int
    packed: int
    rest: int

    @property
    def fits(self) -> bool:
        """Whether the engine can keep it in the object."""
        return self.rest + min(self.nodes, self.packed) < LARGEST


def status_size(document: Mapping[str, Any] | str, run: SimulatedRun) -> StatusSize:
    """Return how large the status would be in which the engine keeps a run of a document."""
    whole = read(document)
    templates = {template["name"]: template for template in whole.spec["templates"]}
    nodes = {_id(run, node.name): _entry(run, node, templates.get(node.template, {})) for node in run.nodes}
    for number, entry in enumerate(nodes.values()):  # pods of a cluster take seconds, and no two the same
        began = _BEGAN + datetime.timedelta(seconds=3 * number + number % 7)
        entry |= {"startedAt": _stamp(began), "finishedAt": _stamp(began + datetime.timedelta(seconds=3 + number % 5))}
        if "resourcesDuration" in entry:
            entry["resourcesDuration"] = {"cpu": number % 3, "memory": 3 + number % 11}
    text = _text(dict(sorted(nodes.items())))  # which is no order of time: ids are hashes
    packed = base64.b64encode(gzip.compress(text, mtime=0))
    return StatusSize(len(text), len(packed), len(_text(whole.spec)) + 1000)


def _stamp(time: datetime.datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def _id(run: SimulatedRun, name: str) -> str:
    """Return the id of a node: FNV-1a of its name behind the name of the run."""
    if name == run.name:
        return name
    number = 0x811C9DC5
    for byte in name.encode("utf-8", "surrogatepass"):
        number = (number ^ byte) * 0x01000193 & 0xFFFFFFFF
    return f"{run.name}-{number}"


def _entry(run: SimulatedRun, node: Node, template: Mapping[str, Any]) -> Json:
    pods = 1
    found: Json = {
        "id": _id(run, node.name), "name": node.name, "displayName": node.display_name, "type": node.type, "phase": node.phase,
        "templateName": node.template, "templateScope": f"local/{run.name}", "startedAt": _TIME, "finishedAt": _TIME,
        "progress": f"{pods}/{pods}", "message": node.message, "boundaryID": _id(run, node.boundary) if node.boundary else "",
        "children": [_id(run, name) for name in node.children], "outboundNodes": [_id(run, name) for name in node.outbound],
    }  # fmt: skip
    if node.type in ("Pod", "DAG", "TaskGroup", "Retry") and node.phase not in ("Skipped", "Omitted"):
        found["resourcesDuration"] = {"cpu": 0, "memory": 10}
    if node.type in ("Skipped", "TaskGroup", "Retry") or node.attempt:
        found["nodeFlag"] = {}
    inputs: Json = {"parameters": [{"name": name, "value": value} for name, value in node.inputs.items()]}
    if node.type == "Pod":
        found |= {"hostNodeName": "node-of-a-cluster", "taskResultSynced": True}
        declared = (template.get("inputs") or {}).get("artifacts", [])
        inputs["artifacts"] = [_with_key(artifact, run, node) for artifact in declared]
        outputs = (template.get("outputs") or {}).get("artifacts", [])
        saved = [_with_key(artifact, run, node) for artifact in outputs]
        own = [artifact for artifact in saved if artifact.get("s3", {}).get("key") in node.output_artifacts]
        values = [
            {"name": name, "value": value, "valueFrom": {"path": f"/tf/out/{name}"}}
            for name, value in (node.outputs or {}).items()
        ]
        found["outputs"] = _filled({"exitCode": str(node.exit_code or 0), "artifacts": own, "parameters": values})
    found["inputs"] = _filled(inputs)
    return _filled(found)


def _filled(fields: Json) -> Json:
    """Leave out what is empty, but for marks like `nodeFlag: {}`."""
    return {name: value for name, value in fields.items() if value not in ("", [], {}) or name == "nodeFlag"}


def _with_key(artifact: Mapping[str, Any], run: SimulatedRun, node: Node) -> Json:
    def put(match: re.Match[str]) -> str:
        name = match[1].strip()
        return run.uid if name == "workflow.uid" else node.inputs.get(name.removeprefix("inputs.parameters."), "")

    found = dict(artifact)
    if "s3" in found:
        found["s3"] = {"key": re.sub(r"\{\{([^{}]*)\}\}", put, found["s3"].get("key", ""))}
    return found
