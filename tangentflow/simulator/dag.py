"""Walk a DAG once: start the tasks whose time has come, then say in which phase the DAG is."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from tangentflow.simulator.depends import decide, dependencies, leaves
from tangentflow.simulator.expressions.lexer import ExpressionError
from tangentflow.simulator.nodes import Node, Nodes
from tangentflow.simulator.orders import Call
from tangentflow.simulator.scope import OutputError, Scope
from tangentflow.simulator.tags import Missing, TagError, replace_task
from tangentflow.simulator.templates import Items, arguments_of, expand, has_items
from tangentflow.simulator.when import WhenError, should_execute

if TYPE_CHECKING:
    from tangentflow.simulator.execution import Execution

__all__ = ["Dag", "MaximumDepth", "NodeFailure", "NotNow", "assess"]

Json = dict[str, Any]


class NodeFailure(Exception):
    """Ends a node in Error; the text is its message."""


class MaximumDepth(Exception):
    """Templates are nested too deeply; the node is in Error already."""


class NotNow(Exception):
    """A limit of parallelism is reached: the node has to wait."""


class Dag:
    """A DAG node that runs: its filled template, and what was found out about its tasks so far."""

    def __init__(self, name: str, template: Json, on_exit: bool) -> None:
        self.name = name
        self.template = template
        self.on_exit = on_exit
        self.tasks: dict[str, Json] = {task["name"]: task for task in template["dag"]["tasks"]}
        self.leaves = leaves(template["dag"]["tasks"])
        self.expanded: dict[str, list[Json]] = {}
        self.ancestors = {name: self._ancestors(name) for name in self.tasks}

    def _ancestors(self, name: str) -> list[str]:
        found: dict[str, None] = {}
        todo = list(dependencies(self.tasks[name]))
        while todo:
            ancestor = todo.pop(0)
            if ancestor not in found:
                found[ancestor] = None
                todo += dependencies(self.tasks[ancestor])
        return list(found)

    def node_name(self, task: str) -> str:
        """Return the name of the node of a task."""
        return f"{self.name}.{task}"

    # -- one walk -----------------------------------------------------------------------------------------------------

    def walk(self, controller: Execution) -> None:
        """Look at every task that can be looked at, and end the DAG where it is over.

        Raises:
            NodeFailure: where the DAG succeeded and one of its outputs has no value.
        """
        visited: set[str] = set()
        for leaf in self.leaves:
            self._visit(controller, leaf, visited)
        phase = "Failed" if controller.shutdown and not self.on_exit else assess(controller.nodes, self)
        if phase == "Running":
            return
        node = controller.nodes[self.name]
        if phase == "Succeeded":
            scope = self._scope(controller, [t for t in self.tasks if controller.nodes.get(self.node_name(t))])
            try:
                outputs = scope.outputs(self.template)
            except OutputError as error:
                raise NodeFailure(str(error)) from error
            if outputs is not None:
                node.outputs = outputs
        known = [self.node_name(leaf) for leaf in self.leaves if controller.nodes.get(self.node_name(leaf))]
        node.outbound = [o for leaf in known for o in controller.nodes.outbound(leaf)]
        controller.mark(node, phase)

    def _visit(self, controller: Execution, name: str, visited: set[str]) -> None:
        if name in visited:
            return
        visited.add(name)
        nodes, node_name, task = controller.nodes, self.node_name(name), self.tasks[name]
        node = nodes.get(node_name)
        if node is not None and node.fulfilled:
            return
        if name not in self.expanded:
            for dependency in dependencies(task):
                self._visit(controller, dependency, visited)
            if controller.shutdown and not self.on_exit and node is None:
                return
            if not self._ready(controller, task):
                return
            try:
                self.expanded[name] = self._resolve(controller, task)
            except Missing as error:
                controller.wait_for(node_name, error.reference)
                return
            except (TagError, WhenError, Items, OutputError) as error:
                self._skip(controller, task, node_name, "Error", str(error))
                return
            if has_items(task) and not self.expanded[name]:
                self._skip(controller, task, node_name, "Skipped", "Skipped, empty params")
                return
            if has_items(task):
                self._connect(nodes, task, node_name)
                controller.add(node_name, "TaskGroup", "Running", task["template"], self.name)
        self._run(controller, task, nodes.get(node_name) if has_items(task) else None)

    def _ready(self, controller: Execution, task: Json) -> bool:
        """Decide on `depends`; a task that is not to run gets its node here."""
        needed = {name: controller.nodes.get(self.node_name(name)) for name in dependencies(task)}
        if any(node is None or not node.fulfilled for node in needed.values()):
            return False
        if not needed:
            return True
        node_name = self.node_name(task["name"])
        try:
            if decide(task, {name: _results(controller.nodes, node) for name, node in needed.items() if node}):
                return True
        except ExpressionError as error:
            self._skip(controller, task, node_name, "Error", str(error))
            return False
        self._skip(controller, task, node_name, "Omitted", "omitted: depends condition not met")
        return False

    def _resolve(self, controller: Execution, task: Json) -> list[Json]:
        """Return the tasks to run for a task, with all tags of other tasks replaced."""
        scope = self._scope(controller, self.ancestors[task["name"]])
        values = {**controller.globals, **scope.values}
        if task.get("when"):
            when = replace_task(task["when"], values)
            try:
                if not should_execute(when):
                    return expand({**task, "when": when}, values)
            except WhenError:
                if not has_items(task):
                    raise
        return expand(replace_task(scope.mark_absent(task), values), values)

    def _run(self, controller: Execution, task: Json, group: Node | None) -> None:
        """Run the task or its items as far as they can be run, and end the group once all are over."""
        nodes, expanded = controller.nodes, self.expanded[task["name"]]
        for one in expanded:
            name = self.node_name(one["name"])
            node = nodes.get(name)
            if node is not None and node.fulfilled:
                continue
            if node is None:
                if group is None:
                    self._connect(nodes, task, name)
                else:
                    nodes.connect(group.name, name)
                try:
                    if not should_execute(one.get("when", "")):
                        text = f"when '{one['when']}' evaluated false"
                        controller.add(name, "Skipped", "Skipped", task["template"], self.name, message=text)
                        continue
                except WhenError as error:
                    controller.add(name, "Skipped", "Error", task["template"], self.name, message=str(error))
                    continue
            try:
                controller.execute(
                    Call(name, one["template"], arguments_of(one), self.name, task["name"], self.on_exit)
                )
            except NotNow:
                if nodes.get(name) is None:
                    return
            except MaximumDepth:
                pass
            except NodeFailure as error:
                controller.mark(nodes[name], "Error", f"task '{name}' errored: {error}")
                return
        if group is None:
            return
        phase = "Succeeded"
        for one in expanded:
            node = nodes.get(self.node_name(one["name"]))
            if node is None or not node.fulfilled:
                return
            if node.failed:
                phase = node.phase
        controller.mark(group, phase)

    def _skip(self, controller: Execution, task: Json, name: str, phase: str, message: str) -> None:
        controller.add(name, "Skipped", phase, task["template"], self.name, message=message)
        self._connect(controller.nodes, task, name)

    def _connect(self, nodes: Nodes, task: Json, child: str) -> None:
        """Hang a node behind the last nodes of all tasks that its task names."""
        needed = dependencies(task)
        if not needed:
            nodes.connect(self.name, child)
        for name in needed:
            for parent in nodes.outbound(self.node_name(name)):
                nodes.connect(parent, child)

    def _scope(self, controller: Execution, tasks: list[str]) -> Scope:
        scope = Scope(controller.nodes, controller.templates, self.template)
        for name in tasks:
            scope.add(self.tasks[name], controller.nodes[self.node_name(name)])
        return scope


def _results(nodes: Nodes, node: Node) -> dict[str, bool]:
    phases = {
        "Succeeded": "Succeeded",
        "Failed": "Failed",
        "Errored": "Error",
        "Skipped": "Skipped",
        "Omitted": "Omitted",
    }
    results = {word: node.phase == phase for word, phase in phases.items()}
    items = [nodes[c] for c in node.children if nodes.get(c)] if node.type == "TaskGroup" else []
    any_good = any(item.phase == "Succeeded" for item in items)
    all_failed = bool(items) and all(item.phase == "Failed" for item in items)
    return {**results, "Daemoned": False, "AnySucceeded": any_good, "AllFailed": all_failed}


def assess(nodes: Nodes, dag: Dag) -> str:
    """Return the phase of a DAG: what its leaves say, where a leaf that did not run inherits what lies before it."""
    boundary = nodes[dag.name]
    if any(not node.fulfilled for node in nodes.inside(dag.name)):
        return "Running"
    phases = {dag.node_name(leaf): "" for leaf in dag.leaves}
    todo = deque((child, "Succeeded") for child in boundary.children)
    seen = set(todo)
    while todo:
        name, phase = todo.popleft()
        node = nodes.get(name)
        if node is None or not node.fulfilled:
            return "Running"
        if node.completed:
            phase = node.phase
        if name in phases and phases[name] not in ("Failed", "Error"):
            phases[name] = phase
        below = node.children
        if node.type == "Retry":
            attempts = [nodes.get(child) for child in reversed(node.children)]
            below = [grandchild for attempt in attempts if attempt for grandchild in attempt.children]
        for child in below:
            if (child, phase) not in seen:
                seen.add((child, phase))
                todo.append((child, phase))
    result, fail_fast = "Succeeded", dag.template["dag"].get("failFast", True)
    for leaf in dag.leaves:
        phase = phases[dag.node_name(leaf)]
        if phase == "":
            result = "Running"
            if not fail_fast:
                break
        elif phase in ("Failed", "Error"):
            result = phase
            if fail_fast:
                break
    return result
