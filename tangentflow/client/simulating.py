"""Simulated runs that take outcomes over from earlier ones, and can be reused themselves."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from tangentflow.argo.taken import Source
from tangentflow.client.cached import Candidate
from tangentflow.client.given import given
from tangentflow.client.placed import Placed
from tangentflow.client.plan import Plan
from tangentflow.client.records import Record
from tangentflow.client.reusing import reused
from tangentflow.engine.run import Run
from tangentflow.engine.simulated import Simulated
from tangentflow.engine.simulated import simulate as simulate_graph
from tangentflow.errors import UsageError
from tangentflow.graph.nodes import Graph

__all__ = ["simulate"]


def simulate(
    graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, workers: int | None = None, reuse: Run | None = None,
    cache: bool | None = None,
) -> Simulated:  # fmt: skip
    """Run the document of a graph with these arguments; return the finished run. `reuse` is an earlier simulation of which step runs are taken over.

    Steps with `cache` find their values in it too, wherever it has them; `cache` True: all steps do, False: none.

    Raises UsageError if `reuse` is no simulated run.
    """
    record, earlier = None, {}
    if reuse is not None:
        if not isinstance(reuse, Simulated):
            raise UsageError(
                f"a simulation can reuse a simulated run, as `.simulate(...)` returns it, and not {reuse!r}: what other runs recorded lies elsewhere"
            )
        record = record_of(reuse)
        earlier = {source.uid: reuse.artifacts for source in (record.source, *record.sources)}
    candidates = (
        [Candidate(record, [step for step in reuse.steps if step.status == "Succeeded"])] if record and reuse else []
    )
    with closing(Placed(record)) if record else nullcontext() as before:
        found = reused(graph, args, kwargs, before, candidates, cache)
    run = simulate_graph(
        graph,
        args,
        kwargs,
        workers=workers,
        taken=found.taken,
        told=found.told,
        earlier={k: v for k, v in earlier.items() if (v / k).exists()},
    )
    run.holds = reuse
    run.notes += found.notes
    overridden: dict[str, bytes] = {}
    run.overridden = overridden
    own = record_of(run)
    run.record = lambda: Placed(own)
    for step in run.steps:
        step.why = step.why or found.told.get("why", {}).get(step.path, "")
        if step.place is not None:
            step.given = partial(given, own, step)
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
