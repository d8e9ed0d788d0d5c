"""`Run` and `StepRun`: what a run gives back, and what can be seen of it while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from tangentflow.errors import UsageError
from tangentflow.runtime.codec import decode, encode
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.packing import exports

if TYPE_CHECKING:
    from tangentflow.engine.reuse import Earlier

__all__ = ["Run", "StepRun", "StepRuns"]


@dataclass(eq=False, slots=True)
class StepRun:
    """One execution of a step, or one that was skipped.

    `status` is "Pending" (between two attempts), "Running", "Succeeded", "Failed", "Cached", "Cancelled" or "Skipped"; `attempts` counts how
    often it was started; `started` and `finished` are seconds since the epoch, None if it did not run or has not ended; `source` is
    "file:line" of the call; `why` says in words where the outcome comes from, if the step was not run for it; `progress` is (done, total) as `progress(xs)` told last.
    `place` is the frame, site and indices of one on Argo.
    """

    name: str
    path: str
    status: str
    source: str
    given: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = field(default_factory=dict, repr=False)
    recorded: Outcome | Callable[[], Outcome] | None = field(default=None, repr=False)
    attempts: int = 0
    started: float | None = None
    finished: float | None = None
    cached: bool = False
    why: str = ""
    progress: tuple[int, int | None] | None = None
    order: tuple[int, ...] = field(default=(), repr=False)
    written: list[str] | None = field(default=None, repr=False)
    overriding: Callable[[str, bytes], object] | None = field(default=None, repr=False)
    place: tuple[str, str, tuple[int, ...]] | None = field(default=None, repr=False)

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The arguments by parameter."""
        if callable(self.given):
            self.given = self.given()
        return self.given

    @property
    def outcome(self) -> Outcome | None:
        """What it gave; None if it gave nothing (yet)."""
        if callable(self.recorded):
            self.recorded = self.recorded()
        return self.recorded

    @property
    def result(self) -> Any:
        """The value that the step returned; None if it did not return one."""
        outcome = self.outcome
        return None if outcome is None or isinstance(outcome, Raised) else outcome.value

    @property
    def error(self) -> BaseException | None:
        """The exception that the step raised, if it did."""
        outcome = self.outcome
        return outcome.exception if isinstance(outcome, Raised) else None

    def override(self, *value: Any, **fields: Any) -> None:
        """Change the recorded result, for a later run that reuses this one: `s.override(3)`; or some keys of a dict: `s.override(iter=3)`.

        Raises UsageError for a step run that has no outcome, TypeError if keywords are given and the result is no mapping.
        """
        if self.overriding is None or self.outcome is None:
            raise UsageError(f"{self.path} has no outcome on record that could be overridden")
        if len(value) > 1 or bool(value) == bool(fields):
            raise TypeError("override() takes one value, or keywords for a result that is a dict")
        new = value[0] if value else None
        if fields:
            if not isinstance(self.result, dict):
                raise TypeError(f"the result of {self.path} is no dict but {self.result!r}: give the whole value")
            new = {**self.result, **fields}
        data = encode(Value(new), where=self.name, what="the value", path=self.path, files=True)
        self.overriding(self.path, data)
        self.recorded, self.status, self.why = decode(data, files=exports()), "Succeeded", "overridden"

    def logs(self) -> str:
        """Return what the step wrote to standard output and standard error, all attempts."""
        return "".join(self.written or ())

    def wrote(self, text: str) -> None:
        """Take note of what the step writes."""
        if self.written is None:
            self.written = []
        self.written.append(text)


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
    """A run of a workflow: finished, or seen while it runs.

    `notes` has in words what this run does without: options of steps that mean nothing where it runs, values of an earlier run that cannot be
    read. `folder` is its store, None if it has none.
    """

    def __init__(
        self, id: str, workflow: str, outcome: Outcome | Callable[[], Outcome] | None, steps: Sequence[StepRun] | Callable[[], Sequence[StepRun]],
        pods: int | None = None,
    ) -> None:  # fmt: skip
        self.id = id
        self.workflow = workflow
        self.pods = pods
        self.notes: list[str] = []
        self.folder: Path | None = None
        self.record: Callable[[], Earlier] | None = None
        self._outcome = outcome
        self._steps = steps
        self._ended = threading.Event()
        self._cancel = threading.Event()
        self._was_cancelled = False
        if outcome is not None:
            self._ended.set()

    def __repr__(self) -> str:
        return f"<Run {self.id} of {self.workflow}: {self.status}>"

    @property
    def status(self) -> str:
        """ "Running", "Succeeded", "Failed" or "Cancelled"."""
        if not self._ended.is_set():
            return "Running"
        if self._was_cancelled:
            return "Cancelled"
        return "Failed" if isinstance(self.outcome, Raised) else "Succeeded"

    @property
    def steps(self) -> StepRuns:
        """The step runs in program order: what has started, and what is known to be skipped."""
        if not callable(self._steps):
            return StepRuns(self._steps)
        found = StepRuns(self._steps())
        if self._ended.is_set():
            self._steps = found
        return found

    @property
    def error(self) -> BaseException | None:
        """The exception of the run, if it failed."""
        outcome = self.outcome
        return outcome.exception if isinstance(outcome, Raised) else None

    @property
    def outcome(self) -> Outcome | None:
        """What it gave; None while it runs."""
        if callable(self._outcome):
            self._outcome = self._outcome()
        return self._outcome

    def result(self, timeout: float | None = None) -> Any:
        """Return the value of the run, or raise the exception that the plain call raises.

        Waits for the end of the run, at most `timeout` seconds; raises TimeoutError then.
        """
        self.wait(timeout)
        outcome = self.outcome
        if isinstance(outcome, Raised):
            raise outcome.exception
        assert outcome is not None
        return outcome.value

    def wait(self, timeout: float | None = None) -> Run:
        """Wait until the run is finished and return it. Raises TimeoutError after `timeout` seconds."""
        if not self._ended.wait(timeout):
            raise TimeoutError(f"run {self.id} is not finished after {timeout} s")
        return self

    def cancel(self) -> None:
        """Stop the run: what is under way is stopped, nothing more is started. Returns at once; does nothing if the run is finished."""
        self._cancel.set()

    def logs(self) -> str:
        """Return what the steps wrote, each line with the path of its step run, in program order."""
        lines = [(step.path, line) for step in self.steps for line in step.logs().splitlines()]
        return "".join(f"{path}: {line}\n" for path, line in lines)

    def step(self, path: str, **indices: int) -> StepRun:
        """Return one step run by its path (`loop[3].fit`), or by its site and the indices of its loops: `step("loop.fit", i=3)`.

        Raises UsageError if there is none.
        """
        wanted = tuple(indices.values())
        steps = self.steps
        for run in steps:
            if run.path == path and not wanted:
                return run
            bare, found = _bare(run.path)
            if bare == path and found == wanted and wanted:
                return run
        name = path.rpartition(".")[2].partition("[")[0]
        same = [r.path for r in steps if _bare(r.path)[0].rpartition(".")[2] == name]
        at = f" at {indices}" if indices else ""
        if same:
            raise UsageError(f"the run has no step {path!r}{at}; {name} ran as {_listed(same)}")
        raise UsageError(f"the run has no step {path!r}{at}; it has {_listed([r.path for r in steps])}")

    # --- for engines

    @property
    def is_cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._cancel.is_set()

    def show(self, steps: Callable[[], Sequence[StepRun]]) -> None:
        """Take where the step runs come from while it runs."""
        self._steps = steps

    def end(self, outcome: Outcome | Callable[[], Outcome], cancelled: bool | None = None) -> None:
        """Take the outcome. `cancelled`: whether the run was, if not every wish to stop it came in time."""
        self._outcome = outcome
        self._was_cancelled = self._cancel.is_set() if cancelled is None else cancelled
        self._ended.set()


def _listed(paths: list[str]) -> str:
    """Return some paths in words: the first ones, and how many there are."""
    shown = ", ".join(paths[:10]) or "none"
    return f"{shown}, ... ({len(paths):,} in all)" if len(paths) > 10 else shown


def _bare(path: str) -> tuple[str, tuple[int, ...]]:
    """Split a path into its site and its indices: `loop[3].fit` is `loop.fit` at (3,)."""
    parts, indices = [], []
    for part in path.split("."):
        name, _, rest = part.partition("[")
        parts.append(name)
        if rest:
            indices.append(int(rest[:-1]))
    return ".".join(parts), tuple(indices)
