"""Fewer templates: pods of the same shape share one, and tasks tell which pod is meant.

A document may have 200 templates. Below that each pod has a template of its own, named after its step, which is easier to read.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tangentflow.argo.names import Names

__all__ = ["MOST", "share"]

Json = dict[str, Any]
MOST = 190
"""Above this number of templates, pods share them; the API server takes 200."""

_PARAMETER = re.compile(r"\{\{inputs\.parameters\.([-\w]+)\}\}")
_NAMED = re.compile(r"inputs\.parameters\['([-\w]+)'\]")
_OWN = "{{workflow.uid}}-"
_TURN = re.compile(r"\((\d+) \+")


def share(templates: list[Json], names: Names) -> list[Json]:
    """Return templates among which no two pods have the same shape."""
    shapes: dict[str, tuple[Json, dict[str, dict[str, str]]]] = {}
    for template in templates:
        if "script" in template and "tangentflow.dev/reason" not in template["metadata"]["annotations"]:
            body, values = _shape(template)
            shapes.setdefault(json.dumps(body, sort_keys=True), (body, {}))[1][template["name"]] = values
    shared: dict[str, tuple[Json, dict[str, str]]] = {}
    made: list[Json] = []
    for body, group in shapes.values():
        if len(group) < 2:
            continue
        body["name"] = names.take(f"shared-{len(made) + 1}")
        made.append(body)
        shared |= {name: (body, values) for name, values in group.items()}
    kept = [template for template in templates if template["name"] not in shared]
    for template in kept:
        for task in template.get("dag", {}).get("tasks", []):
            if task["template"] in shared:
                _redirect(task, *shared[task["template"]])
    return [*kept, *made]


def _shape(template: Json) -> tuple[Json, dict[str, str]]:
    """Return a template with parameters in place of what is its own, and the values of these."""
    annotations = template["metadata"]["annotations"]
    values = {"pod": template["name"], "source": annotations["tangentflow.dev/source"]}
    own = f'"{template["name"]}", {{'
    source = template["script"]["source"].replace(own, '"{{inputs.parameters.pod}}", {', 1)
    inputs, outputs = ({**template[part]} for part in ("inputs", "outputs"))
    for part in (inputs, outputs):
        if "artifacts" in part:
            part["artifacts"] = [_keyed(artifact, values) for artifact in part["artifacts"]]
    locks = json.loads(json.dumps(template.get("synchronization", {})))
    for mutex in locks.get("mutexes", []):
        _set_turn(mutex, values)
    written = source + json.dumps(template["script"]["env"])
    used = {*_PARAMETER.findall(written), *_NAMED.findall(json.dumps(locks))}
    inputs["parameters"] = [{"name": p["name"]} for p in inputs["parameters"] if p["name"] in used]
    inputs["parameters"] += [{"name": name} for name in values]
    return {
        **template,
        **({"synchronization": locks} if "synchronization" in template else {}),
        "name": "",
        "metadata": {
            **template["metadata"],
            "annotations": {**annotations, "tangentflow.dev/source": "{{inputs.parameters.source}}"},
        },
        "inputs": inputs,
        "outputs": outputs,
        "script": {**template["script"], "source": source},
    }, values


def _set_turn(mutex: Json, values: dict[str, str]) -> None:
    """Put a parameter in place of the number that a lock begins to count by, or of the lock itself if it is always the same."""
    turn = _TURN.search(mutex["name"])
    if not mutex["name"].startswith(_OWN):
        return
    if turn:
        values["turn"] = turn[1]
        mutex["name"] = _TURN.sub("(asInt(inputs.parameters['turn']) +", mutex["name"])
    else:
        values["lock"] = mutex["name"].removeprefix(_OWN)
        mutex["name"] = f"{_OWN}{{{{inputs.parameters.lock}}}}"


def _keyed(artifact: Json, values: dict[str, str]) -> Json:
    """Return an artifact with a parameter for its key, whose value is noted."""
    name = f"k{len(values) - 2}"
    values[name] = artifact["s3"]["key"]
    return {**artifact, "s3": {**artifact["s3"], "key": f"{{{{inputs.parameters.{name}}}}}"}}


def _redirect(task: Json, body: Json, values: dict[str, str]) -> None:
    """Let a task use the shared template: what the own one made of its parameters is said by the task."""
    given = {p["name"]: p["value"] for p in task.get("arguments", {}).get("parameters", [])}
    filled = {name: _PARAMETER.sub(lambda m: given[m.group(1)], text) for name, text in values.items()}
    takes = [p["name"] for p in body["inputs"]["parameters"]]
    task["template"] = body["name"]
    task["arguments"] = {
        "parameters": [{"name": name, "value": filled.get(name, given.get(name, ""))} for name in takes]
    }
