"""Fill in a template for a node: arguments, defaults and tags; and expand a task that has items."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tangentflow.simulator.document import value_text
from tangentflow.simulator.errors import NotSimulated
from tangentflow.simulator.expressions.functions import go_json
from tangentflow.simulator.tags import TagError, replace, replace_strict
from tangentflow.simulator.when import WhenError, should_execute

__all__ = ["ABSENT", "Items", "arguments_of", "expand", "fill", "has_items", "input_values", "seconds", "substitute"]

ABSENT = "__absent_optional__"
"""Stands in an argument for a pure reference to an output that a skipped task did not give."""

Json = dict[str, Any]
Values = Mapping[str, Any]


def arguments_of(task: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters that a task passes."""
    parameters = (task.get("arguments") or {}).get("parameters") or []
    return {p["name"]: value_text(p["value"]) for p in parameters if "value" in p}


def fill(template: Json, arguments: Values, global_values: Values, local_values: Values) -> Json:
    """Return the template with its inputs set and all tags replaced that are known by now.

    Raises:
        TagError: for an input without a value, or a substitution that fails for good.
    """
    inputs = dict(template.get("inputs") or {})
    parameters = []
    for parameter in inputs.get("parameters") or []:
        value = parameter.get("value", parameter.get("default"))
        given = arguments.get(parameter["name"])
        if given == ABSENT:
            if value is None:
                why = "argument references an absent optional (skipped/omitted node output with no default)"
                raise TagError(f"inputs.parameters.{parameter['name']}: {why}")
        elif given is not None:
            value = given
        if value is None:
            raise TagError(f"inputs.parameters.{parameter['name']} was not supplied")
        parameters.append({**parameter, "value": value_text(value)})
    if parameters:
        inputs["parameters"] = parameters
    return substitute({**template, "inputs": inputs}, global_values, local_values)


def substitute(template: Json, global_values: Values, local_values: Values) -> Json:
    """Return the template after the two passes of substitution: globals first, then with its inputs."""
    values: dict[str, Any] = {**global_values, **local_values}
    first = replace(template, values)
    values.update({f"inputs.parameters.{k}": v for k, v in input_values(first).items()})
    values["inputs.parameters"] = json.dumps(first["inputs"].get("parameters"), ensure_ascii=False)
    for side in ("inputs", "outputs"):
        for artifact in (first.get(side) or {}).get("artifacts") or []:
            if artifact.get("path"):
                values[f"{side}.artifacts.{artifact['name']}.path"] = artifact["path"]
    for parameter in (first.get("outputs") or {}).get("parameters") or []:
        if (parameter.get("valueFrom") or {}).get("path"):
            values[f"outputs.parameters.{parameter['name']}.path"] = parameter["valueFrom"]["path"]
    filled: Json = replace(first, values)
    return filled


def input_values(template: Mapping[str, Any]) -> dict[str, str]:
    """Return the input parameters of a filled template."""
    return {p["name"]: p["value"] for p in (template.get("inputs") or {}).get("parameters") or []}


# -- items ------------------------------------------------------------------------------------------------------------


class Items(Exception):
    """Items that cannot be made; the text is the message of the node."""


def has_items(task: Mapping[str, Any]) -> bool:
    """Return whether a task fans out."""
    return bool(task.get("withItems")) or "withParam" in task or "withSequence" in task


def expand(task: Json, values: Values) -> list[Json]:
    """Return the tasks to run for a task: itself, or one for each of its items, named `name(index:item)`.

    Raises:
        Items: where the items cannot be read.
        TagError: where a tag of an item's task cannot be resolved.
    """
    if not has_items(task):
        return [task]
    try:
        items = _items(task)
    except Items:
        if _never(task):
            return []
        raise
    expanded = []
    for index, item in enumerate(items):
        text, label, parts = _item(item)
        known = {**values, "item": text, **parts}
        if _never(task):
            one = replace(task, {k: v for k, v in known.items() if v is not None})
        else:
            one = replace_strict(task, known)
        label = label.replace("(", "").replace(")", "")
        for field in ("withItems", "withParam", "withSequence"):
            one.pop(field, None)
        expanded.append({**one, "name": f"{task['name']}({index}:{label})", "template": task["template"]})
    return expanded


def _never(task: Mapping[str, Any]) -> bool:
    """Return whether `when` is false already, without any item."""
    try:
        return not should_execute(task.get("when", ""))
    except WhenError:
        return False


def _items(task: Mapping[str, Any]) -> list[Any]:
    if task.get("withItems"):
        return list(task["withItems"])
    if "withParam" in task:
        try:
            items = json.loads(task["withParam"])
            if isinstance(items, list):
                return items
            why = f"json: cannot unmarshal {type(items).__name__} into Go value of type []v1alpha1.Item"
        except ValueError as error:
            why = str(error)
        raise Items(f"withParam value could not be parsed as a JSON list: {task['withParam'].strip()}: {why}")
    sequence = task["withSequence"]
    start = _integer(sequence["start"]) if "start" in sequence else 0
    if "end" in sequence:
        end = _integer(sequence["end"])
    elif "count" in sequence:
        count = _integer(sequence["count"])
        if count == 0:
            return []
        end = start + count - 1
    else:
        raise Items("neither end nor count was specified in withSequence")
    step = 1 if start <= end else -1
    return [str(i) for i in range(start, end + step, step)]


def _integer(value: Any) -> int:
    text = str(value)
    if not re.fullmatch(r"[+-]?\d+", text):
        raise Items(f'strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)


def _item(item: Any) -> tuple[str, str, dict[str, str]]:
    """Return the text of an item, how it stands in the name of the node, and the values of its keys."""
    if isinstance(item, str):
        return item, json.dumps(item, ensure_ascii=False)[1:-1], {}
    if isinstance(item, dict):
        shown = {k: v if isinstance(v, str) else go_json(v, html=False) for k, v in item.items()}
        escaped = {
            k: json.dumps(v, ensure_ascii=False)[1:-1] if isinstance(item[k], str) else v for k, v in shown.items()
        }
        label = ",".join(sorted(f"{k}:{v}" for k, v in escaped.items()))
        return go_json(item), label, {f"item.{k}": v for k, v in escaped.items()}
    if item is None:
        raise NotSimulated("", "an item that is null is not simulated")
    text = go_json(item, html=False)
    return text, text, {}


# -- durations --------------------------------------------------------------------------------------------------------

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def seconds(duration: Any) -> float:
    """Return the seconds of a duration: a number of seconds, or parts with units such as `1m30s`.

    Raises:
        Items: where it is neither.
    """
    text = str(duration)
    if re.fullmatch(r"-?\d+", text):
        return float(text)
    parts = re.findall(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|us|µs|ns|m|s)", text)
    if not parts or "".join(n + u for n, u in parts) != text.lstrip("+"):
        raise Items(f'unable to parse {text} as a duration: time: invalid duration "{text}"')
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
