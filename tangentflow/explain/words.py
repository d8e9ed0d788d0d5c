"""How things are called: nodes, lines, lists."""

from __future__ import annotations

from collections.abc import Sequence

from tangentflow.explain.view import View
from tangentflow.graph.lines import spelled
from tangentflow.graph.nodes import Call, Glue, If, Loop, Node, Step, Try

__all__ = ["both", "header", "inline", "kind", "named"]


def both(parts: Sequence[str], word: str = "and") -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    return f" {word} ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def header(view: View, node: Node) -> str:
    """Return a branch or loop as the source has it: `if a > 2`, `for x in xs`."""
    if inline(node):
        return spelled(view.lines, node.id)
    text = view.at(node).text(node.origin.lineno).removesuffix(":")
    words = {If: ("if", "elif"), Try: ("try",)}.get(type(node), ("for", "while"))
    if text.split("(")[0].split(" ")[0].rstrip(":") in words and not text.endswith((",", "(", "\\")):
        return text
    return spelled(view.lines, node.id)


def inline(node: Node) -> bool:
    """Whether a branch stands for a part of an expression (`and`, `or`, `a if c else b`, a comprehension's condition)."""
    inside = [inner for region in node.regions for inner in region]
    place = (node.origin.lineno, node.origin.col)
    return isinstance(node, If) and any((i.origin.lineno, i.origin.col) == place for i in inside)


def kind(node: Node) -> str:
    """Return what a node is."""
    if isinstance(node, Step):
        return f"step {node.name}"
    if isinstance(node, Call):
        return f"sub-workflow {node.name}"
    if isinstance(node, Glue):
        return "glue, evaluated once"
    if inline(node):
        return "branch of an expression"
    if isinstance(node, (If, Try)):
        return "branch" if isinstance(node, If) else "try"
    return "loop in order" if isinstance(node, Loop) else "fan-out"


def named(view: View, node: str) -> str:
    """Return the path of a node with its line."""
    return f"{view.path(node)} (line {view.places.nodes[node].origin.lineno})"
