"""What a job of Slurm does: one attempt of a step. What it has to tell lies in files, on a disk that the whole cluster has."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tangentflow.engine.worker import Finished, execute, unpack
from tangentflow.runtime import progress

__all__ = ["Order", "put", "work"]


@dataclass(frozen=True)
class Order:
    """An attempt: the function and its arguments, encoded; what it is called; the files that begin with `files`."""

    files: str
    function: bytes
    payload: bytes
    path: str
    name: str
    line: int
    check: bool
    setup: dict[str, Any]


def work(order: Order) -> None:
    """Run the attempt. The outcome is there whole, in `.done`, or not at all."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # `scancel` means it
    with _written(order.files):
        finished = _attempt(order)
    put(order.files + ".done", (finished.data, finished.started, finished.finished))


@contextlib.contextmanager
def _written(files: str) -> Iterator[None]:
    """Let what is written in here, by other processes too, go to files of its own."""
    kept = []
    for number, stream, ending in ((1, sys.stdout, ".out"), (2, sys.stderr, ".err")):
        stream.flush()
        kept.append((number, stream, os.dup(number)))
        opened = os.open(files + ending, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
    yield
    for number, stream, before in kept:
        stream.flush()
        os.dup2(before, number)


def _attempt(order: Order) -> Finished:
    sys.path[:], sys.argv[:] = order.setup["path"], order.setup["argv"]
    os.chdir(order.setup["directory"])
    put(order.files + ".began", None)
    with progress.reporting(lambda done, total: put(order.files + ".progress", (done, total))):
        loaded = unpack(order.function, "")
        return execute(loaded, order.payload, order.path, order.name, order.line, order.check, interrupt=False)


def put(path: str, value: object) -> None:
    """Write a file that is there whole or not at all."""
    with open(f"{path}.new", "wb") as file:
        pickle.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{path}.new", path)
