"""`max_concurrent` of steps: locks that the pods of a run share, as many as may run at a time.

The engine counts by itself only in one DAG, or with an object beside the document. So each pod takes one of n locks, by the indices of the loops and
calls around it: then no more than n run at a time, and the iterations of a fan-out take turns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from tangentflow.argo.names import Names
from tangentflow.argo.shape import FlowPlan, Pod
from tangentflow.decorators import StepFunction
from tangentflow.graph.nodes import Graph, Step

__all__ = ["Locks", "locked"]

Json = dict[str, Any]
Locks = Mapping[tuple[str, str], Json]
"""What a pod's template says of its locks, by flow and site."""

_TURN = "sum(map(filter(split({where}, '/'), # matches '^[0-9]+$'), int(#)))"


def locked(graph: Graph, plans: Mapping[str, FlowPlan], called: frozenset[str]) -> Locks:
    """Return the locks of all sites that have some; `called` are the flows that others call."""
    names = Names()
    own: dict[str, str] = {}
    turns: dict[str, int] = {}
    found: dict[tuple[str, str], Json] = {}
    for flow, plan in plans.items():
        for pod in plan.pods:
            most = None if pod.step is None else _most(graph, pod.step)
            if pod.step is None or most is None:
                continue
            callee = pod.step.callee
            if callee not in own:
                own[callee], turns[callee] = names.take(pod.step.name), 0
            slot = _slot(pod, turns[callee], most, flow in called)
            turns[callee] += 1
            mutex = f"{{{{workflow.uid}}}}-{own[callee]}" + (f"-{slot}" if most > 1 else "")
            found[flow, pod.step.id] = {"mutexes": [{"name": mutex}]}
    return found


def _most(graph: Graph, step: Step) -> int | None:
    return cast(StepFunction[..., Any], graph.bindings[step.callee]).policy.max_concurrent


def _slot(pod: Pod, turn: int, most: int, called: bool) -> str:
    """Return which lock a pod takes: a number, or the expression of it."""
    where = [f"inputs.parameters['{name}']" for name, wanted in (("frame", called), ("ix", pod.block.loops)) if wanted]
    if not where:
        return str(turn % most)
    return f"{{{{= ({turn} + int({_TURN.format(where=' + '.join(where))})) % {most} }}}}"
