"""The variables that are the same everywhere in a workflow: `workflow.*`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from tangentflow.simulator.document import Document
from tangentflow.simulator.nodes import Node, pod_name

__all__ = ["failures", "global_values"]


def global_values(
    document: Document, name: str, uid: str, parameters: Mapping[str, str], started: float
) -> dict[str, Any]:
    """Return the values of a workflow that runs."""
    spec = document.spec
    created = _time(started)
    values: dict[str, Any] = {
        "workflow.name": name,
        "workflow.namespace": document.namespace,
        "workflow.mainEntrypoint": spec.get("entrypoint", ""),
        "workflow.serviceAccountName": spec.get("serviceAccountName", ""),
        "workflow.uid": uid,
        "workflow.creationTimestamp": created,
        "workflow.creationTimestamp.RFC3339": created,
        "workflow.creationTimestamp.s": str(int(started)),
        "workflow.status": "Running",
        "workflow.duration": "0.000000",
    }
    if "priority" in spec:
        values["workflow.priority"] = str(spec["priority"])
    for key, table in (("labels", document.labels), ("annotations", document.annotations)):
        values[f"workflow.{key}"] = values[f"workflow.{key}.json"] = json.dumps(dict(table), sort_keys=True)
        values.update({f"workflow.{key}.{k}": v for k, v in table.items()})
    listed = json.dumps([{"name": k, "value": v} for k, v in parameters.items()], ensure_ascii=False)
    values["workflow.parameters"] = values["workflow.parameters.json"] = listed
    values.update({f"workflow.parameters.{k}": v for k, v in parameters.items()})
    return values


def failures(workflow: str, nodes: Iterable[Node]) -> str:
    """Return the failed nodes as the quoted JSON list that an exit handler can read."""
    failed = [
        {
            "displayName": node.display_name,
            "message": node.message,
            "templateName": node.template,
            "phase": node.phase,
            "podName": pod_name(workflow, node.name, node.template),
            "finishedAt": _time(node.finished or 0),
        }
        for node in nodes
        if node.failed
    ]
    return json.dumps(json.dumps(failed, separators=(",", ":")) if failed else "null")


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
