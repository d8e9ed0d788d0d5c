"""The artifact store: a local folder in which the path of a file is its key; and how pods load from it and save to it."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tangentflow.simulator.errors import NotSimulated

__all__ = ["ArtifactError", "ArtifactStore"]

LONGEST_KEY = 1024


class ArtifactError(Exception):
    """An artifact that cannot be loaded or saved; the text is the engine's."""


class ArtifactStore:
    """Artifacts by key, below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def path(self, key: str) -> Path:
        """Return where the object of a key lies.

        Raises:
            NotSimulated: for a key that a folder cannot hold.
        """
        parts = key.rstrip("/").split("/")
        if any(part in ("", ".", "..") for part in parts):
            raise NotSimulated("", f"artifact key {key!r}: empty parts, '.' and '..' are not simulated")
        return self.root.joinpath(*parts)

    def load(self, artifact: Mapping[str, Any], target: Path) -> None:
        """Put an artifact to a path of the pod: the file of this key, or the folder of the keys that start with `key/`.

        Raises:
            ArtifactError: where there is neither, unless the artifact is optional: then the path is an empty folder.
        """
        source = self.path(artifact["s3"]["key"])
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_file() and not artifact["s3"]["key"].endswith("/"):
            archive = artifact.get("archive") or {}
            if "none" not in archive and _is_tar(source):
                _unpack(source, target)
            elif "tar" in archive:
                raise ArtifactError(f"artifact {artifact['name']} failed to load: gzip: invalid header")
            else:
                _copy(source, target)
            if "mode" in artifact:
                target.chmod(artifact["mode"])
        elif source.is_dir() and any(source.iterdir()):
            for file in _files(source):
                _copy(file, target / file.relative_to(source))
        elif artifact.get("optional"):
            target.mkdir(mode=0o777, exist_ok=True)
            target.chmod(0o777)
        else:
            raise ArtifactError(f"artifact {artifact['name']} failed to load: The specified key does not exist.")

    def save(self, artifact: Mapping[str, Any], source: Path) -> None:
        """Save a path of the pod under its key, as it is (`archive: none`) or as a compressed tar.

        Raises:
            FileNotFoundError: where there is nothing at the path.
            ArtifactError: where the key is too long for the store.
        """
        key = artifact["s3"]["key"]
        if not os.path.lexists(source):
            raise FileNotFoundError(source)
        if len(key.encode()) > LONGEST_KEY:
            raise ArtifactError("Your key is too long")
        target = self.path(key)
        if "none" not in (artifact.get("archive") or {}):
            self._put(target, lambda to: _pack(source, to))
        elif source.is_dir():
            for file in _files(source):
                self._put(target / file.relative_to(source), lambda to, file=file: shutil.copyfile(file, to))
        else:
            self._put(target, lambda to: shutil.copyfile(source, to))

    def _put(self, target: Path, write: Any) -> None:
        """Write an object whole or not at all."""
        if target.is_dir():
            raise NotSimulated(
                "", f"artifact key {target.relative_to(self.root)} is a file here and a folder elsewhere"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        part = self.root / f".part-{uuid.uuid4().hex}"
        write(part)
        part.chmod(0o644)
        os.replace(part, target)


def _files(folder: Path) -> list[Path]:
    """Return the regular files below a folder; links and empty folders are not artifacts."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o600)


def _is_tar(path: Path) -> bool:
    try:
        with gzip.open(path) as stream:
            return (
                len(block := stream.read(512)) == 512
                and tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape") is not None
            )
    except (OSError, EOFError, tarfile.TarError):
        return False


def _pack(source: Path, target: Path) -> None:
    with tarfile.open(target, "w:gz") as archive:
        archive.add(source, arcname=source.name)


def _unpack(source: Path, target: Path) -> None:
    """Unpack a tar; one with a single root gives that root the name of the path."""
    folder = target.parent / f".unpack-{uuid.uuid4().hex}"
    with tarfile.open(source, "r:gz") as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(folder, filter="tar")
        else:
            archive.extractall(folder)
    roots = list(folder.iterdir())
    if len(roots) == 1:
        roots[0].rename(target)
        folder.rmdir()
    else:
        folder.rename(target)
    for path in [target, *target.rglob("*")] if target.is_dir() else [target]:
        if not path.is_symlink() and path.stat().st_mode & 0o111:
            path.chmod(0o777)
