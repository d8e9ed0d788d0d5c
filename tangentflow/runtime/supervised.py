"""A pod's work in a process of its own: another one keeps the time, and notices if the step takes its process down.

The engine's own deadline would lose everything that a pod has written; a thread beside the step would have to wait for it where it holds
the interpreter. The process that keeps the time is forked before any user code is imported. Standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from types import FrameType

__all__ = ["AGAIN", "FAILED", "Terms", "Watch", "apart", "how_ended", "supervised"]

AGAIN = 75
"""The exit code of an attempt after which the engine is to make another one; nothing is recorded then."""

FAILED = 1
"""The exit code of a pod that has recorded an exception, or could not come to its step."""


@dataclass(frozen=True)
class Terms:
    """What holds while the step runs: the limit of its time in seconds (None: no limit), and whether the engine is to make another attempt
    if it runs longer (`late`), or if it takes its process down (`killed`).
    """

    limit: float | None
    late: bool
    killed: bool


class Watch:
    """Tells the process that keeps the time when the step begins and ends; it does nothing if there is none."""

    def __init__(self, channel: int | None = None) -> None:
        self.channel = channel

    def began(self, terms: Terms) -> None:
        """Tell that the step begins now."""
        self._tell(json.dumps(asdict(terms)))

    def ended(self) -> None:
        """Tell that the step has ended."""
        self._tell("")

    def _tell(self, line: str) -> None:
        if self.channel is not None:
            os.write(self.channel, f"{line}\n".encode())


def supervised(work: Callable[[Watch], int], lost: Callable[[str], None]) -> int:
    """Do the work in a process of its own; return the exit code of the pod.

    `lost` is called where the step was ended and no other attempt is to be made: with nothing if its time was over, else with how its
    process ended. This returns in both processes.
    """
    heard, told = os.pipe()
    life, held = os.pipe()
    child = os.fork()
    if not child:
        os.close(heard)
        os.close(held)
        os.setpgid(0, 0)
        threading.Thread(target=_end_with, args=(life,), daemon=True).start()
        return work(Watch(told))
    os.close(told)
    os.close(life)
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(child, child)  # whichever of the two comes first
    try:
        return _Supervisor(child, heard).wait(lost)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)  # what it left behind
        os.close(held)


def apart(work: Callable[[Watch], int], lost: Callable[[str], None]) -> int:
    """Do the work as `supervised` does; return its exit code in this process alone."""
    own = os.getpid()
    code = supervised(work, lost)
    if os.getpid() != own:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


class _Supervisor:
    def __init__(self, child: int, heard: int) -> None:
        self.child = child
        self.heard: int | None = heard
        self.text = b""
        self.terms: Terms | None = None
        self.deadline: float | None = None

    def wait(self, lost: Callable[[str], None]) -> int:
        with self._signals() as woken:
            while True:
                self._listen(woken)
                status = self._ended(os.WNOHANG)
                if status is None and self.deadline is not None and time.monotonic() >= self.deadline:
                    status = self._stop()
                    if status is None and self.terms is not None:
                        again, how = self.terms.late, ""
                        break
                if status is not None:
                    self._hear_all()
                    if self.terms is None:
                        return _positive(status)
                    again, how = self.terms.killed, how_ended(status)
                    break
        if again:
            return AGAIN
        lost(how)
        return FAILED

    def _listen(self, woken: int) -> None:
        """Wait until something happens or the time is over; take in what was told."""
        left = None if self.deadline is None else max(0.0, self.deadline - time.monotonic())
        channels = [woken, *([self.heard] if self.heard is not None else [])]
        ready, _, _ = select.select(channels, [], [], left)
        if woken in ready:
            os.read(woken, 4096)
        if self.heard in ready:
            self._hear()

    def _hear_all(self) -> None:
        """Take in all that was told."""
        while self.heard is not None and select.select([self.heard], [], [], 0)[0]:
            self._hear()

    def _hear(self) -> None:
        assert self.heard is not None
        data = os.read(self.heard, 65536)
        if not data:
            self.heard = None
            return
        *lines, self.text = (self.text + data).split(b"\n")
        for line in lines:
            self.terms = Terms(**json.loads(line)) if line else None
            limit = self.terms.limit if self.terms is not None else None
            self.deadline = None if limit is None else time.monotonic() + limit

    def _stop(self) -> int | None:
        """Kill the step whose time is over. If it has ended at the last moment, let its process go on, or return how that ended."""
        os.killpg(self.child, signal.SIGSTOP)
        status = self._ended(os.WUNTRACED)
        self._hear_all()
        if self.terms is None and status is None:
            os.killpg(self.child, signal.SIGCONT)
            return self._ended(0)
        if status is None:
            os.killpg(self.child, signal.SIGKILL)
            os.waitpid(self.child, 0)
        return status

    def _ended(self, flags: int) -> int | None:
        """Return how the process ended, as an exit code; None if it has not, or is stopped."""
        found, status = os.waitpid(self.child, flags)
        return None if not found or os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[int]:
        """Give a channel on which the end of the process shows; hand on to it what this process is told to do."""
        woken, waking = os.pipe()
        os.set_blocking(waking, False)

        def hand_on(number: int, frame: FrameType | None) -> None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.child, number)

        before = {number: signal.signal(number, hand_on) for number in (signal.SIGTERM, signal.SIGINT)}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        try:
            yield woken
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(woken)
            os.close(waking)


def _end_with(life: int) -> None:
    """Wait until the process that keeps the time is gone, however it ended; then kill this process and what it has started."""
    while os.read(life, 1):
        pass
    os.killpg(0, signal.SIGKILL)


def _positive(code: int) -> int:
    """Return an exit code as a shell has it."""
    return 128 - code if code < 0 else code


def how_ended(code: int) -> str:
    """Return in words how a process ended, by its exit code; that of a signal is negative."""
    if code >= 0:
        return f"it exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"it was killed by {name}{' (out of memory?)' if name == 'SIGKILL' else ''}"
