"""The printed form of a graph: its calls, branches and loops as lines of Python, in the user's names.

On the right of each line stands where it comes from, its id, how it runs, and what it waits for: `fit` for its value, `all loop.fit`
for the values of all iterations, `(fit)` for its end only.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator

from tangentflow.graph.edges import RESULT, START, edges
from tangentflow.graph.lines import Lines, lines_of, spelled, walk
from tangentflow.graph.nodes import Call, Flow, Glue, Graph, Loop, Map, Node, Region, Step, Try
from tangentflow.source.origin import Origin

__all__ = ["headline", "how", "part_name", "print_graph", "results", "shorten", "where"]

_WIDTH = 120
_LEFT = 56
_WORDS = {"opaque": "glue, once", "impure": "glue, once, ordered"}


def print_graph(graph: Graph) -> str:
    """Return the text of a graph: a block for each of its flows, the one that a run starts with first."""
    first = graph.main
    flows = [first, *(flow for flow in graph.flows if flow is not first)]
    return "\n\n".join(_flow(flow) for flow in flows) + "\n"


def headline(flow: Flow) -> str:
    """Return the name and parameters of a flow."""
    return f"{flow.name}({', '.join(flow.params)})"


def where(origin: Origin) -> str:
    """Return the file (without its directory) and the line of an origin."""
    return f"{os.path.basename(origin.filename)}:{origin.lineno}"


def shorten(text: str, width: int) -> str:
    """Return `text` in one line of at most `width` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def results(lines: Lines) -> list[str]:
    """Return what the flow may return, in program order, as Python."""
    found = [ast.unparse(s.value) for s in walk(lines.function.body) if isinstance(s, ast.Return) and s.value]
    return list(dict.fromkeys(found))


def how(node: Node) -> str:
    """Return in a few words how a node runs; "" for a plain value."""
    if isinstance(node, Map):
        return "parallel" if node.count is None else f"parallel, {node.count} times"
    if isinstance(node, Loop):
        reasons = sorted({_reason(*why) for why in node.why})
        words = f"in order: {', '.join(reasons)}" if reasons else "in order"
        return f"{words}, at most {node.limit:,} times" if node.limit is not None else words
    marks = [_WORDS[node.kind]] if isinstance(node, Glue) else []
    if isinstance(node, Step):
        marks += [word for word in ("pure", "ordered") if getattr(node, word)]
    if isinstance(node, Call):
        marks.append("recursive" if node.recursive else "workflow")
    if node.effect and not isinstance(node, Glue):
        marks.append("effect")
    return ", ".join(marks)


def _reason(name: str, site: str, line: int) -> str:
    return f"{name!r} comes from {site}" if site and name not in ("sequential", site) else name


def _flow(flow: Flow) -> str:
    lines = lines_of(flow)
    waits: dict[str, list[str]] = {}
    for edge in edges(flow):
        if edge.source != START:
            source = f"all {edge.source}" if edge.gather else edge.source
            waits.setdefault(edge.target, []).append(source if edge.data else f"({source})")
    also: dict[str, list[str]] = {}
    for node, origin in flow.shared:
        also.setdefault(node, []).append(where(origin))
    rows = [(f"{headline(flow)}:", [where(flow.origin)]), *_region(flow.body, lines, waits, also, 1)]
    rows += [(f"    return {value}", []) for value in results(lines)]
    rows[-1][1].extend(_waits(waits.get(RESULT, [])))
    left = [_fit(text) for text, _ in rows]
    column = max(map(len, left)) + 2
    return "\n".join(_row(text, notes, column) for text, (_, notes) in zip(left, rows, strict=True))


def _fit(text: str) -> str:
    margin = len(text) - len(text.lstrip())
    return " " * margin + shorten(text, max(_LEFT - margin, 24))


def _row(text: str, notes: list[str], column: int) -> str:
    note = "; ".join(note for note in notes if note)
    return f"{text:<{column}}# {shorten(note, _WIDTH - column - 2)}" if note else text


def _waits(sources: list[str]) -> list[str]:
    return [f"<- {', '.join(sources)}"] if sources else []


def _region(
    region: Region, lines: Lines, waits: dict[str, list[str]], also: dict[str, list[str]], depth: int
) -> Iterator[tuple[str, list[str]]]:
    margin = "    " * depth
    for node in region:
        text = spelled(lines, node.id)
        notes = [where(node.origin), node.id, how(node)]
        notes += _waits(waits.get(node.id, []))
        notes += [f"also {place}" for place in dict.fromkeys(also.get(node.id, []))]
        yield (f"{margin}{text}:", [*notes, _frontier(node)]) if node.regions else (f"{margin}{text}", notes)
        for index, inner in enumerate(node.regions):
            if index and inner.nodes:
                yield f"{margin}{part_name(node, index)}:", []
            elif not inner.nodes and not index:
                yield f"{margin}    pass", []
            yield from _region(inner, lines, waits, also, depth + 1)


def part_name(node: Node, index: int) -> str:
    """Return what the source says at the start of a further region of a node."""
    if isinstance(node, Try) and index != len(node.handlers) + 1:
        return f"except {node.caught[index - 1]}".strip() if index <= len(node.handlers) else "finally"
    return "else"


def _frontier(node: Node) -> str:
    """Return the names that the regions of a node read and leave."""
    inputs = sorted({name for region in node.regions for name in region.inputs})
    outputs = sorted({name for region in node.regions for name in region.outputs})
    return f"({', '.join(inputs)}) -> ({', '.join(outputs)})"
