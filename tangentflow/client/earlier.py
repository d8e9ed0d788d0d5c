"""The record of an earlier run, wherever that run was: on this machine, simulated, or on a cluster."""

from __future__ import annotations

import os
from pathlib import Path

from tangentflow.engine.journal import reading
from tangentflow.engine.reuse import Earlier, earlier_run
from tangentflow.engine.run import Run
from tangentflow.engine.store import locate
from tangentflow.errors import UsageError

__all__ = ["earlier", "is_stored", "nowhere"]


def earlier(reuse: Run | str, store: str | os.PathLike[str] | bool | None = None) -> Earlier:
    """Return the record of a run: of this object, or of this id. An id is looked for in the store, then on the cluster if there is one.

    To be closed. Raises UsageError if there is no such run or it has nothing on record, ClusterError if the cluster does not answer.
    """
    if isinstance(reuse, str):
        return _of_id(reuse, locate(store))
    if not isinstance(reuse, Run):
        raise UsageError(f"reuse must be a run or the id of one, not {reuse!r}")
    if reuse.folder is not None:
        return earlier_run(reuse.id, reuse.folder, _on_cluster)
    if reuse.record is None:
        raise UsageError(f"run {reuse.id} has nothing on record that could be reused")
    return reuse.record()


def _of_id(id: str, folder: Path | None) -> Earlier:
    if folder is not None and is_stored(id, folder):
        return earlier_run(id, folder, _on_cluster)
    return _on_cluster(id, folder)


def nowhere(id: str, folder: Path | None, why: object = None) -> UsageError:
    """Return that a run is neither in a store nor on the cluster, and why not there; None: there is no cluster."""
    store = "in a store, since store=False switches it off," if folder is None else f"in the store {folder}"
    if why is None:
        return UsageError(
            f"there is no run {id!r} {store.rstrip(',')}, and no cluster is configured that could have it"
        )
    return UsageError(f"there is no run {id!r}, neither {store} nor on the cluster: {why}")


def is_stored(id: str, folder: Path | None) -> bool:
    """Whether a run is in a store."""
    if folder is None:
        return False
    with reading(folder) as journal:
        return journal is not None and journal.find(id) is not None


def _on_cluster(id: str, folder: Path | None) -> Earlier:
    """Return the record of a run on the cluster. `folder` is the store in which it is not."""
    from tangentflow.client.find import on_cluster  # what submits is loaded where there is a cluster to ask

    return on_cluster(id, folder).earlier()
