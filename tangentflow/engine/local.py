"""The local engine: a graph is run on this machine."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import re
import secrets
import sys
import types
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, cast

from tangentflow.decorators import WorkflowFunction
from tangentflow.engine.driver import Driver
from tangentflow.engine.ending import drive
from tangentflow.engine.events import Listener
from tangentflow.engine.frames import spell, without_indices
from tangentflow.engine.machine import Machine
from tangentflow.engine.policies import EXECUTORS, check_here, notes, time_limit, title
from tangentflow.engine.positions import Positions
from tangentflow.engine.recorder import Recorder
from tangentflow.engine.reuse import Earlier
from tangentflow.engine.run import Run
from tangentflow.engine.store import locate
from tangentflow.errors import UsageError
from tangentflow.graph.exits import with_exit
from tangentflow.graph.nodes import Graph
from tangentflow.runtime.exits import PATH
from tangentflow.runtime.slices import bind
from tangentflow.runtime.slurm import Slurm

__all__ = ["run", "target_of"]

_log = logging.getLogger("tangentflow")


def run(
    graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any], *,
    workers: int | None = None, executor: str | Slurm = "process", store: str | os.PathLike[str] | bool | None = None,
    reuse: Earlier | None = None, cache: bool | None = None, progress: bool | None = None, on_event: Listener | None = None,
) -> Run:  # fmt: skip
    """Run a graph on this machine and return the finished run.

    `workers` bounds how many steps run at a time (default: the number of processors, at least 2); `executor` is "process", "thread",
    "inline", "slurm" or `Slurm(...)`; `store` is the directory for values and the journal (default: `.tangentflow`, False: none); `reuse` is the record of an
    earlier run of which step runs are taken over; `cache` True: as if every step had it, False: nothing is read or written; `progress` shows the run on standard
    error while it runs, as a table in a terminal or notebook, else as lines; `on_event` is called with each `Event`. Raises UsageError for an unknown executor and for options of steps that cannot be kept
    here, TypeError for arguments that do not fit the workflow.
    """
    if not isinstance(executor, Slurm) and executor not in EXECUTORS:
        raise UsageError(f"there is no executor {executor!r}; write {', '.join(map(repr, EXECUTORS))} or Slurm(...)")
    count = workers if workers is not None else _workers(executor)
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise UsageError(f"workers must be at least 1, not {workers!r}")
    if cache is not None and not isinstance(cache, bool):
        raise UsageError(f"cache must be True or False, not {cache!r}; an age belongs to a step: @step(cache='7d')")
    whole = with_exit(graph)
    check_here(whole, executor)
    folder = locate(store)
    workflow = cast("WorkflowFunction[..., Any]", graph.bindings[graph.root])
    bind(cast(types.FunctionType, workflow.function), args, kwargs)  # before there is anything to tell of the run

    name = title(graph)
    made = Run(f"{_plain(name)}-{secrets.token_hex(4)}", name, None, [])
    made.notes, made.folder = notes(whole, folder is not None or cache is False, executor), folder
    for note in made.notes:
        _log.info(note)
    recorder = Recorder(whole, made, Positions(), folder, reuse, cache)
    try:
        recorder.begin(
            args,
            kwargs,
            target_of(workflow),
            {"workers": workers, "executor": _on_record(executor), "module": workflow.__module__},
        )
        machine = Machine(graph, args, kwargs, memory=recorder, lazy=True)
        with _listeners(machine, progress, on_event) as listeners:
            limit, timeout = (
                min(1 if executor == "inline" else count, workflow.option("parallelism", count)),
                time_limit(graph),
            )

            def follow(graph: Graph, status: str, before: Driver) -> Driver:
                after = Machine(graph, (status,), {}, memory=recorder, path=PATH, lazy=True)
                return Driver(after, made, recorder, limit=limit, executor=executor, listeners=listeners, before=before)

            drive(
                Driver(machine, made, recorder, limit=limit, executor=executor, timeout=timeout, listeners=listeners),
                follow,
            )
    finally:
        recorder.close()
    return made


def _workers(executor: str | Slurm) -> int:
    """Return how many steps run at a time unless that is said."""
    if executor == "slurm" or isinstance(executor, Slurm):
        return 100  # jobs wait in the queue of the cluster
    return max(2, os.cpu_count() or 1)


def _on_record(executor: str | Slurm) -> str | dict[str, Any]:
    return dataclasses.asdict(executor) if isinstance(executor, Slurm) else executor


def _plain(name: str) -> str:
    """Return a name as the beginning of an id, which stands in commands and names of files."""
    return re.sub(r"[^\w.]+", "-", name).strip("-.") or "run"


@contextlib.contextmanager
def _listeners(machine: Machine, progress: bool | None, on_event: Listener | None) -> Iterator[list[Listener]]:
    if on_event is not None and not callable(on_event):
        raise UsageError(f"on_event must be a function that takes an event, not {on_event!r}")
    listeners = [on_event] if on_event is not None else []
    if not progress:
        yield listeners
        return
    from tangentflow.engine.table import shown

    table = shown(lambda: _items(machine))
    try:
        yield [table, *listeners]
    finally:
        table.close()


def _items(machine: Machine) -> Counter[str]:
    """Return how many items the fan-outs have that are known by now, by path without indices."""
    found: Counter[str] = Counter()
    for frame in machine.frames():
        for (loop, _), count in list(frame.counts.items()):
            found[without_indices(spell(frame.path, loop, ()))] += count
    return found


def target_of(workflow: WorkflowFunction[..., Any]) -> str | None:
    """Return "FILE:NAME" of a workflow that can be imported from a file."""
    module = sys.modules.get(workflow.__module__)
    file = getattr(module, "__file__", None)
    if not file or not file.endswith(".py") or getattr(module, workflow.__qualname__, None) is not workflow:
        return None
    return f"{os.path.abspath(file)}:{workflow.__qualname__}"
