"""What a step run needs before it can start: a task that says where it runs, and an executor that runs it."""

from __future__ import annotations

import selectors
from collections.abc import Callable
from pathlib import Path

from tangentflow.engine.inprocess import Inline, Threads
from tangentflow.engine.machine import Ready
from tangentflow.engine.processes import Processes
from tangentflow.engine.run import Run, StepRun
from tangentflow.engine.slurm import SlurmJobs
from tangentflow.engine.steps import Given, source_of
from tangentflow.engine.tasks import Executor, Report, Task
from tangentflow.runtime.slurm import Slurm

__all__ = ["new_executor", "new_task"]


def new_task(ready: Ready, order: tuple[int, ...], folder: Path | None, executor: str | Slurm, bounded: bool) -> Task:
    """Return the task of a step run. `folder` is the store of the run; `bounded`: its time may be over while the step runs."""
    step = StepRun(
        ready.node.name,
        ready.path,
        "Pending",
        source_of(ready.node),
        Given(ready, folder),
        order=order,
    )
    policy = ready.step.policy
    chosen = policy.executor or executor
    where, header = ("slurm", chosen) if isinstance(chosen, Slurm) else (chosen, None)
    if where == "inline" and (policy.timeout is not None or bounded):
        where = "thread"  # the engine's own thread could not be abandoned
    return Task(ready, step, policy, where, header)


def new_executor(kind: str, selector: selectors.BaseSelector, report: Callable[[Report], None], run: Run) -> Executor:
    """Return an executor of a kind for a run, which tells `report` what happens."""
    if kind == "slurm":
        return SlurmJobs(run.folder, run.id, report)
    if kind == "process":
        return Processes(selector, report)
    return Threads(selector, report) if kind == "thread" else Inline(report)
