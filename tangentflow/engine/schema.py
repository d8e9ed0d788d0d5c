"""The tables of a journal, and how those of an older version become them."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["BITS", "OF_RUN", "VERSION", "statements"]

VERSION = 4

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs(
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, workflow TEXT NOT NULL, target TEXT, options TEXT NOT NULL, arguments BLOB,
    status TEXT NOT NULL, started REAL NOT NULL, finished REAL, outcome BLOB, owner TEXT NOT NULL, cancel INTEGER NOT NULL DEFAULT 0,
    reuse TEXT, notes TEXT NOT NULL DEFAULT '[]');
CREATE TABLE IF NOT EXISTS receipts(
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL,
    position BLOB NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL, started REAL, finished REAL, fingerprint TEXT, digest TEXT,
    parameters TEXT, inputs BLOB, outcome BLOB, cached INTEGER NOT NULL DEFAULT 0, why TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS codes(fingerprint TEXT PRIMARY KEY, parts TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cache(
    fingerprint TEXT NOT NULL, digest TEXT NOT NULL, step TEXT NOT NULL, outcome BLOB NOT NULL, size INTEGER NOT NULL, created REAL NOT NULL,
    used REAL NOT NULL, run TEXT NOT NULL, path TEXT NOT NULL, receipt INTEGER NOT NULL, inputs BLOB, PRIMARY KEY(fingerprint, digest)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cache_by_step ON cache(step, created);
"""

BITS = 32
"""The id of a receipt is the number of its run and, in so many bits, its own: rows of one run are appended next to each other."""

OF_RUN = f"id >= ? << {BITS} AND id < (? + 1) << {BITS}"
"""Picks the receipts of a run by its number, given twice."""

_RECEIPTS = f"""
INSERT INTO receipts SELECT (run << {BITS}) + number, kind, path, name, source, position, status, attempts, started, finished, fingerprint, digest,
    parameters, inputs, outcome, cached, why FROM receipts_2;
DROP TABLE receipts_2;
"""
_INPUTS = f"""
UPDATE cache SET inputs = (
    SELECT receipts.inputs FROM runs JOIN receipts ON receipts.id = (runs.number << {BITS}) + cache.receipt WHERE runs.id = cache.run);
"""


def statements(version: int) -> Iterator[str]:
    """Yield the statements that bring a journal of an older version to this one; `version` 0 is an empty file.

    Version 2 brought the cache, version 3 receipts with one number as their key, version 4 the inputs of what is cached.
    """
    has_others, lacks_inputs = version in (1, 2), version in (2, 3)
    text = "ALTER TABLE receipts RENAME TO receipts_2;" if has_others else ""
    text += "ALTER TABLE cache ADD COLUMN inputs BLOB;" if lacks_inputs else ""
    text += _SCHEMA
    text += _RECEIPTS if has_others else ""
    text += _INPUTS if lacks_inputs else ""
    yield from filter(None, map(str.strip, text.split(";")))
    yield f"PRAGMA user_version={VERSION}"
