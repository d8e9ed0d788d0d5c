"""The step runs of a workflow: the nodes of its status, by the run's own plan."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from tangentflow.argo.names import key
from tangentflow.argo.pods import CHUNK
from tangentflow.argo.policies import LATE
from tangentflow.client.cluster import timestamp
from tangentflow.client.plan import Plan
from tangentflow.client.records import Record
from tangentflow.engine.run import StepRun
from tangentflow.engine.store import locate, user_files
from tangentflow.errors import Cancelled, ClusterError, StepKilled
from tangentflow.runtime.codec import decode
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.podfiles import RUNS, Indices, chunk_items, ix_text, parse_ix

__all__ = ["ArgoStepRun", "nodes_of", "pod_name", "step_runs", "taken_runs"]

Json = dict[str, Any]
Read = Callable[[str], bytes | None]


@dataclass(eq=False)
class ArgoStepRun(StepRun):
    """A step run on a cluster. What it recorded and printed is read when it is asked for.

    `message` is what the engine says about its pod, `pod` the name of its last one (empty if it had none).
    """

    message: str = ""
    pod: str = ""
    printed: Callable[[ArgoStepRun], str] | None = field(default=None, repr=False)

    def logs(self) -> str:
        """Return what the step printed. Raises ClusterError if nobody knows any more."""
        return "" if self.printed is None or not self.pod else self.printed(self)


@dataclass(frozen=True)
class _Place:
    """A node of the status and the step run that it is."""

    node: Json
    flow: Json
    step: Json
    frame: str
    indices: Indices
    template: str
    attempts: int
    pod: str
    path: str
    order: tuple[int, ...]
    uid: str
    times: tuple[float, float] | None = None

    @property
    def key(self) -> str:
        return f"{self.uid}/{self.frame}/{key(self.step['id'])}{ix_text(self.indices)}/v"


def nodes_of(workflow: Mapping[str, Any]) -> dict[str, Json]:
    """Return the nodes of a workflow's status by their ids. Raises ClusterError if they are not in it."""
    status = workflow.get("status") or {}
    nodes: dict[str, Json] = status.get("nodes") or {}
    name = workflow["metadata"]["name"]
    if not nodes and status.get("compressedNodes"):
        raise ClusterError(
            f"the engine has packed what it has on the nodes of {name} by other means than gzip, which Argo Server alone undoes: set ARGO_SERVER",
            run=name,
        )
    if not nodes and status.get("offloadNodeStatusVersion"):
        raise ClusterError(
            f"the engine keeps what it has on the nodes of {name} in a database of its own, which Argo Server alone reads: set ARGO_SERVER",
            run=name,
        )
    return nodes


def step_runs(
    plan: Plan, workflow: Mapping[str, Any], read: Read, printed: Callable[[ArgoStepRun], str]
) -> list[ArgoStepRun]:
    """Return what started and what was skipped, in program order."""
    cancelled = bool((workflow.get("spec") or {}).get("shutdown"))
    places = {place.path: place for place in _places(plan, workflow, read)}
    return [_step_run(place, read, printed, cancelled) for place in sorted(places.values(), key=lambda p: p.order)]


def _step_run(
    place: _Place, read: Read, printed: Callable[[ArgoStepRun], str], cancelled: bool
) -> ArgoStepRun:  # fmt: skip
    node, ran = place.node, place.attempts > 0
    began, ended = place.times or (timestamp(node.get("startedAt")), timestamp(node.get("finishedAt")))
    run = ArgoStepRun(
        place.step["name"], place.path, node.get("phase") or "Pending", f"{place.flow['file']}:{place.step['line']}",
        place=(place.frame, place.step["id"], place.indices),
        attempts=place.attempts, started=began if ran else None, finished=ended if ran else None, order=place.order,
        message=node.get("message") or "", pod=place.pod, printed=printed,
    )  # fmt: skip
    if run.status == "Succeeded":
        run.recorded = lambda: _recorded(place, read) or _lost(run)
    elif run.status in ("Failed", "Error"):  # a pod may also fail for what it does after its step
        found = _recorded(place, read)
        run.status = "Succeeded" if isinstance(found, Value) else "Failed"
        if found is None and (cancelled or run.message == LATE):
            told = "the run was cancelled" if cancelled else "the run's timeout was over"
            run.status, found = (
                "Cancelled",
                Raised(Cancelled(f"{told} before step {run.path} ended", run.name, run.path)),
            )
        run.recorded = found or _lost(run)
    return run


def taken_runs(record: Record, known: Collection[str]) -> Iterator[ArgoStepRun]:
    """Yield the step runs that a run took over from earlier ones, but for those of which pods tell (`known`, by path)."""
    plan = record.plan
    for frame, sites in record.taken.get("table", {}).items():
        flow = record.flow(frame)
        for site, found in sites.items():
            step = flow["nodes"].get(site, {"kind": "head"})
            for text, number in found.items() if step["kind"] == "Step" else ():
                indices = parse_ix(text)
                path = plan.path(frame, site, indices)
                if path in known:
                    continue
                run = ArgoStepRun(
                    step["name"], path, "Cached", f"{flow['file']}:{step['line']}", cached=True, why=record.taken["told"].get(str(number), ""),
                    order=plan.order(frame, site, indices), place=(frame, site, indices),
                )  # fmt: skip
                run.recorded = partial(_taken, record, run)
                yield run


def _taken(record: Record, run: ArgoStepRun) -> Outcome:
    assert run.place is not None
    data = record.original(*run.place)
    return _lost(run) if data is None else decode(data, where=run.name, files=user_files(locate(None)))


def _recorded(place: _Place, read: Read) -> Outcome | None:
    data = read(place.key)
    return None if data is None else decode(data, where=place.step["name"], files=user_files(locate(None)))


def _lost(run: ArgoStepRun) -> Outcome:
    """Return what tells that a pod ended without an outcome."""
    told = f": {run.message}" if run.message else ""
    return Raised(StepKilled(f"the pod of {run.path} ended without recording an outcome{told}", run.name, run.path))


def _places(plan: Plan, workflow: Mapping[str, Any], read: Read) -> Iterator[_Place]:
    nodes = nodes_of(workflow)
    uid = workflow["metadata"]["uid"]
    over = (workflow.get("status") or {}).get("phase") in ("Succeeded", "Failed", "Error")
    works: dict[tuple[str, Indices, str], tuple[str, int]] = {}
    for node in nodes.values():  # first what is under way: the pod that records the outcome of some work tells more
        found = plan.worked(node.get("templateName", ""))
        if found is not None and node.get("type") in ("Pod", "Retry", "Suspend") and not _is_attempt(node):
            frame, indices = _address(nodes.get(node.get("boundaryID", ""), {}))
            attempts = _attempts(nodes, node)
            pods = [pod_name(workflow, child) for child in attempts or [node] if child["type"] == "Pod"]
            pod = pods[-1] if pods else ""
            if pod:
                works[frame, indices, found[1]["id"]] = pod, len(pods)
            told = ("Succeeded", "Failed", "Error") if pod and not over else ("Succeeded",)
            shown = {**node, "phase": "Running"} if node.get("phase") in told else node
            yield _place(plan, shown, *found, frame, indices, uid, len(pods) or 1, pod)
    for node in nodes.values():
        if node.get("type") == "Skipped" and node.get("phase") == "Skipped":
            boundary = nodes.get(node.get("boundaryID", ""), {})
            frame, indices = _address(boundary)
            for flow, step in plan.skipped(_template(plan, node, boundary)):
                yield _place(plan, node, flow, step, frame, indices, uid, 0, "")
        elif node.get("type") in ("Pod", "Retry") and not _is_attempt(node):
            found = plan.step(_template(plan, node, {}))
            if found is None:
                continue
            attempts = _attempts(nodes, node)
            frame, indices = _address(node)
            own = pod_name(workflow, attempts[-1] if attempts else node), len(attempts) or 1
            pod, tried = works.get((frame, indices, found[1]["id"]), own)  # the work has printed what there is to see
            place = _place(plan, node, *found, frame, indices, uid, tried, pod)
            size = _chunk(plan, node)
            yield from _iterations(plan, place, size, read) if size else [place]


def _is_attempt(node: Mapping[str, Any]) -> bool:
    return bool((node.get("nodeFlag") or {}).get("retried"))


def _attempts(nodes: Mapping[str, Json], node: Json) -> list[Json]:
    """Return the attempts that a node has; none if there can be only one."""
    children = node.get("children") or [] if node["type"] == "Retry" else []
    return [nodes[child] for child in children if child in nodes and _is_attempt(nodes[child])]


def _chunk(plan: Plan, node: Mapping[str, Any]) -> int:
    """Return how many iterations the pods of a node's template run; 0 if that is one."""
    metadata = plan.templates.get(node.get("templateName", ""), {}).get("metadata") or {}
    return int((metadata.get("annotations") or {}).get(CHUNK, 0))


def _iterations(plan: Plan, place: _Place, size: int, read: Read) -> Iterator[_Place]:
    """Yield the iterations that a pod runs, with what it told of each when it ended."""
    *outer, chunk = place.indices
    told: dict[str, list[float]] = {}
    if place.node.get("phase") in ("Succeeded", "Failed", "Error"):
        told = json.loads(
            read(f"{place.uid}/{place.frame}/{key(place.step['id'])}{RUNS}{ix_text(place.indices)}/v") or "{}"
        )
    for i in chunk_items(chunk, size, int(_given(place.node.get("inputs"))["count"])):
        attempts, *times = told.get(str(i)) or [place.attempts]
        indices = (*outer, i)
        path, order = (
            plan.path(place.frame, place.step["id"], indices),
            plan.order(place.frame, place.step["id"], indices),
        )
        yield replace(
            place,
            indices=indices,
            path=path,
            order=order,
            attempts=int(attempts),
            times=(times[0], times[1]) if times else None,
        )


def _place(
    plan: Plan, node: Json, flow: Json, step: Json, frame: str, indices: Indices, uid: str, attempts: int, pod: str
) -> _Place:  # fmt: skip
    path, order = plan.path(frame, step["id"], indices), plan.order(frame, step["id"], indices)
    return _Place(node, flow, step, frame, indices, node.get("templateName", ""), attempts, pod, path, order, uid)


def _address(node: Mapping[str, Any]) -> tuple[str, Indices]:
    given = _given(node.get("inputs"))
    return given.get("frame", "main"), parse_ix(given.get("ix", ""))


def _given(inputs: Mapping[str, Any] | None) -> dict[str, str]:
    return {p["name"]: str(p.get("value", "")) for p in (inputs or {}).get("parameters") or []}


def _template(plan: Plan, node: Mapping[str, Any], boundary: Mapping[str, Any]) -> str:
    """Return the name by which the plan knows a node's template: pods that share one say whose it is."""
    own: str = node.get("templateName", "")
    given = _given(node.get("inputs"))
    if "pod" in given:
        return given["pod"]
    for task in (plan.templates.get(boundary.get("templateName", "")) or {}).get("dag", {}).get("tasks", []):
        if task["name"] == node.get("displayName"):
            return _given(task.get("arguments")).get("pod", own)
    return own


def pod_name(workflow: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    """Return the name of a node's pod."""
    name, own = workflow["metadata"]["name"], node["id"]
    annotations = workflow["metadata"].get("annotations") or {}
    if own == name or annotations.get("workflows.argoproj.io/pod-name-format") == "v1":
        return str(own)
    return f"{name}-{node.get('templateName', '')}"[:242] + f"-{own.rpartition('-')[2]}"
