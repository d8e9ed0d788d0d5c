"""Finding runs again, wherever they are: in a store on this machine, or on a cluster."""

from __future__ import annotations

import os
from pathlib import Path

from tangentflow.client.earlier import nowhere
from tangentflow.client.run import ArgoRun
from tangentflow.client.submit import attached, submitted
from tangentflow.engine.history import StoredRun, find_run
from tangentflow.engine.history import attach as attach_stored
from tangentflow.engine.history import runs as stored_runs
from tangentflow.engine.run import Run
from tangentflow.engine.store import locate
from tangentflow.errors import ClusterError

__all__ = ["attach", "find", "is_named", "on_cluster", "runs"]

Place = str | os.PathLike[str] | None


def attach(id: str, store: Place = None, *, namespace: str | None = None, artifacts: str | None = None) -> Run:
    """Return a run by its id, live if it is not finished: one of a store, or one that was submitted to a cluster.

    With `store` (a directory) it is looked for there alone, with `namespace` on the cluster alone; without either in the store of runs
    without the option, then on the cluster if there is one. `artifacts` is the address of the cluster's artifact repository as this machine
    reaches it. Raises UsageError or ClusterError if there is no such run.
    """
    if store is not None or (namespace is None and _is_stored(id, whole=True)):
        return attach_stored(id, store)
    return on_cluster(id, locate(None), namespace, artifacts)


def runs(store: Place = None, *, namespace: str | None = None, artifacts: str | None = None) -> list[Run]:
    """Return runs, newest first: finished ones, those under way, and those whose process was killed.

    With `store` those of that directory, with `namespace` those on the cluster; without either those of the store of runs without the option,
    and those on the cluster where ARGO_SERVER, ARGO_NAMESPACE or KUBECONFIG names one.
    """
    found: list[tuple[float, Run]] = []
    if namespace is None and (store is not None or locate(None) is not None):
        found += [(run.started, run) for run in stored_runs(store) if isinstance(run, StoredRun)]
    if namespace is not None or (store is None and is_named()):
        found += [(run.created, run) for run in submitted(namespace=namespace, artifacts=artifacts)]
    return [run for _, run in sorted(found, key=lambda pair: pair[0], reverse=True)]


def find(id: str, store: Place = None, namespace: str | None = None) -> StoredRun | ArgoRun:
    """Return a run by its id as `attach` does; one of a store by the beginning of its id too."""
    if store is not None or (namespace is None and _is_stored(id, whole=False)):
        return find_run(id, store)
    return on_cluster(id, locate(None), namespace)


def is_named() -> bool:
    """Whether the environment names a cluster."""
    return any(os.environ.get(name) for name in ("ARGO_SERVER", "ARGO_NAMESPACE", "KUBECONFIG"))


def _is_stored(id: str, whole: bool) -> bool:
    if locate(None) is None:
        return False
    return any(run.id == id or (run.id.startswith(id) and not whole) for run in stored_runs())


def on_cluster(id: str, folder: Path | None, namespace: str | None = None, artifacts: str | None = None) -> ArgoRun:
    """Return a run on the cluster by its id; `folder` is the store in which it is not. Raises UsageError or ClusterError if there is none."""
    own = (Path.home() / ".kube" / "config").exists() or bool(os.environ.get("KUBERNETES_SERVICE_HOST"))
    if namespace is None and not own and not is_named():
        raise nowhere(id, folder)
    try:
        return attached(id, namespace=namespace, artifacts=artifacts)
    except ClusterError as error:
        if error.status == 404 and namespace is None:
            raise nowhere(id, folder, error) from error
        raise
