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
    """Remove the files of values that no run, receipt or cached value needs; return how many bytes that was."""
    needed = set(_needed(journal, store))
    freed, before = 0, time.time() - _YOUNG
    for file in (store.folder / "values").rglob("*"):
        digest = file.parent.name + file.name
        if digest in needed:
            continue
        with contextlib.suppress(OSError):
            about = file.stat()
            if file.is_file() and about.st_mtime < before:
                file.unlink()
                freed += about.st_size
    return freed


def _needed(journal: Journal, store: Store) -> Iterator[str]:
    for column, table in (("outcome", "cache"), ("outcome", "receipts"), ("outcome", "runs"), ("arguments", "runs")):
        for (ref,) in journal.rows(f"SELECT DISTINCT {column} FROM {table} WHERE typeof({column}) = 'text'"):
            yield ref
    for (ref,) in journal.rows("SELECT DISTINCT inputs FROM receipts WHERE inputs IS NOT NULL"):
        if isinstance(ref, str):
            yield ref
        with contextlib.suppress(Damaged):
            yield from parts_of_inputs(store, ref)
