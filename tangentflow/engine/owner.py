"""Telling whether the process that runs a run is still there, even if another one has got its number."""

from __future__ import annotations

import functools
import os
import platform
import subprocess

__all__ = ["is_alive", "me"]


def me() -> str:
    """Return a text that stands for this process: machine, boot, number, time of start."""
    return _of(os.getpid())


def is_alive(owner: str) -> bool:
    """Whether the process is there. One on another machine is taken to be: nothing here can tell."""
    host, _, pid, _ = owner.split("|")
    if host != platform.node():
        return True
    return _birth(int(pid)) != "" and _of(int(pid)) == owner


def _of(pid: int) -> str:
    return f"{platform.node()}|{_boot()}|{pid}|{_birth(pid)}"


@functools.cache
def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _birth(pid: int) -> str:
    """Return when a process started; empty if there is none, or only what is left of it until its parent has looked."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            state, *rest = file.read().rpartition(")")[2].split()
        return "" if state in "ZX" else rest[18]
    except OSError:
        if os.path.isdir("/proc/self"):
            return ""
    listed = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listed.stdout.strip()
