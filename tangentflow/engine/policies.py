"""Which options of steps and workflows a local run keeps, which it does without, and which it cannot run without."""

from __future__ import annotations

import importlib.util
import os
import shutil
from typing import Any

from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.errors import StepTimeout, UsageError
from tangentflow.graph.nodes import Graph, Step
from tangentflow.runtime.policies import duration, seconds
from tangentflow.runtime.slurm import Slurm

__all__ = ["EXECUTORS", "check_here", "check_needs", "notes", "run_timeout", "secrets_here", "time_limit", "title"]

EXECUTORS = ("process", "thread", "inline", "slurm")

_ELSEWHERE = (
    "image", "cpu", "memory", "gpu", "chunk", "labels", "annotations", "node_selector", "tolerations", "service_account", "argo",
    "schedule", "timezone", "ttl", "pod_gc",
)  # fmt: skip
"""Options that say how a pod is made, when a run begins, and what becomes of it later on: this machine does without."""

_OF_JOBS = ("cpu", "memory", "gpu")
"""Those that a job of Slurm has, too."""

_WHOLE = ("timeout", "on_exit")
"""Options of workflows that are for a whole run: who calls such a workflow would miss them."""


def _steps(graph: Graph) -> list[tuple[str, StepFunction[..., Any]]]:
    """Return the step functions of a graph, with what they are called by in messages."""
    found = {}
    for flow in graph.flows:
        for node in flow.body.walk():
            if isinstance(node, Step):
                step = graph.bindings[node.callee]
                assert isinstance(step, StepFunction)
                found[node.name, node.callee] = step
    return [(name, step) for (name, _), step in found.items()]


def check_here(graph: Graph, executor: str | Slurm) -> None:
    """Raise UsageError if a step has an option that this machine, or this executor, cannot keep."""
    for name, step in _steps(graph):
        where = step.policy.executor or executor
        if where == "slurm" or isinstance(where, Slurm):
            _check_slurm(name)
        if step.policy.env and where in ("thread", "inline"):
            raise UsageError(
                f"step {name!r} has env=, which executor {where!r} cannot keep: its steps share one environment; use "
                f"executor='process', for this step alone with @step(executor='process', ...)"
            )
    for flow in graph.flows:
        for option in _WHOLE if flow.key != graph.root else ():
            if (value := _decorated(graph, flow.key).option(option)) is not None:
                raise UsageError(
                    f"workflow {flow.name!r} has {option}={value!r}, which is for a whole run, and is called by another one: give it to the "
                    "workflow that is run"
                )
    check_needs(graph)


def _check_slurm(name: str) -> None:
    """Raise UsageError if no jobs can be submitted from here."""
    missing = [command for command in ("sbatch", "srun", "squeue", "scancel") if shutil.which(command) is None]
    if missing:
        raise UsageError(
            f"step {name!r} is to run as a job of Slurm, and this machine has no {', '.join(missing)}: start the run on a machine of the cluster"
        )
    if importlib.util.find_spec("submitit") is None:
        raise UsageError(
            f"step {name!r} is to run as a job of Slurm, which needs submitit: pip install 'tangentflow[slurm]'"
        )


def title(graph: Graph) -> str:
    """Return what runs of a graph are called."""
    return _decorated(graph, graph.root).option("name") or graph.main.name


def time_limit(graph: Graph) -> float | None:
    """Return how many seconds a run may take."""
    limit = _decorated(graph, graph.root).option("timeout")
    return None if limit is None else seconds(limit)


def run_timeout(workflow: str, limit: float) -> StepTimeout:
    """Return the exception of a run that took too long."""
    return StepTimeout(f"workflow {workflow} ran longer than its timeout of {duration(limit)}")


def check_needs(graph: Graph) -> None:
    """Raise UsageError if something is not here that steps cannot do without: a secret, or the directory of a volume."""
    for name, step in _steps(graph):
        for variable, source in step.option("secrets", {}).items():
            if variable not in os.environ:
                raise UsageError(
                    f"step {name!r} needs the secret {source} as {variable}: set the environment variable {variable} for a local run"
                )
        _check_volumes(f"step {name!r}", step)
    for flow in graph.flows:
        _check_volumes(f"workflow {flow.name!r}", _decorated(graph, flow.key))


def _decorated(graph: Graph, key: str) -> WorkflowFunction[..., Any]:
    workflow = graph.bindings[key]
    assert isinstance(workflow, WorkflowFunction)
    return workflow


def _check_volumes(who: str, decorated: StepFunction[..., Any] | WorkflowFunction[..., Any]) -> None:
    for path, what in decorated.option("volumes", {}).items():
        if not os.path.isdir(path):
            raise UsageError(
                f"{who} needs the volume {what} at {path}: there is no such directory here; make it for a local run"
            )


def secrets_here(graph: Graph) -> dict[str, dict[str, str]]:
    """Return the secrets of all steps, by name and key, as the environment has them.

    Raises UsageError if it has two values for one of them.
    """
    found: dict[str, dict[str, str]] = {}
    for _, step in _steps(graph):
        for variable, source in step.option("secrets", {}).items():
            secret, _, key = source.partition("/")
            value = os.environ[variable]
            if found.setdefault(secret, {}).setdefault(key, value) != value:
                raise UsageError(f"the secret {source} has another value in {variable} than in another variable")
    return found


def notes(graph: Graph, keeps: bool, executor: str | Slurm = "process") -> list[str]:
    """Return in words what a local run does without. `keeps`: it has a store for cached values, or wants none."""
    without: dict[str, list[str]] = {}
    for name, step in _steps(graph):
        where = step.policy.executor or executor
        in_a_job = where == "slurm" or isinstance(where, Slurm)
        for option in _ELSEWHERE:
            if step.option(option) is not None and not (in_a_job and option in _OF_JOBS):
                without.setdefault(option, []).append(name)
    for flow in graph.flows:
        for option in _ELSEWHERE:
            if _decorated(graph, flow.key).option(option) is not None:
                without.setdefault(option, []).append(flow.name)
    told = [
        f"{option}= of {', '.join(dict.fromkeys(names))} has no effect on this machine"
        for option, names in without.items()
    ]
    cached = list(dict.fromkeys(name for name, step in _steps(graph) if step.policy.cache))
    if cached and not keeps:
        told.append(f"cache= of {', '.join(cached)} lasts for this run alone: there is no store")
    return told
