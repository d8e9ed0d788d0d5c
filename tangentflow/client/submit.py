"""Submitting a workflow, and finding its runs on the cluster again."""

from __future__ import annotations

import os
import secrets
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any, cast

from tangentflow.argo.document import submission
from tangentflow.argo.notes import notes
from tangentflow.client.begun import note_submission
from tangentflow.client.cached import Candidate, is_cached
from tangentflow.client.cluster import Cluster, Json, Snapshot, connect, snapshot
from tangentflow.client.earlier import earlier, is_stored, nowhere
from tangentflow.client.putting import put
from tangentflow.client.reusing import Reused, reused
from tangentflow.client.run import ArgoRun
from tangentflow.client.settings import Settings
from tangentflow.decorators import WorkflowFunction
from tangentflow.engine.reuse import Earlier
from tangentflow.engine.run import Run
from tangentflow.engine.store import locate
from tangentflow.errors import ClusterError, UsageError
from tangentflow.graph.nodes import Graph

__all__ = ["attached", "foreseen", "submit", "submitted"]

SUBMISSION = "tangentflow.dev/submission"
"""The annotation by which a client knows the workflow that it has created, should the answer get lost."""

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_TRIES = 4
PAUSE = 0.2
LOOKED_AT = 20
"""In so many runs, the latest ones of the namespace, values of cached steps are looked for."""


def submit(
    graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any], *,
    namespace: str | None = None, artifacts: str | None = None, reuse: Run | str | None = None,
    cache: bool | None = None, store: str | os.PathLike[str] | bool | None = None,
) -> ArgoRun:  # fmt: skip
    """Submit a graph with these arguments; return the live run at once.

    `reuse` is an earlier run of which step runs are taken over, of whatever kind, or the id of one in the store or on the cluster. `cache` True: as if
    every step had it, False: no earlier value is used.

    `namespace` is the cluster's (default: ARGO_NAMESPACE, or that of the kubeconfig's context); `artifacts` the address of the artifact
    repository as this machine reaches it, if it is not to be asked for: arguments that a document cannot carry are put there. Raises TypeError for
    arguments that do not fit, UsageError if no cluster is configured or they cannot be put there, ClusterError if it cannot be reached or refuses
    the workflow.
    """
    settings = Settings.of({"namespace": namespace, "artifacts": artifacts})
    if reuse is None and not is_cached(graph, cache):
        found = reused(graph, args, kwargs, None)
        made = submission(graph, args, kwargs, told=found.told)
        cluster = connect(settings)
    else:
        cluster = connect(settings)
        found = _reused(graph, args, kwargs, cluster, settings, reuse, cache, store)
        made = submission(graph, args, kwargs, found.taken, found.told)
    chosen = made.document["spec"].get("artifactRepositoryRef")
    put({"values that are taken over": found.files, "arguments": made.files}, cluster, settings, chosen)
    run = ArgoRun(cluster, _create(cluster, _named(made.document, settings)), settings.artifacts)
    run.notes = [*notes(graph), *found.notes]
    note_submission(locate(None), run.uid, cast("WorkflowFunction[..., Any]", graph.bindings[graph.root]))
    return run


def foreseen(
    graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any], *,
    namespace: str | None = None, artifacts: str | None = None, reuse: Run | str | None = None,
    cache: bool | None = None, store: str | os.PathLike[str] | bool | None = None,
) -> Reused:  # fmt: skip
    """Return what `submit` would take over from earlier runs. Nothing is submitted and no step runs. Raises what `submit` raises."""
    settings = Settings.of({"namespace": namespace, "artifacts": artifacts})
    return _reused(graph, args, kwargs, connect(settings), settings, reuse, cache, store)


def _reused(
    graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any], cluster: Cluster, settings: Settings, reuse: Run | str | None,
    cache: bool | None, store: str | os.PathLike[str] | bool | None,
) -> Reused:  # fmt: skip
    if isinstance(reuse, str) and not is_stored(reuse, locate(store)):
        reuse = _submitted(reuse, cluster, settings, locate(store))
    with closing(_earlier(reuse, cluster, store)) if reuse is not None else nullcontext() as before:
        candidates = _candidates(cluster, settings)
        return reused(graph, args, kwargs, before, candidates, cache, lies_here=isinstance(reuse, ArgoRun))


def _candidates(cluster: Cluster, settings: Settings) -> Iterator[Candidate]:
    """Yield the latest runs that are over and tell of their code, newest first."""
    over = [found for found in cluster.list() if found.over]
    for found in over[:LOOKED_AT]:
        run = ArgoRun(cluster, found, settings.artifacts)
        try:
            record = run.receipts
        except UsageError:  # of another origin, or made by an earlier version
            continue
        yield Candidate(record, [step for step in run.argo_steps() if step.status == "Succeeded"])


def _submitted(id: str, cluster: Cluster, settings: Settings, folder: Path | None) -> ArgoRun:
    """Return the run of an id that is not in the store `folder`."""
    try:
        return ArgoRun(cluster, cluster.peek(id), settings.artifacts)
    except ClusterError as error:
        if error.status != 404:
            raise
        raise nowhere(id, folder, error) from error


def _earlier(reuse: Run | str, cluster: Cluster, store: str | os.PathLike[str] | bool | None) -> Earlier:
    """Return the record of the run that is to be reused."""
    if isinstance(reuse, ArgoRun) and reuse.namespace != cluster.namespace:
        raise UsageError(
            f"the run {reuse.id} is in the namespace {reuse.namespace}, and pods of {cluster.namespace} do not reach what it recorded"
        )
    return earlier(reuse, store)


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
