"""Killing a process together with everything that it has started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

__all__ = ["kill_below", "kill_tree"]


def kill_tree(pid: int) -> None:
    """Kill a process that leads a process group, its group, and its descendants that have left the group.

    Descendants are found by their parents, so those of a process that is gone are found only if they are in the group.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)  # it starts nothing more
    strays = _descendants(pid)
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS has no permission for a group of zombies
        os.killpg(pid, signal.SIGKILL)
    for stray in strays:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(stray, signal.SIGKILL)


def kill_below(pid: int) -> None:
    """Kill a process of this one, and its descendants, which need not be in a group of their own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGSTOP)  # it starts nothing more
        for process in [*_descendants(pid), pid]:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def _parents() -> list[tuple[int, int]]:
    """Return (process, its parent) of every process that this one can see."""
    found = []
    try:
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                    found.append((int(name), int(file.read().rpartition(b")")[2].split()[1])))
        return found
    except FileNotFoundError:  # no Linux
        listing = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=False).stdout
        return [(int(pid), int(parent)) for pid, parent in (line.split() for line in listing.splitlines())]
