"""Make a root folder for a process and run it there; a program of its own, run by `RootRunner` with `python -I -S`.

It makes namespaces for mounts and processes, mounts what the plan names, changes the root and runs the command below a
first process that hands on SIGTERM, as the first process of a container does. The exit code is the command's.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
from types import FrameType
from typing import Any

_NEW_MOUNTS, _NEW_USER, _NEW_PIDS = 0x00020000, 0x10000000, 0x20000000
_READ_ONLY, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 1, 32, 4096, 16384, 1 << 18
_DIE_WITH_PARENT = 1
_DEVICES = ("null", "zero", "full", "random", "urandom")
_libc = ctypes.CDLL(None, use_errno=True)


def _call(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _mount(source: str, target: str, kind: str = "", flags: int = 0) -> None:
    _call(
        _libc.mount(source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags), None),
        f"mount {target}",
    )


def _unshare() -> bool:
    """Leave the mounts and processes of this machine. Returns whether a user namespace was needed for it."""
    if _libc.unshare(_NEW_MOUNTS | _NEW_PIDS) == 0:
        return False
    user, group = os.getuid(), os.getgid()
    _call(_libc.unshare(_NEW_USER | _NEW_MOUNTS | _NEW_PIDS), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    return True


def _build(plan: dict[str, Any], unprivileged: bool) -> None:
    """Mount and link everything below the root of the plan."""
    root = plan["root"]
    _mount("", "/", "", _RECURSIVE | _PRIVATE)
    for source, folder in plan["binds"]:
        target = root + folder
        os.makedirs(target, exist_ok=True)
        _mount(source, target, "", _BIND | _RECURSIVE)
        if not unprivileged:
            _mount("", target, "", _REMOUNT | _BIND | _READ_ONLY)
    for text, link in plan["links"]:
        if not os.path.lexists(root + link):
            os.symlink(text, root + link)
    os.makedirs(f"{root}/proc", exist_ok=True)
    _mount("proc", f"{root}/proc", "proc")
    os.makedirs(f"{root}/dev/shm", exist_ok=True)
    os.chmod(f"{root}/dev/shm", 0o1777)
    for device in _DEVICES:
        with open(f"{root}/dev/{device}", "w"):
            pass
        _mount(f"/dev/{device}", f"{root}/dev/{device}", "", _BIND)
    for name, number in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{number}", f"{root}/dev/{name}")
    os.chroot(root)
    os.chdir(plan["directory"])


def _first(plan: dict[str, Any], told: int) -> int:
    """Run the command as a child of the first process; returns its exit code and tells its peak of memory."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    name = plan["command"][0]
    program = _find(name, plan["environment"].get("PATH", ""))
    if not program:
        os.write(2, f'failed to find name in PATH: exec: "{name}": executable file not found in $PATH\n'.encode())
        _tell(told, missing=name)
        return 64
    main = os.fork()
    if main == 0:
        os.setsid()
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM):  # Python's own habits, not the command's
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        os.execve(program, plan["command"], plan["environment"])
    _hand_on_to(main)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    while True:
        pid, status = os.wait()
        if pid == main:
            _tell(told, peak=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
            return _code(status)


def _tell(told: int, **facts: object) -> None:
    os.write(told, json.dumps(facts).encode())


def _hand_on_to(process: int) -> None:
    """Hand SIGTERM on to a process; one that is over already has no need of it."""

    def hand_on(number: int, _: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)

    signal.signal(signal.SIGTERM, hand_on)


def _find(name: str, path: str) -> str:
    """Return the file of a command; by hand, since modules of the library cannot be loaded below the new root."""
    candidates = [name] if "/" in name else [f"{folder}/{name}" for folder in path.split(":")]
    return next((c for c in candidates if os.path.isfile(c) and os.access(c, os.X_OK)), "")


def _code(status: int) -> int:
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _main(argument: str) -> int:
    unprivileged = _unshare()
    plan: dict[str, Any] = {}
    if argument != "--check":
        with open(argument) as file:
            plan = json.load(file)
        os.unlink(argument)
    told = os.open(plan["told"], os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600) if plan else 2
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    first = os.fork()
    if first == 0:
        code = 1
        try:
            _libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
            if plan:
                _build(plan, unprivileged)
                code = _first(plan, told)
            else:
                _mount("", "/", "", _RECURSIVE | _PRIVATE)
                _mount("proc", "/proc", "proc")
                code = 0
        except Exception as error:
            _tell(told, error=f"{type(error).__name__}: {error}")
        os._exit(code)
    _hand_on_to(first)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    return _code(os.waitpid(first, 0)[1])


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
