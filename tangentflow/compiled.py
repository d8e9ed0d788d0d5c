"""`Graph`, as users hold it: the compiled workflow and the ways to look at it."""

from __future__ import annotations

from typing import Any

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

    def argo(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the Argo Workflow document, with arguments baked in if given."""
        from tangentflow.argo.document import document

        return document(self, args, kwargs)

    def yaml(self, *args: Any, **kwargs: Any) -> str:
        """Return the Argo Workflow document as YAML text, with arguments baked in if given."""
        from tangentflow.argo.text import to_yaml

        return to_yaml(self.argo(*args, **kwargs))
