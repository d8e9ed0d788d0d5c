"""How many step runs of a kind may be under way at a time: those of one step, and those of one call of a workflow."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator

from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.engine.frames import Frame
from tangentflow.engine.tasks import Task
from tangentflow.graph.nodes import Graph, Step

__all__ = ["Limits"]


class Limits:
    """Counts what is under way and holds back what would be too much, in the order in which it came. `any`: there is something to bound."""

    def __init__(self, graph: Graph) -> None:
        self._counts: Counter[int] = Counter()
        self._held: dict[int, deque[Task]] = {}
        self._calls: dict[str, int] = {}
        for flow in graph.flows:
            workflow = graph.bindings[flow.key]
            most = workflow.option("parallelism") if isinstance(workflow, WorkflowFunction) else None
            if most is not None:
                self._calls[flow.key] = most
        nodes = [node for flow in graph.flows for node in flow.body.walk() if isinstance(node, Step)]
        steps = [graph.bindings[node.callee] for node in nodes]
        self.any = bool(self._calls) or any(
            isinstance(step, StepFunction) and step.policy.max_concurrent is not None for step in steps
        )

    def admit(self, task: Task) -> bool:
        """Whether a task may start; if not, it is held back. Either way `spare` tells what may start in its place, if it does not."""
        for kind, most in self._kinds(task):
            if self._counts[kind] >= most:
                self._held.setdefault(kind, deque()).append(task)
                return False
        return True

    def start(self, task: Task) -> None:
        """Count a task that starts."""
        for kind, _ in self._kinds(task):
            self._counts[kind] += 1

    def leave(self, task: Task) -> list[Task]:
        """Take a task off the count; return those that may be looked at again."""
        for kind, _ in self._kinds(task):
            self._counts[kind] -= 1
        return self.spare(task)

    def spare(self, task: Task) -> list[Task]:
        """Return those that may be looked at again, since a task has not taken the place that it might have had."""
        kinds = [kind for kind, most in self._kinds(task) if self._counts[kind] < most and self._held.get(kind)]
        return [self._held[kind].popleft() for kind in kinds]

    def _kinds(self, task: Task) -> Iterator[tuple[int, int]]:
        """Yield what a task counts for, and how many there may be of each."""
        if task.policy.max_concurrent is not None:
            yield id(task.ready.step), task.policy.max_concurrent
        if self._calls:
            frame: Frame | None = task.ready.frame
            while frame is not None:
                most = self._calls.get(frame.flow.key)
                if most is not None:
                    yield id(frame), most
                frame = frame.parent[0] if frame.parent is not None else None
