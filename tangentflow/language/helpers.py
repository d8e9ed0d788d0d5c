"""Helpers of the user: plain functions that glue calls, judged by what they reach."""

from __future__ import annotations

import builtins
import functools
import importlib
import os
import sys
import sysconfig
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import gast

from tangentflow.errors import LanguageError
from tangentflow.language import known
from tangentflow.language.values import ALONE, IMMUTABLE, Value, annotated, join, reads_of
from tangentflow.language.verdict import MISSING, PURE, Verdict, dotted, worst
from tangentflow.source.find import FunctionSource, find

if TYPE_CHECKING:
    from tangentflow.language.kinds import Kinds

__all__ = ["Helpers", "Judged", "resolver"]

_FUNCTIONS = (gast.FunctionDef, gast.AsyncFunctionDef, gast.Lambda)


UNKNOWN = Value()


@dataclass(frozen=True)
class Judged:
    """What a helper is: its verdict apart from changes to its arguments, the parameters that it changes, its result."""

    verdict: Verdict
    mutates: tuple[str, ...] = ()
    result: Value = UNKNOWN


@dataclass
class Helpers:
    """Judges helpers, each once. `kinds` makes the call analysis for the names that a helper sees."""

    is_site: Callable[[object], bool]
    kinds: type[Kinds]
    _judged: dict[tuple[int, str], tuple[types.FunctionType, Judged]] = field(default_factory=dict)
    _active: list[tuple[int, str]] = field(default_factory=list)
    _lowest: int = sys.maxsize

    def is_user(self, fn: types.FunctionType) -> bool:
        """Whether the function is of the user's own code: neither the standard library nor an installed package."""
        filename = fn.__code__.co_filename
        if filename.startswith("<frozen") or filename == "<string>":
            return False
        parts = filename.replace("\\", "/").split("/")
        if "site-packages" in parts or "dist-packages" in parts:
            return False
        return not filename.startswith(_LIBRARY)

    def reached(self, obj: object, name: str) -> Verdict:
        """Return the kind of calling any live object."""
        return self.kinds(lambda node: MISSING, self.is_site, helpers=self).live(obj, name)

    def verdict(self, fn: Any, name: str, given: str = "") -> Verdict:
        """Return the kind of calling `fn`.

        `given` tells about its first parameter: "self" is a value from outside the workflow, "own" is newly made.
        """
        judged = self.judge(fn, given)
        if not judged.mutates:
            return _through(judged.verdict, fn, name)
        if given == "self" and judged.mutates[0] == fn.__code__.co_varnames[0]:
            why = f"it changes `{name.rpartition('.')[0]}`, which is not a value of the workflow"
            instead = "make the object in the workflow, or pass what it holds as arguments"
            return worst([judged.verdict, Verdict("refused", "TF306", why, instead)])
        why = f"{_where(fn, name)} changes its parameter `{judged.mutates[0]}` in place"
        instead = f"let it return the new value, `x = {name}(x)`, or make it a @step"
        return worst([judged.verdict, Verdict("refused", "TF305", why, instead)])

    def result(self, fn: types.FunctionType) -> Value:
        """Return what is known of the result: immutable, or how deep nothing else holds it (0 if that is not known)."""
        return self.judge(fn).result

    def judge(self, fn: Any, given: str = "") -> Judged:
        """Analyse a helper with everything that it calls; opaque if it is no Python function of the user."""
        if not isinstance(fn, types.FunctionType) or not self.is_user(fn):
            return Judged(Verdict("opaque", why="it belongs to a library"))
        key = (id(fn), given)
        if key in self._judged:
            return self._judged[key][1]
        if key in self._active:
            self._lowest = min(self._lowest, self._active.index(key))
            return Judged(PURE)
        depth = len(self._active)
        outer, self._lowest = self._lowest, sys.maxsize
        self._active.append(key)
        try:
            judged = self._analyse(fn, given)
        finally:
            self._active.pop()
            lowest, self._lowest = self._lowest, min(outer, self._lowest)
        if lowest >= depth:  # else it rests on a function that is not judged yet
            self._judged[key] = (fn, judged)
            self._lowest = outer
        return judged

    def _analyse(self, fn: types.FunctionType, given: str) -> Judged:
        try:
            source = find(fn)
        except LanguageError:
            return Judged(Verdict("opaque", why="its source cannot be found"))
        if isinstance(source.tree, gast.AsyncFunctionDef):
            why = "it is a coroutine, and a workflow has no event loop"
            return Judged(Verdict("refused", "TF307", why, "write a plain function, or call asyncio.run in a @step"))
        return _Body(self, source, given).judge()


class _Body:
    """The analysis of one helper's body."""

    def __init__(self, helpers: Helpers, source: FunctionSource, given: str) -> None:
        self.helpers, self.source, self.given = helpers, source, given
        self.tree = source.tree
        self.params = [
            n.id for n in gast.walk(self.tree.args) if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Param)
        ]
        self.values = _bindings(self.tree)
        self.resolve = resolver(source, set(self.values) | _all_params(self.tree))
        own = {name for name in self.values if self.own_function(name)}
        self.kinds = helpers.kinds(self.resolve, helpers.is_site, own=own, helpers=helpers)
        self.found: list[Verdict] = [PURE]
        self.mutates: list[str] = []

    def judge(self) -> Judged:
        body = self.tree.body if isinstance(self.tree.body, list) else [gast.Return(value=self.tree.body)]
        for statement in body:
            for node in _walk(statement):
                self.visit(node)
        result = self.flow(body)
        verdict = worst(self.found)
        own = list(_own_nodes(body))
        returns = any(isinstance(n, gast.Return) and n.value is not None for n in own)
        if verdict.kind == "message" and returns:
            verdict = Verdict("opaque", why=verdict.why)
        if any(isinstance(n, (gast.Yield, gast.YieldFrom)) for n in own):
            result = Value()
            if verdict.kind in ("opaque", "message", "impure"):
                why = "it is a generator that does more than compute, and what it yields cannot be recorded"
                verdict = Verdict("refused", "TF308", why, "return a list instead of yielding")
        return Judged(verdict, tuple(dict.fromkeys(self.mutates)), result)

    def flow(self, body: list[Any]) -> Value:
        """Find the changes in place of values that the helper does not own; return what is known of its result."""
        from tangentflow.language.ownership import Flow

        flow = Flow(self.resolve, self.helpers, self.change, reads_of(body), nested=True)
        flow.parameters(self.params, self.tree)
        if self.given == "own" and self.params:
            flow.env[self.params[0]] = Value(levels=ALONE)
        flow.block(body)
        promised = getattr(self.tree, "returns", None)
        if promised is not None and annotated(promised).immutable:
            return IMMUTABLE
        found = flow.returned if flow.dead and flow.returned else [*flow.returned, IMMUTABLE]
        result = functools.reduce(join, found)
        if result.captures:
            return Value()
        return Value(result.immutable, result.levels, result.flat and result.levels > 0, result.type)

    def change(self, node: gast.AST, code: str, name: str, value: Value, instead: str) -> None:
        """Take one change in place that the flow analysis reports."""
        augmented = isinstance(node, gast.AugAssign) and isinstance(node.target, gast.Name)
        displays = (gast.List, gast.ListComp, gast.Set, gast.SetComp, gast.Dict, gast.DictComp)
        container = value.type in ("list", "set", "dict") or isinstance(getattr(node, "value", None), displays)
        if code == "TF201" and value.root in self.params and (not augmented or container):
            self.mutates.append(value.root)
        elif code == "TF207":
            why = f"it changes `{name}`, which other steps do not see, as they run elsewhere"
            self.found.append(Verdict("refused", "TF306", why, "pass the value as an argument and return the new one"))
        else:
            self.found.append(Verdict("opaque", why=f"it may change a value that something else holds too (`{name}`)"))

    def visit(self, node: gast.AST) -> None:
        if isinstance(node, gast.Call):
            self.call(node)
        elif isinstance(node, (gast.Name, gast.Attribute)) and isinstance(node.ctx, gast.Load):
            self.found.append(self.kinds.read(node))
        elif isinstance(node, (gast.Global, gast.Nonlocal)):
            self.outer(node)
        elif isinstance(node, (gast.Await, gast.AsyncFunctionDef, gast.AsyncFor, gast.AsyncWith)):
            why = "it is a coroutine, and a workflow has no event loop"
            self.found.append(
                Verdict("refused", "TF307", why, "write a plain function, or call asyncio.run in a @step")
            )
        elif isinstance(node, (gast.With, gast.Import, gast.ImportFrom, gast.ClassDef)):
            self.special(node)

    def call(self, node: gast.Call) -> None:
        if isinstance(node.func, gast.Attribute) and isinstance(node.func.value, gast.Call):
            inner = node.func.value
            if not inner.args and self.kinds.resolve(inner.func) is super:
                self.base(node.func.attr)
                return
        obj = self.resolve(node.func) if isinstance(node.func, (gast.Name, gast.Attribute)) else MISSING
        if obj is super and not node.args:
            return  # judged with the method that it is asked for
        if known.qualified_name(obj) in known.MUTATES_FIRST and not isinstance(obj, types.MethodType):
            return  # a change in place like `append`
        if isinstance(obj, types.FunctionType) and not self.helpers.is_site(obj):
            judged = self.helpers.judge(obj)
            if judged.mutates:
                self.found.append(_through(judged.verdict, obj, dotted(node.func)))
                return
        self.found.append(self.kinds.call(node))

    def base(self, method: str) -> None:
        """Judge a call of `super().method`."""
        cls = self.source.closure.get("__class__")
        bases = cls.__mro__[1:] if isinstance(cls, type) else ()
        function = next((vars(base)[method] for base in bases if method in vars(base)), None)
        function = getattr(function, "__func__", function)  # static and class methods
        if isinstance(function, types.FunctionType):
            self.found.append(self.helpers.verdict(function, f"super().{method}", given=self.given))
        elif function is None:
            self.found.append(Verdict("opaque", why=f"what `super().{method}` does is not known"))

    def outer(self, node: Any) -> None:
        names = list(node.names)
        if isinstance(node, gast.Nonlocal):
            names = [n for n in names if n in self.source.fn.__code__.co_freevars]
        for name in names:
            why = f"it assigns `{name}` outside itself, and other steps, which run elsewhere, would not see it"
            self.found.append(Verdict("refused", "TF306", why, "pass the value as an argument and return the new one"))

    def special(self, node: Any) -> None:
        if isinstance(node, gast.ClassDef):
            self.found.append(Verdict("opaque", why=f"it makes the class `{node.name}` anew each time"))
        elif isinstance(node, gast.With):
            for item in node.items:
                obj = self.resolve(item.context_expr.func) if isinstance(item.context_expr, gast.Call) else MISSING
                if known.qualified_name(obj) not in (
                    "contextlib.suppress",
                    "contextlib.nullcontext",
                    "decimal.localcontext",
                ):
                    self.found.append(Verdict("opaque", why="what its context manager does is not known"))

    def own_function(self, name: str) -> bool:
        """Whether a name is a function of the helper's own: its body is judged with the helper."""
        return name not in self.params and all(isinstance(v, _FUNCTIONS) for v in self.values.get(name, [None]))


_LIBRARY = tuple(
    os.path.join(path, "")
    for path in {sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}
)


def resolver(source: FunctionSource, local: set[str]) -> Callable[[gast.expr], object]:
    """Return a function from names and attribute chains to the live objects that they stand for.

    The root of a chain is a free variable, a global or a builtin of the function; names in `local` and whatever does not
    exist yet give MISSING. Attributes are read of modules, classes and plain instances; no property is run.
    Names of modules that the function imports itself are looked up too.
    """
    closure, modules = source.closure, _imports(source.tree)

    def resolve(node: gast.expr) -> object:
        if isinstance(node, gast.Name):
            if node.id in modules:
                return modules[node.id]
            if node.id in local:
                return MISSING
            for scope in (closure, source.globals, vars(builtins)):
                if node.id in scope:
                    return scope[node.id]
            return MISSING
        if isinstance(node, gast.Attribute):
            owner = resolve(node.value)
            return MISSING if owner is MISSING else _member(owner, node.attr)
        return MISSING

    return resolve


def _member(owner: object, name: str) -> object:
    if not isinstance(owner, (types.ModuleType, type)) and isinstance(known.attribute(type(owner), name), property):
        return MISSING
    try:
        return getattr(owner, name)
    except Exception:  # a __getattr__ of its own: what cannot be looked at is not known
        return MISSING


def _imports(tree: gast.AST) -> dict[str, object]:
    """Return the modules and names that a function imports, as far as they are loaded or of the standard library."""
    found: dict[str, object] = {}
    for node in gast.walk(tree):
        if isinstance(node, gast.Import):
            for alias in node.names:
                module = _module(alias.name)
                if module is not None:
                    found[alias.asname or alias.name.partition(".")[0]] = (
                        module if alias.asname else _module(alias.name.partition(".")[0])
                    )
        elif isinstance(node, gast.ImportFrom) and not node.level and node.module:
            module = _module(node.module)
            for alias in node.names:
                obj = MISSING if module is None else _member(module, alias.name)
                if obj is not MISSING:
                    found[alias.asname or alias.name] = obj
    return found


def _module(name: str) -> types.ModuleType | None:
    if name in sys.modules:
        return sys.modules[name]
    if name.partition(".")[0] in sys.stdlib_module_names:
        try:
            return importlib.import_module(name)
        except ImportError:
            return None
    return None


def _bindings(tree: gast.AST) -> dict[str, list[Any]]:
    """Return, for each name bound anywhere in a function, the expressions it is given; None for what has none."""
    found: dict[str, list[Any]] = {}

    def bind(target: gast.AST, value: Any) -> None:
        if isinstance(target, gast.Name):
            found.setdefault(target.id, []).append(value)
        elif isinstance(target, (gast.Tuple, gast.List)):
            for element in target.elts:
                bind(element, None)
        elif isinstance(target, gast.Starred):
            bind(target.value, gast.List([], gast.Load()))  # a starred target takes a new list

    for node in gast.walk(tree):
        if isinstance(node, gast.Assign):
            for target in node.targets:
                bind(target, node.value if len(node.targets) == 1 else None)
        elif isinstance(node, (gast.AnnAssign, gast.NamedExpr)) and node.value is not None:
            bind(node.target, node.value)
        elif isinstance(node, (gast.For, gast.AsyncFor, gast.comprehension)):
            bind(node.target, None)
        elif isinstance(node, (gast.FunctionDef, gast.AsyncFunctionDef)) and node is not tree:
            found.setdefault(node.name, []).append(node)
        elif isinstance(node, gast.ClassDef):
            found.setdefault(node.name, []).append(None)
        elif isinstance(node, (gast.With, gast.AsyncWith)):
            for item in node.items:
                if item.optional_vars is not None:
                    bind(item.optional_vars, None)
        elif isinstance(node, gast.ExceptHandler) and node.name is not None:
            bind(node.name, None)
        elif isinstance(node, (gast.MatchAs, gast.MatchStar)) and node.name:
            found.setdefault(node.name, []).append(None)
        elif isinstance(node, gast.MatchMapping) and node.rest:
            found.setdefault(node.rest, []).append(None)
        elif isinstance(node, (gast.Import, gast.ImportFrom)):
            for alias in node.names:
                found.setdefault(alias.asname or alias.name.partition(".")[0], []).append(None)
        elif isinstance(node, gast.Name) and isinstance(node.ctx, gast.Del):
            found.setdefault(node.id, [])
    return found


def _all_params(tree: gast.AST) -> set[str]:
    return {n.id for n in gast.walk(tree) if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Param)}


def _walk(node: Any) -> Iterator[gast.AST]:
    """Yield all nodes in source order, those of annotations left out."""
    yield node
    for name, value in gast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, gast.AST):
                yield from _walk(child)


def _own_nodes(body: Iterable[gast.AST]) -> Iterator[gast.AST]:
    """Yield the nodes of a function, inner functions left out."""
    for node in body:
        yield node
        if not isinstance(node, (*_FUNCTIONS, gast.ClassDef)):
            yield from _own_nodes(gast.iter_child_nodes(node))


def given_to(names: Iterable[str], node: gast.Call, fn: types.FunctionType) -> list[gast.AST]:
    """Return the arguments of a call that may go to these parameters of `fn`."""
    code = fn.__code__
    positional = code.co_varnames[: code.co_argcount]
    if any(isinstance(value, gast.Starred) for value in node.args) or any(k.arg is None for k in node.keywords):
        return [*node.args, *[k.value for k in node.keywords]]
    pairs = [(positional[i] if i < len(positional) else "*", value) for i, value in enumerate(node.args)]
    pairs += [(k.arg, k.value) for k in node.keywords]
    known_names = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    return [value for name, value in pairs if name in names or name not in known_names]


def _where(fn: Any, name: str) -> str:
    code = fn.__code__
    return f"`{name}` ({os.path.basename(code.co_filename)}:{code.co_firstlineno})"


def _through(verdict: Verdict, fn: Any, name: str) -> Verdict:
    """Return a verdict on what a helper does, told of a call of the helper."""
    if verdict.kind == "pure" or not isinstance(fn, types.FunctionType):
        return verdict
    if verdict.kind == "opaque" and verdict.why == "it belongs to a library":
        return Verdict("opaque", why=f"what `{name}` does is not known")
    return replace(verdict, why=f"{_where(fn, name)}: {verdict.why}")
