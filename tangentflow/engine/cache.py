"""The cache: values of steps by code and inputs, kept from run to run.

The key is the fingerprint of a step's code and the digest of its inputs; only values are kept, never exceptions. The journal of the store has
the table, so a value that a run has on record is not stored again.
"""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass

from tangentflow.engine.identity import Identity
from tangentflow.engine.journal import Journal
from tangentflow.engine.reuse import Recalled, stored_entry
from tangentflow.engine.store import Ref, Store
from tangentflow.engine.tasks import Task
from tangentflow.engine.why import why_again
from tangentflow.errors import TangentflowError
from tangentflow.runtime.codec import atom_of, decode
from tangentflow.runtime.policies import duration

__all__ = ["Cache", "Cached", "cached_values", "forget"]


@dataclass(slots=True)
class Cached:
    """A cached value: the code and the inputs that it is of, where these are, and which step run gave it when (seconds since the epoch)."""

    fingerprint: str
    digest: str
    step: str
    outcome: Ref
    size: int
    created: float
    used: float
    run: str
    path: str
    receipt: int
    inputs: Ref | None


_COLUMNS = "fingerprint, digest, step, outcome, size, created, used, run, path, receipt, inputs"
_PUT = f"REPLACE INTO cache({_COLUMNS}) VALUES({', '.join('?' * 11)})"
_GET = f"SELECT {_COLUMNS} FROM cache WHERE"
_FIND = "SELECT outcome, created, used, run, path, inputs FROM cache WHERE fingerprint=? AND digest=?"
_USED = "UPDATE cache SET used=? WHERE fingerprint=? AND digest=?"
_OLD = 60.0
"""Seconds after which a further use of a value is put on record: who forgets values that are not used asks for days."""


class Cache:
    """The cache as one run uses it."""

    def __init__(self, journal: Journal, store: Store, identity: Identity) -> None:
        self.journal = journal
        self.store = store
        self.identity = identity
        self.damaged: list[str] = []
        self._kept = False

    def find(self, task: Task) -> Recalled | None:
        """Return the value of an earlier step run with the same code and inputs; else say on the step run why it is run."""
        assert task.code is not None
        if self._kept:  # what this run has just kept is there too
            self.journal.flush()
            self._kept = False
        rows = self.journal.look_up(_FIND, task.code.fingerprint, task.digest)
        if not rows:
            task.step.why = self._why_not(task)
            return None
        ref, created, used, run, path, inputs = rows[0]
        now, expiry = time.time(), task.policy.expiry
        age = now - created
        if expiry is not None and age > expiry:
            task.step.why = f"the cached value is {duration(age)} old, and counts for {duration(expiry)}"
            return None
        try:
            data = self.store.load(ref)
            outcome = decode(data, where=task.step.name)
        except TangentflowError as error:
            task.step.why = f"the cached value cannot be read: {error}"
            self.damaged.append(f"{task.step.path} runs again, {task.step.why}")
            return None
        if now - used > _OLD:
            self.journal.collect(_USED, now, task.code.fingerprint, task.digest)
        why = f"same code and inputs as {path} of run {run}, {_words(age if age < 1 else float(int(age)))} ago"
        return Recalled(data, why, atom_of(outcome), inputs)

    def _why_not(self, task: Task) -> str:
        """Compare with the latest run of the step that is most like this one."""
        assert task.code is not None
        query = f"{_GET} step=? ORDER BY digest=? DESC, fingerprint=? DESC, created DESC LIMIT 1"
        rows = self.journal.rows(query, task.code.name, task.digest, task.code.fingerprint)
        if not rows:
            return "nothing of this step is cached"
        found = Cached(*rows[0])
        receipt = self.journal.receipt(found.run, found.receipt)
        if receipt is None or receipt.outcome is None:
            return "its code or its inputs are others than those cached"
        before = stored_entry(found.run, receipt, self.store)
        return why_again(before, task.ready, task.code, task.digest, self.identity)

    def keep(self, task: Task, outcome: Ref, size: int, run: str) -> None:
        """Keep the value of a step run."""
        assert task.code is not None and task.receipt is not None
        now = time.time()
        made = Cached(
            task.code.fingerprint, task.digest, task.code.name, outcome, size, now, now, run, task.step.path, task.receipt.number, task.receipt.inputs
        )  # fmt: skip
        self._kept = True
        self.journal.collect(_PUT, *_values(made))


_words = functools.lru_cache(maxsize=64)(duration)


def _values(made: Cached) -> tuple[object, ...]:
    return (
        made.fingerprint, made.digest, made.step, made.outcome, made.size, made.created, made.used, made.run, made.path, made.receipt,
        made.inputs,
    )  # fmt: skip


def cached_values(journal: Journal) -> list[Cached]:
    """Return all cached values, those used last first."""
    return [Cached(*row) for row in journal.rows(f"SELECT {_COLUMNS} FROM cache ORDER BY used DESC")]


def forget(journal: Journal, step: str | None, unused: float) -> int:
    """Forget the cached values of a step (by its name, with or without its module; None: of all), if they were not used for so many seconds.

    Returns how many there were.
    """
    where = "used <= ?"
    values: tuple[object, ...] = (time.time() - unused,)
    if step is not None:
        where += " AND (step = ? OR substr(step, ?) = ?)"
        values = (*values, step, -len(step) - 1, f".{step}")
    return journal.change(f"DELETE FROM cache WHERE {where}", *values)
