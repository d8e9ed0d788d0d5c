"""Where a workflow and an iteration of a serial loop end: which pods evaluate what is left behind.

If a block has one last pod, that pod does it in its epilogue. Where the last pods are conditional, each pod that may be the last
tries: a replay that still lacks an outcome tells that another one will end. Else a pod of its own waits for all.
"""

from __future__ import annotations

import ast

from tangentflow.argo.shape import Block, Flag, FlowPlan, Pod, Task
from tangentflow.argo.split import MOST
from tangentflow.graph.nodes import Call, Glue, Loop

__all__ = ["close"]


def close(plan: FlowPlan, block: Block, loop: Loop | None, called: bool) -> None:
    """Give a block its end: that of an iteration of `loop`, or that of the flow. `called`: someone needs the outcome recorded."""
    if _chain(plan, block.tasks) is not None:
        _attempts(plan, block, loop)
        return
    if block.tasks and loop is None and not called and _is_constant(plan):
        plan.recorded = False
        return
    tasks = list(block.tasks)
    pod = Pod(block, None, kind="result" if loop is None else "next")
    pod.reasons.append(
        "gives the result: no step comes last in every case" if loop is None else f"ends an iteration of {loop.id}"
    )
    task = _end_task(plan, block, pod, loop)
    task.always = _sinks(tasks)
    block.ends = [task]


def _end_task(plan: FlowPlan, block: Block, pod: Pod, loop: Loop | None) -> Task:
    plan.pods.append(pod)
    task = block.add(pod.kind, "pod", pod=pod)
    _end(plan, pod, loop)
    pod.final.append(loop.id if loop is not None else None)
    return task


def _end(plan: FlowPlan, pod: Pod, loop: Loop | None) -> None:
    pod.ends.append(loop.id if loop is not None else None)
    if loop is not None:
        pod.flags += [flag for flag in plan.chain_flags(loop) if flag not in pod.flags]


def _sinks(tasks: list[Task]) -> list[Task]:
    waited = {other for task in tasks for other in task.after}
    return [task for task in tasks if task not in waited]


def _chain(plan: FlowPlan, tasks: list[Task]) -> list[Task] | None:
    """Return the tasks that may be the last to run, the last one first; None if that cannot be told."""
    sinks = _sinks(tasks)
    if not sinks or len(tasks) > MOST or any(task.kind == "final" for task in tasks):
        return None
    last = sinks[0]
    if last.kind in ("then", "else"):
        return _branch(plan, tasks, sinks)
    if last.kind == "loop" and len(sinks) == 1:
        return _loop(plan, last, tasks)
    if len(sinks) > 1 or not _may_end(plan, last):
        return None
    # Where nothing runs in it, the last of the others is the last. If there are none, who opened the block has tried.
    if _may_run_nothing(plan, last):
        others = [task for task in tasks if task is not last]
        before = _chain(plan, others) if others else []
    else:
        before = _before(plan, last, tasks)
    return None if before is None else [last, *before]


def _inner_chain(plan: FlowPlan, block: Block) -> list[Task] | None:
    """Return the chain of a whole block that stands in the one that is closed, worked out once: blocks stand deep in each other."""
    if block not in plan.chains:
        plan.chains[block] = _chain(plan, block.tasks)
    return plan.chains[block]


def _may_run_nothing(plan: FlowPlan, task: Task) -> bool:
    """Whether a task is a block behind a jump in which it may be that nothing runs."""
    inner = _inner_chain(plan, task.inner) if task.kind == "rest" and task.inner is not None else None
    return inner is not None and all(t.conditions or t.behind or _may_run_nothing(plan, t) for t in inner)


def _may_end(plan: FlowPlan, task: Task) -> bool:
    if task.kind == "rest" and task.inner is not None:
        return _inner_chain(plan, task.inner) is not None
    return task.pod is not None and task.pod.hosts


def _before(plan: FlowPlan, last: Task, tasks: list[Task]) -> list[Task] | None:
    """Return the tasks that may be the last if a task behind gates does not run: none if it always does.

    What the opener of the block has decided keeps the whole block from running, and then the opener has tried.
    """
    gates = last.behind
    if not gates:
        return []
    asking = _asking(last.block, gates, tasks)
    outside = [gate for gate, task in asking.items() if task is None]
    if last.block.gate_bits(outside) & ~_off(tasks):
        return None
    inside = [task for task in asking.values() if task is not None]
    if not inside:
        return []
    latest = max(inside, key=lambda task: task.reach.bit_count())
    before, after = _upto(latest, tasks)
    if any(task is not latest and not latest.follows(task) for task in inside):
        return None
    if last.block.gate_bits([gate for gate, task in asking.items() if task is not None]) & ~_off(after):
        return None
    return _chain(plan, before)


def _upto(last: Task, tasks: list[Task]) -> tuple[list[Task], list[Task]]:
    """Return a task with those that it waits for, and the others."""
    reach = last.reach | last.bit
    return [task for task in tasks if task.bit & reach], [task for task in tasks if not task.bit & reach]


def _branch(plan: FlowPlan, tasks: list[Task], sinks: list[Task]) -> list[Task] | None:
    """Return the last tasks where both arms of one branch come last, one of which its host has tried if neither runs."""
    node = sinks[0].node
    if any(task.node is not node for task in sinks):
        return None
    flag = sinks[0].conditions[0][0]
    asking = next((t for t in sinks[0].after if t.pod is not None and flag in t.pod.flags), None)
    if any(_inner_chain(plan, task.inner) is None for task in sinks if task.inner is not None):
        return None
    if asking is None:
        return sinks if len(sinks) == len(tasks) else None
    before, _ = _upto(asking, tasks)
    if len(before) + len(sinks) != len(tasks):
        return None
    rest = _chain(plan, before)
    return None if rest is None else [*sinks, *rest]


def _loop(plan: FlowPlan, last: Task, tasks: list[Task]) -> list[Task] | None:
    """Return the last tasks where a serial loop comes last: the pods that end it, if the workflow's result needs nothing else.

    (Each of them loads what the result needs. So it must be no more than what the loop left.)
    """
    node = last.node
    assert isinstance(node, Loop)
    if last.block.key or {wanted.site for wanted in plan.flow.result.inputs} != {node.id} or last.behind:
        return None
    if node.id in plan.static:
        return [last] if len(tasks) == 1 else None
    flag = plan.flags[node.id]
    host = next((t for t in last.after if t.pod is not None and flag in t.pod.flags), None)
    if host is None or any(task not in (last, host) and not host.follows(task) for task in tasks):
        return None
    rest = _chain(plan, [task for task in tasks if task is not last])
    return None if rest is None else [last, *rest]


def _asking(block: Block, gates: int, tasks: list[Task]) -> dict[str, Task | None]:
    """Return, for each gate by its text, the task among `tasks` whose pod decides it."""
    flags: dict[str, Flag] = {}
    writers: dict[Flag, Task] = {}
    for task in tasks:
        for gate, flag in task.gates.items():
            if flag is not None:
                flags.setdefault(gate, flag)
        for flag in task.pod.flags if task.pod is not None else ():
            writers.setdefault(flag, task)
    return {gate: writers.get(flags[gate]) if gate in flags else None for gate in block.gate_texts(gates)}


def _off(tasks: list[Task]) -> int:
    """Return the numbers of the gates without which none of the tasks runs, as bits."""
    bits = -1
    for task in tasks:
        bits &= task.behind
    return bits


def _attempts(plan: FlowPlan, block: Block, loop: Loop | None) -> None:
    chain = _chain(plan, block.tasks)
    assert chain is not None
    block.ends = chain
    others = [task for task in block.tasks if task not in chain and task.kind != "body"]
    for task in chain:
        if task.pod is not None:
            _end(plan, task.pod, loop)
        elif task.kind == "loop":
            ending = task.node.id if task.node is not None else None
            for pod in [pod for pod in plan.pods if ending in pod.ends]:
                _end(plan, pod, loop)
        elif task.inner is not None:
            _attempts(plan, task.inner, loop)
    if others:
        what = "the result" if loop is None else f"the exception that ends {loop.id}"
        pod = Pod(block, None, kind="fail", reasons=[f"records {what} where a step failed before the last one"])
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
