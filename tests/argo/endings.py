"""Whether each iteration and each workflow ends with a pod that has everything before it: by going through what its flags may be.

An end that is tried too early, with none after it, shows only where certain branches are taken. Here all of them are, without a run.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any

import tangentflow.argo.plan as planning
from tangentflow.argo.document import document
from tangentflow.argo.shape import SURE, Block, Flag, FlowPlan, Task
from tangentflow.graph.nodes import Graph, Loop, Node, Try

__all__ = ["wrong_ends"]

MOST = 512
"""As many ways through a block are tried; of more, so many by chance."""

INNER = frozenset({"then", "else", "rest", "body", "except", "orelse", "final"})


def wrong_ends(graph: Graph) -> list[str]:
    """Return what is wrong with the ends of a graph's document: a block and the flags with which none of its ends is the last."""
    found: list[str] = []
    closing = planning.close

    def close(plan: FlowPlan, block: Block, loop: Loop | None, called: bool) -> None:
        closing(plan, block, loop, called)
        if plan.recorded or loop is not None:
            found.extend(_wrong(plan, block, loop))

    planning.close = close
    try:
        document(graph)
    finally:
        planning.close = closing
    return found


def _wrong(plan: FlowPlan, block: Block, loop: Loop | None) -> Iterator[str]:
    key = loop.id if loop is not None else None
    seen = set()
    for values in _ways(block):
        everything = _Way(values, None).run(block)
        for failing in [None, *[task for task in everything if _may_fail(task)]]:
            way = _Way(values, failing)
            ran = way.run(block)
            if frozenset(ran) | {failing} in seen:
                continue
            seen.add(frozenset(ran) | {failing})
            needed = _needed(plan, block, ran, failing)
            if needed and not any(
                _tries(plan, task, key) and needed <= before | {task} for task, before in ran.items()
            ):
                told = ", ".join(f"{flag}={value}" for flag, value in values.items())
                told += f" and {failing.name} failed" if failing is not None else ""
                yield f"{block.key or 'the workflow'}: with {told} no end comes last of {sorted(task.name for task in ran)}"
                return


def _needed(plan: FlowPlan, whole: Block, ran: Mapping[Task, object], failing: Task | None) -> set[Task]:
    """Return whose outcomes the end needs: all, or those up to the step that fails, if no `try` in the block may take that.

    (A `try` around a loop takes it behind the end of the iteration.)
    """
    if (
        failing is None
        or failing.node is None
        or any(isinstance(owner, Try) for owner in _owners(failing.block, whole))
    ):
        return set(ran)
    places = {name: place for place, name in enumerate(plan.nodes)}
    last = places[failing.node.id]
    return {task for task in ran if task.node is not None and places[task.node.id] <= last}


def _owners(block: Block | None, whole: Block) -> Iterator[Node | None]:
    """Yield the nodes whose blocks stand around a task in a whole one."""
    while block is not None and block is not whole:
        yield block.owner
        block = block.parent


def _may_fail(task: Task) -> bool:
    """Whether a task may fail for a reason that the program gives: its step raises, or nothing takes what the body of a `try` raised."""
    return task.pod is not None and (task.pod.step is not None or task.pod.kind == "caught")


def _tries(plan: FlowPlan, task: Task, key: str | None) -> bool:
    if task.pod is not None:
        return key in task.pod.ends
    return task.kind == "loop" and any(task.node.id in pod.ends and key in pod.ends for pod in plan.pods)


def _ways(block: Block) -> Iterator[Mapping[str, str]]:
    """Yield what the flags of a block may be together."""
    options: dict[str, list[str]] = {}
    for flag, wanted in _conditions(block):
        known = options.setdefault(flag.name, [flag.default])
        if wanted not in known:
            known.append(wanted)
    total = 1
    for values in options.values():
        total *= len(values)
    if total <= MOST:
        ways: Any = itertools.product(*options.values())
    else:
        chance = random.Random(total)
        ways = ([chance.choice(values) for values in options.values()] for _ in range(MOST))
    groups = list(_gates(block))
    for way in ways:
        values = dict(zip(options, way))
        if all(_agree([(jumps, values[flag] == "1") for jumps, flag in gates]) for gates in groups):
            yield values


def _agree(gates: list[tuple[int, bool]]) -> bool:
    """Whether gates, by the number of jumps before them, may be open or not as they are: who is behind more jumps is behind those before."""
    last = max((jumps for jumps, is_open in gates if is_open), default=-1)
    return all(is_open or jumps > last for jumps, is_open in gates)


def _gates(block: Block) -> Iterator[list[tuple[int, str]]]:
    """Yield the gates of each arm of a block, and of itself: the number of jumps before it, and its flag."""
    found: list[tuple[int, str]] = []
    todo = [block]
    for each in todo:
        for task in each.tasks:
            found += [(text.count("_tf.SKIP"), flag.name) for text, flag in task.gates.items() if flag is not None]
            if task.inner is not None and task.kind == "rest":
                todo.append(task.inner)
            elif task.inner is not None and task.kind in INNER:
                yield from _gates(task.inner)
    yield found


def _conditions(block: Block) -> Iterator[tuple[Flag, str]]:
    for task in block.tasks:
        yield from task.conditions
        if task.inner is not None and task.kind in INNER:
            yield from _conditions(task.inner)


class _Way:
    """One way through a block: what its flags are, and the task whose pod fails, if one does."""

    def __init__(self, values: Mapping[str, str], failing: Task | None) -> None:
        self.values = values
        self.failing = failing
        self.ran: dict[Task, frozenset[Task]] = {}

    def run(self, block: Block) -> dict[Task, frozenset[Task]]:
        """Return the tasks that run and have no inner DAG, each with those that are over before it begins."""
        self._run(block, frozenset())
        return self.ran

    def _run(self, block: Block, base: frozenset[Task]) -> tuple[frozenset[Task], bool]:
        """Run a block; return what is over at its end, and whether it failed."""
        over: dict[Task, frozenset[Task]] = {}
        ended: dict[Task, str] = {}
        waited = {task: [*task.after, *task.always, *task.ran, *task.rescue] for task in block.tasks}
        for task in TopologicalSorter(waited).static_order():
            over[task] = base.union(*[over[other] for other in waited[task]])
            ended[task] = "Omitted" if not self._goes_on(task, ended) else "Skipped"
            if ended[task] == "Omitted" or any(self.values[flag.name] != wanted for flag, wanted in task.conditions):
                continue
            failed = task is self.failing
            if task.inner is not None and task.kind in INNER:
                over[task], failed = self._run(task.inner, over[task])
            elif task.kind != "end":
                self.ran[task] = over[task]
                over[task] |= {task}
            ended[task] = "Failed" if failed else "Succeeded"
        return base.union(*over.values()), "Failed" in ended.values()

    def _goes_on(self, task: Task, ended: Mapping[Task, str]) -> bool:
        """Whether what a task waits for is such that it starts: what the document says by `depends`."""
        if task.rescue:
            return any(ended[other] == "Failed" for other in task.rescue)
        if any(ended[other] not in ("Succeeded", "Failed") for other in task.ran):
            return False
        return all(ended[other] in _GOES_ON.get(other.kind, ("Succeeded", "Skipped")) for other in task.after)


_GOES_ON = {"body": ("Succeeded", "Failed"), **dict.fromkeys(SURE - {"body"}, ("Succeeded",))}
