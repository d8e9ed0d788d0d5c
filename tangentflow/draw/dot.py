"""Graphs as Graphviz digraphs."""

from __future__ import annotations

from collections.abc import Iterator

from tangentflow.draw.picture import Box, Group, picture
from tangentflow.graph.nodes import Graph

__all__ = ["to_dot"]

_BOXES = {
    "step": "shape=box",
    "effect": "shape=box, penwidth=2.5",
    "glue": "shape=box, style=dashed",
    "call": "shape=box, peripheries=2",
    "test": "shape=diamond",
    "start": "shape=oval",
    "end": "shape=oval",
}
_GROUPS = {
    "flow": "style=solid, color=gray",
    "parallel": 'style="rounded,filled", fillcolor="#eef6ee", color="#88aa88"',
    "serial": 'style="rounded,filled", fillcolor="#f3eefa", color="#9988bb"',
    "arm": "style=dotted",
}


def to_dot(graph: Graph) -> str:
    """Return the text of a digraph; dotted edges stand for order without data."""
    drawn = picture(graph)
    out = [
        f"digraph {_quoted(graph.main.name)} {{",
        "    compound=true;",
        '    node [fontname="monospace", fontsize=11];',
        '    edge [fontname="monospace", fontsize=10];',
        '    graph [fontname="monospace", fontsize=11];',
    ]
    if len(drawn.groups) == 1:
        out += [line for child in drawn.groups[0].children for line in _child(child, 1)]
    else:
        out += [line for group in drawn.groups for line in _child(group, 1)]
    for link in drawn.links:
        options = [f"label={_quoted(link.label)}"] if link.label else []
        if link.shape == "order":
            options.append("style=dotted")
        if isinstance(link.source, Group):
            options.append(f"ltail=cluster_{link.source.id}")
        if isinstance(link.target, Group):
            options.append(f"lhead=cluster_{link.target.id}")
        said = f" [{', '.join(options)}]" if options else ""
        out.append(f"    {_box(link.source, -1).id} -> {_box(link.target, 0).id}{said};")
    return "\n".join([*out, "}"]) + "\n"


def _box(end: Box | Group, index: int) -> Box:
    """Return the box that an edge of Graphviz ends at: for a group its first or last one."""
    return end if isinstance(end, Box) else list(end.boxes())[index]


def _child(child: Box | Group, depth: int) -> Iterator[str]:
    margin = "    " * depth
    if isinstance(child, Box):
        yield f"{margin}{child.id} [label={_quoted(child.label)}, {_BOXES[child.shape]}, tooltip={_quoted(child.note)}];"
        return
    yield f"{margin}subgraph cluster_{child.id} {{"
    yield f"{margin}    label={_quoted(child.label)}; {_GROUPS[child.shape].replace(', ', '; ')};"
    for inner in child.children:
        yield from _child(inner, depth + 1)
    yield f"{margin}}}"


def _quoted(text: str) -> str:
    """Return a string of Graphviz that stands for `text` as it is: no escape of its own has a meaning in it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
