"""Fewer templates: pods of the same shape share one, and tasks tell which pod is meant.

A document may have 200 templates. Below that each pod has a template of its own, named after its step, which is easier to read.
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any

from tangentflow.argo.names import Names

__all__ = ["MOST", "share"]

Json = dict[str, Any]
MOST = 190
"""Above this number of templates, pods share them; the API server takes 200."""

_PARAMETER = re.compile(r"\{\{inputs\.parameters\.([-\w]+)\}\}")


def share(templates: list[Json], names: Names) -> list[Json]:
    """Return templates among which no two pods have the same shape."""
    shapes: dict[str, list[Json]] = {}
    for template in templates:
        if "script" in template and "tangentflow.dev/reason" not in template["metadata"]["annotations"]:
            shapes.setdefault(json.dumps(_shape(template)[0], sort_keys=True), []).append(template)
    shared: dict[str, tuple[Json, dict[str, str]]] = {}
    made: list[Json] = []
    for group in shapes.values():
        if len(group) < 2:
            continue
        body = _shape(group[0])[0]
        body["name"] = names.take(f"shared-{len(made) + 1}")
        made.append(body)
        shared |= {template["name"]: (body, _shape(template)[1]) for template in group}
    kept = [template for template in templates if template["name"] not in shared]
    for template in kept:
        for task in template.get("dag", {}).get("tasks", []):
            if task["template"] in shared:
                _redirect(task, *shared[task["template"]])
    return [*kept, *made]


def _shape(template: Json) -> tuple[Json, dict[str, str]]:
    """Return a template with parameters in place of what is its own, and the values of these."""
    body = copy.deepcopy(template)
    values = {"pod": body["name"], "source": body["metadata"]["annotations"]["tangentflow.dev/source"]}
    body["metadata"]["annotations"]["tangentflow.dev/source"] = "{{inputs.parameters.source}}"
    body["script"]["source"] = body["script"]["source"].replace(
        f'"{body["name"]}", {{', '"{{inputs.parameters.pod}}", {', 1
    )
    body["name"] = ""
    artifacts = [*body["inputs"].get("artifacts", []), *body["outputs"].get("artifacts", [])]
    for number, artifact in enumerate(artifacts):
        values[f"k{number}"] = artifact["s3"]["key"]
        artifact["s3"]["key"] = f"{{{{inputs.parameters.k{number}}}}}"
    used = set(_PARAMETER.findall(body["script"]["source"]))
    body["inputs"]["parameters"] = [{"name": p["name"]} for p in body["inputs"]["parameters"] if p["name"] in used]
    body["inputs"]["parameters"] += [{"name": name} for name in values]
    return body, values


def _redirect(task: Json, body: Json, values: dict[str, str]) -> None:
    """Let a task use the shared template: what the own one made of its parameters is said by the task."""
    given = {p["name"]: p["value"] for p in task.get("arguments", {}).get("parameters", [])}
    filled = {name: _PARAMETER.sub(lambda m: given[m.group(1)], text) for name, text in values.items()}
    takes = [p["name"] for p in body["inputs"]["parameters"]]
    task["template"] = body["name"]
    task["arguments"] = {
        "parameters": [{"name": name, "value": filled.get(name, given.get(name, ""))} for name in takes]
    }
