"""All that is known of one flow, side by side: its nodes and where they stand, their source, and the pods that run them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, cast

from tangentflow.argo.document import planned
from tangentflow.argo.shape import FlowPlan
from tangentflow.argo.taken import NOTHING, Taken
from tangentflow.decorators import WorkflowFunction
from tangentflow.errors import UsageError
from tangentflow.explain.program import Program
from tangentflow.graph.edges import Edge, edges, places
from tangentflow.graph.lines import Lines, lines_of
from tangentflow.graph.nodes import Flow, Graph, If, Node, Try
from tangentflow.merged import MergedWorkflow
from tangentflow.source.find import find

__all__ = ["View", "views"]

_INDICES = "ijklmnpqrstuvw"


@dataclass
class View:
    """A flow with everything that explains it."""

    flow: Flow
    programs: tuple[Program, ...]
    plan: FlowPlan
    templates: Mapping[str, Any]
    root: bool
    _edges: dict[str, list[Edge]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.places = places(self.flow)
        for edge in edges(self.flow):
            self._edges.setdefault(edge.target, []).append(edge)

    @property
    def program(self) -> Program:
        """The source that the flow was made of; of a merged workflow, that of its first part."""
        return self.programs[0]

    def only(self, program: Program) -> View:
        """Return what is seen with one of the programs alone."""
        return replace(self, programs=(program,))

    def at(self, node: Node) -> Program:
        """Return the program that a node stands in."""
        return next((program for program in self.programs if program.holds(node.origin)), self.program)

    def own(self) -> list[Node]:
        """Return the nodes that stand in the programs."""
        return [node for node in self.places.nodes.values() if any(p.holds(node.origin) for p in self.programs)]

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that the user wrote, as opposed to those that the compiler made."""
        return frozenset().union(*[program.names for program in self.programs])

    @cached_property
    def lines(self) -> Lines:
        """The regenerated source, statement by statement."""
        return lines_of(self.flow)

    def waits(self, node: str) -> list[Edge]:
        """Return what a node waits for."""
        return self._edges.get(node, [])

    def path(self, node: str) -> str:
        """Return the name of a node with an index for each loop around it: `loop[i].fit`."""
        shown, done = "", 0
        for index, loop in zip(_INDICES, self.places.loops(node), strict=False):
            shown += f"{node[done : len(loop)]}[{index}]"
            done = len(loop)
        return shown + node[done:]

    def inner_loop(self, node: str) -> str | None:
        """Return the innermost loop around a node."""
        return next(reversed(self.places.loops(node)), None)

    def parts(self, node: str) -> list[tuple[If | Try, int]]:
        """Return the branches around a node up to the loop around it, outermost first, each with the region that it stands in."""
        found: list[tuple[If | Try, int]] = []
        around = [*self.places.parents[node], node]
        for parent, child in pairwise(around):
            owner = self.places.nodes[parent]
            if not isinstance(owner, (If, Try)):
                found = []
                continue
            index = next(i for i, region in enumerate(owner.regions) if any(inner.id == child for inner in region))
            found.append((owner, index))
        return found


def views(graph: Graph, taken: Taken = NOTHING) -> list[View]:
    """Return the views of a graph's flows, the one that a run starts with first, for a run that takes something over.

    Raises UsageError for a graph without functions.
    """
    for flow in graph.flows:
        if not isinstance(graph.bindings.get(flow.key), WorkflowFunction):
            raise UsageError(
                f"this graph is bound to no functions, so the source of {flow.name} is not known; compile the workflow, "
                "and ask its own graph"
            )
    plans, document = planned(graph, taken)
    templates = {template["name"]: template for template in document["spec"]["templates"]}
    first = graph.main
    return [
        View(flow, tuple(_programs(graph.bindings[flow.key])), plans[flow.key], templates, flow is first)
        for flow in [first, *(flow for flow in graph.flows if flow is not first)]
    ]


def _programs(workflow: object) -> Iterator[Program]:
    assert isinstance(workflow, WorkflowFunction)
    if not isinstance(workflow, MergedWorkflow):
        yield Program(find(cast(Any, workflow.function)))
        return
    for part in workflow.parts:
        yield from _programs(part.workflow)
