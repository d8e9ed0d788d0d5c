"""The local engine: drives the machine with a bounded pool of processes, threads, or none."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from concurrent import futures
from typing import Any, Protocol

from tangentflow.engine.machine import Machine, Ready
from tangentflow.engine.run import Run, StepRun
from tangentflow.engine.steps import step_runs
from tangentflow.engine.worker import Finished, execute
from tangentflow.errors import NotPicklable, StepKilled, UsageError
from tangentflow.graph.nodes import Graph
from tangentflow.runtime.codec import encode
from tangentflow.runtime.outcome import Raised, Value

__all__ = ["run"]


class Pool(Protocol):
    """What the engine needs of an executor."""

    def submit(self, function: Any, /, *args: Any) -> futures.Future[Finished]:
        """Start a call."""


class _Inline:
    """Runs each step where it is submitted."""

    def submit(self, function: Any, /, *args: Any) -> futures.Future[Finished]:
        future: futures.Future[Finished] = futures.Future()
        future.set_result(function(*args))
        return future


def run(
    graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any], *,
    workers: int | None = None, executor: str = "process", progress: bool | None = None,
) -> Run:  # fmt: skip
    """Run a graph on this machine and return the finished run.

    `workers` bounds how many steps run at a time (default: the number of processors, at least 2); `executor` is "process", "thread" or
    "inline". Raises UsageError for an unknown executor, TypeError for arguments that do not fit the workflow.
    """
    count = workers if workers is not None else max(2, os.cpu_count() or 1)
    if count < 1:
        raise UsageError(f"workers must be at least 1, not {workers}")
    machine = Machine(graph, args, kwargs)
    log: dict[tuple[int, str, tuple[int, ...]], tuple[Ready, Finished]] = {}
    if executor == "process":
        _drive(machine, _processes(count, graph), count, log)
    elif executor == "thread":
        with futures.ThreadPoolExecutor(count) as threads:
            _drive(machine, threads, count, log)
    elif executor == "inline":
        _drive(machine, _Inline(), 1, log)
    else:
        raise UsageError(f"there is no executor {executor!r}; write 'process', 'thread' or 'inline'")
    assert machine.result is not None
    runs: list[StepRun] = step_runs(machine, log)
    return Run(f"{graph.main.name}-{secrets.token_hex(4)}", graph.main.name, machine.result, runs)


def _drive(machine: Machine, pool: Pool, limit: int, log: dict[Any, tuple[Ready, Finished]]) -> None:
    active: dict[futures.Future[Finished], Ready] = {}
    try:
        while not machine.done:
            while machine.ready and len(active) < limit and not machine.done:
                ready = machine.take()
                active[_submit(pool, ready)] = ready
            if not active:
                machine.check_alive()
                continue
            finished, _ = futures.wait(active, return_when=futures.FIRST_COMPLETED)
            for future in sorted(finished, key=list(active).index):
                ready = active.pop(future)
                done = _outcome(future, ready)
                log[(id(ready.frame), ready.node.id, ready.indices)] = ready, done
                if not machine.done:
                    machine.settle(ready, done.data)
    finally:
        for future in active:
            future.cancel()


def _submit(pool: Pool, ready: Ready) -> futures.Future[Finished]:
    """Start a step; arguments that cannot be pickled make it fail in every executor alike."""
    name, line = ready.step.__name__, ready.node.origin.lineno
    try:
        payload = encode(
            Value((ready.step.function, ready.args, ready.kwargs)), where=name, what="an argument", path=ready.path
        )
    except NotPicklable as error:
        payload = encode(Raised(error), where=name, path=ready.path)
    return pool.submit(execute, payload, ready.path, name, line, bool(ready.step.option("check", True)))


def _outcome(future: futures.Future[Finished], ready: Ready) -> Finished:
    """Return what a step gave; a worker that died makes the step fail."""
    try:
        return future.result()
    except futures.BrokenExecutor as error:
        killed = StepKilled(f"the process of step {ready.path} died: {error}", ready.step.__name__, ready.path)
        return Finished(encode(Raised(killed), where=ready.path), 0.0, 0.0)


_sources: dict[str, float] = {}
_paths: list[tuple[str, ...]] = []


def _processes(count: int, graph: Graph) -> Pool:
    """Return the pool of worker processes, kept between runs unless a module of the user's or the path changed since."""
    from loky import get_reusable_executor

    current = _modification_times(graph)
    changed = any(_sources.get(path, time) != time for path, time in current.items()) or _paths != [tuple(sys.path)]
    _sources.update(current)
    _paths[:] = [tuple(sys.path)]
    pool: Pool = get_reusable_executor(
        max_workers=count, timeout=60, kill_workers=changed, reuse=False if changed else "auto",
        env={"PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "0")},
    )  # fmt: skip
    return pool


def _modification_times(graph: Graph) -> dict[str, float]:
    """Return when the user's modules that this process has loaded were last changed on disk."""
    from tangentflow.bundling.modules import is_own_file

    found = {}
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if path and is_own_file(path) and os.path.exists(path):
            found[path] = os.path.getmtime(path)
    return found
