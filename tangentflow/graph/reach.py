"""What a value leads to in the user's own modules: helpers, globals, closure variables, defaults and classes, as normalised text."""

from __future__ import annotations

import ast
import builtins
import enum
import functools
import hashlib
import inspect
import logging
import sys
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.errors import LanguageError
from tangentflow.graph.environment import variables_read
from tangentflow.graph.imported import imported_modules, source_of
from tangentflow.graph.normal import Local, bound_in, form
from tangentflow.graph.whose import installed, is_own, is_own_path
from tangentflow.runtime.digest import digest
from tangentflow.source.file import fingerprint as code_fingerprint
from tangentflow.source.find import find
from tangentflow.source.printer import to_ast

__all__ = ["MISSING", "Reach", "Space"]

MISSING = object()
"""What `Space.value` gives for a name that means nothing."""

_SMALL = 1000
_CLASS_MACHINERY = frozenset(
    {
        "__dict__", "__weakref__", "__module__", "__qualname__", "__doc__", "__firstlineno__", "__static_attributes__",
        "__annotate__", "__annotate_func__", "__annotations_cache__", "__slotnames__", "__abstractmethods__", "_abc_impl",
        "__parameters__", "__match_args__", "__dataclass_fields__", "__orig_bases__",
    }
)  # fmt: skip
"""What Python notes in a class by itself."""


@dataclass
class Space:
    """Where a function finds the names from outside."""

    closure: Mapping[str, Any]
    globals: Mapping[str, Any]
    imports: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, function: types.FunctionType) -> Space:
        """Return the names of a function."""
        cells = {}
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                cells[name] = cell.cell_contents
            except ValueError:
                continue  # not assigned yet
        return cls(cells, function.__globals__)

    def value(self, node: ast.expr) -> object:
        """Return what a name means, or a dotted name through the user's own modules; else MISSING."""
        if isinstance(node, ast.Name):
            for space in (self.imports, self.closure, self.globals, vars(builtins)):
                if node.id in space:
                    found: object = space[node.id]
                    return found
            return MISSING
        if isinstance(node, ast.Attribute):
            owner = self.value(node.value)
            if isinstance(owner, types.ModuleType) and is_own(owner.__name__):
                found = getattr(owner, node.attr, MISSING)
                return found
        return MISSING


class Reach:
    """Everything that a value leads to: an entry for each function, class and module, numbered as they are found.

    `variables` are the environment variables that are read by name.
    """

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.numbers: dict[int, int] = {}
        self.sources: dict[str, str] = {}
        self.variables: set[str] = set()
        self.keep: list[object] = []  # an id must not be used twice

    def text(self, value: Any) -> str:
        """Return the text that stands for a value."""
        if isinstance(value, (StepFunction, WorkflowFunction)):
            return f"{type(value).__name__}({value.option('image')!r}, {self.text(value.function)})"
        if isinstance(value, types.ModuleType):
            return self.entry(value, self.module) if is_own(value.__name__) else installed(value.__name__)
        if isinstance(value, types.FunctionType):
            own = is_own(value.__globals__.get("__name__", ""))  # wrappers call themselves what they wrap
            return self.entry(value, self.function) if own else self.foreign(value)
        if isinstance(value, type):
            own = is_own(value.__module__)
            return self.entry(value, self.type) if own else f"{installed(value.__module__)}:{value.__qualname__}"
        if isinstance(value, types.MethodType):
            return f"method({self.text(value.__func__)}, {self.text(value.__self__)})"
        if isinstance(value, functools.partial):
            return f"partial({self.text(value.func)}, {self.text(value.args)}, {self.text(value.keywords)})"
        if isinstance(value, (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)):
            return f"{installed(value.__module__ or 'builtins')}:{value.__qualname__}"
        if callable(value) and isinstance(
            getattr(value, "__wrapped__", None), types.FunctionType
        ):  # functools.lru_cache and its like
            return f"{self.text(type(value))}({self.text(value.__wrapped__)})"
        if callable(value) and isinstance(getattr(value, "__module__", None), str) and not is_own(value.__module__):
            return f"{installed(value.__module__)}:{getattr(value, '__qualname__', getattr(value, '__name__', type(value).__name__))}"
        if isinstance(value, logging.Logger):
            return f"logger {value.name}"
        if _holds_code(value):
            return self.container(value)
        if type(value).__module__ == "builtins":
            return f"{type(value).__name__} {digest(value)}"
        return f"{self.text(type(value))} {digest(value)}"

    def entry(self, value: object, write: Any) -> str:
        """Return what stands for a function, class or module in the text of others; `write` gives its own text."""
        number = self.numbers.get(id(value))
        if number is None:
            number = self.numbers[id(value)] = len(self.entries)
            self.keep.append(value)
            self.entries.append("")
            self.entries[number] = write(value)
        return f"#{number}"

    def container(self, value: Any) -> str:
        """A table of functions counts by what is in it."""
        kind = type(value).__name__
        if isinstance(value, dict):
            return f"{kind} {[(self.text(key), self.text(item)) for key, item in value.items()]}"
        texts = [self.text(item) for item in value]
        return f"{kind} {sorted(texts) if isinstance(value, (set, frozenset)) else texts}"

    def module(self, module: types.ModuleType) -> str:
        """A module that is used as a value: all of its text counts."""
        found = source_of(module.__name__)
        if found is None:
            return f"module {module.__name__}"
        return self.source(module.__name__, *found)

    def function(self, function: types.FunctionType) -> str:
        """A function counts by its body, and by what the names in it mean."""
        space = Space.of(function)
        defaults = self.defaults(function)
        try:
            tree = _tree(function)
        except (LanguageError, TypeError):
            reads = [
                name
                for name in function.__code__.co_names
                if space.value(ast.Name(id=name, ctx=ast.Load())) is not MISSING
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
        text = joined(form(body, local, lambda node: self.outer(node, space)).parts, names)
        self.variables.update(variables_read(tree, space.value))
        imports = self.imports(tree, function.__globals__.get("__package__") or "")
        return f"{kind}def {shape} {names} {defaults} {text}{imports}"

    def defaults(self, function: types.FunctionType) -> str:
        """The defaults of its parameters."""
        return self.text((function.__defaults__, function.__kwdefaults__))

    def imports(self, tree: ast.AST, package: str) -> str:
        """What a body imports: modules of the user's with all of their source, others by version."""
        return "".join(f" {text}" for text in map(self.imported, sorted({*imported_modules(tree, package)})) if text)

    def imported(self, name: str) -> str:
        """A module that is imported in a body; nothing for one of the standard library."""
        top = name.partition(".")[0]
        if top == "tangentflow" or top in sys.stdlib_module_names:
            return ""
        found = source_of(name)
        if found is None or not is_own_path(found[0], name):
            return installed(top) if found is not None and name == top else ""
        return self.source(name, *found)

    def source(self, name: str, file: Path, is_package: bool) -> str:
        """A module of the user's counts by all of its source, and by what it imports."""
        if name not in self.sources:
            self.sources[name] = f"source {name}"
            tree, text = _module_text(file, file.stat().st_mtime_ns)
            package = name if is_package else name.rpartition(".")[0]
            self.sources[name] = f"source {name} {text}{self.imports(tree, package)}"
            self.entries.append(self.sources[name])
        return f"@{name}"

    def foreign(self, function: types.FunctionType) -> str:
        """A function of an installed package counts by name, and by what it wraps."""
        name = f"{installed(function.__globals__.get('__name__'))}:{function.__code__.co_name}"
        held = [value for value in Space.of(function).closure.values() if callable(value) or _holds_code(value)]
        return f"{name} {[self.text(value) for value in held]}" if held else name

    def outer(self, node: ast.expr, space: Space) -> str | None:
        """Return the text that stands for a name from outside, or a dotted one; None for one that is to be spelled out."""
        found = space.value(node)
        if found is MISSING:
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
        """What is in a class."""
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


@functools.lru_cache(maxsize=1024)
def _module_text(file: Path, changed: int) -> tuple[ast.Module, str]:
    """Return the tree of a module and its text in normal form."""
    tree = ast.parse(file.read_bytes())
    text = joined(form(tree.body, (), lambda node: None).parts)
    return tree, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def joined(written: list[str | Local], names: list[str] | None = None) -> str:
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
