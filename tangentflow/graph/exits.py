"""The graph of an exit handler, beside that of the workflow which it belongs to."""

from __future__ import annotations

import re
import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.graph.nodes import Flow, Graph, Region, Step
from tangentflow.source.origin import Origin

__all__ = ["calling", "exit_name", "handler_of", "of_step", "with_exit"]

Handler = StepFunction[..., Any] | WorkflowFunction[..., Any]


def calling(handler: StepFunction[..., Any]) -> Callable[[str], None]:
    """Return the function that calls a step with a status: what is compiled for it."""

    def on_exit(status: str) -> None:
        handler(status)

    return on_exit


def of_step(graph: Graph, step: StepFunction[..., Any]) -> Graph:
    """Let the graph of `calling` stand for the step: its place is that of the step, and its names are looked up there."""
    flow, code = graph.main, step.function.__code__
    place = Origin(code.co_filename, code.co_firstlineno, 1, code.co_firstlineno, 1)
    (site,) = cast("tuple[Step]", flow.body.nodes)
    result = re.sub(r"# line \d+", f"# line {place.lineno}", flow.result.code)
    moved = replace(
        flow, name=step.__name__, origin=place, result=replace(flow.result, code=result),
        body=Region((replace(site, origin=place),), flow.body.inputs, flow.body.outputs),
    )  # fmt: skip
    own = cast("WorkflowFunction[..., Any]", graph.bindings[flow.key]).function
    found = types.FunctionType(
        own.__code__.replace(co_filename=code.co_filename, co_firstlineno=place.lineno), step.function.__globals__,
        step.__name__, None, own.__closure__,
    )  # fmt: skip
    return replace(graph, flows=(moved,), bindings={**graph.bindings, flow.key: WorkflowFunction(found, {})})


def with_exit(graph: Graph) -> Graph:
    """Return a graph to which the workflows of its exit handler belong too; the graph itself if it has none."""
    if graph.exit is None:
        return graph
    known = {flow.key for flow in graph.flows}
    more: list[Flow] = [flow for flow in graph.exit.flows if flow.key not in known]
    return replace(graph, flows=(*graph.flows, *more), bindings={**graph.exit.bindings, **graph.bindings})


def handler_of(graph: Graph) -> Handler | None:
    """Return the exit handler of a graph's workflow."""
    found: Handler | None = cast("WorkflowFunction[..., Any]", graph.bindings[graph.root]).option("on_exit")
    return found


def exit_name(graph: Graph) -> str:
    """Return what the exit handler of a graph's workflow is called; nothing if there is none."""
    return "" if graph.exit is None else graph.exit.main.name
