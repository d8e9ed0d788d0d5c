"""What a picture of a graph shows, whatever it is drawn with: boxes, groups around them, links between them.

Each flow is a group; so is the body of each loop and each arm of a branch that holds more than one thing. Ids are numbers in program
order, so equal graphs give equal pictures and no name can break a drawing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tangentflow.graph.edges import RESULT, START, Edge, edges
from tangentflow.graph.lines import Lines, lines_of, spelled
from tangentflow.graph.nodes import Call, Flow, Glue, Graph, If, Loop, Map, Node, Region, Try
from tangentflow.graph.printing import headline, how, part_name, results, shorten, where

__all__ = ["Box", "Group", "Link", "Picture", "picture"]

_LABEL = 48


@dataclass(eq=False)
class Box:
    """A call, the test of a branch, or an end of a flow. `shape`: step, effect, glue, call, test, start, end."""

    id: str
    label: str
    shape: str
    note: str


@dataclass(eq=False)
class Group:
    """A region. `shape`: flow, parallel, serial, arm."""

    id: str
    label: str
    shape: str
    note: str
    children: list[Box | Group] = field(default_factory=list)

    def boxes(self) -> Iterator[Box]:
        """Yield the boxes in it, inner groups included."""
        for child in self.children:
            if isinstance(child, Box):
                yield child
            else:
                yield from child.boxes()


@dataclass(frozen=True, eq=False)
class Link:
    """An arrow. `shape`: data, order (nothing but the end of the source is waited for), branch. Its ends may be groups."""

    source: Box | Group
    target: Box | Group
    shape: str
    label: str = ""


@dataclass(frozen=True, eq=False)
class Picture:
    """The flows of a graph, the one that a run starts with first, and all links."""

    groups: list[Group]
    links: list[Link]


def picture(graph: Graph) -> Picture:
    """Return what a picture of the graph shows."""
    drawn = Picture([], [])
    first = graph.main
    numbers = iter(range(1_000_000))
    for flow in [first, *(flow for flow in graph.flows if flow is not first)]:
        _Drawer(flow, drawn, numbers).draw()
    return drawn


class _Drawer:
    """Draws one flow into a picture."""

    def __init__(self, flow: Flow, drawn: Picture, numbers: Iterator[int]) -> None:
        self.flow = flow
        self.drawn = drawn
        self.numbers = numbers
        self.lines: Lines = lines_of(flow)
        self.found: dict[str, Box | Group] = {}
        self.edges: list[Edge] = edges(flow)

    def draw(self) -> None:
        group = Group(self.id(), headline(self.flow), "flow", where(self.flow.origin))
        self.drawn.groups.append(group)
        start = Box(self.id(), shorten(headline(self.flow), _LABEL), "start", where(self.flow.origin))
        self.found[START] = start
        group.children = [start, *self.region(self.flow.body)]
        values = results(self.lines)
        end = Box(self.id(), shorten("return " + " | ".join(values), _LABEL) if values else "end", "end", "")
        self.found[RESULT] = end
        group.children.append(end)
        for edge in self.edges:
            shape = "data" if edge.data or edge.source == START else "order"
            self.drawn.links.append(Link(self.found[edge.source], self.found[edge.target], shape))
        self.branches(self.flow.body)
        self.ends(start, end)

    def id(self) -> str:
        return f"n{next(self.numbers)}"

    def region(self, region: Region) -> list[Box | Group]:
        return [drawn for node in region for drawn in self.node(node)]

    def node(self, node: Node) -> list[Box | Group]:
        text = spelled(self.lines, node.id)
        note = "\n".join(part for part in (text, f"{node.id}, {where(node.origin)}", how(node)) if part)
        if isinstance(node, (Map, Loop)):
            shape = "parallel" if isinstance(node, Map) else "serial"
            label = shorten(text, _LABEL) + (" · parallel" if isinstance(node, Map) else " · in order")
            group = self.found[node.id] = Group(self.id(), label, shape, note)
            group.children = self.region(node.body)
            return [group]
        if isinstance(node, If):
            test = self.found[node.id] = Box(self.id(), shorten(text.removeprefix("if "), _LABEL), "test", note)
            return [test, *self.arm(node.body, text), *self.arm(node.orelse, "else")]
        if isinstance(node, Try):
            group = self.found[node.id] = Group(self.id(), "try", "arm", note)
            for index, inner in enumerate(node.regions):
                group.children += self.arm(inner, part_name(node, index)) if index else self.region(inner)
            return [group]
        shape = (
            "call"
            if isinstance(node, Call)
            else "glue"
            if isinstance(node, Glue)
            else "effect"
            if node.effect
            else "step"
        )
        box = self.found[node.id] = Box(self.id(), shorten(text, _LABEL), shape, note)
        return [box]

    def arm(self, region: Region, text: str) -> list[Box | Group]:
        if len(region.nodes) <= 1:
            return self.region(region)
        group = Group(self.id(), shorten(text, _LABEL), "arm", text)
        group.children = self.region(region)
        return [group]

    def branches(self, region: Region) -> None:
        """Link each test with what it decides: what in an arm waits for nothing else in it."""
        for node in region:
            if isinstance(node, If):
                for arm, label in ((node.body, "yes"), (node.orelse, "no")):
                    inside = {inner.id for inner in arm.walk()}
                    fed = {edge.target for edge in self.edges if edge.source in inside}
                    for inner in arm:
                        if inner.id not in fed:
                            self.drawn.links.append(Link(self.found[node.id], self.found[inner.id], "branch", label))
            for inner_region in node.regions:
                self.branches(inner_region)

    def ends(self, start: Box, end: Box) -> None:
        """Link the ends of a flow with each other if nothing else is."""
        if not any(link.target is end for link in self.drawn.links):
            self.drawn.links.append(Link(start, end, "order"))
