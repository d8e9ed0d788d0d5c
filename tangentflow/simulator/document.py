"""Read a document: every field is known, or it is an error that names its path; then what the API server would check.

The parts of a document stay plain dicts, since the engine substitutes tags in their text and reads them again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tangentflow.simulator.errors import DocumentRefused, NotSimulated

__all__ = ["LEAF_KINDS", "Document", "kind_of", "number_text", "read"]

Json = dict[str, Any]
Check = Callable[[Any, str, "_Problems"], None]

LEAF_KINDS = ("container", "script", "resource")
"""Kinds of templates that run a pod."""
KINDS = (*LEAF_KINDS, "dag", "suspend")
FIELD_NAME = r"^[a-zA-Z0-9][-a-zA-Z0-9]*$"
PARAMETER_NAME = r"^[-a-zA-Z0-9_]+$"
LARGEST_REQUEST = 3_145_728


@dataclass(frozen=True)
class Document:
    """A workflow to run: its name, the metadata that tags can read, and its `spec`."""

    name: str
    generate_name: str
    namespace: str
    uid: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    spec: Json
    templates: Mapping[str, Json]
    size: int


class _Problems:
    """Collects what the API server would refuse."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, problem: str) -> None:
        self.found.append(problem)


# -- checks of single values ------------------------------------------------------------------------------------------


def _wrong(value: Any, path: str, problems: _Problems, expected: str) -> None:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    kind = names.get(type(value), "null")
    problems.add(f'{path}: Invalid value: "{kind}": {path} in body must be of type {expected}: "{kind}"')


def _string(value: Any, path: str, problems: _Problems) -> None:
    if not isinstance(value, str):
        _wrong(value, path, problems, "string")


def _boolean(value: Any, path: str, problems: _Problems) -> None:
    if not isinstance(value, bool):
        _wrong(value, path, problems, "boolean")


def _integer(value: Any, path: str, problems: _Problems) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        _wrong(value, path, problems, "integer")


def _integer_or_string(value: Any, path: str, problems: _Problems) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        _wrong(value, path, problems, "integer")


def _scalar(value: Any, path: str, problems: _Problems) -> None:
    if not isinstance(value, (str, int, float)):
        _wrong(value, path, problems, "string")


def _anything(value: Any, path: str, problems: _Problems) -> None:
    """Accept what only the scheduler reads: it changes nothing in a simulation."""


def _name(pattern: str, longest: int = 0) -> Check:
    def check(value: Any, path: str, problems: _Problems) -> None:
        if not isinstance(value, str):
            _wrong(value, path, problems, "string")
        elif longest and len(value.encode()) > longest:
            problems.add(f"{path}: Too long: may not be more than {longest} bytes")
        elif not re.match(pattern, value):
            problems.add(f"{path}: Invalid value: \"{value}\": {path} in body should match '{pattern}'")

    return check


def _one_of(*choices: str) -> Check:
    def check(value: Any, path: str, problems: _Problems) -> None:
        if value not in choices:
            listed = ", ".join(f'"{c}"' for c in choices)
            problems.add(f'{path}: Unsupported value: "{value}": supported values: {listed}')

    return check


def _list_of(item: Check, most: int = 0) -> Check:
    def check(value: Any, path: str, problems: _Problems) -> None:
        if not isinstance(value, list):
            _wrong(value, path, problems, "array")
            return
        if most and len(value) > most:
            problems.add(f"{path}: Too many: {len(value)}: must have at most {most} items")
            return
        for index, element in enumerate(value):
            item(element, f"{path}[{index}]", problems)

    return check


def _map_of(item: Check) -> Check:
    def check(value: Any, path: str, problems: _Problems) -> None:
        if not isinstance(value, dict):
            _wrong(value, path, problems, "object")
            return
        for key, element in value.items():
            item(element, f"{path}.{key}", problems)

    return check


def _object(fields: Mapping[str, Check], required: Sequence[str] = (), not_simulated: Sequence[str] = ()) -> Check:
    def check(value: Any, path: str, problems: _Problems) -> None:
        if not isinstance(value, dict):
            _wrong(value, path, problems, "object")
            return
        for key, element in value.items():
            below = f"{path}.{key}" if path else str(key)
            if key in not_simulated:
                raise NotSimulated(below, "the simulator does not know this part of Argo")
            if key not in fields:
                raise NotSimulated(below, f"unknown field; known here: {', '.join(sorted(fields))}")
            fields[key](element, below, problems)
        for key in required:
            if key not in value:
                problems.add(f"{path}.{key}: Required value")

    return check


def _later(name: str) -> Check:
    """Refer to a check that is defined further down."""

    def check(value: Any, path: str, problems: _Problems) -> None:
        _CHECKS[name](value, path, problems)

    return check


# -- the shapes -------------------------------------------------------------------------------------------------------

_EMPTY = _object({})
_VALUE_FROM = _object(
    {
        "path": _string,
        "default": _scalar,
        "expression": _string,
        "parameter": _string,
        "supplied": _EMPTY,
        "jsonPath": _string,
    },
    not_simulated=("configMapKeyRef", "event", "jqFilter"),
)
_PARAMETER = _object(
    {
        "name": _name(PARAMETER_NAME),
        "value": _scalar,
        "default": _scalar,
        "enum": _list_of(_scalar),
        "description": _string,
        "valueFrom": _VALUE_FROM,
    },
    ("name",),
    ("globalName",),
)
_ARTIFACT = _object(
    {
        "name": _name(PARAMETER_NAME),
        "path": _string,
        "optional": _boolean,
        "archive": _object({"none": _EMPTY, "tar": _object({"compressionLevel": _integer})}, not_simulated=("zip",)),
        "s3": _object({"key": _string}, ("key",)),
    },
    ("name",),
    ("from", "fromExpression", "raw", "globalName", "mode", "subPath", "artifactGC", "http", "git", "gcs", "azure"),
)
_PARAMETERS = _list_of(_PARAMETER, 500)
_ARGUMENTS = _object({"parameters": _PARAMETERS}, not_simulated=("artifacts",))
_METADATA = _object({"labels": _map_of(_string), "annotations": _map_of(_string)})
_ENV = _object(
    {
        "name": _string,
        "value": _string,
        "valueFrom": _object({"secretKeyRef": _object({"name": _string, "key": _string, "optional": _boolean})}),
    },
    ("name",),
)
_CONTAINER_FIELDS: dict[str, Check] = {
    "name": _string,
    "image": _string,
    "imagePullPolicy": _one_of("Always", "IfNotPresent", "Never"),
    "command": _list_of(_string),
    "args": _list_of(_string),
    "env": _list_of(_ENV),
    "workingDir": _string,
    "resources": _object({"limits": _map_of(_scalar), "requests": _map_of(_scalar)}),
    "securityContext": _anything,
    "volumeMounts": _anything,
}
_CONTAINER = _object(_CONTAINER_FIELDS, not_simulated=("envFrom", "lifecycle", "ports"))
_SCRIPT = _object({**_CONTAINER_FIELDS, "source": _string}, not_simulated=("envFrom", "lifecycle", "ports"))
_BACKOFF = _object({"duration": _scalar, "factor": _integer_or_string, "maxDuration": _string, "cap": _string})
_RETRY = _object(
    {
        "limit": _integer_or_string,
        "retryPolicy": _one_of("Always", "OnFailure", "OnError"),
        "expression": _string,
        "backoff": _BACKOFF,
    },
    not_simulated=("affinity",),
)
_SEQUENCE = _object(
    {"count": _integer_or_string, "start": _integer_or_string, "end": _integer_or_string}, not_simulated=("format",)
)
_TASK = _object(
    {
        "name": _name(FIELD_NAME, 128),
        "template": _string,
        "arguments": _ARGUMENTS,
        "depends": _string,
        "when": _string,
        "withItems": _list_of(_anything),
        "withParam": _string,
        "withSequence": _SEQUENCE,
    },
    ("name", "template"),
    ("dependencies", "continueOn", "hooks", "onExit", "inline", "templateRef"),
)
_DAG = _object({"tasks": _list_of(_TASK, 200), "failFast": _boolean}, ("tasks",), ("target",))
_SUSPEND = _object({"duration": _scalar})
_RESOURCE = _object(
    {
        "action": _one_of("get", "create", "apply", "delete", "replace", "patch"),
        "manifest": _string,
        "setOwnerReference": _boolean,
        "successCondition": _string,
        "failureCondition": _string,
        "flags": _list_of(_string),
        "mergeStrategy": _string,
    },
    ("action",),
    ("manifestFrom",),
)
_SCHEDULING: dict[str, Check] = dict.fromkeys(
    [
        "activeDeadlineSeconds",
        "affinity",
        "automountServiceAccountToken",
        "executor",
        "hostAliases",
        "nodeSelector",
        "podSpecPatch",
        "priorityClassName",
        "schedulerName",
        "securityContext",
        "serviceAccountName",
        "tolerations",
        "volumes",
    ],
    _anything,
)
"""Fields of a workflow and of a template that only say where and how pods run."""
_TEMPLATE = _object(
    {
        **_SCHEDULING,
        "name": _name(FIELD_NAME, 128),
        "metadata": _METADATA,
        "inputs": _object({"parameters": _PARAMETERS, "artifacts": _list_of(_ARTIFACT)}),
        "outputs": _object({"parameters": _PARAMETERS, "artifacts": _list_of(_ARTIFACT)}),
        "container": _CONTAINER,
        "script": _SCRIPT,
        "resource": _RESOURCE,
        "dag": _DAG,
        "suspend": _SUSPEND,
        "retryStrategy": _RETRY,
        "parallelism": _integer,
        "activeDeadlineSeconds": _integer_or_string,
        "timeout": _string,
    },
    ("name",),
    [
        "archiveLocation",
        "annotations",
        "containerSet",
        "daemon",
        "data",
        "failFast",
        "http",
        "initContainers",
        "memoize",
        "metrics",
        "pendingTimeout",
        "plugin",
        "podResources",
        "resourceClaims",
        "sidecars",
        "steps",
        "synchronization",
    ],
)
_SPEC = _object(
    {
        **_SCHEDULING,
        "entrypoint": _string,
        "onExit": _string,
        "arguments": _ARGUMENTS,
        "templates": _list_of(_TEMPLATE, 200),
        "parallelism": _integer,
        "activeDeadlineSeconds": _integer,
        "podGC": _anything,
        "podMetadata": _METADATA,
        "ttlStrategy": _anything,
        "artifactGC": _anything,
        "archiveLogs": _boolean,
        "artifactRepositoryRef": _anything,
        "imagePullSecrets": _anything,
        "workflowMetadata": _METADATA,
        "workflowTemplateRef": _object({"name": _string}, ("name",), ("clusterScope",)),
        "priority": _integer,
    },
    (),
    [
        "executorPlugins",
        "hooks",
        "metrics",
        "podDisruptionBudget",
        "podPriority",
        "retryStrategy",
        "shutdown",
        "suspend",
        "synchronization",
        "templateDefaults",
        "volumeClaimTemplates",
        "volumeClaimGC",
    ],
)
_CRON_SPEC = _object(
    {
        "schedules": _list_of(_string),
        "timezone": _string,
        "suspend": _boolean,
        "concurrencyPolicy": _one_of("Allow", "Forbid", "Replace"),
        "startingDeadlineSeconds": _integer,
        "successfulJobsHistoryLimit": _integer,
        "failedJobsHistoryLimit": _integer,
        "workflowMetadata": _METADATA,
        "workflowSpec": _SPEC,
    },
    ("schedules", "workflowSpec"),
    ("when", "stopStrategy"),
)
_OBJECT_METADATA = _object({
    "name": _string,
    "generateName": _string,
    "namespace": _string,
    "uid": _string,
    "labels": _map_of(_string),
    "annotations": _map_of(_string),
})  # fmt: skip
_CHECKS: dict[str, Check] = {
    "Workflow": _SPEC,
    "WorkflowTemplate": _SPEC,
    "CronWorkflow": _CRON_SPEC,
}


def read(document: Mapping[str, Any] | str) -> Document:
    """Return a document that the API server would accept. A CronWorkflow stands for one of its runs.

    Raises:
        NotSimulated: for a field that the simulator does not know.
        DocumentRefused: for what the API server refuses.
    """
    source: Any = _parse(document) if isinstance(document, str) else document
    if not isinstance(source, Mapping):
        raise NotSimulated("", f"a document is a mapping, not {type(source).__name__}")
    size = len(json.dumps(source, ensure_ascii=False, separators=(",", ":")).encode())
    if size > LARGEST_REQUEST:
        raise DocumentRefused([f"Request entity too large: limit is {LARGEST_REQUEST}"])
    if source.get("apiVersion") != "argoproj.io/v1alpha1":
        raise NotSimulated("apiVersion", f"expected argoproj.io/v1alpha1, not {source.get('apiVersion')!r}")
    kind = source.get("kind")
    if kind not in _CHECKS:
        raise NotSimulated("kind", f"expected one of {', '.join(_CHECKS)}, not {kind!r}")
    problems = _Problems()
    whole = _object({"apiVersion": _string, "kind": _string, "metadata": _OBJECT_METADATA, "spec": _CHECKS[str(kind)]},
                    ("spec",))  # fmt: skip
    whole(dict(source), "", problems)
    if not problems.found:
        _check_templates(source, problems)
    if problems.found:
        raise DocumentRefused(problems.found, "WF")
    return _document(source, str(kind), size)


def _parse(text: str) -> Any:
    import yaml

    return yaml.safe_load(text)


def _document(source: Mapping[str, Any], kind: str, size: int) -> Document:
    metadata: Json = source.get("metadata") or {}
    spec: Json = source["spec"]
    if kind == "CronWorkflow":
        metadata = {
            **metadata,
            "generateName": metadata.get("name", "cron") + "-",
            **(spec.get("workflowMetadata") or {}),
        }
        metadata.pop("name", None)
        spec = spec["workflowSpec"]
    return Document(
        name=metadata.get("name", ""),
        generate_name=metadata.get("generateName", ""),
        namespace=metadata.get("namespace", "default"),
        uid=metadata.get("uid", ""),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        spec=spec,
        templates={t["name"]: t for t in spec.get("templates") or []},
        size=size,
    )


def _check_templates(source: Mapping[str, Any], problems: _Problems) -> None:
    """Check what the types' rules say about single templates."""
    spec = source["spec"].get("workflowSpec") or source["spec"]
    for index, template in enumerate(spec.get("templates") or []):
        path = f"spec.templates[{index}]"
        kinds = [k for k in KINDS if k in template]
        if len(kinds) != 1:
            problems.add(f'{path}: Invalid value: "object": template must have at most one template type')
            continue
        if kinds[0] not in LEAF_KINDS and ("activeDeadlineSeconds" in template or "timeout" in template):
            problems.add(
                f'{path}: Invalid value: "object": timeout and activeDeadlineSeconds are only valid for leaf templates'
            )
        for position, task in enumerate(template.get("dag", {}).get("tasks", [])):
            if sum(k in task for k in ("withItems", "withParam", "withSequence")) > 1:
                problems.add(
                    f'{path}.dag.tasks[{position}]: Invalid value: "object": only one of withItems, withParam, '
                    "or withSequence can be specified"
                )


def kind_of(template: Mapping[str, Any]) -> str:
    """Return which of container, script, resource, dag and suspend a template is."""
    return next(k for k in KINDS if k in template)


def number_text(value: Any) -> str:
    """Return the text of a parameter's value: YAML's numbers and booleans become texts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)
