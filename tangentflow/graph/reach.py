"""What a value leads to in the user's own modules: helpers, globals, closure variables, defaults and classes, as normalised text."""

from __future__ import annotations

import ast
import functools
import hashlib
import logging
import sys
import types
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.errors import LanguageError
from tangentflow.graph.classes import members
from tangentflow.graph.dynamic import dynamic, imports_in, names_in
from tangentflow.graph.environment import variables_read
from tangentflow.graph.imported import imported_modules, source_of
from tangentflow.graph.normal import Local, bound_in, form, keywords
from tangentflow.graph.space import MISSING, Space
from tangentflow.graph.whose import installed, is_own, is_own_path, is_standard
from tangentflow.merged import MergedWorkflow
from tangentflow.runtime.digest import digest
from tangentflow.source.file import fingerprint as code_fingerprint
from tangentflow.source.find import find
from tangentflow.source.printer import to_ast

__all__ = ["Reach"]

_SMALL = 1000
_BUILT_IN = (
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.MethodWrapperType,
)
_CACHE = type(functools.lru_cache(len))


class Reach:
    """Everything that a value leads to: an entry for each function, class and module, numbered as they are found.

    `variables` are the environment variables that are read by name, `unseen` says what cannot be looked into, `files` has when the files of
    the user's modules were changed.
    """

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.numbers: dict[int, int] = {}
        self.sources: dict[str, str] = {}
        self.files: dict[str, int] = {}
        self.variables: set[str] = set()
        self.unseen: dict[str, None] = {}
        self.about: list[str] = []
        self.reads_about = False
        self.keep: list[object] = []  # an id must not be used twice
        self.open: set[int] = set()
        self.todo: deque[tuple[int, Any, Any]] = deque()

    def whole(self, value: object) -> str:
        """Return the text of a value and of everything that it leads to."""
        first = self.text(value)
        while self.todo:  # not by recursion: chains of helpers may be long
            number, entry, write = self.todo.popleft()
            self.entries[number] = write(entry)
        about = self.about if self.reads_about else []
        return "\n".join([first, *self.entries, *about])

    def text(self, value: Any) -> str:
        """Return the text that stands for a value."""
        if isinstance(value, MergedWorkflow):
            return f"merged {[(self.text(part.workflow), self.text(part.arguments)) for part in value.parts]}"
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
        if type(value) is functools.partial:
            return f"partial({self.text(value.func)}, {self.text(value.args)}, {self.text(value.keywords)})"
        if isinstance(value, _BUILT_IN):
            owner = getattr(value, "__self__", None)
            bound = "" if owner is None or isinstance(owner, (types.ModuleType, type)) else f" of {self.text(owner)}"
            return f"{installed(getattr(value, '__module__', None))}:{value.__qualname__}{bound}"
        if type(value) is _CACHE:
            return f"cache({self.text(value.__wrapped__)})"
        if type(value) is logging.Logger:
            return f"logger {value.name}"
        if _holds_code(value):
            return self.container(value)
        return self.data(value)

    def entry(self, value: object, write: Any) -> str:
        """Return what stands for a function, class or module in the text of others; `write` gives its own text, later."""
        number = self.numbers.get(id(value))
        if number is None:
            number = self.numbers[id(value)] = len(self.entries)
            self.keep.append(value)
            self.entries.append("")
            self.todo.append((number, value, write))
        return f"#{number}"

    def container(self, value: Any) -> str:
        """A table of functions counts by what is in it."""
        if id(value) in self.open:
            return "itself"
        self.open.add(id(value))
        kind = type(value).__name__
        if isinstance(value, dict):
            text = f"{kind} {[(self.text(key), self.text(item)) for key, item in value.items()]}"
        elif isinstance(value, (set, frozenset)):
            text = f"{kind} {sorted(self.text(item) for item in sorted(value, key=_sorted))}"
        else:
            text = f"{kind} {[self.text(item) for item in value]}"
        self.open.discard(id(value))
        return text

    def data(self, value: object) -> str:
        """Any other object counts by its state, and by the code that is in it somewhere."""
        met: dict[int, Any] = {}
        hidden: list[object] = []
        found = digest(value, met, hidden, files=False)  # code that names a file may only read it, like any other
        for inner in hidden:
            self.unseen[f"a {type(inner).__module__}.{type(inner).__qualname__} cannot be looked into"] = None
        codes = [code for code in met.values() if not (isinstance(code, type) and code.__module__ == "builtins")]
        if any(isinstance(code, type) and not _is_known(code) for code in codes):
            self.reads_about = (
                True  # what frameworks make of functions and classes depends on annotations and documentation
            )
        return " ".join([type(value).__name__, found, *(self.text(code) for code in sorted(codes, key=_sorted))])

    def module(self, module: types.ModuleType) -> str:
        """A module that is used as a value: all of its text counts, and what its names hold."""
        found = source_of(module.__name__)
        text = f"module {module.__name__}" if found is None else self.source(module.__name__, *found)
        held = [
            f"{name} = {self.text(value)}"
            for name, value in sorted(vars(module).items())
            if not (name.startswith("__") and name.endswith("__")) and not (found and _is_of(value, module.__name__))
        ]
        return f"{text} {held}"

    def function(self, function: types.FunctionType) -> str:
        """A function counts by its body, and by what the names in it mean."""
        space = Space.of(function)
        defaults = self.defaults(function) + self.attributes(function)
        if "__class__" in space.closure:  # super() without arguments
            defaults += f" class {self.text(space.closure['__class__'])}"
        self.file(Path(function.__code__.co_filename))
        try:
            tree = _tree(function, function.__code__)
        except LanguageError as error:
            if error.code == "TF002":
                self.unseen[error.offences[0].what] = None  # another process would run the new text
            return f"{self.bytecode(function, space)} {defaults}"
        self.about.append(f"{function.__doc__!r} {[ast.dump(node) for node in _annotations(tree)]}")
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
        local = frozenset({*names, *bound_in(body)})
        kind = "async " if isinstance(tree, ast.AsyncFunctionDef) else ""
        looked_up = dynamic(tree, space.value)
        kept = local if looked_up.names else frozenset()
        text = joined(form(body, local, lambda node: self.outer(node, space), kept, keywords(tree)).parts, names)
        self.variables.update(variables_read(tree, space.value))
        self.reads_about |= looked_up.about
        self.unseen.update(dict.fromkeys(looked_up.unknown))
        if looked_up.globals:
            text += f" {self.namespace(function)}"
        package = function.__globals__.get("__package__") or ""
        imports = self.imports({*imported_modules(tree, package), *looked_up.modules})
        return f"{kind}def {shape} {names} {defaults} {text}{imports}"

    def bytecode(self, function: types.FunctionType, space: Space) -> str:
        """A function without a source counts by its bytecode: every name in it may be one from outside."""
        names = {name: ast.Name(id=name, ctx=ast.Load()) for name in [*names_in(function.__code__), *space.closure]}
        named = {name: self.outer(node, space) for name, node in names.items() if space.value(node) is not MISSING}
        if names.keys() & {"environ", "getenv", "eval", "exec", "globals", "import_module", "__import__"}:
            self.unseen[f"{function.__qualname__} has no source, and may read anything"] = None
        imports = self.imports(set(imports_in(function.__code__)))
        return f"bytecode {code_fingerprint(function.__code__)!r} {named}{imports}"

    def namespace(self, function: types.FunctionType) -> str:
        """All that a function may find in its module."""
        name = function.__globals__.get("__name__")
        module = sys.modules.get(name) if isinstance(name, str) else None
        if module is not None and vars(module) is function.__globals__ and source_of(module.__name__) is not None:
            return self.entry(module, self.module)
        self.unseen[f"{function.__qualname__} may read any name of a module without a source"] = None
        return ""

    def defaults(self, function: types.FunctionType) -> str:
        """The defaults of its parameters."""
        return self.text((function.__defaults__, function.__kwdefaults__))

    def attributes(self, function: types.FunctionType) -> str:
        """The attributes that a function was given."""
        return f" {self.text(vars(function))}" if vars(function) else ""

    def imports(self, modules: Iterable[str]) -> str:
        """What is imported at run time: modules of the user's with all of their source, others by version."""
        return "".join(f" {text}" for text in map(self.imported, sorted({*modules})) if text)

    def imported(self, name: str) -> str:
        """A module that is imported in a body; nothing for one of the standard library."""
        top = name.partition(".")[0]
        if top == "tangentflow":
            return ""
        found = source_of(name)
        if is_standard(name, found[0] if found is not None else None):
            return ""
        if found is None or not is_own_path(found[0], name):
            return installed(top) if name == top else ""
        return self.source(name, *found)

    def source(self, name: str, file: Path, is_package: bool) -> str:
        """A module of the user's counts by all of its source, and by what it imports."""
        if name not in self.sources:
            self.sources[name] = f"source {name}"
            tree, text = _module_text(file, self.file(file))
            package = name if is_package else name.rpartition(".")[0]
            looked_up = dynamic(tree, lambda node: MISSING)
            self.variables.update(variables_read(tree, lambda node: MISSING))
            self.unseen.update(dict.fromkeys(looked_up.unknown))
            imports = self.imports({*imported_modules(tree, package), *looked_up.modules})
            self.sources[name] = f"source {name} {text}{imports}"
            self.entries.append(self.sources[name])
        return f"@{name}"

    def file(self, file: Path) -> int:
        """Return when a file was changed, and remember it; 0 for what is no file."""
        with suppress(OSError):
            return self.files.setdefault(str(file), file.stat().st_mtime_ns)
        return 0

    def foreign(self, function: types.FunctionType) -> str:
        """A function of an installed package counts by name, and by what it was given by whoever made it."""
        module = function.__globals__.get("__name__")
        name = f"{installed(module)}:{function.__code__.co_name}"
        given = [vars(function), *Space.of(function).closure.values()]
        if not any(_holds_code(value) or callable(value) for value in given):
            return name
        if not is_standard(str(module), None):
            self.reads_about = True
        return self.entry(function, lambda _: f"{name} {[self.text(value) for value in given if _counts(value)]}")

    def outer(self, node: ast.expr, space: Space) -> str | None:
        """Return the text that stands for a name from outside, or a dotted one; None for one that is to be spelled out."""
        found = space.value(node)
        if found is MISSING:
            return f"name {node.id}" if isinstance(node, ast.Name) else None
        before = len(self.unseen)
        text = self.text(found)
        for reason in list(self.unseen)[before:]:
            del self.unseen[reason]
            self.unseen[f"{ast.unparse(node)}: {reason}"] = None
        return text

    def type(self, cls: type) -> str:
        """A class counts by what it is made of."""
        head = f"class {cls.__name__} {[self.text(base) for base in cls.__bases__]} {self.text(type(cls))}"
        self.about.append(repr(cls.__doc__))
        return "\n ".join([head, *members(cls, self.text)])


@functools.lru_cache(maxsize=1024)
def _tree(function: types.FunctionType, code: types.CodeType) -> Any:
    """Return the tree of a function, read only. Raises LanguageError if there is no source. `code` is its code, which may be replaced."""
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


def _is_of(value: object, module: str) -> bool:
    """Whether the source of a module defines a value."""
    kinds = (types.FunctionType, type, StepFunction, WorkflowFunction)
    return isinstance(value, types.ModuleType) or (isinstance(value, kinds) and value.__module__ == module)


def _is_known(cls: type) -> bool:
    """Whether a class is the user's or of the standard library: what it makes of functions can be seen, or is known."""
    return is_own(cls.__module__) or is_standard(cls.__module__, None) or cls.__module__.startswith("tangentflow")


def _counts(value: object) -> bool:
    """Whether a variable of an installed function is more than what it remembers of earlier calls."""
    return not type(value).__module__.startswith(("weakref", "_weakref", "_thread", "threading"))


def _sorted(value: Any) -> tuple[str, str]:
    return getattr(value, "__module__", None) or "", getattr(value, "__qualname__", None) or digest(value, files=False)


def _annotations(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            found = getattr(node, name, None)
            if found is not None:
                yield found
