"""Memory limits: end a process that grows past its limit, as the kernel does for a container."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tangentflow.simulator.errors import NotSimulated

__all__ = ["bytes_of", "watch"]

PAUSE = 0.01
_FACTORS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def bytes_of(quantity: Any) -> int:
    """Return the bytes of a Kubernetes quantity such as `64Mi`.

    Raises:
        NotSimulated: for a text that is no quantity.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(|[kMGT]|[KMGT]i)", str(quantity))
    if match is None:
        raise NotSimulated("", f"memory: {quantity!r} is no quantity")
    return int(float(match.group(1)) * _FACTORS[match.group(2)])


def watch(process: subprocess.Popen[bytes], limit: int) -> Callable[[], bool]:
    """End the processes below `process` once one of them has used more than `limit` bytes.

    Returns a function that tells, after the process is over, whether that was the cause. Without /proc nothing is watched.
    """
    found = threading.Event()

    def look() -> None:
        while process.poll() is None:
            for pid in _below(process.pid):
                if _peak(pid) > limit:
                    found.set()
                    _kill(pid)
            found.wait(PAUSE)

    if Path("/proc/self/status").exists():
        thread = threading.Thread(target=look, daemon=True)
        thread.start()
    return found.is_set


def _below(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _below(int(child))


def _peak(pid: int) -> int:
    try:
        match = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(match.group(1)) * 1024 if match else 0


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
