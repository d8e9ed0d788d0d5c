"""Simulated runs that take outcomes over from earlier ones, and can be reused themselves."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from tangentflow.argo.taken import Source
from tangentflow.client.cached import Candidate
from tangentflow.client.earlier import earlier
from tangentflow.client.given import given
from tangentflow.client.placed import Placed
from tangentflow.client.plan import Plan
from tangentflow.client.records import Record
from tangentflow.client.reusing import reused
from tangentflow.engine.run import Run
from tangentflow.engine.simulated import Simulated
from tangentflow.engine.simulated import simulate as simulate_graph
from tangentflow.graph.nodes import Graph

__all__ = ["simulate"]


def simulate(
    graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, workers: int | None = None, reuse: Run | str | None = None,
    cache: bool | None = None, store: str | os.PathLike[str] | bool | None = None,
) -> Simulated:  # fmt: skip
    """Run the document of a graph with these arguments; return the finished run.

    `reuse` is an earlier run of which step runs are taken over, of whatever kind, or the id of one in the store or on the cluster. Of a simulated one
    steps with `cache` find their values too, wherever it has them; `cache` True: all steps do, False: none.

    Raises UsageError if there is no such run, ClusterError if its record cannot be read.
    """
    folders: dict[str, Path] = {}
    candidates = []
    own = reuse if isinstance(reuse, Simulated) else None
    with closing(earlier(reuse, store)) if reuse is not None else nullcontext() as before:
        if own is not None:
            record = record_of(own)
            folders = {source.uid: own.artifacts for source in (record.source, *record.sources)}
            candidates = [Candidate(record, [step for step in own.steps if step.status == "Succeeded"])]
        found = reused(graph, args, kwargs, before, candidates, cache, lies_here=own is not None)
    run = simulate_graph(
        graph,
        args,
        kwargs,
        workers=workers,
        taken=found.taken,
        told=found.told,
        earlier={uid: folder for uid, folder in folders.items() if (folder / uid).exists()},
        files=found.files,
    )
    run.holds = own
    run.notes += found.notes
    overridden: dict[str, bytes] = {}
    run.overridden = overridden
    record = record_of(run)
    run.record = partial(Placed, record)
    for step in run.steps:
        step.why = step.why or found.told.get("why", {}).get(step.path, "")
        if step.place is not None:
            step.given = partial(given, record, step)
            step.overriding = overridden.__setitem__
    return run


def record_of(run: Simulated) -> Record:
    """Return what a simulated run has on record."""
    uid, folder = run.simulation.uid, run.artifacts
    metadata = {"name": run.id, "uid": uid}
    plan = Plan({"metadata": metadata, "spec": run.document["spec"]})
    return Record(plan, Source(uid, run.id), partial(_read, folder), run.overridden)


def _read(folder: Path, source: Source, name: str) -> bytes | None:
    file = folder / source.uid / name
    return file.read_bytes() if file.is_file() else None
