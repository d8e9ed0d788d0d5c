"""`Run` and `StepRun`: what a run gives back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from tangentflow.errors import UsageError
from tangentflow.runtime.outcome import Outcome, Raised

__all__ = ["Run", "StepRun", "StepRuns"]


@dataclass
class StepRun:
    """One execution of a step, or one that was skipped.

    `status` is "Succeeded", "Failed" or "Skipped"; `started` and `finished` are seconds since the epoch, None if it did not run;
    `source` is "file:line" of the call.
    """

    name: str
    path: str
    status: str
    source: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = field(default=None, repr=False)
    attempts: int = 0
    started: float | None = None
    finished: float | None = None
    cached: bool = False

    @property
    def result(self) -> Any:
        """The value that the step returned; None if it did not return one."""
        return None if self.outcome is None or isinstance(self.outcome, Raised) else self.outcome.value

    @property
    def error(self) -> BaseException | None:
        """The exception that the step raised, if it did."""
        return self.outcome.exception if isinstance(self.outcome, Raised) else None


class StepRuns(Sequence[StepRun]):
    """The step runs of a run in program order; `steps["fit"]` gives those of the function `fit`."""

    def __init__(self, runs: Sequence[StepRun]) -> None:
        self._runs = list(runs)

    @overload
    def __getitem__(self, key: int) -> StepRun: ...
    @overload
    def __getitem__(self, key: slice) -> list[StepRun]: ...
    @overload
    def __getitem__(self, key: str) -> list[StepRun]: ...
    def __getitem__(self, key: int | slice | str) -> StepRun | list[StepRun]:
        if isinstance(key, str):
            return [run for run in self._runs if run.name == key]
        return self._runs[key]

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[StepRun]:
        return iter(self._runs)

    def __repr__(self) -> str:
        return "\n".join(f"{run.status:<10} {run.path}" for run in self._runs)


class Run:
    """A finished run of a workflow."""

    def __init__(
        self, id: str, workflow: str, outcome: Outcome, steps: Sequence[StepRun], pods: int | None = None
    ) -> None:
        self.id = id
        self.workflow = workflow
        self.steps = StepRuns(steps)
        self.pods = pods
        self._outcome = outcome

    def __repr__(self) -> str:
        return f"<Run {self.id} of {self.workflow}: {self.status}>"

    @property
    def status(self) -> str:
        """ "Succeeded" or "Failed"."""
        return "Failed" if isinstance(self._outcome, Raised) else "Succeeded"

    @property
    def error(self) -> BaseException | None:
        """The exception of the run, if it failed."""
        return self._outcome.exception if isinstance(self._outcome, Raised) else None

    def result(self, timeout: float | None = None) -> Any:
        """Return the value of the run, or raise the exception that the plain call raises."""
        if isinstance(self._outcome, Raised):
            raise self._outcome.exception
        return self._outcome.value

    def wait(self, timeout: float | None = None) -> Run:
        """Wait until the run is finished and return it."""
        return self

    def step(self, path: str, **indices: int) -> StepRun:
        """Return one step run by its path (`loop[3].fit`), or by its site and the indices of its loops: `step("loop.fit", i=3)`."""
        wanted = tuple(indices.values())
        for run in self.steps:
            if run.path == path and not wanted:
                return run
            bare, found = _bare(run.path)
            if bare == path and found == wanted and wanted:
                return run
        raise UsageError(
            f"the run has no step {path!r}{f' at {indices}' if indices else ''}; it has {[r.path for r in self.steps][:20]}"
        )


def _bare(path: str) -> tuple[str, tuple[int, ...]]:
    """Split a path into its site and its indices: `loop[3].fit` is `loop.fit` at (3,)."""
    parts, indices = [], []
    for part in path.split("."):
        name, _, rest = part.partition("[")
        parts.append(name)
        if rest:
            indices.append(int(rest[:-1]))
    return ".".join(parts), tuple(indices)
