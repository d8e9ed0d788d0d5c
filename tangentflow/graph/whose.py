"""Whose a module is: the user's, or installed, and then of which version."""

from __future__ import annotations

import functools
import importlib.metadata
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["installed", "is_own", "is_own_path"]


@functools.cache
def is_own(name: str) -> bool:
    """Whether a module is the user's: neither installed nor of the standard library."""
    if name == "__main__" or name not in sys.modules:
        return True
    if name.partition(".")[0] in ("tangentflow", *sys.stdlib_module_names):
        return False
    file = getattr(sys.modules[name], "__file__", None)
    if not file or not str(file).endswith(".py"):
        return False
    return is_own_path(Path(file), name)


def is_own_path(file: Path, name: str) -> bool:
    """Whether the file of a module is the user's."""
    path = file.resolve()
    installed = any(part in ("site-packages", "dist-packages") for part in path.parts)
    # `pip install --target` leaves a note of each distribution beside the packages.
    return not installed and not any(path.parents[name.count(".") + (path.stem == "__init__")].glob("*.dist-info"))


@functools.cache
def installed(module: str | None) -> str:
    """Return the name of a module and the version of the distribution that it is from, if it is from one."""
    name = module or "builtins"
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names:
        return name
    distributions = _distributions().get(top, [])
    versions = sorted(f"{d}=={importlib.metadata.version(d)}" for d in set(distributions))
    return f"{name}[{','.join(versions)}]" if versions else name


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()
