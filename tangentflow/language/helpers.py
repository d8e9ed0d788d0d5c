"""Helpers of the user: plain functions that glue calls, judged by what they reach."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import gast

from tangentflow.errors import LanguageError
from tangentflow.language import known
from tangentflow.language.values import Value
from tangentflow.language.verdict import MISSING, PURE, Verdict, worst
from tangentflow.source.find import find

if TYPE_CHECKING:
    from tangentflow.language.kinds import Kinds

__all__ = ["Helpers", "Judged", "given_to", "in_library", "leaves_operands", "through", "where"]

_LIBRARY = tuple(
    os.path.join(path, "")
    for path in {sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}
)

UNKNOWN = Value()


@dataclass(frozen=True)
class Judged:
    """What a helper is: its verdict apart from changes to its arguments, the parameters that it changes, its result.

    `depth` is how deep in them it changes something: 1 for `xs.append(e)`. `unsure`: it hands values to calls that are not known, which
    may change them.
    """

    verdict: Verdict
    mutates: tuple[str, ...] = ()
    result: Value = UNKNOWN
    unsure: bool = False
    depth: int = 1


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
        return not (filename.startswith("<frozen") or filename == "<string>" or in_library(filename))

    def reached(self, obj: object, name: str) -> Verdict:
        """Return the kind of calling any live object."""
        return self.kinds(lambda node: MISSING, self.is_site, helpers=self).live(obj, name)

    def verdict(self, fn: Any, name: str, given: str = "") -> Verdict:
        """Return the kind of calling `fn`.

        `given` tells about its first parameter: "self" is a value from outside the workflow, "own" is newly made.
        """
        judged = self.judge(fn, given)
        if not judged.mutates:
            return through(judged.verdict, fn, name)
        if given == "self" and judged.mutates[0] == fn.__code__.co_varnames[0]:
            why = f"it changes `{name.rpartition('.')[0]}`, which is not a value of the workflow"
            instead = "make the object in the workflow, or pass what it holds as arguments"
            return worst([judged.verdict, Verdict("refused", "TF306", why, instead)])
        why = f"{where(fn, name)} changes its parameter `{judged.mutates[0]}` in place"
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
        from tangentflow.language.helper_body import Body

        try:
            source = find(fn)
        except LanguageError:
            return Judged(Verdict("opaque", why="its source cannot be found"), unsure=True)
        if isinstance(source.tree, gast.AsyncFunctionDef):
            why = "it is a coroutine, and a workflow has no event loop"
            return Judged(Verdict("refused", "TF307", why, "write a plain function, or call asyncio.run in a @step"))
        return Body(self, source, given).judge()


def in_library(filename: str) -> bool:
    """Whether a file is part of the standard library or of an installed package."""
    parts = filename.replace("\\", "/").split("/")
    return "site-packages" in parts or "dist-packages" in parts or filename.startswith(_LIBRARY)


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


def leaves_operands(obj: object, helpers: Helpers) -> bool:
    """Whether a callee is trusted to leave its operands as they are: functions and classes of libraries, helpers that do.

    What is known by name to change them is told apart before; whoever trusts looks afterwards whether it was right to.
    """
    obj = known.attribute(obj, "__func__") or obj
    if isinstance(obj, functools.partial):
        return leaves_operands(obj.func, helpers)
    if isinstance(obj, types.FunctionType):
        judged = helpers.judge(obj) if helpers.is_user(obj) else None
        return judged is None or not (judged.mutates or judged.unsure)
    if obj is MISSING:
        return False
    if isinstance(obj, (type, types.BuiltinFunctionType, types.MethodDescriptorType)):
        return True
    method = known.attribute(type(obj), "__call__")
    if isinstance(method, types.FunctionType) and helpers.is_user(method):
        return leaves_operands(method, helpers)
    module = sys.modules.get(type(obj).__module__)
    filename = known.attribute(module, "__file__")
    return not isinstance(filename, str) or in_library(filename)


def where(fn: Any, name: str) -> str:
    """Return the name of a helper with the place of its definition."""
    code = fn.__code__
    return f"`{name}` ({os.path.basename(code.co_filename)}:{code.co_firstlineno})"


def through(verdict: Verdict, fn: Any, name: str) -> Verdict:
    """Return a verdict on what a helper does, told of a call of the helper."""
    if verdict.kind == "pure" or not isinstance(fn, types.FunctionType):
        return verdict
    if verdict.kind == "opaque" and verdict.why == "it belongs to a library":
        return Verdict("opaque", why=f"what `{name}` does is not known")
    return replace(verdict, why=f"{where(fn, name)}: {verdict.why}")
