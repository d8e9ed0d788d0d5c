"""The engine's decisions, as a state machine without threads and without processes.

`operate` looks at the whole run and does all that can be done: it creates nodes, ends nodes, and leaves the pods to
start in `to_start`. Whoever runs the pods reports with `pod_started` and `pod_finished` and calls `operate` again.
"""

from __future__ import annotations

from collections.abc import Mapping

from tangentflow.simulator.dag import MaximumDepth, NodeFailure, NotNow
from tangentflow.simulator.execution import Execution
from tangentflow.simulator.nodes import Node
from tangentflow.simulator.orders import Call, PodReport
from tangentflow.simulator.variables import failures

__all__ = ["Controller"]

LARGEST = 1_048_576
"""Bytes of a workflow that the engine can store."""


class Controller(Execution):
    """One workflow under way: what happens outside comes in here, and `operate` draws the conclusions."""

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
        self.running.pop(name, None)

    def pod_deleted(self, name: str) -> bool:
        """Note that a pod was deleted from outside. Returns whether the engine makes it again, from the start."""
        node = self.nodes[name]
        if not node.attempt:
            return True
        self.mark(node, "Error", "pod deleted")
        return False

    def resume(self, name: str, by: str, values: Mapping[str, str]) -> None:
        """Resume a suspended node."""
        self.resumed[name] = by
        self.supplied[name] = values

    # -- the loop -----------------------------------------------------------------------------------------------------

    def operate(self) -> None:
        """Do all that can be done now."""
        self.changed = True
        while self.changed and self.finished is None:
            self.changed = False
            self.wake = self.deadline if self.deadline and self.clock() < self.deadline else None
            self.waiting = {}
            self._control()
            self.active = self.count("Pod")
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
                handler = self.execute(Call(f"{self.name}.onExit", self.spec["onExit"], self.parameters, on_exit=True))
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
