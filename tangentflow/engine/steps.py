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
from tangentflow.runtime.codec import decode, with_files
from tangentflow.runtime.outcome import Outcome, Value

__all__ = ["Given", "Recalling", "given_inputs", "skipped", "source_of", "step_runs"]


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
    return _source(node.origin.filename, node.origin.lineno)


@functools.lru_cache(maxsize=1024)
def _source(filename: str, line: int) -> str:
    return f"{os.path.basename(filename)}:{line}"


class Given:
    """Gives the arguments of a step run by parameter, for users: paths are files. `folder` is the store of the run."""

    __slots__ = ("folder", "ready")

    def __init__(self, ready: Ready, folder: Path | None) -> None:
        self.ready = ready
        self.folder = folder

    def __call__(self) -> Mapping[str, Any]:
        """Return them."""
        given = with_files(Value((self.ready.args, self.ready.kwargs)), user_files(self.folder))
        assert isinstance(given, Value)
        return _bound(self.ready, *given.value)


class Recalling:
    """Gives the outcome of a step run, for users: paths are files. `folder` is the store of the run."""

    __slots__ = ("data", "folder")

    def __init__(self, data: bytes, folder: Path | None) -> None:
        self.data = data
        self.folder = folder

    def __call__(self) -> Outcome:
        """Return it."""
        return decode(self.data, files=user_files(self.folder))


def given_inputs(ready: Ready) -> Mapping[str, Any]:
    """Return the arguments of a step run by parameter as the run has them: nothing is written for paths."""
    return _bound(ready, ready.args, ready.kwargs)


def _bound(ready: Ready, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return dict(inspect.signature(ready.step.function).bind(*args, **kwargs).arguments)
    except TypeError:
        return {**{str(i): value for i, value in enumerate(args)}, **kwargs}
