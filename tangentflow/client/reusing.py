"""What a run on Argo, or a simulated one, takes over from an earlier run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tangentflow.argo.taken import NOTHING, Place, Taken
from tangentflow.client.cached import Cache, Candidate, is_cached
from tangentflow.client.codes import codes_of
from tangentflow.client.prerun import Prerun
from tangentflow.client.sources import TooMuch
from tangentflow.client.survey import Survey
from tangentflow.engine.identity import Identity
from tangentflow.engine.reuse import Earlier
from tangentflow.graph.nodes import Graph

__all__ = ["Reused", "reused"]


@dataclass(frozen=True)
class Reused:
    """What a run takes over, what its document tells of its code, and notes about what could not be taken over.

    `files` are outcomes, by key, that are to be put into the artifact repository before the run begins.
    """

    taken: Taken
    told: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)
    files: Mapping[str, bytes] = field(default_factory=dict)


def reused(
    graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any], earlier: Earlier | None, candidates: Iterable[Candidate] = (),
    mode: bool | None = None, *, lies_here: bool = True,
) -> Reused:  # fmt: skip
    """Return what a run of a graph with these arguments takes over from an earlier run, and from those that steps with `cache` find values in.

    `lies_here`: what the earlier run recorded lies where the pods of the new one find it. `mode` says which steps these are: None those that say so, True all, False none. Raises ClusterError where the record cannot be read, UsageError for a value that was overridden with one that is too large to be carried.
    """
    identity = Identity()
    told = codes_of(graph, identity)
    if earlier is None and not is_cached(graph, mode):
        return Reused(NOTHING, told)
    without: frozenset[Place] = frozenset()
    notes: list[str] = []
    with Cache(candidates, identity, mode, notes) as cache:
        while True:
            prerun = Prerun(graph, args, kwargs, earlier, lies_here, identity, cache, without)
            machine = prerun.run()
            try:
                survey = Survey(prerun, machine)
                taken = survey.taken()
            except TooMuch as refused:
                without |= {refused.site}
                notes.append(f"nothing of {refused.site[1]} is taken over: {refused}")
                continue
            if earlier is not None:
                notes += dict.fromkeys(earlier.damaged)
            return Reused(taken, {**told, "why": prerun.why}, notes, survey.sources.put)
