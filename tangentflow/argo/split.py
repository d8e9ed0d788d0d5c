"""Blocks with more tasks than a DAG may have: they become parts, one after the other as their tasks need each other."""

from __future__ import annotations

from tangentflow.argo.shape import SURE, Block, Flag, FlowPlan, Task

__all__ = ["MOST", "split"]

MOST = 180
"""Above this number of tasks a block is split; the API server takes 200."""

SIZE = 150


def split(plan: FlowPlan) -> None:
    """Split all blocks of a flow that are too large."""
    for block in list(plan.blocks.values()):
        if len(block.tasks) > MOST:
            _split(plan, block)


def _split(plan: FlowPlan, block: Block) -> None:
    tasks = [task for task in block.tasks if not task.always]
    last = [task for task in block.tasks if task.always]
    flags = {gate: flag for task in tasks for gate, flag in task.gates.items() if flag is not None}
    block.take_tasks()
    part_of: dict[Task, Task] = {}
    parts: list[Task] = []
    start = 0
    while start < len(tasks):
        end = _end(tasks, start + SIZE)
        key = f"{block.key}/{len(parts)}"
        inner = Block(key, block.region, block.owner, block, block.loops, numbers=block.numbers)
        plan.blocks[inner.key] = inner
        part = block.add(f"part-{len(parts)}", "part", inner=inner)
        parts.append(part)
        inner.tasks = tasks[start:end]
        for task in inner.tasks:
            part_of[task] = part
        start = end
    for part in parts:
        assert part.inner is not None
        for task in part.inner.tasks:
            _cut(task, part, part_of, flags)
            task.block = part.inner
    waited = {part for other in parts for part in other.after}
    for task in last:
        task.always = [part for part in parts if part not in waited]
        block.tasks.append(task)


def _end(tasks: list[Task], end: int) -> int:
    """Return where a part ends: it does not cut a `try` in two."""
    while end < len(tasks) and (
        tasks[end - 1].kind == "body" or tasks[end].kind in ("except", "orelse", "final", "end")
    ):
        end += 1
    return end


def _cut(task: Task, part: Task, part_of: dict[Task, Task], flags: dict[str, Flag]) -> None:
    """Let the part wait in place of a task for what stands in other parts; what did not run there is told by its gates."""
    outside = [other for other in task.after if part_of[other] is not part]
    part.wait([part_of[other] for other in outside])
    behind = 0
    for other in outside:
        if other.kind in SURE:
            behind |= other.behind
    known = set(task.conditions)
    for gate in task.block.gate_texts(behind):
        if (flags[gate], "1") not in known:
            task.conditions.append((flags[gate], "1"))
            task.gates[gate] = flags[gate]
    task.after = [other for other in task.after if part_of[other] is part]
