"""The journal of a store: which runs there were, and a receipt for each step run and each expression evaluated once.

SQLite, with a write-ahead log: what was committed survives a kill at any moment, and readers never wait. A store must lie on a local disk.
"""

from __future__ import annotations

import json
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

from tangentflow.engine import owner
from tangentflow.engine.schema import BITS, OF_RUN, VERSION, statements
from tangentflow.engine.store import Ref
from tangentflow.errors import TangentflowError, UsageError

__all__ = ["OVERRIDDEN", "Journal", "Receipt", "RunRow", "reading"]

FILE = "journal.sqlite3"
OVERRIDDEN = "overridden"
"""Why a receipt has its outcome, if that was changed by hand."""

_PATIENCE = 60.0
"""Seconds to wait for others who write to the same store."""


@dataclass(slots=True)
class Receipt:
    """What is on record of one step run ("step") or expression that is evaluated once ("glue")."""

    number: int
    kind: str
    path: str
    name: str
    source: str
    position: bytes
    status: str
    attempts: int = 0
    started: float | None = None
    finished: float | None = None
    fingerprint: str | None = None
    digest: str | None = None
    parameters: str | None = None
    inputs: Ref | None = None
    outcome: Ref | None = None
    cached: bool | int = False
    why: str = ""

    @property
    def order(self) -> tuple[int, ...]:
        """The position in the program."""
        return struct.unpack(f">{len(self.position) // 4}I", self.position)


@dataclass
class RunRow:
    """What is on record of a run. `target` is "FILE:NAME" of its workflow, if that can be imported."""

    number: int
    id: str
    workflow: str
    target: str | None
    options: dict[str, Any]
    arguments: Ref | None
    status: str
    started: float
    finished: float | None
    outcome: Ref | None
    owner: str
    cancel: bool
    reuse: str | None
    notes: list[str]

    @property
    def lost(self) -> bool:
        """Whether its process ended before the run did."""
        return self.status == "Running" and not owner.is_alive(self.owner)


_RUN = (
    "number, id, workflow, target, options, arguments, status, started, finished, outcome, owner, cancel, reuse, notes"
)
_RECEIPT = (
    f"id & {(1 << BITS) - 1}, kind, path, name, source, position, status, attempts, started, finished, fingerprint, digest, "
    "parameters, inputs, outcome, cached, why"
)
_ROW = f"({', '.join('?' * 17)})"
_AT_ONCE = 8
_MOST = 1000
"""So many receipts are collected at most: those of step runs that are taken over come at once."""
_END = "UPDATE runs SET status=?, finished=?, outcome=?, notes=? WHERE number=?"
_PUT = "REPLACE INTO receipts VALUES"


class Journal:
    """A connection to the journal of a store, for one thread. Changes are collected; `flush` commits them together."""

    def __init__(self, folder: Path, settle: Callable[[], object] = lambda: None) -> None:
        """Open the journal in a directory. `settle` is called before anything goes on record: it sees to it that the values are there."""
        self.folder = folder
        self._settle = settle
        self._receipts: dict[int, Receipt] = {}
        self._others: list[tuple[str, tuple[Any, ...]]] = []
        self._looking = False
        try:
            self._connection = sqlite3.connect(
                folder / FILE, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            _patiently(self._prepare)
            self._lookups = self._connection.cursor()
        except sqlite3.Error as error:
            raise UsageError(f"the journal of the store {folder} cannot be opened: {error}") from error

    def _prepare(self) -> None:
        run = self._connection.execute
        version = run("PRAGMA user_version").fetchone()[0]
        if version == VERSION:
            run("PRAGMA synchronous=NORMAL")
            return
        if version > VERSION:
            raise UsageError(f"the store {self.folder} was written by a newer version of tangentflow")
        _patiently(lambda: run("PRAGMA journal_mode=WAL"))
        run("PRAGMA synchronous=NORMAL")
        with self._transaction():
            version = run("PRAGMA user_version").fetchone()[0]
            if version < VERSION:  # nobody else was quicker
                for statement in statements(version):
                    run(statement)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._look_no_more()
        self._settle()
        try:
            _patiently(lambda: self._connection.execute("BEGIN IMMEDIATE"))
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._broken(error) from error

    def _broken(self, error: sqlite3.Error) -> TangentflowError:
        return TangentflowError(f"the journal of the store {self.folder} cannot be written: {error}")

    def close(self) -> None:
        """Let go of it. What was not flushed is lost."""
        self._connection.close()

    # --- writing

    def flush(self) -> None:
        """Commit what was collected: all of it or nothing. What others have written since is seen from now on."""
        self._look_no_more()
        if not self._receipts and not self._others:
            return
        try:
            self._settle()
        except BaseException:  # what was collected may tell of values that are not there
            self._receipts.clear()
            self._others.clear()
            raise
        rows = [(id, *_values(receipt)) for id, receipt in self._receipts.items()]
        self._receipts.clear()
        if self._others or len(rows) > _AT_ONCE:
            with self._transaction():
                self._connection.executemany(_PUT + _ROW, rows)
                for statement, group in groupby(self._others, key=itemgetter(0)):
                    self._connection.executemany(statement, [values for _, values in group])
            self._others.clear()
        elif rows:  # one statement is a transaction by itself
            try:
                flat = [value for row in rows for value in row]
                _patiently(lambda: self._connection.execute(_PUT + ", ".join([_ROW] * len(rows)), flat))
            except sqlite3.Error as error:
                raise self._broken(error) from error

    def add_run(
        self, id: str, workflow: str, *, target: str | None, options: Mapping[str, Any], arguments: Ref | None, reuse: str | None, notes: list[str]
    ) -> int:  # fmt: skip
        """Add a run that begins now; return its number."""
        values = (
            id,
            workflow,
            target,
            json.dumps(options),
            arguments,
            "Running",
            time.time(),
            owner.me(),
            reuse,
            json.dumps(notes),
        )
        with self._transaction():
            number = self._connection.execute(
                "INSERT INTO runs(id, workflow, target, options, arguments, status, started, owner, reuse, notes)"
                f" VALUES({', '.join('?' * 10)})",
                values,
            ).lastrowid
        assert number is not None
        return number

    def end_run(self, number: int, status: str, outcome: Ref | None, notes: list[str]) -> None:
        """Collect the end of a run."""
        self.collect(_END, status, time.time(), outcome, json.dumps(notes), number)

    def collect(self, statement: str, *values: Any) -> None:
        """Collect a change of any kind."""
        self._others.append((statement, values))

    def change(self, statement: str, *values: Any) -> int:
        """Make a change at once; return how many rows it was."""
        with self._transaction():
            return self._connection.execute(statement, values).rowcount

    def put(self, run: int, receipt: Receipt) -> None:
        """Collect a receipt, as it will be when it is committed, in place of the one of the same number."""
        self._receipts[(run << BITS) + receipt.number] = receipt
        if len(self._receipts) >= _MOST:
            self.flush()

    def ask_to_cancel(self, number: int) -> None:
        """Ask whoever runs a run to cancel it."""
        self.change("UPDATE runs SET cancel=1 WHERE number=?", number)

    def override(self, run: int, path: str, outcome: Ref) -> None:
        """Put another value on record for a step run."""
        statement = (
            f"UPDATE receipts SET outcome=?, status='Succeeded', why=? WHERE {OF_RUN} AND path=? AND kind='step'"
        )
        self.change(statement, outcome, OVERRIDDEN, run, run, path)

    # --- reading

    def is_asked_to_cancel(self, number: int) -> bool:
        """Whether a run is asked to stop."""
        return bool(self._connection.execute("SELECT cancel FROM runs WHERE number=?", (number,)).fetchone()[0])

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self._connection.execute(query, values).fetchall()

    def look_up(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of one of many queries: all until the next flush see the same state, since to begin anew takes longer than to look."""
        if not self._looking:
            self._looking = True
            self._connection.execute("BEGIN")
        return self._lookups.execute(query, values).fetchall()

    def _look_no_more(self) -> None:
        if self._looking:
            self._looking = False
            if self._connection.in_transaction:  # SQLite may have ended it by itself
                self._connection.execute("COMMIT")

    def parts(self, fingerprint: str) -> dict[str, str] | None:
        """Return the parts of a step's code by name, if they are on record."""
        found = self.rows("SELECT parts FROM codes WHERE fingerprint=?", fingerprint)
        return json.loads(found[0][0]) if found else None

    def receipt(self, run: str, number: int) -> Receipt | None:
        """Return a receipt of the run of an id."""
        query = f"SELECT {_RECEIPT} FROM receipts WHERE id=((SELECT number FROM runs WHERE id=?) << {BITS}) + ?"
        found = self.rows(query, run, number)
        return Receipt(*found[0]) if found else None

    def runs(self) -> list[RunRow]:
        """Return all runs, newest first."""
        return [_run(row) for row in self._connection.execute(f"SELECT {_RUN} FROM runs ORDER BY number DESC")]

    def find(self, id: str) -> RunRow | None:
        """Return a run."""
        row = self._connection.execute(f"SELECT {_RUN} FROM runs WHERE id=?", (id,)).fetchone()
        return None if row is None else _run(row)

    def counts(self) -> dict[int, dict[str, int]]:
        """Return for each run how many step runs it has of each status."""
        found: dict[int, dict[str, int]] = {}
        for run, status, count in self._connection.execute(
            f"SELECT id >> {BITS}, status, count(*) FROM receipts WHERE kind='step' GROUP BY 1, 2"
        ):
            found.setdefault(run, {})[status] = count
        return found

    def last(self, run: int) -> float | None:
        """Return the latest time on record of a run's steps; None if there is none."""
        query = f"SELECT max(max(coalesce(started, 0), coalesce(finished, 0))) FROM receipts WHERE {OF_RUN}"
        found = self._connection.execute(query, (run, run)).fetchone()[0]
        return found or None

    def receipts(self, run: int) -> list[Receipt]:
        """Return the receipts of a run in the order in which they were begun."""
        rows = self._connection.execute(f"SELECT {_RECEIPT} FROM receipts WHERE {OF_RUN} ORDER BY id", (run, run))
        return [Receipt(*row) for row in rows]


def _patiently(do: Callable[[], object]) -> None:
    """Do something with a database, again if it is locked: SQLite itself does not wait in every case, as when the log is set up or removed."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            do()
            return
        except sqlite3.OperationalError as error:
            if "lock" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.02)


_values = attrgetter(*[field.name for field in fields(Receipt)[1:]])


def _run(row: tuple[Any, ...]) -> RunRow:
    values = list(row)
    values[4], values[11], values[13] = json.loads(row[4]), bool(row[11]), json.loads(row[13])
    return RunRow(*values)


@contextmanager
def reading(folder: Path) -> Iterator[Journal | None]:
    """Give the journal of a store for a moment; None if there is no store yet."""
    if not (folder / FILE).is_file():
        yield None
        return
    with closing(Journal(folder)) as journal:
        yield journal
