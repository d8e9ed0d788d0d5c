"""Loading a code bundle: what a pod does first.

A bundle is a zip of source modules under their import names, `bundle.json`, and one pickle for each function, which is
loaded when it is asked for: so a pod needs only what its own function imports. Standard library only.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tangentflow.errors import TangentflowError
from tangentflow.runtime import classes, traces

__all__ = ["FORMAT", "MANIFEST", "Functions", "load"]

FORMAT = 1
MANIFEST = "bundle.json"


class Functions(Mapping[str, Any]):
    """The functions of an unpacked bundle by name, each loaded at its first use."""

    def __init__(self, pickles: Mapping[str, bytes], manifest: dict[str, Any]) -> None:
        self._pickles = pickles
        self._python: str = manifest["python"]
        self._entries: dict[str, dict[str, Any]] = manifest["functions"]
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Return a function.

        Raises KeyError if the bundle has none of that name, TangentflowError if it cannot be loaded here: it contains
        code of another Python, or imports what is not installed.
        """
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def _load(self, name: str) -> Any:
        entry = self._entries[name]
        here = f"{sys.version_info[0]}.{sys.version_info[1]}"
        if entry["by_value"] and self._python != here:
            raise TangentflowError(
                f"{name!r} was packed by Python {self._python} and this is Python {here}: its code travels as bytecode "
                f"({', '.join(entry['by_value'])}), which other versions cannot run. Use an image of Python "
                f"{self._python}, or define these at the top level of a module that is imported"
            )
        unpickler = classes.Unpickler(io.BytesIO(self._pickles[entry["file"]]))
        try:
            found = unpickler.load()
        except ModuleNotFoundError as error:
            raise TangentflowError(
                f"{name!r} needs the module {error.name!r}, which is not here: install it in the image"
            ) from error
        except Exception as error:
            raise TangentflowError(f"{name!r} cannot be loaded: {type(error).__name__}: {error}") from error
        classes.adopt(unpickler.made)
        return found


def load(source: bytes | str | os.PathLike[str], directory: str | os.PathLike[str] | None = None) -> Functions:
    """Unpack a bundle (its bytes or its path), put it first on `sys.path`, and return its functions by name.

    `directory` (default: a new temporary one) receives the files. Raises TangentflowError if `source` is no bundle.
    """
    target = Path(directory if directory is not None else tempfile.mkdtemp(prefix="tangentflow-")).resolve()
    try:
        with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as archive:
            manifest = json.loads(archive.read(MANIFEST))
            # no files for the pickles: making hundreds takes longer than all else that a pod does
            pickles = {entry["file"]: archive.read(entry["file"]) for entry in manifest["functions"].values()}
            archive.extractall(target, [name for name in archive.namelist() if name not in pickles])
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise TangentflowError(f"this is not a code bundle: {error}") from error
    if manifest.get("format") != FORMAT:
        raise TangentflowError(f"this code bundle has format {manifest.get('format')}, and this version reads {FORMAT}")
    if str(target) not in sys.path:
        sys.path.insert(0, str(target))
    importlib.invalidate_caches()
    traces.strip_root(target)
    return Functions(pickles, manifest)
