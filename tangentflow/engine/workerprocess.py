"""A worker process, seen from the engine."""

from __future__ import annotations

import codecs
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import IO, Any

from tangentflow.engine.channel import Channel
from tangentflow.engine.kill import kill_tree
from tangentflow.engine.process_main import IDLE
from tangentflow.engine.tasks import Task
from tangentflow.runtime.scratch import remove_own
from tangentflow.runtime.supervised import how_ended

__all__ = ["Environment", "Stream", "Worker"]

Environment = tuple[tuple[str, str], ...]
"""What steps add to the environment of a run."""

_FRESH = 0.5
"""Seconds in which a process that has just done its work is taken to be there; if it is not, sending tells."""

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_BOOT = "import sys; sys.path.insert(0, {root!r}); from tangentflow.engine.process_main import main; main({channel}, {life})"


class Stream:
    """One of the two texts that a worker writes: "stdout" or "stderr"."""

    def __init__(self, name: str, pipe: IO[bytes] | None) -> None:
        assert pipe is not None
        self.name = name
        self.pipe = pipe
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        os.set_blocking(pipe.fileno(), False)

    def fileno(self) -> int:
        """Return the descriptor, for selectors."""
        return self.pipe.fileno()

    def read(self) -> tuple[str, bool]:
        """Return what has been written since, and whether there may be more to come."""
        parts: list[str] = []
        while True:
            try:
                data = os.read(self.pipe.fileno(), 65536)
            except BlockingIOError:
                return "".join(parts), True
            parts.append(self.decoder.decode(data, final=not data))
            if not data:
                return "".join(parts), False


class Worker:
    """One process. `task` is what it works at, None if it is free; `speaker` what it worked at last; `up` if it has reported for work."""

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.token = os.urandom(6).hex()
        self.task: Task | None = None
        self.speaker: Task | None = None
        self.attempt = 0
        self.up = False
        self.closed = False
        self.known: set[int] = set()
        self.idle_since = time.monotonic()
        ours, theirs = socket.socketpair()
        life, self._life = os.pipe()
        flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        code = _BOOT.format(root=_ROOT, channel=theirs.fileno(), life=life)
        try:
            self.process = subprocess.Popen(
                [sys.executable, *flags, "-c", code], env={"PYTHONHASHSEED": "0", **os.environ, **dict(env)},
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                pass_fds=(theirs.fileno(), life), start_new_session=True,
            )  # fmt: skip
        except BaseException:
            os.close(self._life)
            ours.close()
            raise
        finally:
            theirs.close()
            os.close(life)
        self.channel = Channel(ours)
        self.streams = (Stream("stdout", self.process.stdout), Stream("stderr", self.process.stderr))
        self.exit = _watch(self.process.pid)
        self.channel.send({"path": sys.path, "argv": sys.argv, "token": self.token})

    @property
    def usable(self) -> bool:
        """Whether the process is there and will not end in the next moment for lack of work."""
        idle = time.monotonic() - self.idle_since
        return idle < _FRESH or (self.process.poll() is None and idle < IDLE - 10)

    def start(self, task: Task) -> None:
        """Begin to work at a task. Raises OSError if the process is gone."""
        self.task = self.speaker = task
        self.attempt = task.attempt
        shipped = task.shipped
        assert shipped is not None
        if shipped.key not in self.known:
            self.channel.send(("function", shipped.key, shipped.data))
            self.known.add(shipped.key)
        name, tell = task.ready.step.__name__, task.policy.timeout is not None
        line = task.ready.node.origin.lineno
        self.channel.send(("task", shipped.key, task.payload, task.step.path, name, line, task.policy.check, tell))

    def rest(self) -> None:
        """Be free."""
        self.task = None
        self.idle_since = time.monotonic()

    def receive(self) -> tuple[Any, ...] | None:
        """Return a message if there is one. Raises EOFError or OSError if the process is gone."""
        return None if self.closed else self.channel.receive()

    def kill_group(self) -> None:
        """Kill what a process that is gone has left behind."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def end(self, grace: float = 0.0) -> str:
        """Kill the process and everything that it started, and close the channel; return how it had ended by itself, in words.

        One whose channel has closed may take a moment (`grace`, seconds) until it is gone.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(grace)
        code = self.process.returncode
        if code is None:
            kill_tree(self.process.pid)
        else:
            self.kill_group()
        self.process.wait()
        remove_own(self.token, dict(self.env).get("TMPDIR") or tempfile.gettempdir())
        self.closed = True
        self.channel.close()
        os.close(self._life)
        if self.exit is not None:
            os.close(self.exit)
        for stream in self.streams:
            stream.pipe.close()
        return "it was stopped" if code is None else how_ended(code)


def _watch(pid: int) -> int | None:
    """Return a file that can be read once a process has ended, where the system has such files."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
