"""The template of a pod: what it loads, what it writes, and what its step's options make of it. Its program comes later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from tangentflow.argo.elsewhere import around
from tangentflow.argo.inputs import Loaded, needs_args
from tangentflow.argo.locks import Locks
from tangentflow.argo.names import key
from tangentflow.argo.options import make_pod, merged, placed
from tangentflow.argo.podplan import short_file
from tangentflow.argo.policies import say
from tangentflow.argo.shape import FlowPlan, Pod
from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.graph.nodes import Graph, If
from tangentflow.runtime.podfiles import RUNS
from tangentflow.source.origin import Origin

__all__ = ["CHUNK", "STANDARD", "Settings", "artifact", "helper_names", "ordered", "pod_template", "sourced"]

Json = dict[str, Any]
_OWN = "{{workflow.uid}}"
STANDARD = ("frame", "ix", "up", "count", "at", "args", "given")
"""Parameters that are not flags: the call's prefix of addresses; indices of the pod and of its loop; how many iterations its loop has, where it runs several; where the call's outcome is written;
where its arguments lie; its arguments themselves if they are constants."""

CHUNK = "tangentflow.dev/chunk"
"""The annotation of a template whose pods run several iterations of a fan-out: how many."""


@dataclass(frozen=True)
class Settings:
    """What the pods of a document share: images and volumes by flow, the name of the code parameter, and how pods get arguments.

    `called` are the flows whose arguments are recorded. `arguments` are texts by flow for the pods of those that nobody calls,
    `address` is where the arguments of the main workflow lie if they are an artifact. `locks` are those of steps, `shared` are the names of temporary volumes, by path.
    """

    images: Mapping[str, str]
    volumes: Mapping[str, Mapping[str, str]]
    shared: Mapping[str, str]
    code: str
    called: frozenset[str]
    arguments: Mapping[str, Mapping[str, str]]
    address: str
    locks: Locks


def ordered(parameters: set[str]) -> tuple[str, ...]:
    """Return parameter names in a fixed order."""
    return (*[p for p in STANDARD if p in parameters], *sorted(parameters - set(STANDARD)))


def pod_template(
    graph: Graph, plan: FlowPlan, pod: Pod, inputs: list[Loaded], settings: Settings, given: bool
) -> tuple[Json, dict[str, str]]:  # fmt: skip
    """Return the template of a pod, and the texts that its program is given. `given`: its flow may be called with constant arguments."""
    args = needs_args(plan, pod)
    parameters = {"frame", *[p for item in inputs for p in item.parameters]}
    if pod.block.loops:
        parameters.add("ix")
    if pod.chunk:
        parameters.add("count")
    if None in pod.ends:
        parameters.add("at")
    if args and given and plan.flow.key in settings.called:
        parameters.add("given")
    body: Json = {"name": pod.template, "metadata": _pod_annotations(plan, pod)}
    body["inputs"] = {"parameters": [{"name": p} for p in ordered(parameters)]}
    artifacts = [
        artifact(f"v{n}", f"/tf/in/v{n}" + ("" if i.folder else "/v"), i.address, not i.required, _uid(plan, i))
        for n, i in enumerate(inputs)
    ]
    if artifacts:
        body["inputs"]["artifacts"] = artifacts
    body["outputs"] = _outputs(plan, pod)
    texts = {p: f"{{{{inputs.parameters.{p}}}}}" for p in ordered(parameters & {"frame", "ix", "count", "given"})}
    if args:
        texts |= settings.arguments.get(plan.flow.key, {})
    body["script"] = {
        "image": pod.image or settings.images[plan.flow.key],
        "command": ["python"],
        "env": [{"name": "PYTHONHASHSEED", "value": "0"}],
        "source": "",
    }
    if plan.flow.key != graph.root:
        body |= placed(cast(WorkflowFunction[..., Any], graph.bindings[plan.flow.key]))
    if pod.step is not None:
        whole = cast(StepFunction[..., Any], graph.bindings[pod.step.callee])
        step = around(whole)
        texts |= say(body, step, pod.chunk)
        if step is whole and (plan.flow.key, pod.step.id) in settings.locks:
            body["synchronization"] = settings.locks[plan.flow.key, pod.step.id]
        make_pod(body, step, settings.volumes[plan.flow.key], settings.shared)
        body = merged(body, step.option("argo", {}))
    return body, texts


def _outputs(plan: FlowPlan, pod: Pod) -> Json:
    found: Json = {}
    flags = {flag.name: flag for flag in pod.flags}
    if flags:
        found["parameters"] = [{"name": name, "valueFrom": {"path": f"/tf/out/flags/{name}"}} for name in sorted(flags)]
    artifacts = []
    ix = "{{inputs.parameters.ix}}" if pod.block.loops else ""
    if pod.step is not None and not pod.chunk:
        artifacts.append(
            artifact("outcome", "/tf/out/outcome", f"{{{{inputs.parameters.frame}}}}/{key(pod.step.id)}{ix}/v", False)
        )
    if pod.step is not None and pod.chunk:
        told = f"{{{{inputs.parameters.frame}}}}/{key(pod.step.id)}{RUNS}{ix}/v"
        artifacts.append(artifact("runs", "/tf/out/runs", told, False))
    flags_only = [name for name in pod.hosted if name in plan.gates or isinstance(plan.nodes.get(name), If)]
    if pod.chunk or len(flags_only) < len(pod.hosted) or any(end is not None for end in pod.ends):
        artifacts.append(artifact("hosted", "/tf/out/hosted", "{{inputs.parameters.frame}}", False))
    if None in pod.ends:
        artifacts.append(artifact("result", "/tf/out/result", "{{inputs.parameters.at}}/v", True))
    if artifacts:
        found["artifacts"] = artifacts
    return found


def _pod_annotations(plan: FlowPlan, pod: Pod) -> Json:
    found = sourced(pod.step.origin if pod.step is not None else plan.flow.origin)
    if pod.chunk:
        found["annotations"][CHUNK] = str(pod.chunk)
    if pod.reasons:
        found["annotations"]["tangentflow.dev/reason"] = "; ".join(dict.fromkeys(pod.reasons))
    return found


def _uid(plan: FlowPlan, item: Loaded) -> str:
    return plan.taken.sources[item.source - 1].uid if item.source else _OWN


def artifact(name: str, path: str, address: str, optional: bool, uid: str = _OWN) -> Json:
    """Return an artifact of a run (of this one) at an address, as it is: no archive."""
    body: Json = {"name": name, "path": path}
    if optional:
        body["optional"] = True
    return {**body, "archive": {"none": {}}, "s3": {"key": f"{uid}/{address}"}}


def sourced(origin: Origin) -> Json:
    """Return the metadata of a template that stands for a place of the source."""
    return {"annotations": {"tangentflow.dev/source": f"{short_file(origin.filename)}:{origin.lineno}"}}


def helper_names(pods: list[Pod]) -> list[tuple[str, str]]:
    """Return the templates of pods that run no step, each with the reason why it exists."""
    found = [pod for pod in pods if pod.step is None] + [pod.before for pod in pods if pod.before is not None]
    return [(pod.template, "; ".join(dict.fromkeys(pod.reasons))) for pod in found]
