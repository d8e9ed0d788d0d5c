"""What a run puts on record as it goes, and what it takes from an earlier run instead of running it again."""

from __future__ import annotations

import contextlib
import json
import struct
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any

from tangentflow.engine.frames import Frame, spell
from tangentflow.engine.identity import glue_fingerprint, input_digest, step_fingerprint
from tangentflow.engine.inputs import LARGE, Inputs
from tangentflow.engine.journal import Journal, Receipt
from tangentflow.engine.parameters import spelled
from tangentflow.engine.positions import Positions
from tangentflow.engine.reuse import Earlier, Entry, Recalled
from tangentflow.engine.run import Run, StepRun
from tangentflow.engine.store import Ref, Store
from tangentflow.engine.tasks import Task
from tangentflow.errors import NotPicklable
from tangentflow.graph.nodes import Glue, Graph
from tangentflow.runtime.codec import encode, holds_exception
from tangentflow.runtime.outcome import Outcome, Value

__all__ = ["Recorder", "log_file"]


class Recorder:
    """The record of one run: with a store in its journal, else in memory."""

    def __init__(
        self, graph: Graph, run: Run, positions: Positions, folder: Path | None, earlier: Earlier | None
    ) -> None:
        self.graph = graph
        self.run = run
        self.positions = positions
        self.earlier = earlier
        self.entries: dict[tuple[str, str], Entry] = {}
        self.number = self.count = 0
        self._fingerprints: dict[object, str] = {}
        self._log: IO[str] | None = None
        self.journal: Journal | None = None
        run.record = lambda: Earlier(run.id, run.status == "Cancelled", self.entries)
        if folder is not None:
            self.store = Store(folder).create()
            self.journal = Journal(folder)
            self.inputs = Inputs(self.store)

    # --- the run

    def begin(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any], target: str | None, options: Mapping[str, Any]
    ) -> None:
        """Put the run on record."""
        if self.journal is None:
            return
        arguments: Ref | None = None  # it can be run, but not be begun again from here
        with contextlib.suppress(NotPicklable):
            arguments = self.store.keep(
                encode(Value((args, dict(kwargs))), where=self.run.workflow, what="an argument", files=True)
            )
        reuse = self.earlier.id if self.earlier is not None else None
        self.number = self.journal.add_run(
            self.run.id,
            self.run.workflow,
            target=target,
            options=options,
            arguments=arguments,
            reuse=reuse,
            notes=self.run.notes,
        )

    def end(self, outcome: Outcome) -> None:
        """Put the end of the run on record: what was skipped, what was stopped, the outcome."""
        if self.earlier is not None:
            self.run.notes += self.earlier.damaged
        if self.journal is None:
            return
        data = encode(outcome, where=self.run.workflow, files=True)
        for step in self.run.steps:
            if step.status == "Skipped":
                self.journal.put(self.number, self._receipt("step", step.path, step.name, step))
        self.journal.end_run(self.number, self.run.status, self.store.keep(data), self.run.notes)
        self.close()

    def close(self) -> None:
        """Commit what there is and let go of the store."""
        if self.journal is not None:
            self.journal.flush()
            self.journal.close()
            self.journal = None
        if self._log is not None:
            self._log.close()

    def flush(self) -> None:
        """See to it that what has happened so far is on record before anything else happens."""
        if self.journal is not None:
            self.journal.flush()

    @property
    def is_asked_to_cancel(self) -> bool:
        """Whether another process wants the run to stop."""
        return self.journal is not None and self.journal.is_asked_to_cancel(self.number)

    # --- steps

    def recall(self, task: Task) -> Recalled | None:
        """Return the outcome that a step run is to have without running, if there is one."""
        step = task.ready.step
        fingerprint = self._fingerprints.get(step)
        if fingerprint is None:
            fingerprint = self._fingerprints[step] = step_fingerprint(step)
        task.fingerprint = fingerprint
        if self.earlier is None:
            return None
        return self.earlier.find("step", task.step.path, fingerprint, partial(self._digest, task))

    def started(self, task: Task) -> None:
        """Put on record that an attempt of a step begins."""
        if self.journal is None:
            return
        if task.receipt is not None:
            self._change(task)
            return
        ready = task.ready
        receipt = task.receipt = self._receipt("step", task.step.path, task.step.name, task.step)
        receipt.fingerprint, receipt.digest = task.fingerprint, self._digest(task)
        receipt.parameters = spelled(ready.step.function)
        receipt.inputs = self.inputs.keep(task.payload, ready.args, ready.kwargs) if task.payload else None
        task.step.overriding = partial(override_stored, self.store.folder, self.number, receipt.number)
        self.journal.put(self.number, receipt)

    def ended(self, task: Task, data: bytes) -> None:
        """Put the outcome of a step run on record."""
        step = task.step
        if self.journal is None:
            self.entries[("step", step.path)] = Entry(task.fingerprint, partial(self._digest, task), lambda: data)
            step.overriding = partial(self._override, step.path)
            return
        if task.receipt is None:
            self.started(task)
        assert task.receipt is not None
        task.receipt.outcome = self.store.keep(data)
        self._change(task)

    def settled(self, task: Task, size: int) -> None:
        """Take note of a value that the run has now: steps that are given it need not store it again."""
        if size > LARGE and task.receipt is not None and task.receipt.outcome is not None:
            recorded = task.ready.frame.outcomes[(task.ready.node.id, task.ready.indices)]
            if not recorded.raised:
                self.inputs.note(recorded.value, task.receipt.outcome)

    def stopped(self, task: Task) -> None:
        """Put on record that a step run was stopped with the run."""
        if task.receipt is not None:
            self._change(task)

    def wrote(self, task: Task, stream: str, text: str) -> None:
        """Keep what a step has written."""
        if self.journal is None or task.receipt is None:
            return
        if self._log is None:
            file = log_file(self.store.folder, self.run.id)
            file.parent.mkdir(exist_ok=True)
            self._log = file.open("a", encoding="utf-8", buffering=1)
        self._log.write(json.dumps([task.receipt.number, stream, text]) + "\n")

    def _digest(self, task: Task) -> str:
        if not task.digest:
            task.digest = input_digest(task.ready.step, task.ready.args, task.ready.kwargs)
        return task.digest

    def _receipt(self, kind: str, path: str, name: str, step: StepRun) -> Receipt:
        self.count += 1
        position = struct.pack(f">{len(step.order)}I", *step.order)
        return Receipt(
            self.count,
            kind,
            path,
            name,
            step.source,
            position,
            step.status,
            step.attempts,
            step.started,
            step.finished,
            why=step.why,
        )

    def _change(self, task: Task) -> None:
        step, receipt = task.step, task.receipt
        assert self.journal is not None and receipt is not None
        receipt.status, receipt.attempts, receipt.started, receipt.finished = (
            step.status,
            step.attempts,
            step.started,
            step.finished,
        )
        receipt.cached, receipt.why = step.cached, step.why
        self.journal.put(self.number, receipt)

    def _override(self, path: str, data: bytes) -> None:
        entry = self.entries[("step", path)]
        self.entries[("step", path)] = Entry(entry.fingerprint, entry.digest, lambda: data)

    # --- expressions that are evaluated once

    def recall_glue(self, frame: Frame, node: Glue, indices: tuple[int, ...], operands: str) -> bytes | None:
        """Return the outcome that an expression is to have without being evaluated, if there is one."""
        self.flush()  # it may take its time
        if self.earlier is None:
            return None
        path = spell(frame.path, node.id, indices)
        found = self.earlier.find("glue", path, self._glue_fingerprint(frame, node), lambda: operands)
        return None if found is None else found.data

    def keep_glue(self, frame: Frame, node: Glue, indices: tuple[int, ...], operands: str, data: bytes) -> None:
        """Put the outcome of an expression on record."""
        path, fingerprint = spell(frame.path, node.id, indices), self._glue_fingerprint(frame, node)
        if self.journal is None:
            self.entries[("glue", path)] = Entry(fingerprint, lambda: operands, lambda: data)
            return
        now = time.time()
        status = "Failed" if holds_exception(data) else "Succeeded"
        source = f"{node.origin.filename}:{node.origin.lineno}"
        order = self.positions.of(frame, (node.id, indices))
        shown = StepRun(node.text, path, status, source, started=now, finished=now, order=order)
        receipt = self._receipt("glue", path, node.text, shown)
        receipt.fingerprint, receipt.digest, receipt.outcome = fingerprint, operands, self.store.keep(data)
        self.journal.put(self.number, receipt)

    def _glue_fingerprint(self, frame: Frame, node: Glue) -> str:
        key = frame.flow.key, node.id
        found = self._fingerprints.get(key)
        if found is None:
            found = self._fingerprints[key] = glue_fingerprint(self.graph.bindings[frame.flow.key], node)
        return found


def override_stored(folder: Path, run: int, number: int, data: bytes) -> None:
    """Put another outcome on record for a step run of a finished run in a store."""
    journal = Journal(folder)
    try:
        journal.override(run, number, Store(folder).keep(data))
    finally:
        journal.close()


def log_file(folder: Path, run: str) -> Path:
    """Return the file with what the steps of a run wrote: a line of JSON for each piece, [number of the receipt, stream, text]."""
    return folder / "logs" / f"{run}.jsonl"
