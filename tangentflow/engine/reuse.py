"""What an earlier run has on record, for a later one that takes it over instead of running it again.

Runs of all kinds are asked in the same way: for the entry of a step run or of an expression, by its place in the program. What makes two
of them the same (the fingerprint of the code, the digest of the inputs) is the same on this machine and on Argo.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tangentflow.engine.frames import Frame, spell
from tangentflow.engine.inputs import load_inputs
from tangentflow.engine.journal import OVERRIDDEN, Journal, Receipt, RunRow, reading
from tangentflow.engine.machine import Ready
from tangentflow.engine.parameters import bind_to
from tangentflow.engine.store import Ref, Store
from tangentflow.errors import StepFailed, TangentflowError, UsageError
from tangentflow.graph.nodes import Glue
from tangentflow.runtime.codec import atom_of, decode
from tangentflow.runtime.outcome import Raised, Value

__all__ = ["Earlier", "Elsewhere", "Entry", "Kept", "Recalled", "earlier_run", "stored_entry"]


@dataclass(frozen=True)
class Entry:
    """A recorded outcome: of which code and which inputs it is, and where its bytes are. `where` names it: "fit of run wf-1234".

    `parts` gives digests of the parts of the code, `inputs` the arguments by parameter; None if they were not kept. `renewed` names the code of
    what it was given that is another one by now, if that is known. `overridden`: it was changed by hand. `stored` is
    where the inputs lie in the store of the record.
    """

    where: str
    fingerprint: str | None
    digest: Callable[[], str | None]
    load: Callable[[], bytes]
    parts: Callable[[], Mapping[str, str] | None] = lambda: None
    inputs: Callable[[], Mapping[str, Any] | None] = lambda: None
    renewed: Callable[[], Sequence[str]] = lambda: ()
    overridden: bool = False
    stored: Ref | None = None


@dataclass(slots=True)  # one for each step run that is taken over, and frozen ones take their time
class Recalled:
    """The bytes of an outcome that is taken over, and why in words; the value itself if nobody can change it; where its inputs are stored."""

    data: bytes
    why: str
    atom: Value | None = None
    inputs: Ref | None = None


class Earlier:
    """The record of a run. `damaged` says what of it could not be read.

    `unfinished`: the run was stopped or killed, so it is gone on with: nothing on record is run again, exceptions included, which the
    program may have handled. Of a run that came to its end only values are taken: what failed is to be tried again. `folder` is the store
    that the record is in.
    """

    folder: Path | None = None

    def __init__(self, id: str, unfinished: bool) -> None:
        self.id = id
        self.unfinished = unfinished
        self.damaged: list[str] = []

    def of_step(self, ready: Ready) -> Entry | None:
        """Return what is on record of a step run at the place of this one."""
        raise NotImplementedError

    def of_glue(self, frame: Frame, node: Glue, indices: tuple[int, ...]) -> Entry | None:
        """Return what is on record of an expression at this place."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what it took to read the record."""

    def take(self, entry: Entry, path: str, fingerprint: str, digest: Callable[[], str]) -> Recalled | None:
        """Return the outcome of an entry if it is of this code with these inputs; `path` is where it is taken over."""
        if entry.fingerprint != fingerprint or entry.digest() != digest():
            return None
        try:
            data = entry.load()
            outcome = decode(data, where=path)
        except TangentflowError as error:
            self.damaged.append(f"{path} runs again, its outcome in run {self.id} cannot be read: {error}")
            return None
        # Exceptions are history of a run that is gone on with; a death or a timeout is not, it may not come again.
        if isinstance(outcome, Raised) and (not self.unfinished or isinstance(outcome.exception, StepFailed)):
            return None
        why = f"{'overridden in' if entry.overridden else 'taken from'} run {self.id}"
        return Recalled(data, why, atom_of(outcome), entry.stored)


class Kept(Earlier):
    """The record of a run on this machine, by kind and path. `before` gives that of the run which this one had taken over itself."""

    def __init__(
        self, id: str, unfinished: bool, entries: Mapping[tuple[str, str], Entry], before: Callable[[], Earlier | None] = lambda: None
    ) -> None:  # fmt: skip
        super().__init__(id, unfinished)
        self.entries = entries
        self._before = before
        self._found: list[Earlier | None] = []

    def of_step(self, ready: Ready) -> Entry | None:
        """Return what is on record of a step run at the place of this one."""
        found = self.entries.get(("step", ready.path))
        if found is None and (before := self.before) is not None:
            return before.of_step(ready)
        return found

    def of_glue(self, frame: Frame, node: Glue, indices: tuple[int, ...]) -> Entry | None:
        """Return what is on record of an expression at this place."""
        found = self.entries.get(("glue", spell(frame.path, node.id, indices)))
        if found is None and (before := self.before) is not None:
            return before.of_glue(frame, node, indices)
        return found

    @property
    def before(self) -> Earlier | None:
        """The record of the run that this one had taken over; looked up when it is needed first."""
        if not self._found:
            try:
                self._found.append(self._before())
            except TangentflowError as error:
                self._found.append(None)
                self.damaged.append(f"of what run {self.id} had taken over, some is not on record there: {error}")
        return self._found[0]

    def close(self) -> None:
        """Let go of what it took to read the record."""
        for before in self._found:
            if before is not None:
                before.close()
                self.damaged += before.damaged
        self._found = [None]


Elsewhere = Callable[[str, Path], Earlier]
"""Gives the record of a run that is not in a store, by its id. Raises UsageError or ClusterError if there is none."""


def earlier_run(id: str, folder: Path | None, elsewhere: Elsewhere | None = None) -> Earlier:
    """Return the record of a run in a store, and of those that it had taken over itself. Raises UsageError if there is none.

    `elsewhere` finds runs that are not in the store.
    """
    if folder is None:
        raise UsageError(f"reuse={id!r} needs the store that the run is in; this run has store=False")
    with reading(folder) as journal:
        row = None if journal is None else journal.find(id)
        if journal is None or row is None:
            raise UsageError(f"there is no run {id!r} in the store {folder}; tangentflow list shows what there is")
        unfinished = row.lost or row.status in ("Running", "Cancelled")
        found = Kept(id, unfinished, _entries(journal, row, Store(folder)), lambda: _before(row, folder, elsewhere))
        found.folder = folder
        return found


def _before(row: RunRow, folder: Path, elsewhere: Elsewhere | None) -> Earlier | None:
    """Return the record of the run that a run had taken over."""
    if not row.reuse:
        return None
    with reading(folder) as journal:
        stored = journal is not None and journal.find(row.reuse) is not None
    if stored or elsewhere is None:
        return earlier_run(row.reuse, folder, elsewhere)
    return elsewhere(row.reuse, folder)


def _entries(journal: Journal, row: RunRow, store: Store) -> dict[tuple[str, str], Entry]:
    return {
        (receipt.kind, receipt.path): stored_entry(row.id, receipt, store)
        for receipt in journal.receipts(row.number)
        if receipt.outcome is not None
    }


def stored_entry(run: str, receipt: Receipt, store: Store) -> Entry:
    """Return the entry of a receipt in a store."""
    ref, digest, fingerprint = receipt.outcome, receipt.digest, receipt.fingerprint
    assert ref is not None

    def parts() -> Mapping[str, str] | None:
        with reading(store.folder) as journal:
            return None if journal is None or fingerprint is None else journal.parts(fingerprint)

    def inputs() -> Mapping[str, Any] | None:
        if receipt.inputs is None:
            return None
        return bind_to(receipt.parameters or "", *load_inputs(store, receipt.inputs))

    return Entry(
        f"{receipt.path} of run {run}", fingerprint, lambda: digest, lambda: store.load(ref), parts, inputs,
        overridden=receipt.why == OVERRIDDEN, stored=receipt.inputs,
    )  # fmt: skip
