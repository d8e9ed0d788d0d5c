"""`chunk=` of steps: one pod for several iterations of a fan-out.

Requires the plan of a flow. Notes the fan-outs of which each iteration is nothing but such a step: then one pod can run several of them, one after
the other, since nobody else has a part in an iteration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from tangentflow.argo.shape import FlowPlan, Pod
from tangentflow.decorators import StepFunction
from tangentflow.graph.nodes import Graph, Map

__all__ = ["chunked", "unchunked"]


def chunked(graph: Graph, plan: FlowPlan) -> None:
    """Note which pods run their step for several iterations."""
    for node in plan.nodes.values():
        if isinstance(node, Map) and node.id not in plan.local:
            pod = _only(plan, node)
            size = 0 if pod is None else _size(graph, pod)
            if pod is not None and size > 1 and not _is_taken(plan, node, pod):
                pod.chunk = plan.chunks[node.id] = size


def _only(plan: FlowPlan, node: Map) -> Pod | None:
    """Return the pod that an iteration is, if it is nothing else and nobody reads a flag of it."""
    tasks = plan.inner(node)[0].tasks
    pod = tasks[0].pod if len(tasks) == 1 and not tasks[0].conditions else None
    alone = pod is not None and pod.step is not None and not (pod.flags or pod.ends or plan.item_flags.get(node.id))
    return pod if alone else None


def _is_taken(plan: FlowPlan, node: Map, pod: Pod) -> bool:
    """Whether outcomes of the step are taken over from earlier runs: what is left to do then is no row of iterations."""
    assert pod.step is not None
    flow = plan.flow.key
    return (flow, pod.step.id) in plan.taken.of_flow or (flow, node.id) in plan.taken.items


def _size(graph: Graph, pod: Pod) -> int:
    assert pod.step is not None
    step = cast(StepFunction[..., Any], graph.bindings[pod.step.callee])
    size: int = step.option("chunk", 0)
    return size


def unchunked(graph: Graph, plans: Mapping[str, FlowPlan]) -> list[str]:
    """Return the paths of sites whose step has `chunk=`, and which have a pod for each run all the same."""
    return [
        pod.step.id
        for plan in plans.values()
        for pod in plan.pods
        if pod.step is not None and not pod.chunk and _size(graph, pod) > 1
    ]
