"""Run a document: the controller decides, a bounded pool of threads runs the pods, this loop stands between them."""

from __future__ import annotations

import os
import queue
import random
import tempfile
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tangentflow.simulator.artifacts import ArtifactStore
from tangentflow.simulator.containers import ContainerRunner
from tangentflow.simulator.controller import Controller
from tangentflow.simulator.document import Document, read, value_text
from tangentflow.simulator.errors import NotSimulated, SimulationError
from tangentflow.simulator.nodes import Node
from tangentflow.simulator.orders import PodOrder, PodReport
from tangentflow.simulator.pods import Pod, PodRunner, Workflow
from tangentflow.simulator.runners import PrefixRunner, RootRunner
from tangentflow.simulator.strict import check_expressions, check_resolved
from tangentflow.simulator.validate import InvalidSpec, validate
from tangentflow.simulator.volumes import check_volumes

__all__ = ["POD_ROOT_ANNOTATION", "Action", "SimulatedRun", "simulate"]

POD_ROOT_ANNOTATION = "tangentflow.dev/pod-root"
"""With the value "1" on a workflow: its pods honour TANGENTFLOW_POD_ROOT. On a template: "1" or "0" for that one."""


@dataclass(frozen=True)
class Action:
    """What somebody does to the workflow once a node of this display name runs.

    `resume` a suspended node, `stop` or `terminate` the workflow, `delete_pod` of the node. Before a node is resumed, those of its supplied
    outputs are set that `values` names; the others stay without a value, as where `argo resume` is given a selector. `every`: it is done to
    each such node, not to the first one only.
    """

    verb: Literal["resume", "stop", "terminate", "delete_pod"]
    node: str
    values: Mapping[str, str] = field(default_factory=dict)
    every: bool = False


@dataclass(frozen=True)
class SimulatedRun:
    """What became of a workflow.

    `phase` is Succeeded, Failed or Error; or Running with `hang` true: on the engine the workflow would never end, and
    `reason` says which task waits for what. `nodes` are in the order in which they were created.
    """

    name: str
    uid: str
    phase: str
    message: str
    hang: bool
    reason: str
    nodes: tuple[Node, ...]
    started: float
    finished: float

    @property
    def pods(self) -> int:
        """The number of nodes that are pods."""
        return sum(node.type == "Pod" for node in self.nodes)

    def node(self, name: str) -> Node:
        """Return the node of this name, with or without the name of the workflow in front.

        Raises:
            KeyError: where there is none.
        """
        for node in self.nodes:
            if name in (node.name, node.name.removeprefix(f"{self.name}.")):
                return node
        raise KeyError(name)


def simulate(
    document: Mapping[str, Any] | str,
    *,
    store: Path,
    parameters: Mapping[str, str] | None = None,
    workers: int | None = None,
    time_scale: float = 1.0,
    python: str | None = None,
    uid: str | None = None,
    secrets: Mapping[str, Mapping[str, str]] | None = None,
    templates: Sequence[Mapping[str, Any] | str] = (),
    actions: Iterable[Action] = (),
    engine: str | None = None,
    kubectl: Sequence[str] | None = None,
) -> SimulatedRun:
    """Run a Workflow document (a dict, or YAML text) on this machine as the Argo controller would run it.

    Args:
        document: the Workflow; a CronWorkflow stands for one of its runs.
        store: the folder of the artifacts; the path of a file in it is its key.
        parameters: values of workflow parameters, in place of those in the document.
        workers: how many pods run at the same time; as many as there are processors by default.
        time_scale: by how much deadlines, backoffs and suspensions are stretched: 0.1 makes them ten times shorter.
        python: the interpreter of pods; by default this one, without any installed package.
        uid: the uid of the workflow; by default that of the document's metadata, or a new one.
        secrets: values for `secretKeyRef`, by secret and key.
        templates: WorkflowTemplates that a `workflowTemplateRef` may name.
        actions: what somebody does meanwhile.
        engine: a program such as docker; with it, pods of images run in them whose programs do not honour TANGENTFLOW_POD_ROOT.
        kubectl: the command by which resource templates reach a cluster.

    Raises:
        DocumentRefused: for a document that the API server would refuse.
        NotSimulated: for a document that asks for something that the simulator does not know.
    """
    read_document = _with_template(read(document), [read(t) for t in templates])
    if read_document.annotations.get(POD_ROOT_ANNOTATION) == "1":
        check_expressions(read_document.spec)
    uid = uid or read_document.uid or str(uuid.uuid4())
    name = read_document.name or read_document.generate_name + _suffix(uid)
    if not name:
        raise NotSimulated("metadata", "a workflow has a name or a generateName")
    values = _parameters(read_document, parameters or {})
    started = time.time()
    try:
        validate(read_document, name, values)
    except InvalidSpec as error:
        return SimulatedRun(name, uid, "Failed", f"invalid spec: {error}", False, "", (), started, time.time())
    controller = Controller(read_document, name, uid, values, time_scale=time_scale)
    with tempfile.TemporaryDirectory(prefix="tangentflow-pods-", ignore_cleanup_errors=True) as scratch:
        workflow = Workflow(name, uid, ArtifactStore(Path(store)), Path(scratch), secrets or {}, time_scale, kubectl)
        loop = _Loop(controller, workflow, python, list(actions), engine)
        reason = loop.run(workers or os.cpu_count() or 1)
    hang = controller.finished is None
    finished = controller.finished or time.time()
    nodes = tuple(controller.nodes)
    return SimulatedRun(name, uid, controller.phase, controller.message, hang, reason, nodes, started, finished)


def _suffix(uid: str) -> str:
    """Return the five characters that the API server appends, the same for the same uid."""
    return "".join(random.Random(uid).choices("bcdfghjklmnpqrstvwxz2456789", k=5))


def _parameters(document: Document, given: Mapping[str, str]) -> dict[str, str]:
    declared = (document.spec.get("arguments") or {}).get("parameters") or []
    names = {p["name"] for p in declared}
    unknown = sorted(given.keys() - names)
    if unknown:
        raise SimulationError(
            f"no workflow parameter {', '.join(unknown)}; the document has {', '.join(sorted(names)) or 'none'}"
        )
    values = {p["name"]: value_text(p["value"]) for p in declared if "value" in p}
    return {**values, **given}


def _with_template(document: Document, templates: Sequence[Document]) -> Document:
    """Return the document with the spec of its `workflowTemplateRef` in it."""
    reference = document.spec.get("workflowTemplateRef")
    if reference is None:
        return document
    found = [t for t in templates if t.name == reference["name"]]
    if not found:
        raise NotSimulated(
            "spec.workflowTemplateRef", f"no WorkflowTemplate {reference['name']!r} was given: pass `templates=`"
        )
    base = found[0].spec
    own = {k: v for k, v in document.spec.items() if k not in ("workflowTemplateRef", "arguments")}
    merged: dict[str, dict[str, Any]] = {}
    for spec in (base, document.spec):
        for parameter in (spec.get("arguments") or {}).get("parameters") or []:
            merged[parameter["name"]] = {**merged.get(parameter["name"], {}), **parameter}
    spec = {**base, **own, "arguments": {"parameters": list(merged.values())}}
    return Document(**{**vars(document), "spec": spec, "templates": found[0].templates})


class _Loop:
    """Carries orders from the controller to pods and reports back, until nothing moves any more."""

    def __init__(
        self, controller: Controller, workflow: Workflow, python: str | None, actions: list[Action], engine: str | None
    ) -> None:
        self.engine = None if engine is None else ContainerRunner(engine)
        self.controller = controller
        self.workflow = workflow
        self.actions = actions
        self.ours = controller.document.annotations.get(POD_ROOT_ANNOTATION) == "1"
        self.prefix = PrefixRunner(python)
        self.root = RootRunner(python)
        self.events: queue.SimpleQueue[tuple[str, PodReport | Exception | None]] = queue.SimpleQueue()
        self.pods: dict[str, Pod] = {}
        self.deleted: dict[str, bool] = {}

    def run(self, workers: int) -> str:
        """Run to the end. Returns why the workflow would never end, or nothing."""
        controller = self.controller
        with ThreadPoolExecutor(workers, thread_name_prefix="pod") as pool:
            try:
                while True:
                    controller.operate()
                    for order in controller.to_start:
                        if self.ours:
                            check_resolved(order.template)
                        self.pods[order.node] = Pod(order, self.workflow, self._runner(order))
                        pool.submit(self._pod, order.node, self.pods[order.node])
                    controller.to_start = []
                    self._end_pods()
                    if self._act():
                        continue
                    if controller.finished is not None and not self.pods:
                        return ""
                    if not self.pods and controller.wake is None:
                        return self._reason()
                    self._await(pool)
            except BaseException:
                for pod in self.pods.values():
                    pod.end("the simulation was given up")
                raise

    def _end_pods(self) -> None:
        """End the pods whose nodes are over already; those of a finished workflow too."""
        for name in self.controller.to_end:
            if name in self.pods:
                self.pods[name].end(self.controller.nodes[name].message)
        self.controller.to_end = []

    def _await(self, pool: ThreadPoolExecutor) -> None:
        """Wait for something to happen, and tell the controller of all that has."""
        wake = self.controller.wake
        try:
            timeout = None if wake is None else max(0.0, wake - self.controller.clock())
            event = self.events.get(timeout=timeout)
        except queue.Empty:
            return
        while True:
            self._event(*event, pool)
            try:
                event = self.events.get_nowait()
            except queue.Empty:
                return

    def _event(self, name: str, report: PodReport | Exception | None, pool: ThreadPoolExecutor) -> None:
        if isinstance(report, Exception):
            raise report
        if report is None:
            self.controller.pod_started(name)
            return
        pod = self.pods.pop(name)
        if name in self.deleted and self.deleted.pop(name):
            self.pods[name] = Pod(pod.order, self.workflow, pod.runner)
            pool.submit(self._pod, name, self.pods[name])
            return
        self.controller.pod_finished(name, report)

    def _pod(self, name: str, pod: Pod) -> None:
        """Run a pod; in a thread of the pool."""
        try:
            self.events.put((name, None))
            self.events.put((name, pod.run()))
        except Exception as error:
            self.events.put((name, error))

    def _runner(self, order: PodOrder) -> PodRunner:
        annotations = (order.template.get("metadata") or {}).get("annotations") or {}
        wish = annotations.get(POD_ROOT_ANNOTATION, self.controller.document.annotations.get(POD_ROOT_ANNOTATION))
        check_volumes(order.template, self.controller.document.spec, wish != "1" and self.engine is None)
        if wish == "1":
            return self.prefix
        if self.engine is not None:
            return self.engine
        if RootRunner.available():
            return self.root
        raise SimulationError(
            f"template {order.template['name']}: its program opens absolute paths, and this machine lets us make no root folder "
            f"for it (Linux, as root or with user namespaces). Programs that honour TANGENTFLOW_POD_ROOT carry the annotation "
            f'{POD_ROOT_ANNOTATION}: "1".'
        )

    # -- what somebody does meanwhile ---------------------------------------------------------------------------------

    def _act(self) -> bool:
        """Do the first thing whose time has come; returns whether something was done."""
        for action in self.actions:
            for node in self.controller.nodes:
                if action.verb == "resume" and node.type != "Suspend":
                    continue
                if node.display_name == action.node and node.phase == "Running" and self._do(action, node):
                    if not action.every:
                        self.actions.remove(action)
                    return True
        return False

    def _do(self, action: Action, node: Node) -> bool:
        if action.verb == "resume":
            self.controller.resume(node.name, "map[User:simulated]", action.values)
        elif action.verb == "delete_pod":
            if node.name not in self.pods:
                return False
            self.deleted[node.name] = self.controller.pod_deleted(node.name)
            self.pods[node.name].end("pod deleted")
        else:
            self.controller.shutdown = {"stop": "Stop", "terminate": "Terminate"}[action.verb]
        return True

    # -- hangs --------------------------------------------------------------------------------------------------------

    def _reason(self) -> str:
        """Say why nothing can go on."""
        controller = self.controller
        reasons = [f"{node} waits for {reference}, which never comes" for node, reference in controller.waiting.items()]
        running = [node for node in controller.nodes if not node.fulfilled]
        reasons += [f"{node.name} is suspended and has no duration" for node in running if node.type == "Suspend"]
        reasons += [f"{node.name} waits for the lock {node.lock}" for node in running if node.lock]
        for node in running:
            inside = controller.nodes.inside(node.name)
            if node.type == "DAG" and not reasons and inside and all(n.fulfilled for n in inside):
                lost = [n.name for n in inside if n.type == "DAG" and n.phase == "Error" and not n.outbound]
                reasons.append(f"{node.name} never ends: what follows {', '.join(lost) or 'a task'} is not connected to it, "
                               "since that DAG ended in Error by its own outputs")  # fmt: skip
        return "; ".join(reasons) or "nothing can go on"
