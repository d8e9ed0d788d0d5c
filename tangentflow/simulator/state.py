"""What the controller knows of a run: its nodes, what it keeps of those that run, and what is to happen next."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from tangentflow.simulator.dag import Dag
from tangentflow.simulator.document import Document, Json
from tangentflow.simulator.nodes import Node, Nodes
from tangentflow.simulator.orders import PodOrder
from tangentflow.simulator.tags import replace
from tangentflow.simulator.variables import global_values

__all__ = ["Running", "State"]


@dataclass
class Running:
    """What is kept of a node while it runs."""

    template: Json
    dag: Dag | None = None

    @cached_property
    def result_readers(self) -> str:
        """The text in which a mention of `outputs.result` makes the engine capture stdout."""
        text = json.dumps(self.template)
        return text if "outputs.result" in text else ""


class State:
    """One workflow under way.

    `to_start` holds pods to start, `to_end` nodes whose pods are to be ended, `waiting` the tasks that wait for a value,
    `holders` the nodes that have the locks by their names, `waited` those that have just got one, `wake` the time at which something is due; `changed` says that another look at the run is worth while.
    """

    def __init__(
        self,
        document: Document,
        name: str,
        uid: str,
        parameters: Mapping[str, str],
        *,
        time_scale: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.document = document
        self.name = name
        self.uid = uid
        self.parameters = dict(parameters)
        self.scale = time_scale
        self.clock = clock
        self.templates = document.templates
        self.nodes = Nodes()
        self.phase = "Running"
        self.message = ""
        self.shutdown = ""
        self.started = clock()
        self.finished: float | None = None
        self.to_start: list[PodOrder] = []
        self.to_end: list[str] = []
        self.waiting: dict[str, str] = {}
        self.wake: float | None = None
        self.running: dict[str, Running] = {}
        self.resumed: dict[str, str] = {}
        self.supplied: dict[str, Mapping[str, str]] = {}
        self.active = 0
        self.holders: dict[str, str] = {}
        self.waited: set[str] = set()
        self.changed = False
        self.globals = global_values(document, name, uid, self.parameters, self.started)
        self.spec: Json = replace({k: v for k, v in document.spec.items() if k != "templates"}, self.globals)
        deadline = self.spec.get("activeDeadlineSeconds")
        self.deadline = None if deadline is None else self.started + deadline * time_scale

    def add(self, name: str, kind: str, phase: str, template: str, boundary: str, *, message: str = "") -> Node:
        """Create a node."""
        shown = name.removeprefix(boundary).removeprefix(".") if boundary else name
        now = self.clock()
        node = Node(name, shown, kind, phase, template, boundary=boundary, message=message, started=now)
        node.finished = now if node.fulfilled else None
        self.changed = True
        return self.nodes.add(node)

    def mark(self, node: Node, phase: str, message: str | None = None) -> Node:
        """Set phase and message of a node."""
        self.changed = self.changed or (node.phase, node.message) != (
            phase,
            node.message if message is None else message,
        )
        node.phase = phase
        if message is not None:
            node.message = message
        if node.fulfilled:
            node.finished = node.finished or self.clock()
            self.running.pop(node.name, None)
        return node

    def wait_for(self, node: str, reference: str) -> None:
        """Note that a task waits for a value that may never come."""
        self.waiting[node] = reference

    def wake_at(self, when: float) -> None:
        """Note that something is due at a time."""
        self.wake = when if self.wake is None else min(self.wake, when)

    def count(self, *kinds: str, boundary: str | None = None) -> int:
        """Return how many nodes of these types wait or run, in all or inside one DAG. Pods that are not made yet, for want of a lock, do not count."""
        nodes = self.nodes if boundary is None else self.nodes.inside(boundary)
        made = [node for node in nodes if not node.lock] if kinds == ("Pod",) else nodes
        return sum(node.type in kinds and node.phase in ("Pending", "Running") for node in made)
