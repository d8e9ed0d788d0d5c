"""What passes between the controller, its DAGs and those who run pods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tangentflow.simulator.document import Json

__all__ = ["Call", "PodOrder", "PodReport"]


@dataclass(frozen=True)
class Call:
    """A template to run for a node: `task` is the name of the DAG's task, `boundary` the node of the DAG."""

    name: str
    template: str
    arguments: Mapping[str, str]
    boundary: str = ""
    task: str = ""
    on_exit: bool = False


@dataclass(frozen=True)
class PodOrder:
    """A pod to start: the node, the filled template, and whether its stdout is asked for as `outputs.result`."""

    node: str
    pod: str
    template: Json
    wants_result: bool


@dataclass(frozen=True)
class PodReport:
    """How a pod ended. `phase` is Succeeded, Failed or Error; `outputs` has None for what was not written."""

    phase: str
    message: str = ""
    exit_code: int | None = None
    outputs: dict[str, str | None] | None = None
    result: str | None = None
    artifacts: tuple[str, ...] = ()
    logs: str = ""
    started: float = 0.0
    finished: float = 0.0
