"""Temporary directories of this process: none outlives it, not even if it is killed by who started it."""

from __future__ import annotations

import atexit
import functools
import glob
import os
import shutil
import tempfile
import weakref

__all__ = ["Scratch", "known_as", "own_prefix", "remove_own"]

_OWN = ("step", "value", "results", "command")
_token: list[str] = [os.urandom(6).hex()]


class Scratch:
    """A new directory that goes with this object, or with the process that made it. `folder` is where it lies (default: where such do)."""

    def __init__(self, kind: str, folder: str | None = None) -> None:
        self.path = tempfile.mkdtemp(prefix=own_prefix(kind), dir=folder)
        self.remove = weakref.finalize(self, _remove, self.path, os.getpid())


def _remove(path: str, pid: int) -> None:
    if os.getpid() == pid:  # a fork has a copy of the object
        shutil.rmtree(path, ignore_errors=True)


def own_prefix(kind: str) -> str:
    """Return how the name of a temporary directory begins that goes with this process: so that it is found when that ends or is killed.

    A token tells it from those of processes in other containers, which may have the same number and the same directory.
    """
    assert kind in _OWN
    _at_exit()
    return f"tangentflow-{kind}-{_token[0]}-{os.getpid()}-"


def known_as(token: str) -> None:
    """Take the token by which who started this process knows it."""
    _token[0] = token


@functools.cache
def _at_exit() -> None:
    """See to what threads leave that are given up: they do not come to remove what they have."""
    atexit.register(lambda: remove_own(f"{_token[0]}-{os.getpid()}", tempfile.gettempdir()))


def remove_own(token: str, folder: str) -> None:
    """Remove the temporary directories of a process that is over, and of its forks; `folder` is where they had them."""
    for found in glob.glob(f"{glob.escape(folder)}/tangentflow-*-{token}-*"):
        if os.path.basename(found).split("-")[1] in _OWN:
            shutil.rmtree(found, ignore_errors=True)
