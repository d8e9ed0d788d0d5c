"""The step runs of a machine, in program order."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tangentflow.engine.frames import spell
from tangentflow.engine.machine import Machine, Ready
from tangentflow.engine.positions import Positions
from tangentflow.engine.run import StepRun
from tangentflow.engine.store import user_files
from tangentflow.graph.nodes import Step
from tangentflow.runtime.codec import with_files
from tangentflow.runtime.outcome import Value

__all__ = ["bound_inputs", "given_inputs", "skipped", "source_of", "step_runs"]


def step_runs(machine: Machine, started: Iterable[StepRun], positions: Positions) -> list[StepRun]:
    """Return what was started and what was skipped."""
    return sorted([*started, *skipped(machine, positions)], key=lambda step: step.order)


def skipped(machine: Machine, positions: Positions) -> list[StepRun]:
    """Return the step runs that are known not to run."""
    found = []
    for frame in machine.frames():
        steps = positions.steps(frame.flow)
        for address in list(frame.skipped):
            node = steps.get(address[0])
            if node is not None and address not in frame.outcomes:
                path = spell(frame.path, *address)
                found.append(StepRun(node.name, path, "Skipped", source_of(node), order=positions.of(frame, address)))
    return found


def source_of(node: Step) -> str:
    """Return "file:line" of a call."""
    return f"{_base(node.origin.filename)}:{node.origin.lineno}"


_base = functools.lru_cache(maxsize=1024)(os.path.basename)


def bound_inputs(ready: Ready, folder: Path | None) -> Mapping[str, Any]:
    """Return the arguments of a step run by parameter, for users: paths are files. `folder` is the store of the run."""
    given = with_files(Value((ready.args, ready.kwargs)), user_files(folder))
    assert isinstance(given, Value)
    return _bound(ready, *given.value)


def given_inputs(ready: Ready) -> Mapping[str, Any]:
    """Return the arguments of a step run by parameter as the run has them: nothing is written for paths."""
    return _bound(ready, ready.args, ready.kwargs)


def _bound(ready: Ready, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return dict(inspect.signature(ready.step.function).bind(*args, **kwargs).arguments)
    except TypeError:
        return {**{str(i): value for i, value in enumerate(args)}, **kwargs}
