"""`Graph`, as users hold it: the compiled workflow and the ways to look at it."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

from tangentflow.decorators import WorkflowFunction
from tangentflow.errors import Note, UsageError
from tangentflow.graph import nodes

__all__ = ["Graph"]


class Graph(nodes.Graph):
    """A compiled workflow. Equal to another one that differs only in names of variables and order of independent lines."""

    def source(self) -> str:
        """Return the lowered workflow as Python: a module's text that needs the names in `bindings`."""
        return self.main.source

    def __str__(self) -> str:
        from tangentflow.graph.printing import print_graph

        return print_graph(self)

    def __repr__(self) -> str:
        counts = Counter(type(node).__name__ for flow in self.flows for node in flow.body.walk())
        words = {"Step": "step", "Glue": "glue", "Call": "call", "If": "branch", "Map": "fan-out", "Loop": "loop"}
        parts = [f"{counts[kind]} {_plural(word, counts[kind])}" for kind, word in words.items() if counts[kind]]
        return f"<Graph {self.root}: {', '.join(parts) or 'no steps'}>"

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of the canonical form: equal for graphs that are equal, on every machine."""
        from tangentflow.graph.canonical import canonical, digest_of

        return digest_of(canonical(self))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Graph):
            return NotImplemented
        return self is other or self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def check(self) -> None:
        """Raise InternalError if the graph is inconsistent, which is a bug of the compiler."""
        from tangentflow.graph.check import check

        check(self)

    def json(self) -> str:
        """Return the graph as JSON text, which `Graph.from_json` reads."""
        from tangentflow.graph.json import to_json

        return to_json(self)

    @classmethod
    def from_json(cls, text: str) -> Graph:
        """Return the graph of a text that `json()` wrote: equal to the first one, but bound to no functions, so it does not run.

        Raises UsageError for any other text.
        """
        from tangentflow.graph.json import from_json

        graph = from_json(text)
        return cls(graph.root, graph.flows, graph.bindings)

    def mermaid(self) -> str:
        """Return a Mermaid flowchart."""
        from tangentflow.draw.mermaid import to_mermaid

        return to_mermaid(self)

    def dot(self) -> str:
        """Return a Graphviz digraph."""
        from tangentflow.draw.dot import to_dot

        return to_dot(self)

    def svg(self) -> str:
        """Return a picture as SVG text. It needs nothing from outside."""
        from tangentflow.draw.svg import to_svg

        return to_svg(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Draw itself in a notebook."""
        return {"text/plain": str(self), "image/svg+xml": self.svg()}

    def explain(self, line: int | None = None) -> str:
        """Return in plain words what became of a line of the workflow's file, or of all of it.

        Steps with their paths, conditions, what they wait for and why, and where they are in the Argo document. Raises UsageError for a line
        that belongs to no workflow of the graph, and for a graph that was read from JSON.
        """
        from tangentflow.explain.answer import explain

        return explain(self, line)

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """What is accepted and does what Python does, but may not be what was meant, sorted by place.

        Raises UsageError for a graph that was read from JSON.
        """
        from tangentflow.compile import notes_of_workflow

        workflow = self.bindings.get(self.root)
        if not isinstance(workflow, WorkflowFunction):
            raise UsageError(
                "a graph read from JSON has no source to make notes on: take the graph of the workflow itself"
            )
        return notes_of_workflow(workflow)

    def argo(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the Argo document, with arguments baked in if given: a Workflow, or a CronWorkflow if the workflow has a schedule."""
        from tangentflow.argo.kinds import declared

        return declared(self, args, kwargs)

    def yaml(self, *args: Any, **kwargs: Any) -> str:
        """Return the Argo document as YAML text, with arguments baked in if given."""
        from tangentflow.argo.text import to_yaml

        return to_yaml(self.argo(*args, **kwargs))


def _plural(word: str, count: int) -> str:
    if count == 1 or word == "glue":
        return word
    return f"{word}es" if word.endswith("h") else f"{word}s"
