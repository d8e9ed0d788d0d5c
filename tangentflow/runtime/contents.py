"""What a path holds: its files, directories and links in a fixed order, and a digest of them.

Names, contents, links and execute bits count; times, owners and the other permissions do not. A link that stays inside the
directory is a link; one that leads out of it counts as what it leads to, so that nothing is missing elsewhere.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pickle import PicklingError

__all__ = ["LIMIT", "Entry", "absolute", "below_anchor", "contents", "exists", "path_digest"]

LIMIT = 1 << 30
"""Bytes that a path may hold to travel: values are held in memory on their way."""

ANCHOR = re.compile(r".*/tangentflow-value-[^/]+/\d+(?=/)", re.DOTALL)
"""Where contents that have travelled lie: what comes before is no part of their names."""

_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP})
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Entry:
    """A file, directory or link: `kind` is "file", "dir" or "link"; `source` is where it lies, or what a link says."""

    name: str
    kind: str
    source: str
    executable: bool = False
    size: int = 0


def exists(path: str) -> bool:
    """Whether there is something at a path. Raises OSError if that cannot be told (no permission)."""
    try:
        os.stat(path)
    except ValueError:  # a null character
        return False
    except OSError as error:
        if error.errno in _ABSENT:
            return False
        raise
    return True


def absolute(path: str) -> str:
    """Return a path from the root on, of which the last part stays as it is."""
    if ".." not in path.split("/"):
        return os.path.abspath(path)
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)


def below_anchor(path: str) -> tuple[str, str]:
    """Split an absolute path behind the place where contents that have travelled lie, if it is in one."""
    found = ANCHOR.match(path)
    return ("", path) if found is None else (found.group(), path[found.end() + 1 :])


def contents(path: str, name: str) -> Iterator[Entry]:
    """Yield what is at a path, under `name`: parents first, names in order.

    Raises PicklingError for what is neither file nor directory and for links that lead in a circle, OSError for what cannot be read.
    """
    real = os.path.realpath(path)
    todo: list[tuple[str, str, str, tuple[str, ...]] | Entry] = [(real, name, real, ())]
    while todo:
        item = todo.pop()
        if isinstance(item, Entry):
            yield item
            continue
        source, name, root, around = item
        info = os.stat(source)
        if stat.S_ISREG(info.st_mode):
            yield Entry(name, "file", source, bool(info.st_mode & stat.S_IXUSR), info.st_size)
            continue
        if not stat.S_ISDIR(info.st_mode):
            raise PicklingError(f"{source} is neither a file nor a directory: pass its name as a text, str(path)")
        yield Entry(name, "dir", source)
        for child in sorted(os.listdir(source), reverse=True):
            inner, inner_name = os.path.join(source, child), f"{name}/{child}"
            if not os.path.islink(inner):
                todo.append((inner, inner_name, root, around))
                continue
            kept = _kept_link(inner, source, root)
            if kept is not None:
                todo.append(Entry(inner_name, "link", kept))
                continue
            target = os.path.realpath(inner)
            if any(_inside(place, target) for place in (source, *around)):
                raise PicklingError(f"the link {inner} leads to {target}, which it lies in itself")
            todo.append((target, inner_name, target, (source, *around)))


def _kept_link(link: str, folder: str, root: str) -> str | None:
    """Return what a link says if it stays a link, None if it counts as what it leads to."""
    text = os.readlink(link)
    up, rest = 0, text.split("/")
    while rest and rest[0] in ("..", "."):
        up += rest.pop(0) == ".."
    straight = not os.path.isabs(text) and ".." not in rest
    if straight and up <= folder[len(root) :].count("/"):
        return text
    if not os.path.exists(link):
        return text  # it leads nowhere, here and elsewhere
    target = os.path.realpath(link)
    return os.path.relpath(target, folder) if _inside(target, root) else None


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def path_digest(path: str) -> str:
    """Return a digest of a path's name and of what it holds; of one that does not exist, of its text."""
    hasher = hashlib.blake2b(digest_size=32)
    place = absolute(path)
    name = os.path.basename(place)
    try:
        found = list(contents(place, name)) if name and exists(place) else []
        if sum(entry.size for entry in found) > LIMIT:
            found = []
        for entry in found:
            content = _content(entry)
            for part in (entry.kind, entry.name, str(entry.executable)):
                _add(hasher, part.encode("utf-8", "surrogateescape"))
            _add(hasher, content)
    except (OSError, PicklingError) as error:  # it cannot travel, which the codec tells
        found = []
        _add(hasher, type(error).__name__.encode())
    if not found:
        _add(hasher, below_anchor(path)[1].encode("utf-8", "surrogateescape"))
    return hasher.hexdigest()


def _content(entry: Entry) -> bytes:
    if entry.kind == "dir":
        return b""
    if entry.kind == "link":
        return entry.source.encode("utf-8", "surrogateescape")
    hasher = hashlib.blake2b(digest_size=32)
    with open(entry.source, "rb") as file:
        while block := file.read(_BLOCK):
            hasher.update(block)
    return hasher.digest()


def _add(hasher: hashlib.blake2b, part: bytes) -> None:
    hasher.update(len(part).to_bytes(8, "big"))
    hasher.update(part)
