"""The engine's own check of a workflow before its first step: names, references, dependencies.

The first thing wrong is the message of the workflow, which then is Failed: `invalid spec: …`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tangentflow.simulator.depends import dependencies, item_dependencies, wrong_result
from tangentflow.simulator.document import LEAF_KINDS, Document, kind_of
from tangentflow.simulator.tags import simple_tags

__all__ = ["InvalidSpec", "validate"]

_PREFIXES = ("item.", "steps.", "inputs.", "outputs.", "pod.", "workflow.", "tasks.")
_ALWAYS = ("outputs.", "workflow.creationTimestamp", "workflow.scheduledTime", "workflow.duration", "tasks.name",
           "steps.name", "node.name")  # fmt: skip


class InvalidSpec(Exception):
    """What is wrong with a workflow, in the engine's words."""


def validate(document: Document, name: str, parameters: Mapping[str, str]) -> None:
    """Check a workflow as the engine does at its first look.

    Raises:
        InvalidSpec: for the first thing that is wrong.
    """
    if len(name) > 63:
        raise InvalidSpec(f'workflow name "{name}" must not be more than 63 characters long (currently {len(name)})')
    names = [t["name"] for t in document.spec.get("templates") or []]
    for index, template in enumerate(names):
        if template in names[:index]:
            raise InvalidSpec(f"spec.templates[{index}].name '{template}' is not unique")
    checker = _Checker(document, parameters)
    for parameter in (document.spec.get("arguments") or {}).get("parameters") or []:
        if parameter["name"] not in parameters:
            label = f"spec.arguments.{parameter['name']}"
            raise InvalidSpec(f"{label}.value or {label}.valueFrom is required")
    entrypoint = document.spec.get("entrypoint", "")
    if not entrypoint:
        raise InvalidSpec("spec.entrypoint is required")
    checker.template(entrypoint, parameters)
    if document.spec.get("onExit"):
        checker.globals.add("workflow.failures")
        checker.template(document.spec["onExit"], parameters)
    for template in names:
        try:
            checker.template(template, None)
        except InvalidSpec as error:
            raise InvalidSpec(f"templates.{template} {error}") from error


class _Checker:
    def __init__(self, document: Document, parameters: Mapping[str, str]) -> None:
        self.templates = document.templates
        self.done: set[str] = set()
        self.globals = {
            "workflow.name", "workflow.namespace", "workflow.mainEntrypoint", "workflow.serviceAccountName",
            "workflow.uid", "workflow.status", "workflow.annotations", "workflow.annotations.json", "workflow.labels",
            "workflow.labels.json",
        }  # fmt: skip
        self.globals.update(f"workflow.parameters.{p}" for p in parameters)
        if parameters:
            self.globals.update(("workflow.parameters", "workflow.parameters.json"))
        self.globals.update(f"workflow.labels.{k}" for k in document.labels)
        self.globals.update(f"workflow.annotations.{k}" for k in document.annotations)
        if "priority" in document.spec:
            self.globals.add("workflow.priority")

    def template(self, name: str, arguments: Mapping[str, Any] | None) -> None:
        """Check a template; `arguments` are what it is called with, None for anything."""
        template = self.templates.get(name)
        if template is None:
            raise InvalidSpec(f"template name '{name}' undefined")
        inputs = (template.get("inputs") or {}).get("parameters") or []
        for parameter in inputs:
            given = arguments is None or parameter["name"] in arguments
            if not given and "default" not in parameter and "value" not in parameter:
                raise InvalidSpec(f"templates.{name} inputs.parameters.{parameter['name']} was not supplied")
        if name in self.done:
            return
        self.done.add(name)
        scope = {f"inputs.parameters.{p['name']}" for p in inputs} | ({"inputs.parameters"} if inputs else set())
        artifacts = (template.get("inputs") or {}).get("artifacts") or []
        outputs = template.get("outputs") or {}
        kind = kind_of(template)
        if kind in LEAF_KINDS:
            scope.update(f"inputs.artifacts.{a['name']}.path" for a in artifacts)
            scope.update(f"outputs.artifacts.{a['name']}.path" for a in outputs.get("artifacts") or [])
            scope.update(f"outputs.parameters.{p['name']}.path" for p in outputs.get("parameters") or [])
            scope.add("pod.name")
        self.unique(f"templates.{name}.inputs.parameters", inputs)
        self.unique(f"templates.{name}.inputs.artifacts", artifacts)
        scope |= self.globals
        if kind == "dag":
            self.dag(template, scope)
        else:
            self.leaf(template, scope)
        self.outputs(template, scope)

    def unique(self, path: str, items: list[dict[str, Any]], gap: str = "") -> None:
        seen: set[str] = set()
        for index, item in enumerate(items):
            if item["name"] in seen:
                raise InvalidSpec(f"{path}{gap}[{index}].name '{item['name']}' is not unique")
            seen.add(item["name"])

    def leaf(self, template: Mapping[str, Any], scope: set[str]) -> None:
        name = template["name"]
        self.tags(template, scope, f"templates.{name}: ")
        kind = kind_of(template)
        if kind in ("container", "script") and not template[kind].get("image"):
            raise InvalidSpec(f"templates.{name}.{kind}.image may not be empty")
        if kind in LEAF_KINDS and re.fullmatch(r"\d+", template.get("timeout", "")):
            raise InvalidSpec(f"{name} has invalid duration format in timeout")
        if "parallelism" in template:
            raise InvalidSpec(f"templates.{name}.parallelism is only valid for steps and dag templates")
        if kind != "container":
            return
        paths: dict[str, str] = {}
        for index, artifact in enumerate((template.get("inputs") or {}).get("artifacts") or []):
            path = artifact.get("path", "")
            if path in paths:
                raise InvalidSpec(
                    f"templates.{name}.inputs.artifacts[{index}].path '{path}' already mounted in {paths[path]}"
                )
            paths[path] = f"inputs.artifacts.{artifact['name']}"

    def outputs(self, template: Mapping[str, Any], scope: set[str]) -> None:
        name, outputs = template["name"], template.get("outputs") or {}
        self.unique(f"templates.{name}.outputs.parameters", outputs.get("parameters") or [], " ")
        self.unique(f"templates.{name}.outputs.artifacts", outputs.get("artifacts") or [], " ")
        self.tags(outputs, scope, f"templates.{name}.outputs ")
        kind = kind_of(template)
        for parameter in outputs.get("parameters") or []:
            path, source = f"templates.{name}.outputs.parameters.{parameter['name']}", parameter.get("valueFrom")
            if source is None:
                raise InvalidSpec(f"{path} does not have valueFrom or value specified")
            ways = [w for w in ("path", "jsonPath", "parameter", "expression", "supplied") if w in source]
            if len(ways) != 1:
                few = "valueFrom type unspecified" if not ways else "multiple valueFrom types specified"
                raise InvalidSpec(f"{few}. choose one of: path, jqFilter, jsonPath, parameter, raw, expression")
            if kind in ("container", "script") and ways != ["path"]:
                raise InvalidSpec(f"{path}.path must be specified for {kind.capitalize()} templates")
            if kind == "dag" and ways[0] not in ("parameter", "expression"):
                raise InvalidSpec(f"{path}.parameter or expression must be specified for DAG templates")

    def tags(self, value: Any, scope: set[str], prefix: str) -> None:
        if isinstance(value, str):
            for tag in simple_tags(value):
                name = tag.strip()
                if not name.startswith(_PREFIXES) or name in scope or name.startswith(_ALWAYS):
                    continue
                if name.startswith("item.") and "item.*" in scope:
                    continue
                raise InvalidSpec(f"{prefix}failed to resolve {{{{{tag}}}}}")
        elif isinstance(value, dict):
            for key, element in value.items():
                self.tags(key, scope, prefix)
                self.tags(element, scope, prefix)
        elif isinstance(value, list):
            for element in value:
                self.tags(element, scope, prefix)

    # -- DAGs ---------------------------------------------------------------------------------------------------------

    def dag(self, template: Mapping[str, Any], scope: set[str]) -> None:
        name, tasks = template["name"], template["dag"]["tasks"]
        if not tasks:
            raise InvalidSpec(f"templates.{name} must have at least one task")
        self.sortable(name, tasks)
        by_name = {task["name"]: task for task in tasks}
        uses_depends = any(task.get("depends") for task in tasks)
        for task in tasks:
            path = f"templates.{name}.tasks.{task['name']}"
            if uses_depends and task["name"][0].isdigit():
                raise InvalidSpec(
                    f"{path} name cannot begin with a digit when using either 'depends' or 'dependencies'"
                )
            self.called(path, task["template"], None)
            scope |= self.outputs_of(task, by_name, False)
            wrong = wrong_result(task)
            if wrong:
                raise InvalidSpec(f"{path} task result '{wrong[1]}' for task '{wrong[0]}' is invalid")
            for needed in item_dependencies(task):
                if not any(k in by_name[needed] for k in ("withItems", "withParam", "withSequence")):
                    raise InvalidSpec(
                        f"{path} dependency '{needed}' uses an items-based condition such as .AnySucceeded or .AllFailed "
                        "but does not contain any items"
                    )
        for task in tasks:
            path = f"templates.{name}.tasks.{task['name']}"
            ancestors = self.ancestors(task["name"], by_name)
            local = set(scope)
            for ancestor in ancestors:
                local |= self.outputs_of(by_name[ancestor], by_name, True)
            local |= self.items(path, task)
            self.tags(task, local, f"{path} ")
            arguments = {p["name"]: p.get("value") for p in (task.get("arguments") or {}).get("parameters") or []}
            for parameter, value in arguments.items():
                if value is None:
                    prefix = f"{path}.arguments.{parameter}"
                    raise InvalidSpec(f"{prefix}.value or {prefix}.valueFrom is required")
                if isinstance(value, str) and value.startswith("{{tasks."):
                    source = value.split(".")[1]
                    if source not in ancestors:
                        raise InvalidSpec(f"{path} missing dependency '{source}' for parameter '{parameter}'")
            self.called(path, task["template"], arguments)

    def called(self, path: str, template: str, arguments: Mapping[str, Any] | None) -> None:
        try:
            self.template(template, arguments)
        except InvalidSpec as error:
            raise InvalidSpec(f"{path} {error}") from error

    def sortable(self, name: str, tasks: list[dict[str, Any]]) -> None:
        """Check that names are unique, dependencies exist and make no cycle."""
        wrong, waiting = f"templates.{name} sorting failed: ", {}
        for task in tasks:
            if task["name"] in waiting:
                raise InvalidSpec(f"{wrong}duplicated nodeName {task['name']}")
            waiting[task["name"]] = set(dependencies(task))
        for needed in waiting.values():
            for dependency in sorted(needed):
                if dependency not in waiting:
                    raise InvalidSpec(f"{wrong}invalid dependency {dependency}")
        while waiting:
            ready = [task for task, needed in waiting.items() if not needed & waiting.keys()]
            if not ready:
                raise InvalidSpec(f"{wrong}graph with cycle")
            for task in ready:
                del waiting[task]

    def ancestors(self, name: str, by_name: Mapping[str, Mapping[str, Any]]) -> set[str]:
        found: set[str] = set()
        todo = list(dependencies(by_name[name]))
        while todo:
            ancestor = todo.pop()
            if ancestor not in found:
                found.add(ancestor)
                todo += dependencies(by_name[ancestor])
        return found

    def items(self, path: str, task: Mapping[str, Any]) -> set[str]:
        if "withParam" in task:
            return {"item", "item.*"}
        if "withSequence" in task:
            sequence = task["withSequence"]
            if "count" in sequence and "end" in sequence:
                raise InvalidSpec(f"{path} only one of count or end can be defined in withSequence")
            return {"item"}
        found = set()
        for item in task.get("withItems") or []:
            found |= {f"item.{key}" for key in item} if isinstance(item, dict) else {"item"}
        return found

    def outputs_of(self, task: Mapping[str, Any], by_name: Mapping[str, Any], ancestor: bool) -> set[str]:
        template = self.templates[task["template"]]
        prefix = f"tasks.{task['name']}"
        found = {f"{prefix}.{field}" for field in ("id", "startedAt", "finishedAt", "hostNodeName")}
        if kind_of(template) in ("container", "script"):
            found |= {f"{prefix}.outputs.result", f"{prefix}.exitCode"}
        outputs = template.get("outputs") or {}
        found |= {f"{prefix}.outputs.parameters.{p['name']}" for p in outputs.get("parameters") or []}
        found |= {f"{prefix}.outputs.artifacts.{a['name']}" for a in outputs.get("artifacts") or []}
        if "withItems" in task or "withParam" in task:
            found.add(f"{prefix}.outputs.parameters")
        if ancestor:
            found.add(f"{prefix}.status")
        return found
