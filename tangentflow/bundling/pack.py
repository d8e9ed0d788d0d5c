"""The code bundle: functions, the user's modules they need, and this package's pod side, as one zip.

Equal input gives equal bytes. Functions of modules go by reference; those of `__main__`, notebooks and other functions
go by value, as bytecode of this Python.
"""

from __future__ import annotations

import ast
import io
import json
import sys
import types
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import tangentflow
from tangentflow.bundling.lean import lean
from tangentflow.bundling.modules import ShippedModule, imported_by_code, reach, tree
from tangentflow.errors import TangentflowError
from tangentflow.runtime import pickling
from tangentflow.runtime.bundle import FORMAT, MANIFEST
from tangentflow.runtime.stable import StablePickler

__all__ = ["POD_SIDE", "describe", "pack"]

POD_SIDE = (
    "__init__.py",
    "errors.py",
    "decorators.py",
    "merged.py",
    "order.py",
    "conditions.py",
    "parts.py",
    "running.py",
    "resources.py",
    "attempts.py",
    "commands.py",
    "containers.py",
    "waiting.py",
    "runtime/*.py",
)
"""What pods have of this package, as patterns below its directory."""

_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class _Pickled:
    """A function's pickle, the modules it refers to, and the names of what is in it by value."""

    data: bytes
    modules: frozenset[str]
    by_value: tuple[str, ...]


def pack(
    functions: Mapping[str, object],
    extra_modules: Iterable[str | types.ModuleType] = (),
    installed: Iterable[str] = (),
) -> bytes:
    """Return a bundle of `functions`, by name, that `tangentflow.runtime.bundle.load` reads.

    `extra_modules` are modules (packages: with all below them) that are needed but found by no import statement.
    `installed` are top-level names of modules that look like the user's own but are in the image. Raises
    TangentflowError if a function cannot be pickled or a module has no source.
    """
    pickled = {name: _pickled(name, functions[name]) for name in sorted(functions)}
    files = {f"tangentflow/{name}": data for name, data in _pod_side().items()}
    files |= {f"cloudpickle/{name}": data for name, data in _cloudpickle().items()}
    files |= {module.path: Path(module.file).read_bytes() for module in _modules(pickled, extra_modules, installed)}
    entries = {}
    for index, (name, entry) in enumerate(pickled.items()):
        file = f"bundle-functions/{index}.pkl"  # no name that can be imported
        entries[name] = {"file": file, "by_value": list(entry.by_value)}
        files[file] = entry.data
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    manifest = {"format": FORMAT, "python": python, "functions": entries}
    files[MANIFEST] = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
    return _zip(files)


def describe(
    functions: Mapping[str, object],
    extra_modules: Iterable[str | types.ModuleType] = (),
    installed: Iterable[str] = (),
) -> list[ShippedModule]:
    """Return the user's modules that `pack` would put into the bundle, sorted by name, each with the reason."""
    return _modules({name: _pickled(name, functions[name]) for name in sorted(functions)}, extra_modules, installed)


def _modules(
    pickled: Mapping[str, _Pickled], extra_modules: Iterable[str | types.ModuleType], installed: Iterable[str]
) -> list[ShippedModule]:
    wanted = [(module, f"used by {name}") for name, entry in pickled.items() for module in sorted(entry.modules)]
    for extra in extra_modules:
        name = extra if isinstance(extra, str) else extra.__name__
        wanted += [(module, "asked for") for module in tree(name)]
    return reach(wanted, installed)


def _pickled(name: str, function: object) -> _Pickled:
    stream = io.BytesIO()
    pickler = StablePickler(stream)
    try:
        pickler.dump(function)
    except TangentflowError:
        raise
    except Exception as error:
        reason = pickling.explain(function, error)
        raise TangentflowError(f"the code of {name!r} cannot be sent: {reason}; make it inside the step") from error
    modules = set(pickler.modules)
    for inner in pickler.functions:
        package = inner.__globals__.get("__package__") or ""
        modules.update(imported_by_code(inner.__code__, package))
    by_value = dict.fromkeys(f"{code.co_name} of {Path(code.co_filename).name}" for code in pickler.codes)
    return _Pickled(stream.getvalue(), frozenset(modules), tuple(by_value))


def _pod_side() -> dict[str, bytes]:
    root = Path(tangentflow.__file__).parent
    files = {file for pattern in POD_SIDE for file in root.glob(pattern)}
    return {file.relative_to(root).as_posix(): lean(file.read_bytes()) for file in files}


def _cloudpickle() -> dict[str, bytes]:
    import cloudpickle

    files = Path(cloudpickle.__file__).parent.glob("*.py")
    return {file.name: _with_heading(file.read_bytes()) for file in files}


def _with_heading(source: bytes) -> bytes:
    """Return lean source of others with its heading: authors and terms stay with their work."""
    documented = ast.get_docstring(ast.parse(source), clean=False) is not None
    end = ast.parse(source).body[0].end_lineno if documented else 0
    heading = source.splitlines()[:end]
    return b"\n".join([*heading, *lean(source).splitlines()[end:]]) + b"\n"


def _zip(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, files[name])
    return stream.getvalue()
