"""What the options of steps and workflows say about pods: resources, environment, volumes, where they run, marks, and fields as they are.

Texts of the user's stand in a document only where Argo and Kubernetes leave them alone, or written so that they do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tangentflow.containers import BRACE, escaped
from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.runtime.policies import seconds

__all__ = ["hosts_glue", "lost_in_calls", "make_pod", "make_run", "make_work", "merged", "placed", "shared_names"]

Json = dict[str, Any]


def hosts_glue(step: StepFunction[..., Any]) -> bool:
    """Whether glue may run in the pod of a step, as far as its environment goes: it is to see that of the workflow."""
    altered = {"script", "podSpecPatch"} & set(step.option("argo", {}))
    return not (step.option("env") or step.option("secrets") or altered)


def make_pod(body: Json, step: StepFunction[..., Any], volumes: Mapping[str, str], shared: Mapping[str, str]) -> None:
    """Put the options of a step into its pod's template.

    `volumes` are those of its workflow, by path; `shared` are the names of those that are temporary and live as long as the run.
    """
    own = step.option("volumes", {})
    shared = {path: name for path, name in shared.items() if path not in own}
    body["script"]["env"] += _environment(step)
    _furnish(body, "script", step, {**volumes, **own}, shared)
    _mark(body, step)


def make_work(body: Json, step: StepFunction[..., Any]) -> None:
    """Put the options of a step into the template of its work, which no pod of ours does."""
    if "container" in body:
        environment = [*_environment(step), *body["container"].get("env", [])]
        if environment:
            body["container"]["env"] = environment
        _furnish(body, "container", step, step.option("volumes", {}), {})
    _mark(body, step)


def _furnish(
    body: Json, kind: str, step: StepFunction[..., Any], volumes: Mapping[str, str], shared: Mapping[str, str]
) -> None:  # fmt: skip
    """Give a pod's container what it asks for, and its volumes."""
    resources = _resources(step)
    if resources:
        body[kind]["resources"] = resources
    _mount(body, kind, volumes, shared)


def _mark(body: Json, step: StepFunction[..., Any]) -> None:
    """Say where a pod is to run, and what it is marked with."""
    body |= placed(step)
    metadata = body["metadata"]
    if step.option("labels"):
        metadata["labels"] = dict(sorted(step.option("labels").items()))
    metadata["annotations"] |= sorted(step.option("annotations", {}).items())


def _resources(step: StepFunction[..., Any]) -> Json:
    """Return what a pod asks for, and may use at most: the same."""
    asked = {}
    if step.option("cpu") is not None:
        asked["cpu"] = _processors(step.option("cpu"))
    if step.option("memory") is not None:
        asked["memory"] = _bytes(step.option("memory"))
    limits = dict(asked)
    if step.option("gpu"):
        limits["nvidia.com/gpu"] = str(step.option("gpu"))
    return {name: found for name, found in (("requests", asked), ("limits", limits)) if found}


def _processors(value: float | str) -> str:
    return value if isinstance(value, str) else f"{math.ceil(value * 1000)}m"


def _bytes(value: float | str) -> str:
    return value if isinstance(value, str) else str(math.ceil(value))


def _environment(step: StepFunction[..., Any]) -> list[Json]:
    """Return the variables of a step."""
    values = {name: escaped(value) for name, value in step.policy.env}
    found: list[Json] = [{"name": name, "value": value} for name, value in values.items()]
    if any(BRACE in value for value in values.values()):
        found.insert(0, {"name": BRACE, "value": "{"})
    for name, source in sorted(step.option("secrets", {}).items()):
        secret, _, key = source.partition("/")
        found.append({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}})
    return found


# -- volumes ----------------------------------------------------------------------------------------------------------


def shared_names(workflow: WorkflowFunction[..., Any]) -> dict[str, str]:
    """Return a name for each temporary volume of a workflow, by its path."""
    paths = sorted(path for path, what in workflow.option("volumes", {}).items() if _is_temporary(what))
    return {path: f"shared-{number}" for number, path in enumerate(paths)}


def _is_temporary(what: str) -> bool:
    return what.startswith("tmp:")


def lost_in_calls(workflow: WorkflowFunction[..., Any]) -> list[str]:
    """Return the options of a workflow that cannot be kept where another workflow calls it: those of a whole run.

    (Its name, labels, annotations and schedule, and what becomes of its runs later on, are matters of its own runs: nobody misses them
    in a call.)
    """
    found = [
        f"volumes={{{path!r}: {what!r}}}"
        for path, what in workflow.option("volumes", {}).items()
        if _is_temporary(what)
    ]
    given = [option for option in ("timeout", "on_exit", "argo") if workflow.option(option)]
    return [*found, *[f"{option}={workflow.option(option)!r}" for option in given]]


def _mount(body: Json, kind: str, volumes: Mapping[str, str], shared: Mapping[str, str]) -> None:
    made: dict[str, Json] = {}
    mounts: list[Json] = []
    for path, what in sorted(volumes.items()):
        claim, _, way = what.partition(":")
        if path in shared and _is_temporary(what):
            mounts.append({"name": shared[path], "mountPath": path})
            continue
        source = (
            {"emptyDir": {"sizeLimit": way}} if _is_temporary(what) else {"persistentVolumeClaim": {"claimName": claim}}
        )
        name = path if _is_temporary(what) else claim
        volume = made.setdefault(name, {"name": f"volume-{len(made)}", **source})
        mounts.append({"name": volume["name"], "mountPath": path, **({"readOnly": True} if way == "ro" else {})})
    if made:
        body["volumes"] = [*body.get("volumes", []), *made.values()]
    if mounts:
        body[kind]["volumeMounts"] = [*body[kind].get("volumeMounts", []), *mounts]


def _claims(workflow: WorkflowFunction[..., Any]) -> Json:
    """Return the temporary volumes of a run: claims that are made for it, and go with it."""
    made = []
    for path, name in shared_names(workflow).items():
        _, size, *way = workflow.option("volumes")[path].split(":")
        mode = "ReadWriteMany" if way else "ReadWriteOnce"
        spec = {"accessModes": [mode], "resources": {"requests": {"storage": size}}}
        made.append({"metadata": {"name": name}, "spec": spec})
    return {"volumeClaimTemplates": made, "volumeClaimGC": {"strategy": "OnWorkflowCompletion"}} if made else {}


# -- where and under what names ---------------------------------------------------------------------------------------


def placed(decorated: StepFunction[..., Any] | WorkflowFunction[..., Any]) -> Json:
    """Return where pods are to run and as whom, as fields of a template or of a workflow's spec."""
    found: Json = {}
    if decorated.option("service_account"):
        found["serviceAccountName"] = decorated.option("service_account")
    if decorated.option("node_selector"):
        found["nodeSelector"] = dict(sorted(decorated.option("node_selector").items()))
    if decorated.option("tolerations"):
        found["tolerations"] = [dict(item) for item in decorated.option("tolerations")]
    return found


def make_run(metadata: Json, spec: Json, workflow: WorkflowFunction[..., Any]) -> Json:
    """Put the options of the workflow that is run into the metadata of its document; return its spec with them."""
    metadata["labels"] |= sorted(workflow.option("labels", {}).items())
    metadata["annotations"] |= sorted(workflow.option("annotations", {}).items())
    made = {**spec, **_bounds(workflow), **placed(workflow), **_claims(workflow)}
    found: Json = merged(made, workflow.option("argo", {}))
    return found


def _bounds(workflow: WorkflowFunction[..., Any]) -> Json:
    """Return the limits of a run, and when it and its pods are removed."""
    found: Json = {}
    if workflow.option("parallelism") is not None:
        found["parallelism"] = workflow.option("parallelism")
    if workflow.option("timeout") is not None:
        found["activeDeadlineSeconds"] = math.ceil(seconds(workflow.option("timeout")))
    if workflow.option("ttl") is not None:
        found["ttlStrategy"] = {"secondsAfterCompletion": math.ceil(seconds(workflow.option("ttl")))}
    if workflow.option("pod_gc") is not None:
        found["podGC"] = {"strategy": workflow.option("pod_gc")}
    return found


def merged(base: Any, given: Any) -> Any:
    """Return fields with others merged into them: mappings key by key, lists of named things name by name; else what is given stands."""
    if isinstance(base, Mapping) and isinstance(given, Mapping):
        return {**base, **{key: merged(base.get(key), item) for key, item in given.items()}}
    if isinstance(given, Mapping):
        return {key: merged(None, item) for key, item in given.items()}
    if isinstance(given, (list, tuple)):
        items = [merged(None, item) for item in given]
        return _by_name(base, items) if isinstance(base, list) and _are_named([*base, *items]) else items
    return given


def _are_named(items: list[Any]) -> bool:
    return all(isinstance(item, Mapping) and "name" in item for item in items)


def _by_name(base: list[Json], given: list[Json]) -> list[Json]:
    """Return the things of two lists; of two of the same name the one that is given. (A volume may be mounted at several paths.)"""
    taken = {(item["name"], item.get("mountPath")) for item in given}
    return [*[item for item in base if (item["name"], item.get("mountPath")) not in taken], *given]
