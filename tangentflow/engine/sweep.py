"""Removing from a store what nothing on record refers to any more."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from tangentflow.engine.inputs import parts_of_inputs
from tangentflow.engine.journal import Journal
from tangentflow.engine.store import Damaged, Store

__all__ = ["sweep"]

_YOUNG = 3600.0
"""A file that was written so many seconds ago may be one that a run is about to put on record."""


def sweep(journal: Journal, store: Store) -> int:
    """Remove the values that no run, receipt or cached value needs; return how many bytes that was."""
    return store.sweep(set(_needed(journal, store)), time.time() - _YOUNG)


def _needed(journal: Journal, store: Store) -> Iterator[str]:
    for column, table in (("outcome", "cache"), ("outcome", "receipts"), ("outcome", "runs"), ("arguments", "runs")):
        for (ref,) in journal.rows(f"SELECT DISTINCT {column} FROM {table} WHERE typeof({column}) = 'text'"):
            yield ref
    for (ref,) in journal.rows("SELECT DISTINCT inputs FROM receipts WHERE inputs IS NOT NULL"):
        if isinstance(ref, str):
            yield ref
        with contextlib.suppress(Damaged):
            yield from parts_of_inputs(store, ref)
