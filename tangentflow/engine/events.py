"""What happens in a run, for those who want to be told: callers with `on_event`, and the table of a terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tangentflow.engine.run import Run, StepRun

__all__ = ["Event", "Listener"]


@dataclass(frozen=True)
class Event:
    """Something that happened: `kind` says what, `run` and `step` to whom, `time` when (seconds since the epoch).

    Kinds: "run-started" and "run-ended" (no step); "step-started" (each attempt), "step-retrying" (an attempt failed, another one
    will follow), "step-progress" (`progress(xs)` told something) and "step-ended" (succeeded, failed, taken from the cache or cancelled: see
    `step.status`).
    """

    kind: str
    run: Run
    step: StepRun | None
    time: float


Listener = Callable[[Event], object]
"""Takes events, in the thread of the run, which goes on when it returns. What it raises ends the run as cancelled."""
