"""Values in a directory, each in a file under its digest. One is written whole or not at all: to a file of its own first, which then takes its place."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Container
from pathlib import Path
from typing import Protocol

from tangentflow.errors import TangentflowError

__all__ = ["Damaged", "FileValues", "Values"]

_numbers = itertools.count()


class Damaged(TangentflowError):
    """A stored value is missing, or is not what was stored."""


class Values(Protocol):
    """Bytes under their digests."""

    def create(self) -> None:
        """Make the place for them if it is not there. Raises OSError, UsageError."""

    def put(self, digest: str, data: bytes) -> None:
        """Begin to write a value. Raises TangentflowError."""

    def settle(self) -> None:
        """Wait until all that was put is there. Raises TangentflowError if it could not be written."""

    def get(self, digest: str) -> bytes:
        """Return a value. Raises Damaged if it is not there."""

    def drop(self, digest: str) -> None:
        """Remove a value, so that it can be written anew."""

    def sweep(self, needed: Container[str], before: float) -> int:
        """Remove the values that are not needed and were written before a time; return how many bytes that was."""


class FileValues:
    """Values in a directory. Several processes may use it at the same time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self) -> None:
        """Make the directory if it is not there. Raises OSError."""
        self._values.mkdir(exist_ok=True)

    @property
    def _values(self) -> Path:
        return self.folder / "values"

    def _path(self, digest: str) -> Path:
        return self._values / digest[:2] / digest[2:]

    def put(self, digest: str, data: bytes) -> None:
        """Write a value to a file."""
        path = self._path(digest)
        with contextlib.suppress(OSError):
            if path.stat().st_size == len(data):
                os.utime(path)  # young again: nobody sweeps it before it is on record
                return
        scratch = self._values / f"new-{os.getpid()}-{next(_numbers)}"
        try:
            scratch.write_bytes(data)
            path.parent.mkdir(exist_ok=True)
            os.replace(scratch, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                scratch.unlink()
            raise TangentflowError(f"cannot write to the store {self.folder}: {error.strerror}") from error

    def settle(self) -> None:
        """Do nothing: what is put is there."""

    def get(self, digest: str) -> bytes:
        """Return a value. Raises Damaged if there is none."""
        try:
            return self._path(digest).read_bytes()
        except OSError as error:
            raise Damaged(f"the value {digest} is not in the store {self.folder}: {error.strerror}") from error

    def drop(self, digest: str) -> None:
        """Remove a value, so that it can be written anew."""
        with contextlib.suppress(OSError):
            self._path(digest).unlink()

    def sweep(self, needed: Container[str], before: float) -> int:
        """Remove the values that are not needed and were written before a time; return how many bytes that was."""
        freed = 0
        for file in self._values.rglob("*"):
            if file.parent.name + file.name in needed:
                continue
            with contextlib.suppress(OSError):
                about = file.stat()
                if file.is_file() and about.st_mtime < before:
                    file.unlink()
                    freed += about.st_size
        return freed
