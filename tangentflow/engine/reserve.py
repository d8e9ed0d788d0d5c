"""Worker processes that are kept between runs, as long as a new one would not be another one."""

from __future__ import annotations

import atexit
import functools
import os
import sys
import threading
from typing import Any

from tangentflow.engine.workerprocess import Environment, Worker

__all__ = ["Environment", "Reserve", "reserve"]


class Reserve:
    """Idle workers of this process. Runs in several threads may share it: a worker belongs to one run at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._times: dict[str, float] = {}
        self._surroundings: tuple[Any, ...] = ()
        self._process = os.getpid()

    def refresh(self) -> None:
        """Let go of workers that were started in other surroundings: search path, directory, environment, versions of the user's modules."""
        surroundings = (tuple(sys.path), _directory(), dict(os.environ), tuple(sys.argv))
        times = _modification_times()
        with self._lock:
            if self._process != os.getpid():  # a copy of the parent's, to which they belong
                self._idle, self._process = [], os.getpid()
            changed = any(self._times.get(path, time) != time for path, time in times.items())
            self._times.update(times)
            if changed or surroundings != self._surroundings:
                self._surroundings = surroundings
                self._drop(len(self._idle))

    def take(self, env: Environment) -> Worker | None:
        """Return an idle worker with this addition to its environment, if there is one."""
        with self._lock:
            for worker in self._idle:
                if worker.env == env and worker.usable:
                    self._idle.remove(worker)
                    return worker
        return None

    def keep(self, worker: Worker) -> None:
        """Take back a worker that is free."""
        worker.speaker = None
        with self._lock:
            self._idle.append(worker)
            self._drop(len(self._idle) - 2 * (os.cpu_count() or 1))

    def close(self) -> None:
        """End all of them."""
        with self._lock:
            if self._process == os.getpid():
                self._drop(len(self._idle))

    def _drop(self, count: int) -> None:
        for worker in self._idle[: max(count, 0)]:
            worker.end()
        del self._idle[: max(count, 0)]


def _directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""


def _modification_times() -> dict[str, float]:
    """Return when the user's modules that this process has loaded were last changed on disk."""
    found = {}
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if path and _is_own(path):
            try:
                found[path] = os.path.getmtime(path)
            except OSError:  # removed since
                continue
    return found


@functools.cache
def _is_own(path: str) -> bool:
    from tangentflow.bundling.modules import is_own_file

    return is_own_file(path)


reserve = Reserve()
atexit.register(reserve.close)
