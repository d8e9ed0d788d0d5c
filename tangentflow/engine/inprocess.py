"""Steps in this process: in threads, or right where the engine runs."""

from __future__ import annotations

import contextlib
import os
import queue
import selectors
import threading
from collections import deque

from tangentflow import running
from tangentflow.engine.kill import kill_below
from tangentflow.engine.tasks import Collect, Ended, Output, Progressed, Report, Task
from tangentflow.engine.worker import Finished, execute, execute_here
from tangentflow.runtime.progress import Listener, listener_of

__all__ = ["Inline", "Threads"]


class _Attempt(Listener):
    """Reports what an attempt tells of itself."""

    __slots__ = ("number", "report", "task")

    def __init__(self, task: Task, report: Collect) -> None:
        self.task = task
        self.number = task.attempt  # by then the task may have another one
        self.report = report

    def progressed(self, done: int, total: int | None) -> None:
        """Report it."""
        self.report(Progressed(self.task, self.number, done, total))

    def wrote(self, stream: str, text: str) -> None:
        """Report it."""
        self.report(Output(self.task, self.number, stream, text))


def attempt(task: Task, report: Collect, interrupt: bool) -> Finished:
    """Run an attempt in this thread."""
    name = task.ready.step.__name__
    assert task.shipped is not None
    token = listener_of.set(_Attempt(task, report))
    try:
        line = task.ready.node.origin.lineno
        if task.direct:
            ready = task.ready
            return execute_here(task.shipped.loaded(), ready.args, ready.kwargs, task.step.path, name, line, interrupt)
        return execute(task.shipped.loaded(), task.payload, task.step.path, name, line, task.policy.check, interrupt)
    finally:
        listener_of.reset(token)


class Inline:
    """Runs each attempt where it is started."""

    def __init__(self, report: Collect) -> None:
        self.report = report

    def start(self, task: Task) -> None:
        """Run an attempt."""
        self.report(Ended(task, task.attempt, attempt(task, self.report, True)))

    def stop(self, task: Task) -> None:
        """Do nothing: an attempt has ended before anything else can happen."""

    def look(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Threads:
    """Runs attempts in threads. One that is stopped is abandoned: its thread goes on, and nobody listens. (A command that it runs is killed.)

    The threads are daemons, so that an abandoned one does not keep the program from ending.
    """

    def __init__(self, selector: selectors.BaseSelector, report: Collect) -> None:
        self.selector = selector
        self.report = report
        self._reports: deque[Report] = deque()
        self._free: list[_Thread] = []
        self._busy: dict[Task, _Thread] = {}
        self._lock = threading.Lock()
        self._wake: tuple[int, int] | None = os.pipe()
        os.set_blocking(self._wake[0], False)
        selector.register(self._wake[0], selectors.EVENT_READ, self._deliver)

    def start(self, task: Task) -> None:
        """Start an attempt in a free thread or a new one."""
        thread = self._free.pop() if self._free else _Thread(self._put)
        self._busy[task] = thread
        thread.tasks.put(task)

    def stop(self, task: Task) -> None:
        """Abandon an attempt."""
        thread = self._busy.pop(task, None)
        if thread is not None:
            thread.abandoned = True
            thread.tasks.put(None)
            for process in running.stop(thread.ident):
                kill_below(process)

    def look(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Abandon everything."""
        for task in list(self._busy):
            self.stop(task)
        for thread in self._free:
            thread.tasks.put(None)
        with self._lock:
            assert self._wake is not None
            ends, self._wake = self._wake, None
        self.selector.unregister(ends[0])
        for end in ends:
            os.close(end)

    def _put(self, report: Report) -> None:
        self._reports.append(report)
        with self._lock:
            if self._wake is not None:
                os.write(self._wake[1], b"!")

    def _deliver(self) -> None:
        assert self._wake is not None
        with contextlib.suppress(BlockingIOError):
            while os.read(self._wake[0], 65536):
                pass
        while self._reports:
            report = self._reports.popleft()
            if isinstance(report, Ended):
                thread = self._busy.pop(report.task, None)
                if thread is None:
                    continue
                self._free.append(thread)
            self.report(report)


class _Thread:
    """One thread and the tasks that it is given."""

    def __init__(self, put: Collect) -> None:
        self.tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self.abandoned = False
        self._put = put
        thread = threading.Thread(target=self._work, name="tangentflow-step", daemon=True)
        thread.start()
        assert thread.ident is not None
        self.ident = thread.ident

    def _report(self, report: Report) -> None:
        if not self.abandoned:
            self._put(report)

    def _work(self) -> None:
        while (task := self.tasks.get()) is not None:
            number = task.attempt
            self._report(Ended(task, number, attempt(task, self._report, False)))
        running.release(threading.get_ident())
