"""The step runs of a finished machine, in program order."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from typing import Any

from tangentflow.engine.frames import Frame, spell
from tangentflow.engine.machine import Machine, Ready
from tangentflow.engine.run import StepRun
from tangentflow.engine.worker import Finished
from tangentflow.graph.nodes import Call, If, Loop, Map, Region, Step, Try
from tangentflow.runtime.codec import decode
from tangentflow.runtime.outcome import Raised

__all__ = ["step_runs"]

Log = Mapping[Any, tuple[Ready, Finished]]


def step_runs(machine: Machine, log: Log) -> list[StepRun]:
    """Return what ran and what was skipped."""
    found: list[StepRun] = []
    _frame(machine.root, log, found)
    return found


def _frame(frame: Frame, log: Log, found: list[StepRun]) -> None:
    _region(frame, frame.flow.body, (), log, found)


def _region(frame: Frame, region: Region, indices: tuple[int, ...], log: Log, found: list[StepRun]) -> None:
    for node in region:
        address = (node.id, indices)
        if isinstance(node, Step):
            key = (id(frame), *address)
            if key in log:
                found.append(_ran(frame, node, indices, *log[key]))
            elif address in frame.skipped:
                source = f"{os.path.basename(node.origin.filename)}:{node.origin.lineno}"
                found.append(StepRun(node.name, spell(frame.path, *address), "Skipped", source))
        elif isinstance(node, Call):
            if address in frame.calls:
                _frame(frame.calls[address], log, found)
        elif isinstance(node, (If, Try)):
            for inner in node.regions:
                _region(frame, inner, indices, log, found)
        elif isinstance(node, Map):
            for i in range(frame.counts.get(address, 0)):
                _region(frame, node.body, (*indices, i), log, found)
        elif isinstance(node, Loop):
            i = 0
            while (node.id, (*indices, i)) in frame.heads:
                _region(frame, node.body, (*indices, i), log, found)
                i += 1


def _ran(frame: Frame, node: Step, indices: tuple[int, ...], ready: Ready, done: Finished) -> StepRun:
    outcome = decode(done.data, where=node.name)
    source = f"{os.path.basename(node.origin.filename)}:{node.origin.lineno}"
    try:
        inputs = dict(inspect.signature(ready.step.function).bind(*ready.args, **ready.kwargs).arguments)
    except TypeError:
        inputs = {str(i): value for i, value in enumerate(ready.args)} | ready.kwargs
    status = "Failed" if isinstance(outcome, Raised) else "Succeeded"
    return StepRun(
        node.name, ready.path, status, source, inputs, outcome, attempts=1, started=done.started, finished=done.finished
    )  # fmt: skip
