"""Outcomes of runs on Argo that were changed by hand: kept in the store of this machine, for later runs that reuse them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

__all__ = ["override", "overrides"]


def override(folder: Path | None, uid: str, path: str, data: bytes) -> None:
    """Keep an outcome for a step run; without a store nothing is kept."""
    if folder is None:
        return
    own = folder / "overridden" / uid
    own.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(path.encode()).hexdigest()[:40]
    part = own / f".{name}"
    part.write_bytes(json.dumps(path).encode() + b"\n" + data)
    part.replace(own / name)


def overrides(folder: Path | None, uid: str) -> dict[str, bytes]:
    """Return what was kept for a run, by the paths of its step runs."""
    found: dict[str, bytes] = {}
    own = None if folder is None else folder / "overridden" / uid
    for file in sorted(own.iterdir()) if own is not None and own.is_dir() else []:
        if not file.name.startswith("."):
            first, _, data = file.read_bytes().partition(b"\n")
            found[json.loads(first)] = data
    return found
