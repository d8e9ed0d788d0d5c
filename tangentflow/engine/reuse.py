"""What an earlier run has on record, for a later one that takes it over instead of running it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tangentflow.engine.journal import Journal, Receipt, RunRow, reading
from tangentflow.engine.store import Damaged, Store
from tangentflow.errors import StepFailed, UsageError
from tangentflow.runtime.codec import decode, holds_exception
from tangentflow.runtime.outcome import Raised

__all__ = ["Earlier", "Entry", "Recalled", "earlier_run"]


@dataclass(frozen=True)
class Entry:
    """A recorded outcome: of which code and which inputs it is, and where its bytes are."""

    fingerprint: str | None
    digest: Callable[[], str | None]
    load: Callable[[], bytes]


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
        except Damaged as error:
            self.damaged.append(f"{path} runs again, its outcome in run {self.id} cannot be read: {error}")
            return None
        if holds_exception(data) and not (self.unfinished and self._is_its_own(data)):
            return None
        return Recalled(data, f"taken from run {self.id}")

    @staticmethod
    def _is_its_own(data: bytes) -> bool:
        """Whether an exception is one that the step raised: a death or a timeout may not come again."""
        outcome = decode(data)
        return isinstance(outcome, Raised) and not isinstance(outcome.exception, StepFailed)


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
            found[(receipt.kind, receipt.path)] = _entry(receipt, store)
    return found


def _entry(receipt: Receipt, store: Store) -> Entry:
    ref, digest = receipt.outcome, receipt.digest
    assert ref is not None
    return Entry(receipt.fingerprint, lambda: digest, lambda: store.load(ref))
