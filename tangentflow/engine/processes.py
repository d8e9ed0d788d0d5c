"""Steps in worker processes: one attempt to a process at a time, so that a process that dies takes exactly that attempt with it.

Each worker leads a process group of its own: an interrupt from the terminal does not reach it, and stopping it stops the processes that
its step has started. Workers that have done their work are kept for the next run.
"""

from __future__ import annotations

import contextlib
import functools
import os
import selectors
from typing import Any

from tangentflow.engine.output import show
from tangentflow.engine.reserve import Environment, reserve
from tangentflow.engine.tasks import Began, Collect, Died, Ended, Output, Progressed, Task
from tangentflow.engine.worker import Finished
from tangentflow.engine.workerprocess import Worker
from tangentflow.errors import UsageError

__all__ = ["Processes"]

_TRIES = 3
"""After so many workers in a row that ended before they were up, it is said that there can be none."""


class Processes:
    """The workers of a run. `selector` is the engine's: it calls what is registered with a file when that can be read."""

    def __init__(self, selector: selectors.BaseSelector, report: Collect) -> None:
        if os.name != "posix":
            raise UsageError("executor 'process' needs a POSIX system; use executor='thread'")
        self.selector = selector
        self.report = report
        self.workers: list[Worker] = []
        self.failures = 0
        self.said = ""
        reserve.refresh()

    def start(self, task: Task) -> None:
        """Start an attempt in a worker that is free, in one kept from an earlier run, or in a new one."""
        while True:
            worker = self._take(task.policy.env)
            try:
                worker.start(task)
                return
            except OSError:  # it has ended, idle or at its start
                worker.task = None
                self._remove(worker)

    def stop(self, task: Task) -> None:
        """Kill the worker of a task, and what the task has started."""
        for worker in self.workers:
            if worker.task is task:
                self._read(worker)
                worker.task = None
                self._remove(worker)
                return

    def look(self) -> None:
        """Look for processes that have ended, where nothing tells of it by itself."""
        for worker in list(self.workers):
            if worker.exit is None and worker.process.poll() is not None:
                self._exit(worker)

    def close(self) -> None:
        """Keep the workers that are free, kill the others."""
        for worker in list(self.workers):
            if worker.task is None and worker.up:
                self._unwatch(worker)
                reserve.keep(worker)
            else:
                self._remove(worker)
        self.workers.clear()

    # --- workers

    def _take(self, env: Environment) -> Worker:
        free = [worker for worker in self.workers if worker.task is None]
        for worker in free:
            if worker.env == env and worker.usable:
                return worker
        for worker in free:
            self._remove(worker)  # it makes room
            break
        worker = reserve.take(env) or Worker(env)
        self.workers.append(worker)
        files: dict[Any, Any] = {worker.channel: self._channel, worker.exit: self._exit}
        files |= {stream: functools.partial(self._output, stream) for stream in worker.streams}
        for file, handle in files.items():
            if file is not None:
                self.selector.register(file, selectors.EVENT_READ, functools.partial(handle, worker))
        return worker

    def _unwatch(self, worker: Worker) -> None:
        for file in (worker.channel, worker.exit, *worker.streams):
            if file is not None:
                with contextlib.suppress(KeyError):
                    self.selector.unregister(file)

    def _remove(self, worker: Worker, grace: float = 0.0) -> str:
        """Kill a worker; return how it ended, if it had ended by itself."""
        self._unwatch(worker)
        self.workers.remove(worker)
        return worker.end(grace)

    # --- what comes from them

    def _channel(self, worker: Worker) -> None:
        if worker.closed:
            return
        try:
            while (message := worker.receive()) is not None:
                self._message(worker, *message)
        except (EOFError, OSError):
            self._died(worker)

    def _message(self, worker: Worker, kind: str, *parts: Any) -> None:
        task = worker.task
        if kind == "hello":
            worker.up = True
            self.failures = 0
        elif task is None:
            return
        elif kind == "began":
            self.report(Began(task, worker.attempt))
        elif kind == "progress":
            self.report(Progressed(task, worker.attempt, *parts))
        else:
            self._read(worker)
            worker.rest()
            self.report(Ended(task, worker.attempt, Finished(*parts)))

    def _output(self, stream: Any, worker: Worker) -> None:
        if worker.closed:
            return
        text, more = stream.read()
        if not more:
            self.selector.unregister(stream)
        self._say(worker, stream.name, text)

    def _say(self, worker: Worker, stream: str, text: str) -> None:
        if not worker.up:
            self.said = (self.said + text)[-4000:]
        if text and worker.speaker is not None:
            show(stream, text)
            self.report(Output(worker.speaker, worker.attempt, stream, text))

    def _read(self, worker: Worker) -> None:
        """Take what a worker has written so far, before what comes next is reported."""
        for stream in worker.streams:
            self._say(worker, stream.name, stream.read()[0])

    def _exit(self, worker: Worker) -> None:
        """The process is gone: what it sent before is read first. (A child of its may still hold the channel open.)"""
        if worker.closed:
            return
        worker.kill_group()
        self._channel(worker)
        if not worker.closed:
            self._died(worker)

    def _died(self, worker: Worker) -> None:
        self._read(worker)
        task, attempt = worker.task, worker.attempt
        how = self._remove(worker, grace=1.0)
        if not worker.up:
            self.failures += 1
            if self.failures >= _TRIES:
                raise UsageError(f"worker processes cannot start: {how}\n{self.said}".rstrip())
        if task is not None:
            self.report(Died(task, attempt, how, begun=worker.up))
