"""`tangentflow plan`: what a submission would bring to the cluster."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from tangentflow.cli.arguments import parse
from tangentflow.cli.commands import own_output
from tangentflow.cli.load import load
from tangentflow.explain.planning import plan

__all__ = ["plan_file"]


def plan_file(target: str, arguments: Sequence[str]) -> int:
    """Print the plan of a workflow; without arguments, for its defaults, or for any arguments if some have none."""
    with own_output() as out:
        workflow = load(target)
        named = inspect.signature(workflow.function).parameters.values()
        needed = [p for p in named if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        if needed and not arguments:
            out.write(plan(workflow.graph))
        else:
            args, kwargs = parse(workflow, arguments, f"tangentflow plan {target}", out)
            out.write(plan(workflow.graph, args, kwargs))
    return 0
