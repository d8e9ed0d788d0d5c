"""The kinds of objects that a document may be: a run, a template of runs, or runs by a schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from tangentflow.argo.document import document
from tangentflow.argo.options import merged
from tangentflow.decorators import WorkflowFunction
from tangentflow.errors import UsageError
from tangentflow.graph.nodes import Graph

__all__ = ["KINDS", "declared"]

Json = dict[str, Any]

KINDS = ("workflow", "template", "cron")


def declared(
    graph: Graph, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None, kind: str | None = None
) -> Json:
    """Return the Workflow, WorkflowTemplate or CronWorkflow of a graph; by default the last one if it has a schedule, else the first.

    Raises as `document` does; UsageError for a CronWorkflow without a schedule, or with parameters that nobody gives values for.
    """
    workflow = cast(WorkflowFunction[..., Any], graph.bindings[graph.root])
    schedule = workflow.option("schedule")
    if kind is None:
        kind = "workflow" if schedule is None else "cron"
    made = document(graph, args, kwargs)
    if kind == "workflow":
        return made
    metadata, spec = dict(made["metadata"]), made["spec"]
    name = metadata.pop("generateName").removesuffix("-")
    marks = {part: dict(metadata[part]) for part in ("labels", "annotations")}
    metadata = {"name": name, **metadata}
    if kind == "template":
        spec = {**spec, "workflowMetadata": merged(marks, spec.get("workflowMetadata", {}))}
        return {**made, "kind": "WorkflowTemplate", "metadata": metadata, "spec": spec}
    if schedule is None:
        raise UsageError(
            f"workflow {graph.main.name!r} has no schedule: write @workflow(schedule='0 3 * * *'), or compile it to another kind"
        )
    missing = [p["name"] for p in spec["arguments"]["parameters"] if "value" not in p]
    if missing:
        raise UsageError(
            f"nobody gives arguments to the scheduled runs of workflow {graph.main.name!r}: give defaults to {', '.join(missing)}, or "
            "make the document with arguments, as in wf.graph.yaml(3)"
        )
    found: Json = {"schedules": [schedule] if isinstance(schedule, str) else list(schedule)}
    if workflow.option("timezone") is not None:
        found["timezone"] = workflow.option("timezone")
    found |= {"workflowMetadata": marks, "workflowSpec": spec}
    return {**made, "kind": "CronWorkflow", "metadata": metadata, "spec": found}
