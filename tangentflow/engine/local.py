"""The local engine: a graph is run on this machine."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Mapping
from typing import Any

from tangentflow.engine.driver import Driver
from tangentflow.engine.machine import Machine
from tangentflow.engine.policies import EXECUTORS, check_here, notes
from tangentflow.engine.run import Run
from tangentflow.errors import UsageError
from tangentflow.graph.nodes import Graph

__all__ = ["run"]

_log = logging.getLogger("tangentflow")


def run(
    graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any], *,
    workers: int | None = None, executor: str = "process", progress: bool | None = None,
) -> Run:  # fmt: skip
    """Run a graph on this machine and return the finished run.

    `workers` bounds how many steps run at a time (default: the number of processors, at least 2); `executor` is "process", "thread" or
    "inline". Raises UsageError for an unknown executor and for options of steps that cannot be kept here, TypeError for arguments that do
    not fit the workflow.
    """
    if executor not in EXECUTORS:
        raise UsageError(f"there is no executor {executor!r}; write {', '.join(map(repr, EXECUTORS))}")
    count = workers if workers is not None else max(2, os.cpu_count() or 1)
    if not isinstance(count, int) or count < 1:
        raise UsageError(f"workers must be a whole number, at least 1, not {workers!r}")
    check_here(graph, executor)
    machine = Machine(graph, args, kwargs)
    made = Run(f"{graph.main.name}-{secrets.token_hex(4)}", graph.main.name, None, [])
    made.notes = notes(graph)
    for note in made.notes:
        _log.info(note)
    Driver(machine, made, limit=1 if executor == "inline" else count, executor=executor).drive()
    return made
