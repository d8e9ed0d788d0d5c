"""Run a template for a node as far as it goes: a DAG, a pod, a suspension, and attempt after attempt of a retry."""

from __future__ import annotations

import re

from tangentflow.simulator import retries
from tangentflow.simulator.dag import Dag, MaximumDepth, NodeFailure, NotNow
from tangentflow.simulator.document import LEAF_KINDS, Json, kind_of, value_text
from tangentflow.simulator.nodes import Node, pod_name
from tangentflow.simulator.orders import Call, PodOrder
from tangentflow.simulator.state import Running, State
from tangentflow.simulator.tags import TagError
from tangentflow.simulator.templates import Items, fill, input_values, seconds, substitute

__all__ = ["Execution"]

DEEPEST = 100
TOO_DEEP = (
    "Maximum recursion depth exceeded. See "
    "https://argo-workflows.readthedocs.io/en/latest/scaling/#maximum-recursion-depth"
)
_POD_NAME = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"


class Execution(State):
    """The part of the controller that runs templates."""

    _depth = 0

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
        running = self.running.get(call.name)
        if running is None:
            if node is not None and node.fulfilled:
                return node
            template = self.templates[call.template]
            local = {"node.name": call.name, ("tasks.name" if call.task else "steps.name"): call.task}
            if kind_of(template) in LEAF_KINDS and "retryStrategy" not in template:
                local["pod.name"] = pod_name(self.name, call.name, call.template)
            try:
                running = Running(fill(template, call.arguments, self.globals, local))
            except TagError as error:
                self._error(call, call.name, str(error))
                raise NodeFailure(str(error)) from error
        self._check_parallelism(running.template, node, call.boundary)
        self.running[call.name] = running
        if not self._acquire(running.template, call):
            return self.nodes[call.name]
        if "retryStrategy" in running.template:
            return self._retry(running, call)
        return self._start(running, call.name, call)

    def _error(self, call: Call, name: str, message: str) -> None:
        node = self.nodes.get(name)
        if node is None:
            self.add(name, "Skipped", "Error", call.template, call.boundary, message=message)
        else:
            self.mark(node, "Error", message)

    def _acquire(self, template: Json, call: Call) -> bool:
        """Take the locks that a template asks for, all of them or none; a node without them waits."""
        wanted = [mutex["name"] for mutex in (template.get("synchronization") or {}).get("mutexes") or []]
        node = self.nodes.get(call.name)
        taken = next((name for name in wanted if self._is_taken(name, call.name)), None)
        if taken is not None:
            if node is None:
                kind = "Retry" if "retryStrategy" in template else "Pod"
                node = self.add(call.name, kind, "Pending", call.template, call.boundary)
                node.inputs = input_values(template)
            node.lock = f"{self.document.namespace}/Mutex/{taken}"
            node.message = f"Waiting for {node.lock} lock. Lock status: 0/1"
            return False
        self.holders |= dict.fromkeys(wanted, call.name)
        if node is not None and node.lock:
            node.lock = node.message = ""
            node.started = self.clock()
            if node.type == "Pod":
                self.waited.add(call.name)
            else:
                self.mark(node, "Running")
        return True

    def _is_taken(self, lock: str, node: str) -> bool:
        holder = self.nodes.get(self.holders.get(lock, ""))
        return holder is not None and holder.name != node and not holder.fulfilled

    def _start(self, running: Running, name: str, call: Call) -> Node:
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
            fresh = name in self.waited
            self.waited.discard(name)
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
        self.active += 1
        self.to_start.append(PodOrder(node.name, name, template, self._wants_result(node)))

    def _wants_result(self, node: Node) -> bool:
        """Return whether another task names `outputs.result` of this one; only then the engine captures stdout."""
        boundary = self.running.get(node.boundary)
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
        by = self.resumed.pop(node.name, None)
        if by is None and (until is None or now < until):
            if until is not None:
                self.wake_at(until)
            self.mark(node, "Running")
            return
        defaults = {
            p["name"]: p["default"] for p in (template.get("inputs") or {}).get("parameters") or [] if "default" in p
        }
        given = self.supplied.pop(node.name, {})
        for parameter in supplied:
            name = parameter["name"]
            default = given.get(name, parameter["valueFrom"].get("default", defaults.get(name)))
            if by is not None and name not in given:  # who names the node answers for all of its outputs
                continue
            if default is None:
                raise NodeFailure(
                    f"raw output parameter '{parameter['name']}' has not been set and does not have a default value"
                )
            node.outputs = {**(node.outputs or {}), parameter["name"]: value_text(default)}
        self.mark(node, "Succeeded", f"Resumed by: {by}" if by else None)

    # -- retries ------------------------------------------------------------------------------------------------------

    def _retry(self, running: Running, call: Call) -> Node:
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
        inner = self.running.get(name)
        if inner is None:
            local = retries.attempt_values(last, number)
            if kind_of(template) in LEAF_KINDS:
                local["pod.name"] = pod_name(self.name, name, call.template)
            try:
                inner = Running(substitute(template, self.globals, local))
            except TagError as error:
                self._error(call, name, str(error))
                raise NodeFailure(str(error)) from error
            self.running[name] = inner
        try:
            child = self._start(inner, name, call)
        except NodeFailure:
            if (template["retryStrategy"].get("retryPolicy") or "") not in ("Always", "OnError"):
                raise
            child = self.nodes[name]
        child.attempt = True
        if child.fulfilled:
            self.changed = True
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
                self.wake_at(verdict.until)
                self.mark(node, node.phase, verdict.message)
                return False
            message: str | None = verdict.message
        else:
            message = f"Stopped with strategy '{self.shutdown}'" if last.failed else None
        node.outputs, node.result, node.exit_code = last.outputs, last.result, last.exit_code
        node.output_artifacts = last.output_artifacts
        self.mark(node, last.phase if last.failed else "Succeeded", message if message is not None else "")
        return False

    def _check_parallelism(self, template: Json, node: Node | None, boundary: str) -> None:
        limit = self.spec.get("parallelism")
        if limit is not None and self.active >= limit:
            raise NotNow
        own = template.get("parallelism")
        if node is not None and own is not None and self.count("Pod", boundary=node.name) >= own:
            raise NotNow
        if boundary and (node is None or node.phase not in ("Pending", "Running")):
            around = self.running[boundary].template.get("parallelism")
            if around is not None and self.count("Pod", "DAG", boundary=boundary) >= around:
                raise NotNow
