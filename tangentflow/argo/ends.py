"""Where a workflow and an iteration of a serial loop end: which pods evaluate what is left behind.

If a block has one last pod, that pod does it in its epilogue. Where the last pods are conditional, each pod that may be the last
tries: a replay that still lacks an outcome tells that another one will end. Else a pod of its own waits for all.
"""

from __future__ import annotations

import ast

from tangentflow.argo.shape import Block, FlowPlan, Pod, Task
from tangentflow.graph.nodes import Call, Glue, Loop

__all__ = ["close"]


def close(plan: FlowPlan, block: Block, loop: Loop | None, called: bool) -> None:
    """Give a block its end: that of an iteration of `loop`, or that of the flow. `called`: someone needs the outcome recorded."""
    if _chain(block.tasks) is not None:
        _attempts(plan, block, loop)
        return
    if block.tasks and loop is None and not called and _is_constant(plan):
        plan.recorded = False
        return
    tasks = list(block.tasks)
    pod = Pod(block, None, kind="result" if loop is None else "next", final=True)
    pod.reasons.append("gives the result: no step comes last in every case" if loop is None else f"ends an iteration of {loop.id}")
    task = _end_task(plan, block, pod, loop)
    task.always = _sinks(tasks)
    block.ends = [task]


def _end_task(plan: FlowPlan, block: Block, pod: Pod, loop: Loop | None) -> Task:
    plan.pods.append(pod)
    task = block.add(pod.kind, "pod", pod=pod)
    _end(plan, pod, block, loop)
    return task


def _end(plan: FlowPlan, pod: Pod, block: Block, loop: Loop | None) -> None:
    pod.ends.append(loop.id if loop is not None else None)
    if loop is not None:
        pod.flags += [flag for flag in plan.chain_flags(loop) if flag not in pod.flags]


def _sinks(tasks: list[Task]) -> list[Task]:
    waited = {other for task in tasks for other in task.after}
    return [task for task in tasks if task not in waited]


def _chain(tasks: list[Task]) -> list[Task] | None:
    """Return the tasks that may be the last to run, the last one first; None if that cannot be told."""
    sinks = _sinks(tasks)
    if not sinks:
        return None
    last = sinks[0]
    if last.kind in ("then", "else"):
        return _branch(tasks, sinks)
    if len(sinks) > 1 or last.pod is None or last.pod.image is not None:
        return None
    if last.gate is None:
        return [last]
    asking = _asking(last, tasks)
    if asking is None:
        return None
    before = [task for task in tasks if task is asking or task in asking.ancestors]
    off = _off(tasks, last.gate)
    if any(task not in off for task in tasks if task not in before):
        return None
    rest = _chain(before)
    return None if rest is None else [last, *rest]


def _branch(tasks: list[Task], sinks: list[Task]) -> list[Task] | None:
    """Return the last tasks where both arms of one branch come last."""
    node = sinks[0].node
    if any(task.node is not node for task in sinks):
        return None
    flag = sinks[0].flag
    asking = next((t for t in sinks[0].after if t.pod is not None and flag in t.pod.flags), None)
    if asking is None or any(_chain(task.inner.tasks) is None for task in sinks if task.inner is not None):
        return None
    before = [task for task in tasks if task is asking or task in asking.ancestors]
    if len(before) + len(sinks) != len(tasks):
        return None
    rest = _chain(before)
    return None if rest is None else [*sinks, *rest]


def _asking(task: Task, tasks: list[Task]) -> Task | None:
    """Return the pod of the block that decides the gate of a task."""
    for other in tasks:
        if other.gate == task.gate and other.flag is not None:
            return next((t for t in other.after if t.pod is not None and other.flag in t.pod.flags), None)
    return None


def _off(tasks: list[Task], gate: str) -> set[Task]:
    """Return the tasks that do not run where a gate is closed."""
    off: set[Task] = set()
    for task in tasks:
        if (task.gate == gate and task.flag is not None) or any(other in off and other.kind == "pod" for other in task.after):
            off.add(task)
    return off


def _attempts(plan: FlowPlan, block: Block, loop: Loop | None) -> None:
    chain = _chain(block.tasks)
    assert chain is not None
    block.ends = chain
    others = [task for task in block.tasks if task not in chain]
    for task in chain:
        if task.pod is not None:
            _end(plan, task.pod, block, loop)
        elif task.inner is not None:
            _attempts(plan, task.inner, loop)
    if others:
        what = "the result" if loop is None else f"the exception that ends {loop.id}"
        pod = Pod(block, None, kind="fail", final=True, reasons=[f"records {what} where a step failed before the last one"])
        _end_task(plan, block, pod, loop).rescue = others


def _is_constant(plan: FlowPlan) -> bool:
    """Whether the workflow returns a constant and nothing but its steps can raise: then its result needs no pod."""
    flow = plan.flow
    if not flow.result.total or any(isinstance(node, (Glue, Call)) for node in flow.body.walk()):
        return False
    function = ast.parse(flow.result.code).body[0]
    assert isinstance(function, ast.FunctionDef)
    last = function.body[-1]
    return not isinstance(last, ast.Return) or last.value is None or isinstance(last.value, ast.Constant)
