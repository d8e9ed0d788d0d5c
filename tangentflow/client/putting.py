"""Putting what the document of a run cannot carry into the artifact repository, where its pods find it."""

from __future__ import annotations

from collections.abc import Mapping

from tangentflow.client.artifacts import TO_REPOSITORY, StoredArtifacts, at_address, of_repository, without_advice
from tangentflow.client.cluster import Cluster
from tangentflow.client.settings import Settings
from tangentflow.errors import ClusterError, UsageError

__all__ = ["put"]

_ASKED = 20
"""So many of the latest runs are asked which repository the namespace has."""


def put(files: Mapping[str, Mapping[str, bytes]], cluster: Cluster, settings: Settings, chosen: object = None) -> None:
    """Write files into the artifact repository, by their keys; those of one kind are named by what they are.

    `chosen` is the `artifactRepositoryRef` of the workflow that will read them. Raises UsageError if this machine cannot.
    """
    found = {key: data for kind in files.values() for key, data in kind.items()}
    if not found:
        return
    try:
        _repository(cluster, settings, chosen).write(found)
    except ClusterError as error:
        sizes = {what: sum(map(len, kind.values())) for what, kind in files.items()}
        told = " and ".join(f"the {what} ({size:,} bytes)" for what, size in sizes.items() if size)
        raise UsageError(
            f"{told} must be put into the artifact repository of the cluster, which this machine cannot do: {without_advice(error)}; {TO_REPOSITORY}"
        ) from error


def _repository(cluster: Cluster, settings: Settings, chosen: object) -> StoredArtifacts:
    """Return the repository that is named, else that of the latest run which chose the same one and tells of it."""
    if settings.artifacts:
        return at_address(settings.artifacts)
    for seen in cluster.list()[:_ASKED]:
        workflow = cluster.get(seen.name)
        found = (workflow.get("status") or {}).get("artifactRepositoryRef") or {}
        if found.get("artifactRepository") and workflow["spec"].get("artifactRepositoryRef") == chosen:
            return of_repository(found["artifactRepository"], cluster.secret)
    raise ClusterError("no address of it is known")
