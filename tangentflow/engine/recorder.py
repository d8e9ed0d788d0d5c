"""What a run puts on record as it goes, and what it takes from an earlier run instead of running it again."""

from __future__ import annotations

import contextlib
import functools
import json
import struct
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any

from tangentflow.engine.cache import Cache
from tangentflow.engine.frames import Frame, spell
from tangentflow.engine.identity import Code, Identity
from tangentflow.engine.inputs import LARGE, Inputs
from tangentflow.engine.journal import Journal, Receipt
from tangentflow.engine.machine import Ready
from tangentflow.engine.parameters import spelled
from tangentflow.engine.positions import Positions
from tangentflow.engine.reuse import Earlier, Entry, Kept, Recalled
from tangentflow.engine.run import Run, StepRun
from tangentflow.engine.steps import given_inputs
from tangentflow.engine.store import Ref, Store
from tangentflow.engine.tasks import Task
from tangentflow.engine.why import why_again
from tangentflow.engine.worker import Finished
from tangentflow.errors import NotPicklable
from tangentflow.graph.nodes import Glue, Graph
from tangentflow.runtime.codec import encode, holds_exception
from tangentflow.runtime.outcome import Outcome, Value

__all__ = ["Recorder", "log_file"]


class Recorder:
    """The record of one run: with a store in its journal, else in memory.

    `mode` says which steps are cached: None those that say so, True all, False none.
    """

    def __init__(
        self, graph: Graph, run: Run, positions: Positions, folder: Path | None, earlier: Earlier | None, mode: bool | None = None
    ) -> None:  # fmt: skip
        self.graph = graph
        self.run = run
        self.positions = positions
        self.earlier = earlier
        self.mode = mode
        self.identity = Identity()
        self._steps: list[tuple[StepRun, Ready, Code, Finished]] = []
        self._glue: dict[str, Entry] = {}
        self._overridden: dict[str, bytes] = {}
        self._parts: dict[str, Mapping[str, str]] = {}
        self.values: dict[tuple[str, str], Recalled] = {}
        self.number = self.count = 0
        self._known: set[str] = set()
        self._log: IO[str] | None = None
        self.journal: Journal | None = None
        self.cache: Cache | None = None
        self._overriding: Callable[[str, bytes], object] = self._overridden.__setitem__
        run.record = self._earlier
        if folder is not None:
            self.store = Store(folder).create()
            self.journal = Journal(folder, self.store.settle)
            self.inputs = Inputs(self.store)
            self.cache = Cache(self.journal, self.store, self.identity)

    def _earlier(self) -> Earlier:
        """Return what is kept in memory, for a later run that reuses this one."""
        entries = {("glue", path): entry for path, entry in self._glue.items()}
        entries |= {
            ("step", step.path): self._entry(step, ready, code, finished.data)
            for step, ready, code, finished in self._steps
        }
        return Kept(self.run.id, self.run.status == "Cancelled", entries)

    def _entry(self, step: StepRun, ready: Ready, code: Code, data: bytes) -> Entry:
        found = self._overridden.get(step.path, data)
        return Entry(
            f"{step.path} of run {self.run.id}", code.fingerprint, lambda: self.identity.inputs(ready.step, ready.args, ready.kwargs),
            lambda: found, lambda: self._parts[code.fingerprint], lambda: given_inputs(ready), overridden=step.path in self._overridden,
        )  # fmt: skip

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
        self._overriding = lambda path, data: override_stored(self.store.folder, self.number, path, data)
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
        self.forget_earlier()
        self.run.notes += self.cache.damaged if self.cache is not None else []
        if self.journal is None:
            return
        data = encode(outcome, where=self.run.workflow, files=True)
        for step in self.run.steps:
            if step.status == "Skipped":
                self.journal.put(self.number, self._receipt("step", step))
        self.journal.end_run(self.number, self.run.status, self.store.keep(data), self.run.notes)
        self.close()

    def forget_earlier(self) -> None:
        """From now on take nothing over from the earlier run: what follows is done for each run anew."""
        if self.earlier is not None:
            self.earlier.close()
            self.run.notes += self.earlier.damaged
            self.earlier = None

    def close(self) -> None:
        """Commit what there is and let go of the store."""
        self.forget_earlier()
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
        """Return the outcome that a step run is to have without running, if there is one; else say why it runs, if it has run before."""
        task.code = self.identity.code(task.ready.step)
        path, found = task.step.path, None
        if self.earlier is not None:
            before = self.earlier.of_step(task.ready)
            if before is not None:
                found = self.earlier.take(before, path, task.code.fingerprint, partial(self._digest, task))
            if found is not None and self.earlier.folder != self.run.folder:
                found.inputs = None  # they lie in another store
            if found is None and before is not None:
                task.step.why = why_again(before, task.ready, task.code, self._digest(task), self.identity)
        key = task.key = self._shared(task)
        if found is None and key is not None:
            found = self.values.get(key) if self.cache is None else self.cache.find(task)
        return found

    def _shared(self, task: Task) -> tuple[str, str] | None:
        """Return the key under which the value of a step run is cached; None if it is not."""
        if self.mode is False or not (self.mode or task.policy.cache):
            return None
        assert task.code is not None
        digest = self._digest(task)
        unseen = task.code.unseen or self.identity.unseen.get(digest)
        if not unseen:
            return task.code.fingerprint, digest
        self._not_cached(task, "; ".join(unseen))
        return None

    def _not_cached(self, task: Task, reason: str) -> None:
        task.step.why = task.step.why or f"not cached: {reason}"
        note = f"{task.step.name} is not cached: {reason}"
        if note not in self.run.notes:
            self.run.notes.append(note)

    def started(self, task: Task) -> None:
        """Put on record that an attempt of a step begins."""
        if self.journal is None:
            return
        if task.receipt is None:
            self._begin_receipt(task)
        else:
            self._change(task)

    def _begin_receipt(self, task: Task, outcome: Ref | None = None) -> None:
        ready, code, step = task.ready, task.code, task.step
        assert code is not None and self.journal is not None
        if code.fingerprint not in self._known:
            self._keep_parts(code)
        inputs = task.stored if task.stored is not None else self._inputs(task)
        task.receipt = self._receipt(
            "step", step, code.fingerprint, self._digest(task), spelled(ready.step.function), inputs, outcome
        )
        step.overriding = self._overriding
        self.journal.put(self.number, task.receipt)

    def _inputs(self, task: Task) -> Ref | None:
        """Store the arguments of a step run; None if they cannot be stored."""
        args, kwargs, payload = task.ready.args, task.ready.kwargs, task.payload
        if not payload:  # it does not run, and what it takes over is from elsewhere
            try:
                payload = encode(Value((args, kwargs)), where=task.step.name, what="an argument", files=True)
            except NotPicklable:  # which is its outcome, or does not matter to it
                return None
        return self.inputs.keep(payload, args, kwargs)

    def ended(self, task: Task, finished: Finished) -> None:
        """Put the outcome of a step run on record."""
        step, key = task.step, task.key
        cached = key is not None and not step.cached and not finished.has_raised
        if cached and task.code is not None and (file := task.code.edited()) is not None:
            self._not_cached(task, f"{file} was changed while the step ran")
            cached = False
        if self.journal is None:
            assert task.code is not None
            if task.code.fingerprint not in self._parts:
                self._parts[task.code.fingerprint] = task.code.parts()  # as they are now
            self._steps.append((step, task.ready, task.code, finished))
            step.overriding = self._overriding
            if cached and key is not None:
                self.values[key] = Recalled(
                    finished.data, f"same code and inputs as {step.path} of this run", finished.atom
                )
            return
        outcome = self.store.keep(finished.data)
        if task.receipt is None:
            self._begin_receipt(task, outcome)
        else:
            task.receipt.outcome = outcome
            self._change(task)
        if cached and self.cache is not None:
            self.cache.keep(task, outcome, len(finished.data), self.run.id)

    def _keep_parts(self, code: Code) -> None:
        """Put the parts of a step's code on record, so that it can be said later what has changed."""
        self._known.add(code.fingerprint)
        assert self.journal is not None
        if self.journal.parts(code.fingerprint) is None:
            parts = json.dumps(code.parts())
            self.journal.collect("INSERT OR IGNORE INTO codes VALUES(?, ?)", code.fingerprint, parts)

    def settled(self, task: Task, finished: Finished) -> None:
        """Take note of a value that the run has now: steps that are given it need not store it again."""
        if task.receipt is not None and task.receipt.outcome is not None and len(finished.data) > LARGE:
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
            task.digest = self.identity.inputs(task.ready.step, task.ready.args, task.ready.kwargs)
        return task.digest

    def _receipt(
        self, kind: str, step: StepRun, fingerprint: str | None = None, digest: str | None = None, parameters: str | None = None,
        inputs: Ref | None = None, outcome: Ref | None = None,
    ) -> Receipt:  # fmt: skip
        self.count += 1
        return Receipt(
            self.count, kind, step.path, step.name, step.source, _packer(len(step.order))(*step.order), step.status, step.attempts, step.started,
            step.finished, fingerprint, digest, parameters, inputs, outcome, step.cached, step.why,
        )  # fmt: skip

    def _change(self, task: Task) -> None:
        step, receipt = task.step, task.receipt
        assert self.journal is not None and receipt is not None
        receipt.status, receipt.attempts, receipt.started, receipt.finished = (
            step.status, step.attempts, step.started, step.finished,
        )  # fmt: skip
        receipt.cached, receipt.why = step.cached, step.why
        self.journal.put(self.number, receipt)

    # --- expressions that are evaluated once

    def recall_glue(self, frame: Frame, node: Glue, indices: tuple[int, ...], operands: str) -> bytes | None:
        """Return the outcome that an expression is to have without being evaluated, if there is one."""
        self.flush()  # it may take its time
        if self.earlier is None:
            return None
        before = self.earlier.of_glue(frame, node, indices)
        if before is None:
            return None
        path = spell(frame.path, node.id, indices)
        found = self.earlier.take(before, path, self._glue_fingerprint(frame, node), lambda: operands)
        return None if found is None else found.data

    def keep_glue(self, frame: Frame, node: Glue, indices: tuple[int, ...], operands: str, data: bytes) -> None:
        """Put the outcome of an expression on record."""
        path, fingerprint = spell(frame.path, node.id, indices), self._glue_fingerprint(frame, node)
        if self.journal is None:
            self._glue[path] = Entry(path, fingerprint, lambda: operands, lambda: data)
            return
        now = time.time()
        status = "Failed" if holds_exception(data) else "Succeeded"
        source = f"{node.origin.filename}:{node.origin.lineno}"
        order = self.positions.of(frame, (node.id, indices))
        shown = StepRun(node.text, path, status, source, started=now, finished=now, order=order)
        outcome = self.store.keep(data)
        self.journal.put(self.number, self._receipt("glue", shown, fingerprint, operands, outcome=outcome))

    def _glue_fingerprint(self, frame: Frame, node: Glue) -> str:
        return self.identity.glue(frame.flow.key, self.graph.bindings[frame.flow.key], node)


@functools.lru_cache(maxsize=256)
def _packer(count: int) -> Callable[..., bytes]:
    """Return what makes the bytes of a position of so many numbers: they sort as the position does."""
    return struct.Struct(f">{count}I").pack


def override_stored(folder: Path, run: int, path: str, data: bytes) -> None:
    """Put another outcome on record for a step run of a finished run in a store."""
    store = Store(folder)
    journal = Journal(folder, store.settle)
    try:
        journal.override(run, path, store.keep(data))
    finally:
        journal.close()


def log_file(folder: Path, run: str) -> Path:
    """Return the file with what the steps of a run wrote: a line of JSON for each piece, [number of the receipt, stream, text]."""
    return folder / "logs" / f"{run}.jsonl"
