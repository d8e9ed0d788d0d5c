"""What a run takes over from earlier runs, as far as its document is concerned.

An outcome that is taken over has a *source*: a positive number is that of an earlier run, in whose part of the artifact repository it lies at the
same address; a negative one that of a *seed*, which the code carries. What nothing is left to do of gets no tasks (`done`). Where a template
stands for several runs of a step, some of which are taken over, its pods know which: those do not call the step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tangentflow.graph.nodes import If, Node

__all__ = ["NOTHING", "PUT", "SEEDS", "Place", "Source", "Taken", "head_of", "innermost"]

Place = tuple[str, str]
"""The key of a flow and the id of one of its nodes."""

SEEDS = "tangentflow-taken"
"""The folder of seeds in a bundle."""


PUT = "put-"
"""What the uid of a source begins with whose outcomes the client has put into the artifact repository: they are of a run that was elsewhere."""


@dataclass(frozen=True)
class Source:
    """An earlier run: the uid of its workflow, and its name."""

    uid: str
    run: str

    @property
    def is_put(self) -> bool:
        """Whether the client has put its outcomes where they are."""
        return self.uid.startswith(PUT)


@dataclass(frozen=True)
class Taken:
    """What is taken over.

    `table` gives the source of each outcome: by frame, site and text of indices. `told` says in words of a source where the
    step runs come from that are taken over from it, `of_flow` which sources a site has in all calls of its flow. `done` are nodes of which nothing is left to do wherever their region is
    run. `reached` are nodes before which no jump is left undecided, `arms` branches of which it is known which arm is run. `items` are the
    iterations of fan-outs that are left to do, `arguments` those of calls, as for constant ones. `heads`
    are those of these fan-outs of which the names at the heads of their iterations are seeds too, at a site of their own (`head_of`).
    """

    sources: Sequence[Source] = ()
    seeds: Sequence[bytes] = ()
    table: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    of_flow: Mapping[Place, frozenset[int]] = field(default_factory=dict)
    done: frozenset[Place] = frozenset()
    reached: frozenset[Place] = frozenset()
    arms: Mapping[Place, int] = field(default_factory=dict)
    items: Mapping[Place, tuple[int, ...]] = field(default_factory=dict)
    arguments: Mapping[Place, str] = field(default_factory=dict)
    heads: frozenset[Place] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.table)

    def sources_of(self, flow: str, site: str) -> list[int]:
        """Return the numbers of the earlier runs that have outcomes of a site, in whatever call of its flow."""
        return sorted(source for source in self.of_flow.get((flow, site), ()) if source > 0)

    def is_certain(self, flow: str, site: str) -> bool:
        """Whether all outcomes of a site that anything may look up lie in one earlier run."""
        return (flow, site) in self.done and len(self.of_flow.get((flow, site), ())) == 1

    def json(self) -> dict[str, Any]:
        """Return what pods and clients are told."""
        return {
            "sources": [[source.uid, source.run] for source in self.sources],
            "table": self.table,
            "told": self.told,
        }


NOTHING = Taken()


def head_of(loop: str) -> str:
    """Return the site at which the table has the heads of a fan-out."""
    return f"{loop}-head"


def innermost(node: Node) -> Node:
    """Return the node that branches stand around that only tell whether it is reached."""
    while isinstance(node, If) and node.id.endswith("-rest"):
        node = node.body.nodes[0]
    return node
