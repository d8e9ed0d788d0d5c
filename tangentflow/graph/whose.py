"""Whose a module is: the user's, or installed, and then of which version."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

__all__ = ["installed", "is_own", "is_own_path", "is_standard"]


@functools.cache
def is_own(name: str) -> bool:
    """Whether a module is the user's: neither installed nor of the standard library."""
    if name == "__main__" or name not in sys.modules:
        return True
    if name.partition(".")[0] == "tangentflow":
        return False
    module = sys.modules[name]
    file = getattr(module, "__file__", None)
    if not file:  # built in, a package without a file of its own, or made by a program
        made = getattr(module, "__spec__", None) is None and not is_standard(name, None)
        return made or any(is_own_path(Path(path) / "__init__.py", name) for path in getattr(module, "__path__", ()))
    if not str(file).endswith(".py") or is_standard(name, file):
        return False
    return is_own_path(Path(file), name)


def is_own_path(file: Path, name: str) -> bool:
    """Whether the file of a module is the user's."""
    path = file.resolve()
    installed = any(part in ("site-packages", "dist-packages") for part in path.parts)
    # `pip install --target` leaves a note of each distribution beside the packages.
    return not installed and not any(path.parents[name.count(".") + (path.stem == "__init__")].glob("*.dist-info"))


def is_standard(name: str, file: str | os.PathLike[str] | None) -> bool:
    """Whether a module is of the standard library: by its name, and by its file, since a file of the user's may have such a name."""
    if name.partition(".")[0] not in sys.stdlib_module_names:
        return False
    return file is None or any(Path(file).resolve().is_relative_to(folder) for folder in _standard_folders())


@functools.cache
def _standard_folders() -> tuple[Path, ...]:
    folders = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), os.path.dirname(os.__file__)}
    return tuple(Path(folder).resolve() for folder in folders if folder)


@functools.cache
def installed(module: str | None) -> str:
    """Return the name of a module and the version of the distribution that it is from; without one, a digest of its file."""
    name = module or "builtins"
    top = name.partition(".")[0]
    file = getattr(sys.modules.get(name), "__file__", None)
    if is_standard(name, file):
        return name
    distributions = _distributions().get(top, [])
    versions = sorted(f"{d}=={importlib.metadata.version(d)}" for d in set(distributions))
    if versions:
        return f"{name}[{','.join(versions)}]"
    if file and os.path.isfile(file):  # an extension module that the user has built
        return f"{name} {hashlib.sha256(Path(file).read_bytes()).hexdigest()}"
    return name


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()
