"""What the options of a step make of its pod's template. Those that a document cannot say are refused: nothing is left out in silence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

from tangentflow.argo.elsewhere import is_elsewhere
from tangentflow.argo.options import lost_in_calls
from tangentflow.argo.shape import FlowPlan
from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.errors import StepKilled, UsageError
from tangentflow.graph.nodes import Graph, Step
from tangentflow.runtime.policies import Policy
from tangentflow.runtime.slurm import Slurm
from tangentflow.runtime.supervised import AGAIN, FAILED

__all__ = ["LATE", "refuse_uncounted", "refuse_unsaid", "say", "strategy"]

Json = dict[str, Any]

NET = 600
"""How many seconds after a step's own limit the engine ends its pod: until then the image may be pulled, and what is recorded uploaded."""

LATE = "Step exceeded its deadline"
"""What the engine says of steps that it ends, or does not begin, because the time of the run is over."""

_SAID = frozenset({
    "pure", "ordered", "check", "name", "image", "retries", "backoff", "on", "timeout", "cpu", "memory", "gpu", "env", "secrets", "volumes",
    "labels", "annotations", "node_selector", "tolerations", "service_account", "argo", "cache",
    "max_concurrent", "chunk",
})  # fmt: skip
"""Options that the document, the graph or the pod's own program keeps. (Of `cache` it is what it implies, `pure`: a pod always runs.)"""

_LOCAL = frozenset({"executor"})
"""Options that say where a local run executes a step: on Argo every step is a pod."""


def refuse_unsaid(graph: Graph) -> None:
    """Raise UsageError if a step has an option that would be lost, or a workflow that is called."""
    lost: dict[str, str] = {}
    for flow in graph.flows:
        workflow = graph.bindings[flow.key]
        assert isinstance(workflow, WorkflowFunction)
        for option in lost_in_calls(workflow) if flow.key != graph.root else ():
            place = f"{flow.origin.filename}:{flow.origin.lineno}"
            told = f"workflow {flow.name!r} has {option}, which is for a whole run, and is called by another one"
            lost.setdefault(told, place)
        for node in flow.body.walk():
            if isinstance(node, Step):
                step = graph.bindings[node.callee]
                assert isinstance(step, StepFunction)
                for option in step.options_given:
                    if option not in _SAID | _LOCAL and _matters(step, option):
                        place = f"{node.origin.filename}:{node.origin.lineno}"
                        lost.setdefault(f"step {node.name!r} has {option}={step.option(option)!r}", place)
                asked = step.option("executor")
                if asked == "slurm" or isinstance(asked, Slurm):
                    place = f"{node.origin.filename}:{node.origin.lineno}"
                    lost.setdefault(f"step {node.name!r} has executor={asked!r}", place)
    if lost:
        told = "; ".join(f"{what} ({place})" for what, place in lost.items())
        raise UsageError(
            f"the Argo document cannot say this yet: {told}. Leave it out, or run the workflow here, with .run()"
        )


def _matters(step: StepFunction[..., object], option: str) -> bool:
    """Whether an option asks for anything: `retries=0` does not."""
    if option in ("backoff", "on"):
        return step.policy.retries > 0
    return bool(step.option(option)) or getattr(step.policy, option, None) != getattr(Policy(), option, None)


def refuse_uncounted(graph: Graph, plans: Mapping[str, FlowPlan]) -> None:
    """Raise UsageError if a workflow that another one calls bounds its steps where the engine would not count them.

    The engine counts the pods that stand in a DAG itself, and not those of the DAGs in it; nor does it count when it makes another attempt.
    """
    for key, plan in plans.items():
        most = cast(WorkflowFunction[..., Any], graph.bindings[key]).option("parallelism")
        why = None if most is None or key == graph.root else _uncounted(graph, plan)
        if why:
            place = f"{plan.flow.origin.filename}:{plan.flow.origin.lineno}"
            raise UsageError(
                f"the Argo document cannot keep parallelism={most} of workflow {plan.flow.name!r} ({place}), which another one calls: Argo "
                f"counts only steps that always run, each once, or in a fan-out of a single step, but {why}. Bound the step with "
                "max_concurrent=, or the whole run with parallelism= of the workflow that is run"
            )


def _uncounted(graph: Graph, plan: FlowPlan) -> str:
    """Return why the pods of a flow are not counted; nothing if they are."""
    for task in plan.blocks[""].tasks:
        pod = task.pod
        if task.kind == "map" and task.node is not None:
            inner = plan.inner(task.node)[0].tasks
            pod = inner[0].pod if len(inner) == 1 and not inner[0].conditions else None
        if pod is None:
            return f"{task.node.id} at line {task.node.origin.lineno} is more than that" if task.node else "it is large"
        if pod.step is None:
            continue
        step = cast(StepFunction[..., Any], graph.bindings[pod.step.callee])
        if is_elsewhere(step):
            return f"{pod.step.name}(...) at line {pod.step.origin.lineno} is a DAG of its own"
        if step.policy.retries:
            return f"step {pod.step.name!r} has retries="
    return ""


def say(body: Json, step: StepFunction[..., object], chunk: int = 0) -> dict[str, str]:
    """Put the options of a step into its pod's template; return the texts that the pod's program needs for them.

    A pod that runs the step for a `chunk` of iterations makes further attempts itself; the engine makes them only of pods that are lost.
    """
    policy, texts = step.policy, {}
    if policy.timeout is not None:
        pauses = sum(policy.pause(attempts) for attempts in range(1, policy.retries + 1))
        most = chunk * ((policy.retries + 1) * policy.timeout + pauses) if chunk else policy.timeout
        body["activeDeadlineSeconds"] = math.ceil(most) + NET
        texts["attempt"] = "0"
    if policy.retries:
        texts["attempt"] = "0" if chunk else "{{retries}}"
        if not chunk or _after_loss(policy):
            body["retryStrategy"] = _retry(policy)
    return texts


def _after_loss(policy: Policy) -> bool:
    """Whether another attempt is to be made after a pod was lost."""
    return policy.on is None or issubclass(StepKilled, policy.on)


def _retry(policy: Policy) -> Json:
    """Return when the engine makes another attempt: where the pod asks for one, and after a pod was lost, if that is to be tried again.

    (A pod that is deleted, or fails before or after its program, is in Error and has no exit code of its own.)
    """
    asked = f"!= {FAILED}" if _after_loss(policy) else f"== {AGAIN}"
    return strategy(policy, f"asInt(lastRetry.exitCode) {asked}")


def strategy(policy: Policy, expression: str) -> Json:
    """Return a retryStrategy for attempts of which an expression tells whether another one is to follow."""
    found: Json = {"limit": str(policy.retries), "retryPolicy": "Always", "expression": expression}
    if policy.backoff:
        found["backoff"] = {"duration": duration(policy.backoff), "factor": 2}
    return found


def duration(seconds: float) -> str:
    """Return a duration as the engine reads it: whole seconds, or milliseconds."""
    return f"{seconds:.0f}s" if seconds == int(seconds) else f"{max(1, round(seconds * 1000))}ms"
