"""Fingerprints of code: equal for equal behaviour as far as the text tells, whatever the formatting, comments and names of local variables.

The fingerprint of a function covers its parameters and body, its defaults, and every helper, global, closure variable and class that it
reaches in the user's own modules, by their content. Installed packages count by name and version, the standard library by name. A renamed
copy of a function has the same fingerprint; a function in whose reach anything was edited has another one.
"""

from __future__ import annotations

import ast
import builtins
import enum
import functools
import hashlib
import importlib.metadata
import inspect
import logging
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.errors import LanguageError
from tangentflow.graph.normal import Local, bound_in, form
from tangentflow.runtime.digest import digest
from tangentflow.source.file import fingerprint as code_fingerprint
from tangentflow.source.find import find
from tangentflow.source.printer import to_ast

__all__ = ["Absent", "Names", "fingerprint", "names_of"]

_MISSING = object()
_SMALL = 1000
_CLASS_MACHINERY = frozenset(
    {
        "__dict__", "__weakref__", "__module__", "__qualname__", "__doc__", "__firstlineno__", "__static_attributes__",
        "__annotate__", "__annotate_func__", "__annotations_cache__", "__slotnames__", "__abstractmethods__", "_abc_impl",
        "__parameters__", "__match_args__", "__dataclass_fields__", "__orig_bases__",
    }
)  # fmt: skip
"""What Python notes in a class by itself."""


@dataclass(frozen=True)
class Absent:
    """In the bindings of a graph: code that is not here, known by its fingerprint, and for a workflow by those of its names."""

    fingerprint: str = ""
    names: Mapping[str, str] = field(default_factory=dict)


def fingerprint(value: object) -> str:
    """Return the fingerprint of a step, function, class or any other object, in hexadecimal digits. It never fails."""
    if isinstance(value, Absent):
        return value.fingerprint
    reach = _Reach()
    first = reach.text(value)
    return hashlib.sha256("\n".join([first, *reach.entries]).encode("utf-8", "surrogatepass")).hexdigest()


class Names:
    """What the names from outside a workflow function mean, by fingerprint. `asked` has all that were asked for.

    `body` are its statements: names that it imports itself are from outside too.
    """

    def __init__(self, workflow: object, body: Sequence[ast.stmt] = ()) -> None:
        self.asked: dict[str, str] = {}
        if isinstance(workflow, Absent):
            self.asked = dict(workflow.names)
        function = workflow.function if isinstance(workflow, WorkflowFunction) else None
        self._space = _Space.of(function) if isinstance(function, types.FunctionType) else None
        self.imported = frozenset(bound_in(stmt for stmt in body if isinstance(stmt, (ast.Import, ast.ImportFrom))))
        if self._space is not None:
            self._space.imports.update(_imported(body))

    def __call__(self, node: ast.expr) -> str | None:
        """Return the text that stands for a name or dotted name; None for one that is to be spelled out."""
        text = ast.unparse(node)
        if text in self.asked:
            return self.asked[text]
        if self._space is None:
            return f"name {text}" if isinstance(node, ast.Name) else None
        found = self._space.value(node)
        if found is _MISSING:
            return f"name {text}" if isinstance(node, ast.Name) else None
        self.asked[text] = f"<{fingerprint(found)[:32]}>"
        return self.asked[text]


def names_of(workflow: object) -> Names:
    """Return the names from outside a workflow function."""
    return Names(workflow)


@dataclass
class _Space:
    """Where a function finds the names from outside."""

    closure: Mapping[str, Any]
    globals: Mapping[str, Any]
    imports: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, function: types.FunctionType) -> _Space:
        cells = {}
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                cells[name] = cell.cell_contents
            except ValueError:
                continue  # not assigned yet
        return cls(cells, function.__globals__)

    def value(self, node: ast.expr) -> object:
        """Return what a name means, or a dotted name through the user's own modules; else _MISSING."""
        if isinstance(node, ast.Name):
            for space in (self.imports, self.closure, self.globals, vars(builtins)):
                if node.id in space:
                    found: object = space[node.id]
                    return found
            return _MISSING
        if isinstance(node, ast.Attribute):
            owner = self.value(node.value)
            if isinstance(owner, types.ModuleType) and _is_own(owner.__name__):
                found = getattr(owner, node.attr, _MISSING)
                return found
        return _MISSING


def _imported(body: Sequence[ast.stmt]) -> dict[str, Any]:
    """Return what the imports among statements bind, as far as their modules are here."""
    found: dict[str, Any] = {}
    for stmt in body:
        if isinstance(stmt, (ast.Import, ast.ImportFrom)):
            with suppress(ImportError):
                exec(compile(ast.unparse(stmt), "<import>", "exec", dont_inherit=True), found)
    found.pop("__builtins__", None)
    return found


class _Reach:
    """Everything that a value leads to: an entry for each function, class and module, numbered as they are found."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.numbers: dict[int, int] = {}
        self.keep: list[object] = []  # an id must not be used twice

    def text(self, value: Any) -> str:
        """Return the text that stands for a value."""
        if isinstance(value, (StepFunction, WorkflowFunction)):
            return f"{type(value).__name__}({value.option('image')!r}, {self.text(value.function)})"
        if isinstance(value, types.ModuleType):
            return self.entry(value, self.module) if _is_own(value.__name__) else _installed(value.__name__)
        if isinstance(value, types.FunctionType):
            own = _is_own(value.__globals__.get("__name__", ""))  # wrappers call themselves what they wrap
            return self.entry(value, self.function) if own else self.foreign(value)
        if isinstance(value, type):
            own = _is_own(value.__module__)
            return self.entry(value, self.type) if own else f"{_installed(value.__module__)}:{value.__qualname__}"
        if isinstance(value, types.MethodType):
            return f"method({self.text(value.__func__)}, {self.text(value.__self__)})"
        if isinstance(value, functools.partial):
            return f"partial({self.text(value.func)}, {self.text(value.args)}, {self.text(value.keywords)})"
        if isinstance(value, (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)):
            return f"{_installed(value.__module__ or 'builtins')}:{value.__qualname__}"
        if callable(value) and isinstance(
            getattr(value, "__wrapped__", None), types.FunctionType
        ):  # functools.lru_cache and its like
            return f"{self.text(type(value))}({self.text(value.__wrapped__)})"
        if callable(value) and isinstance(getattr(value, "__module__", None), str) and not _is_own(value.__module__):
            return f"{_installed(value.__module__)}:{getattr(value, '__qualname__', getattr(value, '__name__', type(value).__name__))}"
        if isinstance(value, logging.Logger):
            return f"logger {value.name}"
        if _holds_code(value):
            return self.container(value)
        if type(value).__module__ == "builtins":
            return f"{type(value).__name__} {digest(value)}"
        return f"{self.text(type(value))} {digest(value)}"

    def entry(self, value: object, write: Any) -> str:
        number = self.numbers.get(id(value))
        if number is None:
            number = self.numbers[id(value)] = len(self.entries)
            self.keep.append(value)
            self.entries.append("")
            self.entries[number] = write(value)
        return f"#{number}"

    def container(self, value: Any) -> str:
        kind = type(value).__name__
        if isinstance(value, dict):
            return f"{kind} {[(self.text(key), self.text(item)) for key, item in value.items()]}"
        texts = [self.text(item) for item in value]
        return f"{kind} {sorted(texts) if isinstance(value, (set, frozenset)) else texts}"

    def module(self, module: types.ModuleType) -> str:
        """A module that is used as a value: all of its text counts."""
        try:
            tree = ast.parse(inspect.getsource(module))
        except (OSError, TypeError, SyntaxError):
            return f"module {module.__name__}"
        return _joined(form(tree.body, (), lambda node: None).parts)

    def function(self, function: types.FunctionType) -> str:
        space = _Space.of(function)
        defaults = self.text((function.__defaults__, function.__kwdefaults__))
        try:
            tree = _tree(function)
        except (LanguageError, TypeError):
            reads = [
                name
                for name in function.__code__.co_names
                if space.value(ast.Name(id=name, ctx=ast.Load())) is not _MISSING
            ]
            named = {name: self.outer(ast.Name(id=name, ctx=ast.Load()), space) for name in [*reads, *space.closure]}
            return f"bytecode {code_fingerprint(function.__code__)!r} {named} {defaults}"
        given = tree.args
        arguments = [
            *given.posonlyargs,
            *given.args,
            *filter(None, [given.vararg]),
            *given.kwonlyargs,
            *filter(None, [given.kwarg]),
        ]
        shape = [len(given.posonlyargs), len(given.args), bool(given.vararg), len(given.kwonlyargs), bool(given.kwarg)]
        names = [argument.arg for argument in arguments]
        body = [tree.body] if isinstance(tree, ast.Lambda) else list(tree.body)
        local = {*names, *bound_in(body)}
        kind = "async " if isinstance(tree, ast.AsyncFunctionDef) else ""
        text = _joined(form(body, local, lambda node: self.outer(node, space)).parts, names)
        return f"{kind}def {shape} {names} {defaults} {text}"

    def foreign(self, function: types.FunctionType) -> str:
        """A function of an installed package counts by name, and by what it wraps."""
        name = f"{_installed(function.__globals__.get('__name__'))}:{function.__code__.co_name}"
        held = [value for value in _Space.of(function).closure.values() if callable(value) or _holds_code(value)]
        return f"{name} {[self.text(value) for value in held]}" if held else name

    def outer(self, node: ast.expr, space: _Space) -> str | None:
        found = space.value(node)
        if found is _MISSING:
            return f"name {node.id}" if isinstance(node, ast.Name) else None
        return self.text(found)

    def type(self, cls: type) -> str:
        """A class counts by what it is made of: names matter here, since attributes and exceptions are found by name."""
        lines = [f"class {cls.__name__} {[self.text(base) for base in cls.__bases__]} {self.text(type(cls))}"]
        if issubclass(cls, enum.Enum):
            lines += [f"{member.name} = {self.text(member.value)}" for member in cls]
        for name, member in sorted(vars(cls).items()):
            if name in _CLASS_MACHINERY or (issubclass(cls, enum.Enum) and not _is_code(member)):
                continue
            lines.append(f"{name}: {', '.join(self.member(member))}")
        return "\n ".join(lines)

    def member(self, member: Any) -> Iterator[str]:
        kind = type(member).__name__
        if isinstance(member, (staticmethod, classmethod)):
            yield f"{kind} {self.text(member.__func__)}"
        elif isinstance(member, property):
            yield from (f"{kind} {self.text(part)}" for part in (member.fget, member.fset, member.fdel))
        elif isinstance(member, functools.cached_property):
            yield f"{kind} {self.text(member.func)}"
        elif isinstance(member, types.FunctionType) and inspect.unwrap(member).__code__.co_filename == "<string>":
            yield "generated"  # by dataclasses and their like, from what else the class has
        elif isinstance(member, (types.MemberDescriptorType, types.GetSetDescriptorType)):
            yield "slot"
        elif kind == "_DataclassParams":
            yield repr(member)
        else:
            yield self.text(member)


@functools.lru_cache(maxsize=1024)
def _tree(function: types.FunctionType) -> Any:
    """Return the tree of a function, read only. Raises LanguageError if there is no source."""
    return to_ast(find(function).tree)


def _joined(written: list[str | Local], names: list[str] | None = None) -> str:
    """Return one text; variables are numbered as they occur, those named first come first."""
    numbers = {name: number for number, name in enumerate(names or [])}
    return "".join(
        part if isinstance(part, str) else f"v{numbers.setdefault(part.name, len(numbers))}" for part in written
    )


def _holds_code(value: Any, depth: int = 4) -> bool:
    """Whether a small container holds functions or classes (a table of handlers): then it is more than data."""
    if type(value) not in (list, tuple, dict, set, frozenset) or len(value) > _SMALL or not depth:
        return False
    held = [*value, *value.values()] if isinstance(value, dict) else value
    return any(callable(item) or _holds_code(item, depth - 1) for item in held)


def _is_code(member: object) -> bool:
    return isinstance(member, (types.FunctionType, staticmethod, classmethod, property))


# -- whose a module is -----------------------------------------------------------------------------------------------


@functools.cache
def _is_own(name: str) -> bool:
    """Whether a module is the user's: neither installed nor of the standard library."""
    if name == "__main__" or name not in sys.modules:
        return True
    if name.partition(".")[0] in ("tangentflow", *sys.stdlib_module_names):
        return False
    file = getattr(sys.modules[name], "__file__", None)
    if not file or not str(file).endswith(".py"):
        return False
    path = Path(file).resolve()
    installed = any(part in ("site-packages", "dist-packages") for part in path.parts)
    # `pip install --target` leaves a note of each distribution beside the packages.
    return not installed and not any(path.parents[name.count(".") + (path.stem == "__init__")].glob("*.dist-info"))


@functools.cache
def _installed(module: str | None) -> str:
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
