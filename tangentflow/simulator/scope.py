"""What the tags of a task and the outputs of a DAG can see: inputs, and status and outputs of tasks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from tangentflow.simulator.errors import NotSimulated
from tangentflow.simulator.expressions.evaluate import evaluate
from tangentflow.simulator.expressions.functions import go_json, go_text
from tangentflow.simulator.expressions.lexer import ExpressionError
from tangentflow.simulator.nodes import Node, Nodes, hash_of
from tangentflow.simulator.tags import environment
from tangentflow.simulator.templates import ABSENT, input_values

__all__ = ["OutputError", "Scope"]

Json = dict[str, Any]


class OutputError(Exception):
    """An output of a DAG that has no value; the text is the message of the node."""


class Scope:
    """The values that are local to a DAG node; a value None is an output that a skipped task did not give."""

    def __init__(self, nodes: Nodes, templates: Mapping[str, Json], template: Json) -> None:
        self.nodes = nodes
        self.templates = templates
        self.values: dict[str, Any] = {f"inputs.parameters.{k}": v for k, v in input_values(template).items()}

    def add(self, task: Mapping[str, Any], node: Node) -> None:
        """Make a task's status and outputs known."""
        name = task["name"]
        if node.type == "TaskGroup":
            self._aggregate(name, node)
        shown = node
        if node.type == "Retry":
            attempts = [self.nodes[c] for c in node.children if self.nodes.get(c)]
            shown = attempts[-1] if attempts else node
        prefix = f"tasks.{name}"
        self.values[f"{prefix}.id"] = f"{next(iter(self.nodes)).name}-{hash_of(shown.name)}"
        self.values[f"{prefix}.status"] = shown.phase
        self.values[f"{prefix}.startedAt"] = _time(shown.started)
        if shown.finished is not None:
            self.values[f"{prefix}.finishedAt"] = _time(shown.finished)
        if shown.result is not None:
            self.values[f"{prefix}.outputs.result"] = shown.result
        if shown.exit_code is not None:
            self.values[f"{prefix}.exitCode"] = str(shown.exit_code)
        for output, value in (shown.outputs or {}).items():
            if value is not None:
                self.values[f"{prefix}.outputs.parameters.{output}"] = value
        if node.phase in ("Skipped", "Omitted") and node.outputs is None:
            for parameter in _outputs(self.templates[task["template"]]):
                default = (parameter.get("valueFrom") or {}).get("default")
                value = None if default is None else go_text(default)
                self.values[f"{prefix}.outputs.parameters.{parameter['name']}"] = value

    def _aggregate(self, name: str, group: Node) -> None:
        """Make the outputs of a fan-out known: those of the items that succeeded, in the order of the items."""
        items = [node for child in group.children if (node := self.nodes.get(child)) is not None]
        good = [node for node in items if node.phase == "Succeeded"]
        lists: dict[str, list[str]] = {}
        rows, results = [], []
        for node in good:
            given = {k: v or "" for k, v in (node.outputs or {}).items()}
            if given:
                rows.append(given)
            for key, value in given.items():
                lists.setdefault(key, []).append(value)
            if node.result is not None:
                try:
                    results.append(json.loads(node.result))
                except ValueError as error:
                    raise OutputError(str(error)) from error
        self.values[f"tasks.{name}.outputs.result"] = go_json(results)
        self.values[f"tasks.{name}.outputs.parameters"] = go_json(rows)
        for key, texts in lists.items():
            self.values[f"tasks.{name}.outputs.parameters.{key}"] = go_json(_parsed(texts))

    def mark_absent(self, task: Json) -> Json:
        """Return the task with each argument that is nothing but an absent output marked, so that a default applies."""
        parameters = (task.get("arguments") or {}).get("parameters") or []
        marked = [{**p, "value": ABSENT} if self._absent(p.get("value")) else p for p in parameters]
        return task if marked == parameters else {**task, "arguments": {"parameters": marked}}

    def _absent(self, value: Any) -> bool:
        if not (isinstance(value, str) and value.startswith("{{") and value.endswith("}}")):
            return False
        key = value[2:-2].strip()
        return key in self.values and self.values[key] is None

    def outputs(self, template: Json) -> dict[str, str | None] | None:
        """Return the output parameters of a DAG that succeeded.

        Raises:
            OutputError: for one that has neither a value nor a default.
        """
        declared = _outputs(template)
        if not declared:
            return None
        found: dict[str, str | None] = {}
        for parameter in declared:
            source = parameter["valueFrom"]
            default = source.get("default")
            try:
                value = self._expression(source["expression"]) if "expression" in source else self._parameter(source)
            except OutputError:
                if default is None:
                    raise
                value = default
            if value is None:
                value = default
            if value is None:
                why = "is an absent optional (skipped/omitted node output with no default)"
                raise OutputError(f'output parameter "{parameter["name"]}": "{source["parameter"]}" {why}')
            found[parameter["name"]] = go_text(value)
        return found

    def _parameter(self, source: Json) -> Any:
        tag = source["parameter"].removeprefix("{{").removesuffix("}}").strip()
        if tag.startswith("="):
            raise NotSimulated("", f"valueFrom.parameter {source['parameter']!r}: write valueFrom.expression")
        if tag not in self.values:
            raise OutputError(f'Unable to resolve: "{tag}"')
        return self.values[tag]

    def _expression(self, text: str) -> Any:
        try:
            value = evaluate(text, environment(self.values))
        except ExpressionError as error:
            raise OutputError(str(error)) from error
        if value is None:
            raise OutputError(f'failed to evaluate expression "{text}"')
        return value


def _outputs(template: Mapping[str, Any]) -> list[Json]:
    return (template.get("outputs") or {}).get("parameters") or []


def _parsed(texts: Iterable[str]) -> list[Any]:
    """Return the texts, or what they hold where every one is a JSON list or object."""
    texts = list(texts)
    try:
        values = [json.loads(text, parse_int=float) for text in texts]
    except ValueError:
        return texts
    return values if all(isinstance(v, (list, dict)) for v in values) else texts


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
