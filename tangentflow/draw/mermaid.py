"""Graphs as Mermaid flowcharts."""

from __future__ import annotations

from collections.abc import Iterator

from tangentflow.draw.picture import Box, Group, picture
from tangentflow.graph.nodes import Graph

__all__ = ["to_mermaid"]

_BOXES = {
    "step": ('["', '"]'),
    "effect": ('["', '"]'),
    "glue": ('("', '")'),
    "call": ('[["', '"]]'),
    "test": ('{{"', '"}}'),
    "start": ('(["', '"])'),
    "end": ('(["', '"])'),
}
_LINKS = {"data": "-->", "order": "-.->", "branch": "-->"}
_STYLES = (
    "classDef effect stroke-width:3px",
    "classDef glue stroke-dasharray:3",
)
_ESCAPED = {char: f"#{ord(char)};" for char in '"#<>&`\\%'}


def to_mermaid(graph: Graph) -> str:
    """Return the text of a flowchart, from top to bottom; dotted arrows stand for order without data."""
    drawn = picture(graph)
    out = ["flowchart TB"]
    if len(drawn.groups) == 1:
        out += [line for child in drawn.groups[0].children for line in _child(child, 1)]
    else:
        out += [line for group in drawn.groups for line in _child(group, 1)]
    for link in drawn.links:
        label = f"|{link.label}|" if link.label else ""
        out.append(f"    {link.source.id} {_LINKS[link.shape]}{label} {link.target.id}")
    used = {box.shape for group in drawn.groups for box in group.boxes()}
    for style in _STYLES:
        if style.split()[1] in used:
            out.append(f"    {style}")
    return "\n".join(out) + "\n"


def _child(child: Box | Group, depth: int) -> Iterator[str]:
    margin = "    " * depth
    if isinstance(child, Box):
        left, right = _BOXES[child.shape]
        mark = f":::{child.shape}" if child.shape in ("effect", "glue") else ""
        yield f"{margin}{child.id}{left}{_escaped(child.label)}{right}{mark}"
        return
    yield f'{margin}subgraph {child.id}["{_escaped(child.label)}"]'
    for inner in child.children:
        yield from _child(inner, depth + 1)
    yield f"{margin}end"


def _escaped(text: str) -> str:
    """Write what Mermaid would read as its own or as HTML by number."""
    return "".join(_ESCAPED.get(char, char) for char in text)
