"""Driving a machine: which step run starts when, what becomes of an attempt that fails, and when a run is over.

The driver has one thread: the caller's. It waits for its executors with a selector, so that nothing is polled.
"""

from __future__ import annotations

import heapq
import itertools
import selectors
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from tangentflow.decorators import StepFunction
from tangentflow.engine.begin import new_executor, new_task
from tangentflow.engine.events import Event, Listener
from tangentflow.engine.limits import Limits
from tangentflow.engine.machine import Machine, Ready
from tangentflow.engine.output import listening
from tangentflow.engine.policies import run_timeout
from tangentflow.engine.recorder import Recorder
from tangentflow.engine.reuse import Recalled
from tangentflow.engine.run import Run, StepRun
from tangentflow.engine.steps import Recalling, step_runs
from tangentflow.engine.store import user_files
from tangentflow.engine.tasks import Began, Ended, Executor, Output, Progressed, Report, Shipped, Task
from tangentflow.engine.worker import Finished
from tangentflow.errors import Cancelled, NotPicklable, StepKilled, StepTimeout
from tangentflow.runtime.codec import ATOMS, decode, encode, with_files
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.policies import duration
from tangentflow.runtime.slurm import Slurm

__all__ = ["Driver"]

_PATIENCE = 0.5
"""Seconds after which a wait looks whether the run was cancelled."""

Step = StepFunction[..., Any]


class Driver:
    """One workflow of a run on this machine. At most `limit` attempts are under way at a time; `executor` is where, unless a step says so.

    `timeout` (seconds) bounds the whole of it. `before` is the driver of the run's workflow if this one is for its exit handler, which
    nobody cancels any more. `outcome` is what it gave.
    """

    def __init__(
        self, machine: Machine, run: Run, recorder: Recorder, *, limit: int, executor: str | Slurm, timeout: float | None = None,
        listeners: Sequence[Listener] = (), before: Driver | None = None,
    ) -> None:  # fmt: skip
        self.machine = machine
        self.listeners = listeners
        self.run = run
        self.recorder = recorder
        self.limit = limit
        self.executor = executor
        self.timeout = timeout
        self.until = None if timeout is None else time.monotonic() + timeout
        self.positions = recorder.positions
        self.started: list[StepRun] = []
        self.outcome: Outcome | None = None
        self.is_last, self.is_broken = before is not None, False
        run.show(self.steps if before is None else lambda: [*before.steps(), *self.steps()])
        self.looked = time.monotonic()
        self.queue: deque[Task] = deque()
        self.limits = Limits(machine.graph)
        self.active: dict[Task, None] = {}
        self.shared: dict[tuple[str, str], list[Task]] = {}
        self.delayed: list[tuple[float, int, Task]] = []
        self._turns = itertools.count()
        self.reports: deque[Report] = deque()
        self.selector = selectors.DefaultSelector()
        self.executors: dict[str, Executor] = {}
        self.functions: dict[Step, Shipped] = {}

    def steps(self) -> list[StepRun]:
        """Return its step runs in program order."""
        return step_runs(self.machine, self.started, self.positions)

    def drive(self) -> None:
        """Run to the end. What is raised here (an interrupt, for one) ends it as cancelled."""
        try:
            if not self.is_last:
                self.tell("run-started")
            with listening():
                self._loop()
        except BaseException as error:
            self.is_broken = True
            if not self.is_last:
                self.run.cancel()
            if isinstance(error, KeyboardInterrupt) and not error.args and self.run.folder is not None:
                error.args = (f"run {self.run.id} was cancelled; `tangentflow resume {self.run.id}` goes on with it",)
            raise
        finally:
            outcome = self.machine.result
            if self.is_cancelled:
                self._stop_all("the run was cancelled")
                outcome = Raised(Cancelled(f"run {self.run.id} was cancelled"))
            elif self._is_late and (self.active or outcome is None):
                self._stop_all("the run's timeout was over")
                if not isinstance(outcome, Raised):  # an exception that was its outcome already stays it
                    outcome = Raised(run_timeout(self.run.workflow, self.timeout or 0.0))
            for executor in self.executors.values():
                executor.close()
            self.selector.close()
            assert outcome is not None
            self.outcome = with_files(outcome, user_files(self.run.folder))

    @property
    def is_cancelled(self) -> bool:
        """Whether it is to stop. (Wishes to stop the run are none to stop its exit handler.)"""
        return self.is_broken or (not self.is_last and self.run.is_cancelled)

    def tell(self, kind: str, step: StepRun | None = None) -> None:
        """Tell the listeners what happens."""
        if self.listeners:
            event = Event(kind, self.run, step, time.time())
            for listener in self.listeners:
                listener(event)

    def _loop(self) -> None:
        machine = self.machine
        while not (self.is_cancelled or self._is_late):
            while self.reports:
                self._take_in(self.reports.popleft())
            if machine.done:
                if not self.active:
                    self._try_no_more()
                    return
                self._wait()  # what is under way comes to its end, nothing more is started
                continue
            self._start()
            if self.reports or machine.done:
                continue
            if self.active or self.delayed:
                self._wait()
            else:
                machine.check_alive()

    @property
    def _is_late(self) -> bool:
        return self.until is not None and time.monotonic() >= self.until

    def _wait(self) -> None:
        self.recorder.flush()
        now = time.monotonic()
        times = [task.deadline for task in self.active if task.deadline is not None]
        own = [] if self.until is None else [self.until]
        if self.delayed:
            times.append(self.delayed[0][0])
        for key, _ in self.selector.select(max(0.0, min([_PATIENCE, *[at - now for at in [*times, *own]]]))):
            key.data()
        now = time.monotonic()
        if now - self.looked > 1.0:
            self.looked = now
            if not self.is_last and self.recorder.is_asked_to_cancel:
                self.run.cancel()
            for executor in self.executors.values():
                executor.look()
        while self.delayed and self.delayed[0][0] <= now:
            self.queue.appendleft(heapq.heappop(self.delayed)[2])
        if times:
            self._keep_deadlines(now)

    # --- starting

    def _task(self, ready: Ready) -> Task:
        order = self.positions.of(ready.frame, (ready.node.id, ready.indices))
        return new_task(ready, order, self.run.folder, self.executor, self.until is not None)

    def _start(self) -> None:
        """Start what may be started, once everything that came before is on record."""
        begun: list[Task] = []
        while len(self.active) < self.limit and not self.machine.done and self._has_next():
            task = self.queue.popleft()
            bounded = self.limits.any
            if (bounded and not self.limits.admit(task)) or (task.shipped is None and not self._prepare(task)):
                if bounded:
                    self.queue.extendleft(self.limits.spare(task))
                continue
            self._begin(task)
            begun.append(task)
        self.recorder.flush()
        for task in begun:
            self._executor(task.where).start(task)

    def _has_next(self) -> bool:
        """Whether there is a task that may be next; fan-outs are opened as far as that needs."""
        machine = self.machine
        while not self.queue and (machine.ready or machine.more()):
            while machine.ready:
                self.queue.append(self._task(machine.take()))
        return bool(self.queue)

    def _prepare(self, task: Task) -> bool:
        """Make what is sent to the executor; arguments that cannot be pickled make a step fail in every executor alike."""
        ready = task.ready
        recalled = self.recorder.recall(task)
        if recalled is not None:
            self._settle_without(task, recalled)
            return False
        key = task.key
        if key is not None:
            if key in self.shared:  # the same call is under way: its value will do
                self.shared[key].append(task)
                return False
            self.shared[key] = []
        shipped = self.functions.get(ready.step)
        if shipped is None:
            shipped = self.functions[ready.step] = Shipped(ready.step)
        error = shipped.error
        task.direct = error is None and self._needs_no_copy(task)
        if error is None and not task.direct:
            name, path = ready.step.__name__, task.step.path
            try:
                task.payload = encode(
                    Value((ready.args, ready.kwargs)), where=name, what="an argument", path=path, files=True
                )
            except NotPicklable as refused:
                error = encode(Raised(refused), where=name, path=path)
        task.shipped = shipped
        if error is None:
            return True
        self.started.append(task.step)
        now = time.time()
        self._settle(task, Finished(error, now, now))
        return False

    def _needs_no_copy(self, task: Task) -> bool:
        """Whether a step may have its arguments as they are: it runs here, nobody can change them, and nobody keeps them."""
        ready = task.ready
        if task.where not in ("inline", "thread") or self.recorder.journal is not None:
            return False
        return ATOMS.issuperset(map(type, ready.args)) and (
            not ready.kwargs or ATOMS.issuperset(map(type, ready.kwargs.values()))
        )

    def _settle_without(self, task: Task, recalled: Recalled) -> None:
        """Give a step run an outcome without running it."""
        self.started.append(task.step)
        task.step.cached, task.step.why, task.stored = True, recalled.why, recalled.inputs
        now = time.time()
        self._settle(task, Finished(recalled.data, now, now, recalled.atom))

    def _begin(self, task: Task) -> None:
        step = task.step
        if not task.attempt:
            self.started.append(step)
            step.started = time.time()
        task.attempt += 1
        step.attempts, step.status = task.attempt, "Running"
        self.active[task] = None
        if self.limits.any:
            self.limits.start(task)
        if task.policy.timeout is not None and task.where == "thread":
            task.deadline = time.monotonic() + task.policy.timeout
        self.recorder.started(task)
        self.tell("step-started", step)

    def _executor(self, kind: str) -> Executor:
        if kind not in self.executors:
            self.executors[kind] = new_executor(kind, self.selector, self.reports.append, self.run)
        return self.executors[kind]

    # --- what comes of it

    def _take_in(self, report: Report) -> None:
        task = report.task
        if task not in self.active or report.attempt != task.attempt:
            return  # of an attempt that was given up
        if isinstance(report, Ended):
            self._ended(task, report.finished)
        elif isinstance(report, Output):
            task.step.wrote(report.text)
            self.recorder.wrote(task, report.stream, report.text)
        elif isinstance(report, Progressed):
            task.step.progress = (report.done, report.total)
            self.tell("step-progress", task.step)
        elif isinstance(report, Began):
            if task.policy.timeout is not None:
                task.deadline = time.monotonic() + task.policy.timeout
        elif report.begun:
            name, path = task.ready.step.__name__, task.step.path
            self._fail(task, StepKilled(f"the process of step {path} died: {report.how}", name, path))
        else:  # the process had not come so far as to look at the step
            self._leave(task)
            task.attempt -= 1
            self.queue.appendleft(task)

    def _keep_deadlines(self, now: float) -> None:
        late = [task for task in self.active if task.deadline is not None and task.deadline <= now]
        while self.reports:  # what has ended in the meantime is in time
            self._take_in(self.reports.popleft())
        for task in late:
            if task in self.active and task.deadline is not None and task.deadline <= now:
                self._executor(task.where).stop(task)
                name, path, limit = task.ready.step.__name__, task.step.path, duration(task.policy.timeout or 0.0)
                self._fail(task, StepTimeout(f"step {path} ran longer than its timeout of {limit}", name, path))

    def _fail(self, task: Task, error: BaseException) -> None:
        now = time.time()
        self._ended(task, Finished(encode(Raised(error), where=task.step.path), task.step.started or now, now))

    def _ended(self, task: Task, finished: Finished) -> None:
        self._leave(task)
        policy = task.policy
        if task.attempt == 1:
            task.step.started = finished.started  # a process may have taken its time to come up
        if policy.retries and task.attempt <= policy.retries and finished.has_raised:
            outcome = decode(finished.data, where=task.step.path)
            if isinstance(outcome, Raised) and policy.again(outcome.exception, task.attempt) and not self.machine.done:
                task.step.status, task.failed = "Pending", finished
                self.recorder.started(task)
                self.tell("step-retrying", task.step)
                due = time.monotonic() + policy.pause(task.attempt)
                heapq.heappush(self.delayed, (due, next(self._turns), task))
                return
        self._settle(task, finished)

    def _try_no_more(self) -> None:
        """The run has its result: what waits for another attempt has failed."""
        for task in self._to_try_again():
            assert task.failed is not None
            self._settle(task, task.failed)

    def _to_try_again(self) -> list[Task]:
        """Return what waits for another attempt, or for its turn to make it."""
        return [task for task in [*[task for _, _, task in self.delayed], *self.queue] if task.failed is not None]

    def _leave(self, task: Task) -> None:
        """Take a task from those under way; another one of its kind may start."""
        del self.active[task]
        task.deadline = None
        if self.limits.any:
            self.queue.extendleft(self.limits.leave(task))

    def _settle(self, task: Task, finished: Finished) -> None:
        step, atom = task.step, finished.atom
        step.recorded = atom or Recalling(finished.data, self.run.folder)
        step.status = "Failed" if finished.has_raised else "Cached" if step.cached else "Succeeded"
        step.started = step.started or finished.started
        step.finished = finished.finished
        self.recorder.ended(task, finished)
        if self.listeners:
            self.tell("step-ended", step)
        task.payload = b""
        if self.machine.result is None:
            self.machine.settle(task.ready, atom or finished.data)
            self.recorder.settled(task, finished)
        if task.key is not None and not step.cached:
            self._share(task, finished)

    def _share(self, task: Task, finished: Finished) -> None:
        """Give the value of a cached step run to those that wait for it; if it has none, the next of them runs."""
        assert task.key is not None
        waiting = self.shared.pop(task.key, [])
        if finished.has_raised:
            self.queue.extendleft(reversed(waiting))
            return
        for other in waiting:
            why = f"same code and inputs as {task.step.path} of this run, which was under way"
            stored = task.receipt.inputs if task.receipt is not None else None
            self._settle_without(other, Recalled(finished.data, why, finished.atom, stored))

    def _stop_all(self, why: str) -> None:
        now = time.time()
        for task in list(self.active):
            if task.where in self.executors:  # else it could not be made, which is why the run stops
                self.executors[task.where].stop(task)
        for task in [*self.active, *self._to_try_again()]:
            step = task.step
            step.status, step.finished = "Cancelled", now
            error = Cancelled(f"{why} before step {step.path} ended", task.ready.step.__name__, step.path)
            step.recorded = Raised(error)
            self.recorder.stopped(task)
            self.tell("step-ended", step)
        self.active.clear()
