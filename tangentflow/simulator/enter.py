"""Make a root folder for a process and run it there; a program of its own, run by `RootRunner` with `python -I -S`.

It makes namespaces for mounts and processes, mounts what the plan names, changes the root and runs the command below a
first process that hands on SIGTERM, as the first process of a container does. The exit code is the command's.
"""

from __future__ import annotations

import ctypes
import json
import os
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


def _first(plan: dict[str, Any]) -> int:
    """Run the command as a child of the first process; returns its exit code."""
    main = os.fork()
    if main == 0:
        os.setsid()
        for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # Python's own habit, not the command's
            signal.signal(ignored, signal.SIG_DFL)
        try:
            os.execvpe(plan["command"][0], plan["command"], plan["environment"])
        except FileNotFoundError:
            name = plan["command"][0]
            print(f'failed to find name in PATH: exec: "{name}": executable file not found in $PATH', file=sys.stderr)
            sys.stderr.flush()
        os._exit(64)

    def hand_on(number: int, _: FrameType | None) -> None:
        os.kill(main, number)

    signal.signal(signal.SIGTERM, hand_on)
    while True:
        pid, status = os.wait()
        if pid == main:
            return _code(status)


def _code(status: int) -> int:
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _main(argument: str) -> int:
    unprivileged = _unshare()
    plan: dict[str, Any] = {}
    if argument != "--check":
        with open(argument) as file:
            plan = json.load(file)
        os.unlink(argument)
    first = os.fork()
    if first == 0:
        code = 1
        try:
            _libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
            if plan:
                _build(plan, unprivileged)
                code = _first(plan)
            else:
                _mount("", "/", "", _RECURSIVE | _PRIVATE)
                _mount("proc", "/proc", "proc")
                code = 0
        except OSError as error:
            print(f"simulator: {error}", file=sys.stderr)
            sys.stderr.flush()
        os._exit(code)

    def hand_on(number: int, _: FrameType | None) -> None:
        os.kill(first, number)

    signal.signal(signal.SIGTERM, hand_on)
    return _code(os.waitpid(first, 0)[1])


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
