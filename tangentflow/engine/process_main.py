"""What a worker process does: one attempt after the other, as they come.

Messages are pickled tuples, the first part says what they are. The worker ends when the engine closes the channel, when it is left idle,
and, with every process that its steps have started, at the moment when the engine's own process ends.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading

from tangentflow.engine.channel import Channel
from tangentflow.engine.worker import execute, unpack
from tangentflow.runtime import progress
from tangentflow.runtime.outcome import Outcome
from tangentflow.runtime.scratch import known_as

__all__ = ["IDLE", "main"]

IDLE = 60.0
"""After so many seconds without work a worker ends."""


def main(channel: int, life: int) -> None:
    """Serve the engine. `channel` is a socket to it, `life` a pipe that nobody writes to and that closes when the engine ends."""
    threading.Thread(target=_end_with_the_engine, args=(life,), daemon=True).start()
    connection = Channel(socket.socket(fileno=channel))
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
    try:
        setup = connection.wait(IDLE)
        if setup is None:
            return
        sys.path[:], sys.argv[:] = setup["path"], setup["argv"]
        known_as(setup["token"])
        connection.send(("hello",))
        _serve(connection)
    except (EOFError, ConnectionError):  # the engine has no more work for this process
        return


def _serve(connection: Channel) -> None:
    functions: dict[int, Outcome] = {}
    while (message := connection.wait(IDLE)) is not None:
        kind, *parts = message
        if kind == "function":
            key, data = parts
            functions[key] = unpack(data, "")
            continue
        key, payload, path, name, line, check, tell = parts
        if tell:
            connection.send(("began",))
        with progress.reporting(lambda done, total: connection.send(("progress", done, total))):
            finished = execute(functions[key], payload, path, name, line, check, interrupt=False)
        _flush()
        connection.send(("ended", finished.data, finished.started, finished.finished))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # the step has closed or replaced it
            continue


def _end_with_the_engine(life: int) -> None:
    """Wait until the engine's process is gone, however it ended; then kill this process and its children: they share a group."""
    while os.read(life, 1):
        pass
    os.killpg(0, signal.SIGKILL)
