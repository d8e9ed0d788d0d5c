"""The exit handler of a run: what it is told, under which names its own steps stand, and what becomes of a run whose handler fails."""

from __future__ import annotations

from tangentflow.errors import StepFailed
from tangentflow.runtime.outcome import Outcome, Raised

__all__ = ["FRAME", "LAST", "PATH", "RESULT", "after_exit", "exit_failed", "status_of"]

FRAME = "exit"
"""The frame of the handler: where its outcomes lie in a run."""

RESULT = "exit-result"
"""Where the outcome of the handler lies, if one of its pods records it."""

PATH = "on-exit"
"""What the paths of the handler's steps begin with. It is no name of Python's, so that no step of the workflow has it."""

LAST = 2**32 - 1
"""The beginning of the positions of the handler's steps: they come after all others."""


def status_of(outcome: Outcome, cancelled: bool) -> str:
    """Return what the handler of a finished run is told."""
    if cancelled:
        return "Cancelled"
    return "Failed" if isinstance(outcome, Raised) else "Succeeded"


def exit_failed(handler: str, cause: BaseException | None) -> StepFailed:
    """Return the exception of a run that succeeded and whose handler failed."""
    error = StepFailed(f"the exit handler {handler} failed", handler, PATH)
    error.__cause__ = cause
    return error


def after_exit(outcome: Outcome, handler: str, handled: Outcome | None) -> Outcome:
    """Return the outcome of a run after its handler: an exception stays what it is, a value lasts if the handler did not fail."""
    if isinstance(outcome, Raised) or not isinstance(handled, Raised):
        return outcome
    return Raised(exit_failed(handler, handled.exception))
