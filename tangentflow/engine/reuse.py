"""What an earlier run has on record, for a later one that takes it over instead of running it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tangentflow.engine.inputs import load_inputs
from tangentflow.engine.journal import Journal, Receipt, RunRow, reading
from tangentflow.engine.parameters import bind_to
from tangentflow.engine.store import Store
from tangentflow.errors import StepFailed, TangentflowError, UsageError
from tangentflow.runtime.codec import decode
from tangentflow.runtime.outcome import Raised

__all__ = ["Earlier", "Entry", "Recalled", "earlier_run", "stored_entry"]


@dataclass(frozen=True)
class Entry:
    """A recorded outcome: of which code and which inputs it is, and where its bytes are. `where` names it: "fit of run wf-1234".

    `parts` gives digests of the parts of the code, `inputs` the arguments by parameter; None if they were not kept.
    """

    where: str
    fingerprint: str | None
    digest: Callable[[], str | None]
    load: Callable[[], bytes]
    parts: Callable[[], Mapping[str, str] | None] = lambda: None
    inputs: Callable[[], Mapping[str, Any] | None] = lambda: None


@dataclass(frozen=True)
class Recalled:
    """The bytes of an outcome that is taken over, and why in words."""

    data: bytes
    why: str


class Earlier:
    """The record of a run by kind and path.

    `unfinished`: the run was stopped or killed, so it is gone on with: nothing on record is run again, exceptions included, which the
    program may have handled. Of a run that came to its end only values are taken: what failed is to be tried again.
    """

    def __init__(self, id: str, unfinished: bool, entries: dict[tuple[str, str], Entry]) -> None:
        self.id = id
        self.unfinished = unfinished
        self.entries = entries
        self.damaged: list[str] = []

    def find(self, kind: str, path: str, fingerprint: str, digest: Callable[[], str]) -> Recalled | None:
        """Return what is on record for the same code with the same inputs at the same place."""
        entry = self.entries.get((kind, path))
        if entry is None or entry.fingerprint != fingerprint or entry.digest() != digest():
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
        return Recalled(data, f"taken from run {self.id}")


def earlier_run(id: str, folder: Path | None) -> Earlier:
    """Return the record of a run in a store, and of those that it had taken over itself. Raises UsageError if there is none."""
    if folder is None:
        raise UsageError(f"reuse={id!r} needs the store that the run is in; this run has store=False")
    with reading(folder) as journal:
        row = None if journal is None else journal.find(id)
        if journal is None or row is None:
            raise UsageError(f"there is no run {id!r} in the store {folder}; tangentflow list shows what there is")
        unfinished = row.lost or row.status in ("Running", "Cancelled")
        return Earlier(id, unfinished, _entries(journal, row, Store(folder)))


def _entries(journal: Journal, row: RunRow, store: Store) -> dict[tuple[str, str], Entry]:
    before = journal.find(row.reuse) if row.reuse else None
    found = {} if before is None else _entries(journal, before, store)
    for receipt in journal.receipts(row.number):
        if receipt.outcome is not None:
            found[(receipt.kind, receipt.path)] = stored_entry(row.id, receipt, store)
    return found


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

    return Entry(f"{receipt.path} of run {run}", fingerprint, lambda: digest, lambda: store.load(ref), parts, inputs)
