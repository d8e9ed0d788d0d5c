"""What the rest of this package asks of a cluster, whichever way it is reached."""

from __future__ import annotations

import base64
import datetime
import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from tangentflow.client.settings import Settings
from tangentflow.errors import ClusterError

__all__ = [
    "LABEL",
    "PLURAL",
    "TIMEOUT",
    "Cluster",
    "Json",
    "Snapshot",
    "asked",
    "connect",
    "snapshot",
    "timestamp",
    "unpacked",
]

Json = dict[str, Any]
_GZIP = b"\x1f\x8b"
T = TypeVar("T")

LABEL = "tangentflow.dev/workflow"
"""The label that all workflows of this package carry; its value is the workflow's name."""

PLURAL = ("argoproj.io", "v1alpha1", "workflows")
TIMEOUT = (10.0, 60.0)
"""Seconds to wait for a connection, and for an answer."""


@dataclass(frozen=True)
class Snapshot:
    """How a workflow stands. `phase` is empty as long as no controller has taken it up; times are seconds since the epoch."""

    name: str
    uid: str
    workflow: str
    phase: str
    message: str
    shutdown: str
    created: float
    started: float | None
    finished: float | None

    @property
    def over(self) -> bool:
        """Whether nothing more happens."""
        return self.phase in ("Succeeded", "Failed", "Error")

    @property
    def status(self) -> str:
        """The status of the run."""
        if self.phase in ("Failed", "Error"):
            return "Cancelled" if self.shutdown else "Failed"
        return self.phase or "Pending"


class Cluster(Protocol):
    """One namespace of a cluster. Every method raises ClusterError."""

    namespace: str
    place: str
    """What messages call it: `Argo Server https://localhost:2746, namespace argo`."""
    serves: bool
    """Whether it hands out artifacts."""

    def create(self, document: Json) -> Json:
        """Create a workflow; return it as the cluster stored it."""

    def get(self, name: str) -> Json:
        """Return a whole workflow, the status of its nodes included."""

    def peek(self, name: str) -> Snapshot:
        """Return how a workflow stands, as cheaply as can be."""

    def list(self) -> list[Snapshot]:
        """Return all workflows of this package, newest first. What is not known of running ones is left empty."""

    def stop(self, name: str) -> None:
        """Stop a workflow; its exit handler still runs."""

    def logs(self, name: str, pod: str) -> str | None:
        """Return what a pod's main container printed; None if the pod is gone."""

    def secret(self, name: str, key: str) -> str:
        """Return a value of a secret of the namespace."""

    def artifact(self, name: str, node: str, artifact: str, rest: str) -> bytes | None:
        """Return a file of an output artifact of a node, None if there is none; of a cluster that `serves`."""


def connect(settings: Settings) -> Cluster:
    """Return the cluster of the settings: through Argo Server if one is named, else through the Kubernetes API."""
    if settings.server:
        from tangentflow.client.server import ServerCluster

        return ServerCluster(settings)
    from tangentflow.client.kube import KubeCluster

    return KubeCluster(settings)


def snapshot(workflow: Mapping[str, Any]) -> Snapshot:
    """Read a workflow, or what was asked of it."""
    metadata, status = workflow.get("metadata") or {}, workflow.get("status") or {}
    labels = metadata.get("labels") or {}
    return Snapshot(
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        workflow=labels.get(LABEL, ""),
        phase=status.get("phase") or labels.get("workflows.argoproj.io/phase", ""),
        message=status.get("message") or "",
        shutdown=(workflow.get("spec") or {}).get("shutdown") or "",
        created=timestamp(metadata.get("creationTimestamp")) or 0.0,
        started=timestamp(status.get("startedAt")),
        finished=timestamp(status.get("finishedAt")),
    )


def unpacked(workflow: Json) -> Json:
    """Return a workflow with the nodes of its status, which the engine packs if they are large; as it is if they are packed by other means than gzip."""
    status = workflow.get("status") or {}
    packed = base64.b64decode(status.get("compressedNodes") or "")
    if status.get("nodes") or not packed.startswith(_GZIP):
        return workflow
    return {**workflow, "status": {**status, "nodes": json.loads(gzip.decompress(packed))}}


def timestamp(text: str | None) -> float | None:
    """Return seconds since the epoch of a time as Kubernetes writes it."""
    if not text:
        return None
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def asked(
    doing: str, place: str, request: Callable[[], T], errors: tuple[type[Exception], ...], advice: Mapping[int, str]
) -> T:
    """Make a request of a generated client; turn its exceptions into ClusterError. `advice` says by status what to do."""
    import urllib3

    try:
        return request()
    except errors as error:
        status = int(getattr(error, "status", None) or 0)
        if not status:
            raise
        told = _told(error)
        more = f"; {advice[status]}" if status in advice else ""
        raise ClusterError(f"{doing} at {place}: {told}{more}", status) from error
    except urllib3.exceptions.HTTPError as error:
        told = _innermost(error)
        if "ssl" in told.lower():
            told += "; a server without TLS needs ARGO_SECURE=false, one with a certificate of its own SSL_CERT_FILE or ARGO_INSECURE_SKIP_VERIFY=true"
        raise ClusterError(f"{doing} at {place}: no answer: {told}") from error


def _told(error: Exception) -> str:
    """Return what a server says for itself."""
    status, reason = getattr(error, "status", ""), getattr(error, "reason", "")
    body = getattr(error, "body", "") or ""
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    message = found.get("message") if isinstance(found, dict) else " ".join(text.split())[:120]
    return f"{status} {reason}: {message}" if message else f"{status} {reason}"


def _innermost(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    inner = reason if isinstance(reason, BaseException) else error
    return f"{type(inner).__name__}: {inner}"
