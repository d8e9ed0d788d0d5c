"""What a run on Argo, or a simulated one, takes over from an earlier run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tangentflow.argo.taken import NOTHING, Place, Taken
from tangentflow.client.codes import codes_of
from tangentflow.client.prerun import Prerun
from tangentflow.client.records import Record
from tangentflow.client.survey import Survey, TooMuch
from tangentflow.engine.identity import Identity
from tangentflow.graph.nodes import Graph

__all__ = ["Reused", "reused"]


@dataclass(frozen=True)
class Reused:
    """What a run takes over, what its document tells of its code, and notes about what could not be taken over."""

    taken: Taken
    told: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)


def reused(graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any], record: Record | None) -> Reused:
    """Return what a run of a graph with these arguments takes over from an earlier run.

    Raises ClusterError where the record cannot be read, UsageError for a value that was overridden with one that is too large to be carried.
    """
    identity = Identity()
    told = codes_of(graph, identity)
    if record is None:
        return Reused(NOTHING, told)
    without: frozenset[Place] = frozenset()
    notes: list[str] = []
    while True:
        prerun = Prerun(graph, args, kwargs, record, identity, without)
        machine = prerun.run()
        try:
            taken = Survey(prerun, machine).taken()
        except TooMuch as refused:
            without |= {refused.site}
            notes.append(f"nothing of {refused.site[1]} is taken over from run {record.source.run}: {refused}")
            continue
        return Reused(taken, {**told, "why": prerun.why}, notes)
