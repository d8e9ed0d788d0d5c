"""A failed step run once more, in this process and on its real inputs, so that a debugger can look at it."""

from __future__ import annotations

import inspect
from typing import Any

from tangentflow.decorators import StepFunction
from tangentflow.engine.run import Run, StepRun
from tangentflow.engine.steps import source_of
from tangentflow.errors import UsageError
from tangentflow.graph.nodes import Graph, Step

__all__ = ["call_again", "failed_step"]


def failed_step(run: Run) -> StepRun | None:
    """Return the step run whose exception is the run's; None if none of them raised it (a line of the workflow did)."""
    error = run.error
    failed = [step for step in run.steps if step.status == "Failed"]
    same = [step for step in failed if type(step.error) is type(error) and str(step.error) == str(error)]
    return next(iter(same), None)


def call_again(graph: Graph, step: StepRun) -> Any:
    """Call the function of a step with the inputs of a step run; return its result, or raise what it raises."""
    function = _function(graph, step)
    bound = inspect.BoundArguments(inspect.signature(function), dict(step.inputs))
    return function(*bound.args, **bound.kwargs)


def _function(graph: Graph, step: StepRun) -> Any:
    for flow in graph.flows:
        for node in flow.body.walk():
            if isinstance(node, Step) and node.name == step.name and source_of(node) == step.source:
                found = graph.bindings[node.callee]
                assert isinstance(found, StepFunction)
                return found.function
    raise UsageError(f"the workflow has no call of {step.name!r} at {step.source}: has it been changed since?")
