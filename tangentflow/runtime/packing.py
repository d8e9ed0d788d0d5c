"""The contents of all paths in one value, packed into one tar, and the places where they become files again.

Paths of one value keep their places relative to each other: a file of a directory that travels with it stays in it, and what lay beside
it still does.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import shutil
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tangentflow.runtime.contents import LIMIT, Entry, absolute, below_anchor, contents, exists, path_digest
from tangentflow.runtime.scratch import Scratch

__all__ = ["Exports", "Packed", "Place", "Room", "Row", "exports", "pack"]

_PREFIX = "tangentflow-value-"


@dataclass(frozen=True)
class Row:
    """A path of a value: where it lies in the tar, "file", "dir" or "absent", and the digest of what it holds."""

    name: str
    kind: str
    digest: str


class Packed:
    """The paths of one value and the tar with what they hold."""

    def __init__(self, rows: Sequence[Row], tar: bytes | memoryview) -> None:
        self.rows = list(rows)
        self.tar = tar
        self._place: Scratch | None = None

    def directory(self) -> str:
        """Return a directory with the contents; it is there as long as this object is."""
        if self._place is None:
            self._place = Scratch("value")
            self.extract(self._place.path)
        return self._place.path

    def extract(self, folder: str) -> None:
        """Write the contents below a directory."""
        with tarfile.open(
            fileobj=io.BytesIO(self.tar), mode="r:", encoding="utf-8", errors="surrogateescape"
        ) as archive:
            for member in archive:
                target = f"{folder}/{member.name}"
                os.makedirs(os.path.dirname(target), exist_ok=True)
                if member.isdir():
                    os.makedirs(target, exist_ok=True)
                elif member.issym():
                    os.symlink(member.linkname, target)
                else:
                    source = archive.extractfile(member)
                    assert source is not None
                    with source, open(target, "wb") as file:
                        shutil.copyfileobj(source, file, 1 << 20)
                    if member.mode & 0o100:
                        os.chmod(target, os.stat(target).st_mode & 0o777 | 0o111)
        for row in self.rows:
            os.makedirs(os.path.dirname(f"{folder}/{row.name}"), exist_ok=True)

    def dump(self) -> bytes:
        """Return all but the tar as bytes."""
        return pickle.dumps([(row.name, row.kind, row.digest) for row in self.rows], 4)

    @classmethod
    def load(cls, table: bytes | memoryview, tar: bytes | memoryview) -> Packed:
        """Return what `dump` was called on."""
        return cls([Row(*fields) for fields in pickle.loads(table)], tar)


Item = str | tuple[Packed, str]
"""A path as text, or one that lies in packed contents."""


def pack(items: Sequence[Item]) -> Packed:
    """Pack what paths hold; the rows are in the order of `items`.

    Raises PicklingError for what cannot travel or is too large, OSError for what cannot be read.
    """
    whole = _unchanged(items)
    if whole is not None:
        return whole
    sources = [item if isinstance(item, str) else f"{item[0].directory()}/{item[1]}" for item in items]
    names = _names(sources)
    places = [absolute(source) for source in sources]
    there = {name: place for name, place in zip(names, places) if exists(place)}
    roots = [name for name in there if not any(_is_above(other, name) for other in there)]
    entries = [entry for name in sorted(roots) for entry in contents(there[name], name)]
    size = sum(entry.size for entry in entries)
    if size > LIMIT:
        largest = max(roots, key=lambda name: sum(e.size for e in entries if f"{e.name}/".startswith(f"{name}/")))
        raise pickle.PicklingError(
            f"{there[largest]} holds more than the {LIMIT >> 20} MiB that may travel; put it on a volume and pass its name as a text"
        )
    rows = [
        Row(name, "absent", path_digest(place)) if name not in there else Row(name, _kind(place), path_digest(place))
        for name, place in zip(names, places)
    ]
    return Packed(rows, _tar(entries))


def _unchanged(items: Sequence[Item]) -> Packed | None:
    """Return packed contents that are just these paths, if there are such."""
    first = items[0]
    if isinstance(first, str):
        return None
    packed = first[0]
    rows: Mapping[str, Row] = {row.name: row for row in packed.rows}
    wanted = [item[1] for item in items if not isinstance(item, str) and item[0] is packed]
    if len(wanted) != len(items) or set(wanted) != rows.keys():
        return None
    return Packed([rows[name] for name in wanted], packed.tar)


def _names(sources: Sequence[str]) -> list[str]:
    """Return a name for each path: the number of its group, and its way from the directory that all of the group lie in."""
    groups: dict[tuple[str, bool], list[str]] = {}
    keys = []
    for source in sources:
        place = absolute(source)
        key = below_anchor(place)[0], os.path.isabs(source)
        keys.append((key, place))
        groups.setdefault(key, []).append(os.path.dirname(place))
    bases = {key: (number, os.path.commonpath(folders)) for number, (key, folders) in enumerate(groups.items())}
    return [f"{bases[key][0]}/{os.path.relpath(place, bases[key][1])}" for key, place in keys]


def _is_above(folder: str, name: str) -> bool:
    return name.startswith(folder + "/")


def _kind(place: str) -> str:
    return "dir" if os.path.isdir(place) else "file"


def _tar(entries: Sequence[Entry]) -> bytes:
    stream = io.BytesIO()
    options: dict[str, Any] = {"format": tarfile.GNU_FORMAT, "encoding": "utf-8", "errors": "surrogateescape"}
    with tarfile.open(fileobj=stream, mode="w", **options) as archive:
        for entry in entries:
            info = tarfile.TarInfo(entry.name)
            info.mode = 0o755 if entry.executable or entry.kind == "dir" else 0o644
            if entry.kind == "file":
                info.size = entry.size
                with open(entry.source, "rb") as file:
                    archive.addfile(info, file)
                continue
            info.type = tarfile.DIRTYPE if entry.kind == "dir" else tarfile.SYMTYPE
            info.linkname = entry.source if entry.kind == "link" else ""
            archive.addfile(info)
    return stream.getvalue()


# -- places ----------------------------------------------------------------------------------------------------------


class Place:
    """Where the contents of loaded values are written."""

    def put(self, packed: Packed) -> str:
        """Write contents; return the directory below which they lie."""
        raise NotImplementedError


class Room(Place):
    """The files that one execution of a step is given: `with Room() as room`. All are its own, and gone when it has ended."""

    def __init__(self, folder: str | None = None) -> None:
        self.folder = folder
        self._made: Scratch | None = None

    def __enter__(self) -> Room:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._made is not None:
            self._made.remove()

    def put(self, packed: Packed) -> str:
        """Write contents into a directory of their own."""
        if self._made is None:
            self._made = Scratch("step", self.folder)
        found = tempfile.mkdtemp(prefix=_PREFIX, dir=self._made.path)
        packed.extract(found)
        return found


class Exports(Place):
    """Where the files lie that users get: those with the same contents once, as long as nobody has changed them."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def put(self, packed: Packed) -> str:
        """Return a directory with these contents, a new one if there is none."""
        os.makedirs(self.folder, exist_ok=True)
        name = hashlib.blake2b(packed.dump() + hashlib.blake2b(packed.tar).digest(), digest_size=8).hexdigest()
        number = 0
        while True:
            found = f"{self.folder}/{_PREFIX}{name}" + (f"-{number}" if number else "")
            if not os.path.lexists(found):
                scratch = tempfile.mkdtemp(prefix="new-", dir=self.folder)
                packed.extract(scratch)
                try:
                    os.rename(scratch, found)
                except OSError:  # another process was first
                    shutil.rmtree(scratch, ignore_errors=True)
                    continue
                return found
            if all(path_digest(f"{found}/{row.name}") == row.digest for row in packed.rows):
                return found
            number += 1


_here: list[Scratch] = []


def exports() -> Exports:
    """Return a place for files that are there as long as this process."""
    if not _here:
        _here.append(Scratch("results"))
    return Exports(_here[0].path)
