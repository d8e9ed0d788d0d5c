"""Programs that steps run: each is known while it runs, so that it can be stopped with its step, and what it has started elsewhere with it."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

__all__ = ["release", "run", "stop", "undone_with_us"]

_processes: dict[int, list[subprocess.Popen[bytes]]] = {}
"""What is running, by the threads that wait for it."""

_stopped: set[int] = set()
"""Threads whose step is stopped: nothing that they still start is to run on."""

_WATCH = 'exec 3<&0; { read -r told <&3 || "$0" "$@"; } &'


def run(line: Sequence[str], folder: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, without input; return what it wrote. An exception in this thread kills it."""
    with subprocess.Popen(
        line, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        mine = _processes.setdefault(threading.get_ident(), [])
        mine.append(process)
        if threading.get_ident() in _stopped:
            process.kill()
        try:
            wrote, said = process.communicate()
        except BaseException:
            process.kill()
            raise
        finally:
            mine.remove(process)
            if not mine:
                del _processes[threading.get_ident()]
    return subprocess.CompletedProcess(line, process.returncode, wrote, said)


def stop(thread: int) -> list[int]:
    """Let a thread run nothing any more; return the ids of the processes that it waits for, which are to be killed."""
    _stopped.add(thread)
    return [process.pid for process in list(_processes.get(thread, ()))]


def release(thread: int) -> None:
    """Forget a thread that ends: another one may have its number."""
    _stopped.discard(thread)


@contextmanager
def undone_with_us(line: Sequence[str]) -> Iterator[list[bool]]:
    """Run a program that undoes what the block has started elsewhere, unless the block has ended well: by appending True to what it is given.

    It also runs if this process is killed: another one, which nothing of ours is the parent of, waits for that. An empty line undoes nothing.
    """
    if not line:
        yield []
        return
    heard, told = os.pipe()
    try:
        subprocess.run(
            ["sh", "-c", _WATCH, *line], stdin=heard, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
            start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(heard)
    done: list[bool] = []
    try:
        yield done
        if done:
            with suppress(BrokenPipeError):  # somebody has ended the one that waits
                os.write(told, b"\n")
    finally:
        os.close(told)
