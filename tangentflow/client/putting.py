"""Putting what a run elsewhere recorded into the artifact repository, where the pods of a new run find it."""

from __future__ import annotations

from collections.abc import Mapping

from tangentflow.client.artifacts import TO_REPOSITORY, StoredArtifacts, at_address, of_repository, without_advice
from tangentflow.client.cluster import Cluster
from tangentflow.client.settings import Settings
from tangentflow.errors import ClusterError, UsageError

__all__ = ["put"]

_ASKED = 20
"""So many of the latest runs are asked which repository the namespace has."""


def put(files: Mapping[str, bytes], cluster: Cluster, settings: Settings) -> None:
    """Write files into the artifact repository, by their keys. Raises UsageError if this machine cannot."""
    try:
        _repository(cluster, settings).write(files)
    except ClusterError as error:
        size = sum(map(len, files.values()))
        raise UsageError(
            f"the {len(files)} values that are taken over ({size} bytes) are not on the cluster and must be put into its artifact repository, which this machine "
            f"cannot do: {without_advice(error)}; {TO_REPOSITORY}"
        ) from error


def _repository(cluster: Cluster, settings: Settings) -> StoredArtifacts:
    """Return the repository that is named, else that of the latest run which tells of one."""
    if settings.artifacts:
        return at_address(settings.artifacts)
    for seen in cluster.list()[:_ASKED]:
        found = (cluster.get(seen.name).get("status") or {}).get("artifactRepositoryRef") or {}
        if found.get("artifactRepository"):
            return of_repository(found["artifactRepository"], cluster.secret)
    raise ClusterError("no address of it is known")
