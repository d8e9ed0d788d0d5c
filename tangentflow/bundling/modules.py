"""Which modules belong to the user's project, and which of them a set of modules needs.

A module is the user's if its file lies neither in the standard library nor in a directory of installed packages.
Editable installs are the user's. Nothing is imported to find out.
"""

from __future__ import annotations

import ast
import functools
import importlib.machinery
import sys
import sysconfig
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tangentflow.errors import TangentflowError

__all__ = ["ShippedModule", "imported_by_code", "reach", "tree"]

_OWN = ("tangentflow", "cloudpickle")
_INSTALLED_DIRECTORIES = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class ShippedModule:
    """A module of the user's project that a bundle contains, and why."""

    name: str
    file: str
    is_package: bool
    why: str

    @property
    def path(self) -> str:
        """Where it lies in the bundle."""
        return self.name.replace(".", "/") + ("/__init__.py" if self.is_package else ".py")


@dataclass(frozen=True)
class _Location:
    """Where a module comes from: `file` is None for one without source (built in, namespace, not found)."""

    file: str | None
    is_package: bool
    search: tuple[str, ...]


def reach(wanted: Iterable[tuple[str, str]], installed: Iterable[str] = ()) -> list[ShippedModule]:
    """Return the user's modules among `wanted` (name, why) and all that they import, sorted by name.

    Imports anywhere in a module count, except under `if TYPE_CHECKING`; so do modules whose objects its globals hold.
    `installed` are top-level names that the image has. Raises TangentflowError for a module of the user's that has no
    Python source.
    """
    finder = _Finder(frozenset(installed) | set(_OWN))
    found: dict[str, ShippedModule] = {}
    pending = [part for name, why in wanted for part in _with_parents(name, why)]
    while pending:
        name, why = pending.pop(0)
        if name in found:
            continue
        module = finder.own(name, why)
        if module is None:
            continue
        found[name] = module
        for other in [*_imported_by_source(module), *_imported_by_globals(name)]:
            pending += _with_parents(other, f"imported by {name}")
    return [found[name] for name in sorted(found)]


def tree(name: str) -> list[str]:
    """Return the names of a package and of all modules below it, or just `name` if it is no package."""
    location = _Finder(frozenset()).locate(name)
    names = {name}
    for directory in location.search:
        for file in Path(directory).rglob("*.py"):
            parts = file.relative_to(directory).with_suffix("").parts
            names.add(".".join([name, *(parts[:-1] if parts[-1] == "__init__" else parts)]))
    return sorted(names)


def imported_by_code(code: types.CodeType, package: str) -> Iterator[str]:
    """Yield the modules that a code object and those inside it import, loaded or not."""
    tree_of_code = [code]
    while tree_of_code:
        code = tree_of_code.pop()
        tree_of_code += [const for const in code.co_consts if isinstance(const, types.CodeType)]
        yield from _import_instructions(code, package)


class _Finder:
    """Locates modules without importing them; remembers what it found."""

    def __init__(self, installed: frozenset[str]) -> None:
        self.installed = installed
        self.locations: dict[str, _Location] = {}

    def own(self, name: str, why: str) -> ShippedModule | None:
        """Return a module if it is the user's. Raises TangentflowError if it is and has no Python source."""
        if name.partition(".")[0] in self.installed or name == "__main__":
            return None
        location = self.locate(name)
        if location.file is None:
            module = sys.modules.get(name)
            if module is not None and not _has_origin(module):
                raise TangentflowError(
                    f"module {name!r} ({why}) was made at run time: it has no file to send. Define what the steps use in a file"
                )
            return None
        if not _is_own(location.file, name, location.is_package):
            return None
        if not location.file.endswith(".py"):
            raise TangentflowError(
                f"module {name!r} ({why}) is {location.file}, which is no Python source: install it in the image and here"
            )
        return ShippedModule(name, location.file, location.is_package, why)

    def locate(self, name: str) -> _Location:
        """Return where a module comes from."""
        if name not in self.locations:
            self.locations[name] = self._locate(name)
        return self.locations[name]

    def _locate(self, name: str) -> _Location:
        module = sys.modules.get(name)
        if module is not None:
            search = tuple(getattr(module, "__path__", ()))
            file = getattr(module, "__file__", None)
            is_package = bool(file) and hasattr(module, "__path__")
            return _Location(_source(file), is_package, search)
        parent = name.rpartition(".")[0]
        path = list(self.locate(parent).search) if parent else None
        if parent and not path:
            return _Location(None, False, ())
        spec = _spec(name, path)
        if spec is None:
            return _Location(None, False, ())
        search = tuple(spec.submodule_search_locations or ())
        file = spec.origin if spec.has_location else None
        return _Location(_source(file), spec.submodule_search_locations is not None, search)


def _spec(name: str, path: list[str] | None) -> importlib.machinery.ModuleSpec | None:
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        spec: importlib.machinery.ModuleSpec | None = find(name, path, None) if find is not None else None
        if spec is not None:
            return spec
    return None


def _source(file: str | None) -> str | None:
    """Return the source file of a compiled one that was found instead of it."""
    if file is not None and file.endswith(".pyc") and Path(file).with_suffix(".py").is_file():
        return str(Path(file).with_suffix(".py"))
    return file


def _has_origin(module: types.ModuleType) -> bool:
    spec = getattr(module, "__spec__", None)
    return spec is not None or module.__name__ in sys.builtin_module_names


@functools.cache
def is_own_file(file: str) -> bool:
    """Whether a module's file is the user's own: neither of the standard library nor installed."""
    parts = Path(file).resolve().parts
    if any(part in _INSTALLED_DIRECTORIES for part in parts):
        return False
    return not any(directory in Path(file).resolve().parents for directory in _standard_library())


def _is_own(file: str, name: str, is_package: bool) -> bool:
    path = Path(file).resolve()
    if any(part in _INSTALLED_DIRECTORIES for part in path.parts):
        return False
    if any(directory in path.parents for directory in _standard_library()):
        return False
    root = path.parents[name.count(".") + is_package]
    return not _is_install_target(root)


@functools.cache
def _standard_library() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    return tuple(sorted({Path(paths[key]).resolve() for key in ("stdlib", "platstdlib")}))


@functools.cache
def _is_install_target(directory: Path) -> bool:
    """Whether packages were installed into a directory that is not called site-packages (`pip install --target`)."""
    return any(directory.glob("*.dist-info"))


def _with_parents(name: str, why: str) -> list[tuple[str, str]]:
    parts = name.split(".")
    return [(".".join(parts[: end + 1]), why) for end in range(len(parts))]


# -- what a module imports -------------------------------------------------------------------------------------------


def _imported_by_source(module: ShippedModule) -> list[str]:
    parsed = ast.parse(Path(module.file).read_bytes(), module.file)
    package = module.name if module.is_package else module.name.rpartition(".")[0]
    names: list[str] = []
    for node in _statements(parsed):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += _from(node.module or "", node.level, [alias.name for alias in node.names], package)
    return names


def _statements(module: ast.Module) -> Iterator[ast.stmt]:
    """Yield all statements but those that only a type checker sees, in program order."""
    todo: list[ast.AST] = [module]
    while todo:
        node = todo.pop()
        blocks = ["body", "handlers", "orelse", "finalbody", "cases"]
        if isinstance(node, ast.stmt):
            yield node
            if isinstance(node, ast.If) and _is_type_checking(node.test):
                blocks.remove("body")
        for block in reversed(blocks):
            todo += reversed(getattr(node, block, ()))


def _is_type_checking(test: ast.expr) -> bool:
    if isinstance(test, ast.Attribute):
        return test.attr == "TYPE_CHECKING" and isinstance(test.value, ast.Name) and test.value.id == "typing"
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def _from(module: str, level: int, names: Iterable[str], package: str) -> list[str]:
    """Return what `from module import names` may import: the module, and each name, which may be a submodule."""
    if level:
        parts = package.split(".")
        base = ".".join(parts[: len(parts) - level + 1])
        module = f"{base}.{module}" if module and base else module or base
    return [module, *(f"{module}.{name}" for name in names if name != "*")] if module else []


def _import_instructions(code: types.CodeType, package: str) -> Iterator[str]:
    import dis

    # The compiler puts level and names right before the import itself.
    level, names = 0, ()
    constants: list[object] = []
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_CONST", "LOAD_SMALL_INT"):
            constants.append(instruction.argval)
        elif instruction.opname == "IMPORT_NAME":
            level, names = constants[-2:]  # type: ignore[assignment]
            yield from _from(instruction.argval, level, names or (), package)


def _imported_by_globals(name: str) -> Iterator[str]:
    """Yield the modules of what a loaded module holds: also what it imported by other means than statements."""
    module = sys.modules.get(name)
    for _, value in sorted(vars(module).items()) if module is not None else ():
        if isinstance(value, types.ModuleType):
            yield value.__name__
        elif isinstance(value, type | types.FunctionType) and isinstance(value.__module__, str):
            yield value.__module__
