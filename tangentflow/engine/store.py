"""The store: the values of runs, each under the digest of its bytes, in a directory or in an object store, and the journal that knows them.

A value is written whole or not at all. What is read is checked against its name, so one that was damaged from outside is found out.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Container
from pathlib import Path

from tangentflow.engine.objects import ObjectValues, address_of, folder_of
from tangentflow.engine.values import Damaged, FileValues, Values
from tangentflow.errors import UsageError
from tangentflow.runtime.packing import Exports, Packed, exports

__all__ = ["INLINE", "Damaged", "Ref", "Store", "digest_of", "locate", "user_files"]

DEFAULT = ".tangentflow"
VARIABLE = "TANGENTFLOW_STORE"
"""The environment variable that names the store; empty: none."""

INLINE = 1024
"""Up to so many bytes stand in the journal itself."""

Ref = bytes | str
"""A stored value: its bytes, or the digest under which it lies in the store."""


def locate(store: str | os.PathLike[str] | bool | None) -> Path | None:
    """Return the directory that the option `store` means; None for no store.

    None and True mean the environment variable TANGENTFLOW_STORE or, without it, `.tangentflow` in the working directory. False means none.
    An address such as `s3://bucket/prefix` means a directory in `.tangentflow` for the journal of the values that lie there.
    """
    if store is False:
        return None
    if store is None or store is True:
        named = os.environ.get(VARIABLE)
        if named == "" and store is None:
            return None
        store = named or DEFAULT
    if not isinstance(store, (str, os.PathLike)) or not str(store):
        raise UsageError(
            f"store must be a directory, an address such as 's3://bucket/prefix', or False for none, not {store!r}"
        )
    return folder_of(store, Path(os.path.abspath(DEFAULT))) or Path(os.path.abspath(store))


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
    """Values, by their digests. Several processes may use it at the same time. `folder` is the directory with the journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        address = address_of(folder)
        self.name = address or str(folder)
        self._values: Values = FileValues(folder) if address is None else ObjectValues(folder, address)

    def create(self) -> Store:
        """Make the directory if it is not there. Raises UsageError if that cannot be."""
        try:
            if not (self.folder / ".gitignore").exists():
                self.folder.mkdir(parents=True, exist_ok=True)
                (self.folder / ".gitignore").write_text("*\n")
            self._values.create()
        except OSError as error:
            raise UsageError(
                f"cannot make the store {self.name}: {error.strerror}; name another one with store=, or write store=False"
            ) from error
        return self

    def keep(self, data: bytes) -> Ref:
        """Store a value; return how it is found again."""
        return data if len(data) <= INLINE else self.put(data)

    def load(self, ref: Ref) -> bytes:
        """Return a stored value. Raises Damaged if it is not there any more as it was."""
        return ref if isinstance(ref, bytes) else self.get(ref)

    def put(self, data: bytes) -> str:
        """Begin to write a value by itself; return its digest. It is there once the store is settled."""
        digest = digest_of(data)
        self._values.put(digest, data)
        return digest

    def settle(self) -> None:
        """Wait until all that was put is there: before it goes on record. Raises TangentflowError if it could not be written."""
        self._values.settle()

    def get(self, digest: str) -> bytes:
        """Return the value under a digest. Raises Damaged; what has another content is removed."""
        data = self._values.get(digest)
        if digest_of(data) != digest:
            self._values.drop(digest)
            raise Damaged(f"the value {digest} in the store {self.name} is damaged")
        return data

    def sweep(self, needed: Container[str], before: float) -> int:
        """Remove the values that are not needed and were written before a time; return how many bytes that was."""
        return self._values.sweep(needed, before)


def digest_of(data: bytes) -> str:
    """Return the digest of a value's bytes."""
    return hashlib.blake2b(data, digest_size=20).hexdigest()
