"""Read a document: every field is known, or it is an error that names its path; then what the API server would check.

The parts of a document stay plain dicts, since the engine substitutes tags in their text and reads them again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tangentflow.simulator.errors import DocumentRefused, NotSimulated
from tangentflow.simulator.shapes import DOCUMENTS

__all__ = ["LEAF_KINDS", "Document", "Json", "kind_of", "read", "value_text"]

Json = dict[str, Any]

LEAF_KINDS = ("container", "script", "resource")
"""Kinds of templates that run a pod."""
KINDS = (*LEAF_KINDS, "dag", "suspend")
LARGEST_REQUEST = 3_145_728


@dataclass(frozen=True)
class Document:
    """A workflow to run: its name, the metadata that tags can read, and its `spec`. `size` is in bytes of JSON."""

    name: str
    generate_name: str
    namespace: str
    uid: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    spec: Json
    templates: Mapping[str, Json]
    size: int


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
    if kind not in DOCUMENTS:
        raise NotSimulated("kind", f"expected one of {', '.join(DOCUMENTS)}, not {kind!r}")
    problems: list[str] = []
    DOCUMENTS[kind](dict(source), "", problems)
    if not problems:
        problems = _template_problems(source)
    if problems:
        raise DocumentRefused(problems, (source.get("metadata") or {}).get("name", ""))
    return _document(source, kind, size)


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


def _template_problems(source: Mapping[str, Any]) -> list[str]:
    """Return what the rules of the types say about single templates."""
    problems = []
    spec = source["spec"].get("workflowSpec") or source["spec"]
    for index, template in enumerate(spec.get("templates") or []):
        path = f"spec.templates[{index}]"
        kinds = [k for k in KINDS if k in template]
        if len(kinds) != 1:
            problems.append(f'{path}: Invalid value: "object": template must have at most one template type')
            continue
        if kinds[0] not in LEAF_KINDS and ("activeDeadlineSeconds" in template or "timeout" in template):
            problems.append(
                f'{path}: Invalid value: "object": timeout and activeDeadlineSeconds are only valid for leaf templates'
            )
        for position, task in enumerate(template.get("dag", {}).get("tasks", [])):
            if sum(k in task for k in ("withItems", "withParam", "withSequence")) > 1:
                problems.append(
                    f'{path}.dag.tasks[{position}]: Invalid value: "object": only one of withItems, withParam, '
                    "or withSequence can be specified"
                )
    return problems


def kind_of(template: Mapping[str, Any]) -> str:
    """Return which of container, script, resource, dag and suspend a template is."""
    return next(k for k in KINDS if k in template)


def value_text(value: Any) -> str:
    """Return the text of a parameter's value: YAML's numbers and booleans become texts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)
