"""`tangentflow plan`: what a submission would bring to the cluster."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from tangentflow.cli.arguments import parse
from tangentflow.cli.commands import own_output
from tangentflow.cli.load import load
from tangentflow.errors import UsageError
from tangentflow.explain.planning import Ahead, plan
from tangentflow.graph.nodes import Graph

__all__ = ["plan_file"]


def plan_file(
    target: str, arguments: Sequence[str], reuse: str | None = None, cached: bool = False, namespace: str | None = None
) -> int:
    """Print the plan of a workflow; without arguments, for its defaults, or for any arguments if some have none.

    `reuse` is the id of an earlier run of which step runs are to be taken over; `cached`: the cluster is asked for values of cached steps.
    """
    with own_output() as out:
        workflow = load(target)
        named = inspect.signature(workflow.function).parameters.values()
        needed = [p.name for p in named if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        asked = reuse is not None or cached
        if needed and not arguments:
            if asked:
                raise UsageError(
                    f"what is taken over depends on the arguments: give them too, --{needed[0].replace('_', '-')} ..."
                )
            out.write(plan(workflow.graph))
        else:
            args, kwargs = parse(workflow, arguments, f"tangentflow plan {target}", out)
            ahead = _ahead(workflow.graph, args, kwargs, reuse, namespace) if asked else None
            out.write(plan(workflow.graph, args, kwargs, ahead))
    return 0


def _ahead(
    graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any], reuse: str | None, namespace: str | None
) -> Ahead:
    from tangentflow.client.submit import foreseen  # what submits is loaded where a cluster is asked

    found = foreseen(graph, args, kwargs, reuse=reuse, namespace=namespace)
    return Ahead(found.taken, found.found, found.told.get("why", {}), found.begun, found.notes)
