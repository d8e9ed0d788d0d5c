"""Submitting a workflow, and finding its runs on the cluster again."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Mapping
from typing import Any

from tangentflow.argo.document import document
from tangentflow.argo.notes import notes
from tangentflow.client.cluster import Cluster, Json, Snapshot, connect, snapshot
from tangentflow.client.run import ArgoRun
from tangentflow.client.settings import Settings
from tangentflow.errors import ClusterError
from tangentflow.graph.nodes import Graph

__all__ = ["attached", "submit", "submitted"]

SUBMISSION = "tangentflow.dev/submission"
"""The annotation by which a client knows the workflow that it has created, should the answer get lost."""

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_TRIES = 4
PAUSE = 0.2


def submit(
    graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any], *,
    namespace: str | None = None, artifacts: str | None = None,
) -> ArgoRun:  # fmt: skip
    """Submit a graph with these arguments; return the live run at once.

    `namespace` is the cluster's (default: ARGO_NAMESPACE, or that of the kubeconfig's context); `artifacts` the address of the artifact
    repository as this machine reaches it, if it is not to be asked for. Raises TypeError for arguments that do not fit, UsageError if no
    cluster is configured, ClusterError if it cannot be reached or refuses the workflow.
    """
    made = document(graph, args, kwargs, call=True)
    settings = Settings.of({"namespace": namespace, "artifacts": artifacts})
    cluster = connect(settings)
    run = ArgoRun(cluster, _create(cluster, _named(made, settings)), settings.artifacts)
    run.notes = notes(graph)
    return run


def attached(id: str, *, namespace: str | None = None, artifacts: str | None = None) -> ArgoRun:
    """Return the run of this id, live if it is not finished. Raises ClusterError if there is none."""
    settings = Settings.of({"namespace": namespace, "artifacts": artifacts})
    cluster = connect(settings)
    return ArgoRun(cluster, cluster.peek(id), settings.artifacts)


def submitted(*, namespace: str | None = None, artifacts: str | None = None) -> list[ArgoRun]:
    """Return all runs that the cluster knows, newest first."""
    settings = Settings.of({"namespace": namespace, "artifacts": artifacts})
    cluster = connect(settings)
    return [ArgoRun(cluster, found, settings.artifacts) for found in cluster.list()]


def _named(made: Json, settings: Settings) -> Json:
    """Return a document with a name of its own, so that creating it twice creates it once."""
    metadata = dict(made["metadata"])
    metadata["name"] = metadata.pop("generateName") + "".join(secrets.choice(_LETTERS) for _ in range(5))
    metadata["annotations"] = {**metadata.get("annotations", {}), SUBMISSION: str(uuid.uuid4())}
    if settings.instance:
        labels = {**metadata.get("labels", {}), "workflows.argoproj.io/controller-instanceid": settings.instance}
        metadata["labels"] = labels
    return {**made, "metadata": metadata}


def _create(cluster: Cluster, made: Json) -> Snapshot:
    """Create a workflow, again if no answer comes."""
    pause = PAUSE
    for left in reversed(range(_TRIES)):
        try:
            return snapshot(cluster.create(made))
        except ClusterError as error:
            mine = _mine(cluster, made) if error.status == 409 else None
            if mine is not None:
                return mine
            if not error.passing or not left:
                raise
        time.sleep(pause)
        pause *= 3
    raise AssertionError("the last try returns or raises")


def _mine(cluster: Cluster, made: Json) -> Snapshot | None:
    """Return the workflow of this name if an earlier try has created it."""
    found = cluster.get(made["metadata"]["name"])
    annotations = found["metadata"].get("annotations") or {}
    return snapshot(found) if annotations.get(SUBMISSION) == made["metadata"]["annotations"][SUBMISSION] else None
