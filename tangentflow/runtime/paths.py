"""Paths in pickles: their contents stand before the pickle, in one piece, and the pickle has their numbers."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

from tangentflow.runtime.contents import absolute, contents, exists
from tangentflow.runtime.packing import Item, Packed, Place, pack
from tangentflow.runtime.pathvalue import PathValue

__all__ = ["Collector", "LoadedPaths", "has_contents", "path_at", "split"]

_MARK = b"F"  # no pickle begins so
_PLAIN = type(Path())
_HEAD = 17


def path_at(number: int) -> Path:
    """Return the path of this number: what unpicklers replace."""
    raise pickle.UnpicklingError("the contents of this path are not here")


class Collector:
    """The paths of one value while it is pickled. With `files`, those that exist on this machine are their contents.

    A `trial` only looks whether they could be packed.
    """

    def __init__(self, files: bool, trial: bool = False) -> None:
        self.files = files
        self.trial = trial
        self.items: list[Item] = []
        self._numbers: dict[Any, int] = {}

    def reduce(self, path: Path) -> Any:
        """Return how a path is pickled; None for one that is its text. Raises PicklingError or OSError for one that cannot travel."""
        if isinstance(path, PathValue):
            packed, place = path._tf_packed, path._tf_place
            return path_at, (self._number((id(packed), place), (packed, place)),)
        text = str(path)
        if not self.files or _has_its_own_way(path) or not exists(text):
            return None
        if type(path) is not _PLAIN:
            raise pickle.PicklingError(f"{path!r} is of another class than pathlib.Path: pass Path(x)")
        if path.name in ("", ".."):
            raise pickle.PicklingError(f"{path!r} has no name of its own: pass its resolve()")
        if self.trial:
            for entry in contents(text, path.name):
                if entry.kind == "file" and not os.access(entry.source, os.R_OK):
                    raise PermissionError(f"{entry.source} cannot be read")
        return path_at, (self._number((absolute(text), path.is_absolute()), text),)

    def _number(self, key: Any, item: Item) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self.items)
            self.items.append(item)
        return self._numbers[key]

    def prefix(self) -> list[bytes | memoryview]:
        """Return what stands before the pickle. Raises PicklingError or OSError for what cannot travel."""
        if not self.items:
            return []
        packed = pack(self.items)
        table = packed.dump()
        head = _MARK + len(table).to_bytes(8, "big") + len(packed.tar).to_bytes(8, "big")
        return [head, table, packed.tar]


def _has_its_own_way(path: Path) -> bool:
    """Whether its class says itself how it is pickled."""
    cls = type(path)
    return any(
        "__reduce__" in c.__dict__ or "__reduce_ex__" in c.__dict__ for c in cls.__mro__[: cls.__mro__.index(_PLAIN)]
    )


def has_contents(data: bytes | memoryview) -> bool:
    """Whether a pickle has contents before it."""
    return bytes(data[:1]) == _MARK


def split(data: bytes | memoryview) -> tuple[Packed | None, memoryview]:
    """Part the contents of paths from a pickle."""
    view = memoryview(data)
    if not has_contents(data):
        return None, view
    table = _HEAD + int.from_bytes(view[1:9], "big")
    tar = table + int.from_bytes(view[9:_HEAD], "big")
    return Packed.load(view[_HEAD:table], view[table:tar]), view[tar:]


class LoadedPaths:
    """The paths of one value while it is loaded: files in a place, or without one such as glue may have."""

    def __init__(self, packed: Packed | None, files: Place | None) -> None:
        self.packed = packed
        self.files = files
        self._folder: str | None = None
        self._made: dict[int, Path] = {}

    def path_at(self, number: int) -> Path:
        """Return the path of this number, always the same."""
        if number not in self._made:
            self._made[number] = self._make(number)
        return self._made[number]

    def _make(self, number: int) -> Path:
        if self.packed is None:  # only tried
            return Path(str(number))
        name = self.packed.rows[number].name
        if self.files is None:
            return PathValue.of(self.packed, name)
        if self._folder is None:
            self._folder = self.files.put(self.packed)
        return Path(self._folder, name)
