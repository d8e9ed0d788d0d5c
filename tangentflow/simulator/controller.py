"""The engine's decisions, as a state machine without threads and without processes.

`operate` looks at the whole run and does all that can be done: it creates nodes, ends nodes, and leaves the pods to
start in `to_start`. Whoever runs the pods reports with `pod_started` and `pod_finished` and calls `operate` again.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tangentflow.simulator import retries
from tangentflow.simulator.dag import Dag, MaximumDepth, NodeFailure, NotNow
from tangentflow.simulator.document import LEAF_KINDS, Document, kind_of, value_text
from tangentflow.simulator.nodes import Node, Nodes, pod_name
from tangentflow.simulator.orders import Call, PodOrder, PodReport
from tangentflow.simulator.tags import TagError, replace
from tangentflow.simulator.templates import Items, fill, input_values, seconds, substitute
from tangentflow.simulator.variables import failures, global_values

__all__ = ["Controller"]

Json = dict[str, Any]
DEEPEST = 100
LARGEST = 1_048_576
TOO_DEEP = (
    "Maximum recursion depth exceeded. See "
    "https://argo-workflows.readthedocs.io/en/latest/scaling/#maximum-recursion-depth"
)
_POD_NAME = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"


@dataclass
class _Running:
    """What is kept of a node while it runs."""

    template: Json
    dag: Dag | None = None

    @cached_property
    def result_readers(self) -> str:
        """The text in which a mention of `outputs.result` makes the engine capture stdout."""
        text = json.dumps(self.template)
        return text if "outputs.result" in text else ""


class Controller:
    """One workflow under way."""

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
        self._running: dict[str, _Running] = {}
        self._resumed: dict[str, str] = {}
        self._depth = 0
        self._active = 0
        self._changed = False
        self.globals = global_values(document, name, uid, self.parameters, self.started)
        self.spec: Json = replace({k: v for k, v in document.spec.items() if k != "templates"}, self.globals)
        deadline = self.spec.get("activeDeadlineSeconds")
        self.deadline = None if deadline is None else self.started + deadline * time_scale

    # -- what happens outside -----------------------------------------------------------------------------------------

    def pod_started(self, name: str) -> None:
        """Note that the process of a pod runs."""
        node = self.nodes[name]
        if node.phase == "Pending":
            node.phase = "Running"

    def pod_finished(self, name: str, report: PodReport) -> None:
        """Note how a pod ended; a node that was ended before keeps its phase."""
        node = self.nodes[name]
        node.logs = report.logs
        if node.fulfilled:
            return
        node.outputs = report.outputs
        node.result = report.result
        node.exit_code = report.exit_code
        node.output_artifacts = sorted(report.artifacts)
        node.started = report.started or node.started
        node.finished = report.finished or self.clock()
        node.phase, node.message = report.phase, report.message
        self._running.pop(name, None)

    def pod_deleted(self, name: str) -> bool:
        """Note that a pod was deleted from outside. Returns whether the engine makes it again, from the start."""
        node = self.nodes[name]
        if not node.attempt:
            return True
        self.mark(node, "Error", "pod deleted")
        return False

    def resume(self, name: str, by: str) -> None:
        """Resume a suspended node."""
        self._resumed[name] = by

    # -- nodes --------------------------------------------------------------------------------------------------------

    def add(self, name: str, kind: str, phase: str, template: str, boundary: str, *, message: str = "") -> Node:
        """Create a node."""
        shown = name.removeprefix(boundary).removeprefix(".") if boundary else name
        now = self.clock()
        node = Node(name, shown, kind, phase, template, boundary=boundary, message=message, started=now)
        node.finished = now if node.fulfilled else None
        self._changed = True
        return self.nodes.add(node)

    def mark(self, node: Node, phase: str, message: str | None = None) -> Node:
        """Set phase and message of a node."""
        self._changed = self._changed or (node.phase, node.message) != (
            phase,
            node.message if message is None else message,
        )
        node.phase = phase
        if message is not None:
            node.message = message
        if node.fulfilled:
            node.finished = node.finished or self.clock()
            self._running.pop(node.name, None)
        return node

    def wait_for(self, node: str, reference: str) -> None:
        """Note that a task waits for a value that may never come."""
        self.waiting[node] = reference

    # -- the loop -----------------------------------------------------------------------------------------------------

    def operate(self) -> None:
        """Do all that can be done now."""
        self._changed = True
        while self._changed and self.finished is None:
            self._changed = False
            self.wake = self.deadline if self.deadline and self.clock() < self.deadline else None
            self.waiting = {}
            self._control()
            self._active = self._count("Pod")
            self._once()

    def _control(self) -> None:
        """End pods and suspended nodes when the workflow is stopped or past its deadline."""
        late = self.deadline is not None and self.clock() >= self.deadline
        if not (late or self.shutdown):
            return
        for node in list(self.nodes):
            exit_part = node.name == f"{self.name}.onExit" or node.name.startswith(f"{self.name}.onExit.")
            exit_part = exit_part or node.name.startswith(f"{self.name}.onExit(")
            spared = exit_part and self.shutdown != "Terminate"
            if node.fulfilled or spared or node.type not in ("Pod", "Suspend"):
                continue
            if not self.shutdown:
                message = "Step exceeded its deadline"
            elif node.type == "Pod":
                message = f"workflow shutdown with strategy:  {self.shutdown}"
            else:
                message = f"Stopped with strategy '{self.shutdown}'"
            self.mark(node, "Failed", message)
            self.to_end.append(node.name)

    def _once(self) -> None:
        try:
            root = self.execute(Call(self.name, self.spec["entrypoint"], self.parameters))
        except (NodeFailure, MaximumDepth) as error:
            self._end("Error", f"error in entry template execution: {error}")
            return
        except NotNow:
            return
        if self._too_large(root):
            return
        if not root.fulfilled:
            return
        phase = {"Skipped": "Succeeded", "Omitted": "Succeeded"}.get(root.phase, root.phase)
        self.globals["workflow.status"] = phase
        self.globals["workflow.failures"] = failures(self.name, self.nodes)
        handler = None
        if self.spec.get("onExit") and self.shutdown != "Terminate":
            try:
                handler = self.execute(Call(f"{self.name}.onExit", self.spec["onExit"], {}, on_exit=True))
            except (NodeFailure, MaximumDepth) as error:
                self._end("Error", f"error in exit template execution : {error}")
                return
            except NotNow:
                return
            if not handler.fulfilled:
                return
        message = f"Stopped with strategy '{self.shutdown}'" if root.failed and self.shutdown else root.message
        if phase == "Succeeded" and handler is not None and handler.failed:
            phase, message = handler.phase, handler.message
        self._end(phase, message)

    def _end(self, phase: str, message: str) -> None:
        self.phase, self.message, self.finished = phase, message, self.clock()

    def _too_large(self, root: Node) -> bool:
        """End a workflow that the engine cannot store any more."""
        if self.document.size <= LARGEST or not self.to_start:
            return False
        self.to_start = []
        self.mark(root, "Error", "Workflow operation error")
        self._end("Error", f"workflow is longer than maximum allowed size. compressed size {self.document.size} > maxSize "
                  f"{LARGEST}Tried to offload but encountered error: offload node status is not supported")  # fmt: skip
        return True

    # -- templates ----------------------------------------------------------------------------------------------------

    def execute(self, call: Call) -> Node:
        """Run a template for a node, as far as it goes now; returns the node.

        Raises:
            NodeFailure: where the node ends in Error here; the caller marks it.
            MaximumDepth: where templates are nested too deeply.
            NotNow: where a limit of parallelism holds the node back.
        """
        self._depth += 1
        try:
            return self._execute(call)
        finally:
            self._depth -= 1

    def _execute(self, call: Call) -> Node:
        node = self.nodes.get(call.name)
        if self._depth >= DEEPEST:
            self._error(call, call.name, TOO_DEEP)
            raise MaximumDepth(TOO_DEEP)
        running = self._running.get(call.name)
        if running is None:
            if node is not None and node.fulfilled:
                return node
            template = self.templates[call.template]
            local = {"node.name": call.name, ("tasks.name" if call.task else "steps.name"): call.task}
            if kind_of(template) in LEAF_KINDS and "retryStrategy" not in template:
                local["pod.name"] = pod_name(self.name, call.name, call.template)
            try:
                running = _Running(fill(template, call.arguments, self.globals, local))
            except TagError as error:
                self._error(call, call.name, str(error))
                raise NodeFailure(str(error)) from error
        self._check_parallelism(running.template, node, call.boundary)
        self._running[call.name] = running
        if "retryStrategy" in running.template:
            return self._retry(running, call)
        return self._start(running, call.name, call)

    def _error(self, call: Call, name: str, message: str) -> None:
        node = self.nodes.get(name)
        if node is None:
            self.add(name, "Skipped", "Error", call.template, call.boundary, message=message)
        else:
            self.mark(node, "Error", message)

    def _start(self, running: _Running, name: str, call: Call) -> Node:
        """Create or go on with the node that does the work: that of the call, or one attempt of it."""
        template = running.template
        kind = kind_of(template)
        node = self.nodes.get(name)
        if node is None:
            types = {"dag": ("DAG", "Running"), "suspend": ("Suspend", "Pending")}
            node = self.add(name, *types.get(kind, ("Pod", "Pending")), call.template, call.boundary)
            node.inputs = input_values(template)
            fresh = True
        else:
            fresh = False
        try:
            if kind == "dag":
                if running.dag is None:
                    running.dag = Dag(name, template, call.on_exit)
                running.dag.walk(self)
            elif kind == "suspend":
                self._suspend(node, template)
            elif fresh:
                self._create_pod(node, template, call.on_exit)
        except NodeFailure as error:
            self.mark(node, "Error", str(error))
            raise
        return node

    def _create_pod(self, node: Node, template: Json, on_exit: bool) -> None:
        if self.deadline is not None and self.clock() >= self.deadline and not on_exit:
            self.mark(node, "Failed", "Step exceeded its deadline")
            return
        name = pod_name(self.name, node.name, template["name"])
        if not re.fullmatch(_POD_NAME, name):
            raise NodeFailure(
                f'Pod "{name}" is invalid: metadata.name: Invalid value: "{name}": a lowercase RFC 1123 subdomain must '
                "consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
                f"character (e.g. 'example.com', regex used for validation is '{_POD_NAME}')"
            )
        self._active += 1
        self.to_start.append(PodOrder(node.name, name, template, self._wants_result(node)))

    def _wants_result(self, node: Node) -> bool:
        """Return whether another task names `outputs.result` of this one; only then the engine captures stdout."""
        boundary = self._running.get(node.boundary)
        if boundary is None:
            return False
        task = re.escape(re.sub(r"(\([^()]*\))+$", "", node.name).rsplit(".", 1)[-1])
        wanted = rf"tasks(\.{task}|\['{task}'\])\.outputs\.result"
        return re.search(wanted, boundary.result_readers) is not None

    def _suspend(self, node: Node, template: Json) -> None:
        supplied = [p for p in (template.get("outputs") or {}).get("parameters") or [] if "supplied" in p["valueFrom"]]
        duration = template["suspend"].get("duration")
        now = self.clock()
        try:
            until = None if duration in (None, "") else node.started + seconds(duration) * self.scale
        except Items as error:
            raise NodeFailure(str(error)) from error
        by = self._resumed.pop(node.name, None)
        if by is None and (until is None or now < until):
            if until is not None:
                self._wake_at(until)
            self.mark(node, "Running")
            return
        defaults = {
            p["name"]: p["default"] for p in (template.get("inputs") or {}).get("parameters") or [] if "default" in p
        }
        for parameter in supplied:
            default = parameter["valueFrom"].get("default", defaults.get(parameter["name"]))
            if default is None:
                raise NodeFailure(
                    f"raw output parameter '{parameter['name']}' has not been set and does not have a default value"
                )
            node.outputs = {**(node.outputs or {}), parameter["name"]: value_text(default)}
        self.mark(node, "Succeeded", f"Resumed by: {by}" if by else None)

    # -- retries ------------------------------------------------------------------------------------------------------

    def _retry(self, running: _Running, call: Call) -> Node:
        template = running.template
        node = self.nodes.get(call.name)
        if node is None:
            node = self.add(call.name, "Retry", "Running", call.template, call.boundary)
            node.inputs = input_values(template)
        attempts = [self.nodes[c] for c in node.children if self.nodes.get(c)]
        last = attempts[-1] if attempts else None
        if last is not None and last.fulfilled and not self._again(node, template, attempts):
            return node
        number = len(attempts) if last is None or last.fulfilled else len(attempts) - 1
        name = f"{call.name}({number})"
        self.nodes.connect(call.name, name)
        inner = self._running.get(name)
        if inner is None:
            local = retries.attempt_values(last, number)
            if kind_of(template) in LEAF_KINDS:
                local["pod.name"] = pod_name(self.name, name, call.template)
            try:
                inner = _Running(substitute(template, self.globals, local))
            except TagError as error:
                self._error(call, name, str(error))
                raise NodeFailure(str(error)) from error
            self._running[name] = inner
        try:
            child = self._start(inner, name, call)
        except NodeFailure:
            if (template["retryStrategy"].get("retryPolicy") or "") not in ("Always", "OnError"):
                raise
            child = self.nodes[name]
        child.attempt = True
        if child.fulfilled:
            self._changed = True
        return node

    def _again(self, node: Node, template: Json, attempts: list[Node]) -> bool:
        """Decide after an attempt that is over; returns whether another one is made now."""
        last = attempts[-1]
        if last.failed and not self.shutdown:
            try:
                verdict = retries.decide(template["retryStrategy"], attempts, self.clock(), self.scale)
            except (retries.RetryError, Items) as error:
                raise NodeFailure(str(error)) from error
            if isinstance(verdict, retries.Again):
                self.mark(node, node.phase, "")
                return True
            if isinstance(verdict, retries.Wait):
                self._wake_at(verdict.until)
                self.mark(node, node.phase, verdict.message)
                return False
            message: str | None = verdict.message
        else:
            message = f"Stopped with strategy '{self.shutdown}'" if last.failed else None
        node.outputs, node.result, node.exit_code = last.outputs, last.result, last.exit_code
        node.output_artifacts = last.output_artifacts
        self.mark(node, last.phase if last.failed else "Succeeded", message if message is not None else "")
        return False

    # -- limits -------------------------------------------------------------------------------------------------------

    def _count(self, *kinds: str, boundary: str | None = None) -> int:
        nodes = self.nodes if boundary is None else self.nodes.inside(boundary)
        return sum(node.type in kinds and node.phase in ("Pending", "Running") for node in nodes)

    def _check_parallelism(self, template: Json, node: Node | None, boundary: str) -> None:
        limit = self.spec.get("parallelism")
        if limit is not None and self._active >= limit:
            raise NotNow
        own = template.get("parallelism")
        if node is not None and own is not None and self._count("Pod", boundary=node.name) >= own:
            raise NotNow
        if boundary and (node is None or node.phase not in ("Pending", "Running")):
            around = self._running[boundary].template.get("parallelism")
            if around is not None and self._count("Pod", "DAG", boundary=boundary) >= around:
                raise NotNow

    def _wake_at(self, when: float) -> None:
        self.wake = when if self.wake is None else min(self.wake, when)
