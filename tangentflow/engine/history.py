"""Runs as their store has them: those of other processes too, of earlier ones, and of such that were killed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tangentflow.engine.inputs import load_inputs
from tangentflow.engine.journal import Receipt, RunRow, reading
from tangentflow.engine.parameters import bind_to
from tangentflow.engine.recorder import log_file, override_stored
from tangentflow.engine.run import Run, StepRun
from tangentflow.engine.store import Store, locate, user_files
from tangentflow.errors import StepKilled, UsageError
from tangentflow.runtime.codec import decode
from tangentflow.runtime.outcome import Outcome, Raised

__all__ = ["StoredRun", "attach", "counted_runs", "find_run", "runs"]

_POLL = 0.2
"""Seconds between two looks at a run of another process."""


def runs(store: str | os.PathLike[str] | None = None) -> list[Run]:
    """Return all runs of a store, newest first: finished ones, those under way, and those whose process was killed.

    `store` is the directory (default: that of a run without the option). Raises UsageError if there is none because it is switched off.
    """
    folder = _folder(store)
    with reading(folder) as journal:
        return [] if journal is None else [StoredRun(folder, row) for row in journal.runs()]


def attach(id: str, store: str | os.PathLike[str] | None = None) -> Run:
    """Return a run of a store by its id, while it runs in another process or afterwards. Raises UsageError if there is none."""
    folder = _folder(store)
    with reading(folder) as journal:
        row = None if journal is None else journal.find(id)
    if row is None:
        raise UsageError(f"there is no run {id!r} in the store {folder}; tangentflow list shows what there is")
    return StoredRun(folder, row)


def find_run(id: str, store: str | os.PathLike[str] | None = None) -> StoredRun:
    """Return a run by its id or the beginning of its id. Raises UsageError if there is none, or several."""
    folder = _folder(store)
    with reading(folder) as journal:
        rows = [] if journal is None else [row for row in journal.runs() if row.id.startswith(id)]
    exact = [row for row in rows if row.id == id] or rows
    if len(exact) != 1:
        told = f"are {len(exact)} runs that begin with" if exact else "is no run"
        raise UsageError(f"there {told} {id!r} in the store {folder}; tangentflow list shows what there is")
    return StoredRun(folder, exact[0])


def counted_runs(store: str | os.PathLike[str] | None = None) -> list[tuple[StoredRun, dict[str, int]]]:
    """Return all runs of a store, newest first, each with how many step runs it has of each status."""
    folder = _folder(store)
    with reading(folder) as journal:
        if journal is None:
            return []
        counts = journal.counts()
        return [(StoredRun(folder, row), counts.get(row.number, {})) for row in journal.runs()]


def _folder(store: str | os.PathLike[str] | None) -> Path:
    folder = locate(store)
    if folder is None:
        raise UsageError("there is no store: name one with store=")
    return folder


class StoredRun(Run):
    """A run as it is on record. One that is under way is looked up again whenever it is asked.

    `started` and `finished` are seconds since the epoch, `killed` says that its process ended before the run did: then it is finished when the last of
    its steps that is on record began or ended.
    """

    def __init__(self, folder: Path, row: RunRow) -> None:
        super().__init__(row.id, row.workflow, None, [])
        self.folder = folder
        self.show(self._receipts)
        self._take(row)

    def _take(self, row: RunRow) -> None:
        self.row = row
        self.started, self.finished, self.notes = row.started, row.finished, row.notes
        self.killed = row.lost
        if self.killed:
            assert self.folder is not None
            with reading(self.folder) as journal:
                last = None if journal is None else journal.last(row.number)
            self.finished = last or row.started
            error = StepKilled(
                f"the process of run {row.id} ended before the run did; go on with `tangentflow resume {row.id}`"
            )
            self.end(Raised(error))
        elif row.status != "Running":
            if row.status == "Cancelled":
                self._cancel.set()
            self.end(partial(self._stored_outcome, row))

    def _look(self) -> None:
        """Look it up again if it was not finished."""
        if self._ended.is_set():
            return
        assert self.folder is not None
        with reading(self.folder) as journal:
            row = None if journal is None else journal.find(self.id)
        if row is None:
            raise UsageError(f"run {self.id} is not in the store {self.folder} any more")
        self._take(row)

    def _stored_outcome(self, row: RunRow) -> Outcome:
        assert self.folder is not None and row.outcome is not None
        return decode(Store(self.folder).load(row.outcome), where=self.workflow, files=user_files(self.folder))

    @property
    def status(self) -> str:
        """ "Running", "Succeeded", "Failed" (a run whose process was killed, too) or "Cancelled"."""
        self._look()
        return "Failed" if self.killed else self.row.status

    @property
    def error(self) -> BaseException | None:
        """The exception of the run, if it failed."""
        self._look()
        return super().error

    def wait(self, timeout: float | None = None) -> Run:
        """Wait until the run is finished and return it. Raises TimeoutError after `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while self.status == "Running":
            if end is not None and time.monotonic() >= end:
                raise TimeoutError(f"run {self.id} is not finished after {timeout} s")
            time.sleep(_POLL)
        return self

    def cancel(self) -> None:
        """Ask the process that runs it to stop. Returns at once; does nothing if the run is finished."""
        if self.status == "Running":
            assert self.folder is not None
            with reading(self.folder) as journal:
                assert journal is not None
                journal.ask_to_cancel(self.row.number)

    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Return what the workflow was called with, as (args, kwargs); None if that is not on record."""
        if self.row.arguments is None:
            return None
        assert self.folder is not None
        return load_inputs(Store(self.folder), self.row.arguments, user_files(self.folder))

    # --- step runs

    def _receipts(self) -> Sequence[StepRun]:
        self._look()
        assert self.folder is not None
        with reading(self.folder) as journal:
            receipts = [] if journal is None else journal.receipts(self.row.number)
        ended = self._ended.is_set()
        found = {r.number: self._step(r, ended) for r in receipts if r.kind == "step"}
        for number, text in _written(log_file(self.folder, self.id)):
            if number in found:
                found[number].wrote(text)
        return sorted(found.values(), key=lambda step: step.order)

    def _step(self, receipt: Receipt, ended: bool) -> StepRun:
        assert self.folder is not None
        store, r = Store(self.folder), receipt
        status = "Cancelled" if ended and r.status in ("Running", "Pending") else r.status
        finished = self.finished if r.finished is None and r.started is not None and ended else r.finished
        step = StepRun(
            r.name, r.path, status, r.source, attempts=r.attempts, started=r.started, finished=finished, cached=bool(r.cached), why=r.why, order=r.order
        )  # fmt: skip
        inputs, outcome = r.inputs, r.outcome
        if inputs is not None:
            step.given = lambda: bind_to(r.parameters or "", *load_inputs(store, inputs, user_files(store.folder)))
        if outcome is not None:
            step.recorded = lambda: decode(store.load(outcome), where=r.name, files=user_files(store.folder))
            step.overriding = partial(override_stored, self.folder, self.row.number)
        return step


def _written(file: Path) -> Iterator[tuple[int, str]]:
    """Yield (number of the receipt, text) of what the steps of a run wrote."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            number, _, text = json.loads(line)
        except ValueError:  # the process was killed while it wrote this
            continue
        yield number, text
