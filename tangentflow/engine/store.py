"""The store: a directory with the values of runs, each under the digest of its bytes, and the journal beside them.

A value is written whole or not at all: to a file of its own first, which then takes its place. What is read is checked against its name, so a
file that was damaged from outside is found out.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
from pathlib import Path

from tangentflow.errors import TangentflowError, UsageError
from tangentflow.runtime.packing import Exports, Packed, exports

__all__ = ["INLINE", "Damaged", "Ref", "Store", "locate", "user_files"]

DEFAULT = ".tangentflow"
VARIABLE = "TANGENTFLOW_STORE"
"""The environment variable that names the store; empty: none."""

INLINE = 1024
"""Up to so many bytes stand in the journal itself."""

Ref = bytes | str
"""A stored value: its bytes, or the digest under which it lies in the store."""

_numbers = itertools.count()


class Damaged(TangentflowError):
    """A stored value is missing, or is not what was stored."""


def locate(store: str | os.PathLike[str] | bool | None) -> Path | None:
    """Return the directory that the option `store` means; None for no store.

    None and True mean the environment variable TANGENTFLOW_STORE or, without it, `.tangentflow` in the working directory. False means none.
    """
    if store is False:
        return None
    if store is None or store is True:
        named = os.environ.get(VARIABLE)
        if named == "" and store is None:
            return None
        store = named or DEFAULT
    if not isinstance(store, (str, os.PathLike)) or not str(store):
        raise UsageError(f"store must be a directory, or False for none, not {store!r}")
    return Path(os.path.abspath(store))


def user_files(folder: Path | None) -> Exports:
    """Return where the files lie that users get from runs: in a store, or without one in a directory that goes with the process."""
    return exports() if folder is None else _Files(folder)


class _Files(Exports):
    """Files in a store."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder / "files"))
        self.store = Store(folder)

    def put(self, packed: Packed) -> str:
        """Return a directory with these contents; the store is made if it is not there."""
        self.store.create()
        return super().put(packed)


class Store:
    """Values on a directory. Several processes may use it at the same time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self) -> Store:
        """Make the directory if it is not there. Raises UsageError if that cannot be."""
        try:
            if not (self.folder / "values").is_dir():
                (self.folder / "values").mkdir(parents=True, exist_ok=True)
                (self.folder / ".gitignore").write_text("*\n")
        except OSError as error:
            raise UsageError(
                f"cannot make the store {self.folder}: {error.strerror}; name another one with store=, or write store=False"
            ) from error
        return self

    def keep(self, data: bytes) -> Ref:
        """Store a value; return how it is found again."""
        return data if len(data) <= INLINE else self.put(data)

    def load(self, ref: Ref) -> bytes:
        """Return a stored value. Raises Damaged if it is not there any more as it was."""
        return ref if isinstance(ref, bytes) else self.get(ref)

    def put(self, data: bytes) -> str:
        """Write a value to a file; return its digest."""
        digest = digest_of(data)
        path = self.path(digest)
        with contextlib.suppress(OSError):
            if path.stat().st_size == len(data):
                os.utime(path)  # young again: nobody sweeps it before it is on record
                return digest
        scratch = self.folder / "values" / f"new-{os.getpid()}-{next(_numbers)}"
        try:
            scratch.write_bytes(data)
            path.parent.mkdir(exist_ok=True)
            os.replace(scratch, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                scratch.unlink()
            raise TangentflowError(f"cannot write to the store {self.folder}: {error.strerror}") from error
        return digest

    def get(self, digest: str) -> bytes:
        """Return the value under a digest. Raises Damaged; a file with other content is removed."""
        path = self.path(digest)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Damaged(f"the value {digest} is not in the store {self.folder}: {error.strerror}") from error
        if digest_of(data) != digest:
            with contextlib.suppress(OSError):
                path.unlink()  # so that it can be written anew
            raise Damaged(f"the value {digest} in the store {self.folder} is damaged")
        return data

    def path(self, digest: str) -> Path:
        """Return the file of a digest."""
        return self.folder / "values" / digest[:2] / digest[2:]


def digest_of(data: bytes) -> str:
    """Return the digest of a value's bytes."""
    return hashlib.blake2b(data, digest_size=20).hexdigest()
