"""What kind a call in glue is: pure, opaque, impure, a message, outside, or refused.

A call is told by the live object that its function names, if that is a global, a closure variable or a builtin, and by its
method name otherwise. Helpers of the user are analysed as far as they reach (`helpers`). Not known is opaque, never pure.
"""

from __future__ import annotations

import functools
import io
import logging
import os
import random
import types
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import gast

from tangentflow.language import classes, known
from tangentflow.language.by_name import by_name
from tangentflow.language.helpers import Helpers
from tangentflow.language.patterns import named
from tangentflow.language.refused_names import REFUSED_EVERYWHERE, refused_name
from tangentflow.language.totality import Totality
from tangentflow.language.uses import MUTATORS, root_name
from tangentflow.language.verdict import (
    MISSING,
    PURE,
    Verdict,
    calls_step,
    changes_global,
    dotted,
    impure,
    moves_iterator,
    of_kind,
    opaque,
    outside,
    step_as_data,
    worst,
)
from tangentflow.runtime.iterators import is_iterator

__all__ = ["MISSING", "Kinds", "Verdict", "dotted", "mutates", "worst"]

_NOT_CALLED = {
    f"builtins.{name}"
    for name in ("callable", "getattr", "hasattr", "isinstance", "issubclass", "print", "repr", "str", "type")
}
_CLOCKS = frozenset({"now", "today", "utcnow"})


@dataclass(frozen=True)
class Kinds:
    """Tells the kinds of calls within one function.

    `resolve` gives the live object that a name or attribute chain stands for if its root is a global, a closure variable
    or a builtin (never a local), else MISSING; `is_site` is true of steps and workflows; `type_of` gives the type of a
    local name where an annotation says it; `own` are local names of pure inner functions. A helper runs as a whole,
    so `within_helper` less is refused by name.
    """

    resolve: Callable[[gast.expr], object]
    is_site: Callable[[object], bool]
    type_of: Callable[[str], type | None] = lambda name: None
    own: AbstractSet[str] = frozenset()
    within_helper: bool = False
    helpers: Helpers = None  # type: ignore[assignment]  # made here unless shared

    def __post_init__(self) -> None:
        if self.helpers is None:
            object.__setattr__(self, "helpers", Helpers(self.is_site, Kinds))

    def call(self, node: gast.Call) -> Verdict:
        """Return the kind of one call; calls inside its arguments are judged by calls of their own.

        Functions that are passed along (`key=`, a lambda, the first argument of `map`) count as called. A mutating method
        of a local name is pure here: ask `mutates` first.
        """
        obj = self._object(node.func)
        mark = getattr(node, "in_place", None)
        verdict: Verdict
        if mark is not None:
            verdict, full = mark.verdict, known.qualified_name(obj)
        elif obj is MISSING:
            verdict = self._method(node) if isinstance(node.func, gast.Attribute) else self._local(node)
            full = ""
        else:
            verdict = self.live(obj, dotted(node.func), node)
            full = known.qualified_name(obj)
        if verdict.kind in ("outside", "refused") or full in _NOT_CALLED:
            return verdict
        return worst([verdict, *self._passed(node, full)])

    def read(self, node: gast.expr) -> Verdict:
        """Return the kind of reading a name or attribute chain: impure if it is the environment of the process, refused for an iterator."""
        obj = self._object(node)
        if obj is os.environ or obj is getattr(os, "environb", MISSING):
            return Verdict("impure", why=f"`{dotted(node)}` is not the same on every machine")
        if is_iterator(obj) and not isinstance(
            obj, io.IOBase
        ):  # a stream is there to be written to, or read by its methods
            why = f"`{dotted(node)}` is an iterator outside the workflow, and what one process reads is not read in another"
            return Verdict("refused", "TF120", why, "make it a list where it is defined")
        return PURE

    def within(self, *nodes: gast.AST | None) -> Verdict:
        """Return the worst kind of all calls and reads inside `nodes`, bodies of lambdas and inner functions included."""
        found = [PURE]
        for node in nodes:
            self._collect(node, found)
        return worst(found)

    def live(self, obj: object, name: str, node: gast.Call | None = None) -> Verdict:
        """Return the kind of calling the live object `obj`, written `name`, with the arguments of `node`."""
        if self.is_site(obj):
            return calls_step(name)
        full = known.qualified_name(obj)
        owner = known.attribute(obj, "__self__")
        if not isinstance(owner, (types.ModuleType, type, type(None))) and self.is_site(owner):
            return step_as_data(name)
        refused = by_name(full, name, node)
        if refused is not None:
            return self._milder(refused, full, name) if self.within_helper else refused
        if isinstance(owner, random.Random):
            return self._random(owner, name)
        if owner is os.environ:
            return self._environment(name)
        return self._by_type(obj, owner, full, name)

    def total(self, expr: gast.expr, bound: AbstractSet[str]) -> bool:
        """Whether evaluating `expr` cannot raise, whatever the values of the names in `bound` are."""
        return Totality(self.resolve, bound).total(expr)

    def decides(self, expr: gast.expr, bound: AbstractSet[str]) -> bool:
        """Whether evaluating `expr` and asking for its truth cannot raise."""
        return Totality(self.resolve, bound).decides(expr)

    # -- parts --------------------------------------------------------------------------------------------------------

    def _object(self, node: gast.expr) -> object:
        if not isinstance(node, (gast.Name, gast.Attribute)):
            return MISSING
        return self.resolve(node)

    def _by_type(self, obj: object, owner: object, full: str, name: str) -> Verdict:
        if isinstance(obj, functools.partial):
            return self.live(obj.func, name)
        if isinstance(obj, functools._lru_cache_wrapper):
            return self.live(obj.__wrapped__, name)
        if known.is_builtin_method(obj):
            return self._builtin_method(owner, full, name)
        if full.startswith("builtins.") and full.count(".") == 2 and full.rpartition(".")[2] in known.PURE_METHODS:
            return PURE  # a method taken from its type: str.upper(x), dict.fromkeys(xs)
        kind = known.lookup(full)
        if isinstance(obj, type):
            return classes.constructor(obj, name, kind, self.helpers) or of_kind(kind, name)
        if kind is not None:
            return of_kind(kind, name)
        if isinstance(obj, types.MethodType):
            bound_class = isinstance(obj.__self__, type)
            if bound_class and name.rpartition(".")[2] in _CLOCKS:
                return impure(name)
            return self.helpers.verdict(obj.__func__, name, given="" if bound_class else "self")
        if isinstance(obj, types.FunctionType):
            return self.helpers.verdict(obj, name)
        if known.qualified_name(type(obj)) in ("operator.itemgetter", "operator.attrgetter", "operator.methodcaller"):
            return PURE
        call = known.attribute(type(obj), "__call__")
        if isinstance(call, types.FunctionType):
            return self.helpers.verdict(call, name, given="self")
        return opaque(name)

    def _builtin_method(self, owner: object, full: str, name: str) -> Verdict:
        method = name.rpartition(".")[2]
        if method in MUTATORS or method.startswith("__set") or method.startswith("__del"):
            return changes_global(name)
        if method == "__next__" and not self.within_helper:
            return moves_iterator(name)
        kind = known.lookup(full)
        if kind is not None:
            return of_kind(kind, name)
        builtin = type(owner).__module__ == "builtins" or method in known.PURE_METHODS
        return PURE if builtin else opaque(name)

    def _milder(self, found: Verdict, full: str, name: str) -> Verdict:
        """What a helper may do on its own: iterate by hand, leave, look at names."""
        if found.code in ("TF303", "TF308") or full == "sys.exit":
            return PURE
        return found if refused_name(full) in REFUSED_EVERYWHERE or found.kind != "refused" else opaque(name)

    def _random(self, owner: random.Random, name: str) -> Verdict:
        if owner is known.attribute(random, "_inst"):
            return impure(name)
        return Verdict(
            "refused",
            "TF309",
            f"`{name.rpartition('.')[0]}` is a generator that all calls share, and every process has its own",
            "make the generator in the workflow, `rng = random.Random(seed)`, or draw in a @step",
        )

    def _environment(self, name: str) -> Verdict:
        if name.rpartition(".")[2] in MUTATORS | {"__setitem__", "__delitem__"}:
            return Verdict(
                "refused", "TF302", "other steps run elsewhere and would not see the change", "use @step(env={...})"
            )
        return Verdict("impure", why=f"`{name}` is not the same on every machine")

    def _local(self, node: gast.Call) -> Verdict:
        if isinstance(node.func, gast.Lambda):
            return self.within(node.func)
        if isinstance(node.func, gast.Name) and node.func.id in self.own:
            return PURE
        return Verdict("opaque", why=f"what `{dotted(node.func)}` does is known only when the workflow runs")

    def _method(self, node: gast.Call) -> Verdict:
        method, name = node.func.attr, dotted(node.func)
        receiver = self._receiver(node.func.value)
        if receiver is not None:
            if method in MUTATORS:
                return PURE
            function = known.attribute(receiver, method)
            if function is not None:
                found = self.live(function, name, node)
                return PURE if found.kind == "opaque" and method in known.PURE_METHODS else found
        root = root_name(node.func.value)
        if method in MUTATORS:
            is_global = root is not None and self.resolve(gast.Name(root, gast.Load(), None, None)) is not MISSING
            return changes_global(name) if is_global else PURE
        if method == "__next__" and not self.within_helper:
            return moves_iterator(name)
        if method in known.OUTSIDE_METHODS or (method == "replace" and len(node.args) == 1 and not node.keywords):
            return outside(name)
        if method in _CLOCKS:
            return impure(name)
        if method in known.MESSAGE_METHODS and "log" in dotted(node.func.value).rpartition(".")[2].lower():
            return Verdict("message", why=f"`{name}` writes a message")
        if method in known.PURE_METHODS:
            return PURE
        return Verdict("opaque", why=f"what `{name}` does depends on a value of the run")

    def _receiver(self, node: gast.expr) -> type | None:
        """Return the type of the receiver of a method where the source says it."""
        displays = {gast.JoinedStr: str, gast.List: list, gast.ListComp: list, gast.Dict: dict, gast.DictComp: dict}
        displays |= {gast.Set: set, gast.SetComp: set, gast.Tuple: tuple}
        if isinstance(node, gast.Constant):
            return type(node.value)
        if isinstance(node, gast.Name):
            return self.type_of(node.id)
        if isinstance(node, gast.BinOp) and isinstance(node.op, gast.Div):
            left = self._receiver(node.left)
            return left if left is not None and known.qualified_name(left).startswith("pathlib.") else None
        if isinstance(node, gast.Call):
            obj = self._object(node.func)
            if isinstance(obj, type):
                return obj
            if obj is logging.getLogger:
                return logging.Logger
        return displays.get(type(node))

    def _passed(self, node: gast.Call, full: str) -> Iterable[Verdict]:
        """Yield the kinds of the functions that a call is given."""
        calls_back = full in known.CALLS_BACK or full.startswith("itertools.")
        values = [(value, calls_back and i == 0) for i, value in enumerate(node.args)]
        values += [(k.value, k.arg in ("key", "func", "function", "default_factory")) for k in node.keywords]
        for value, called in values:
            if isinstance(value, gast.Lambda):
                yield self.within(value)
                continue
            obj = self._object(value)
            if obj is MISSING:
                own = isinstance(value, gast.Name) and value.id in self.own
                itself = full.startswith("itertools.") or not isinstance(value, (gast.Name, gast.Attribute))
                if called and not own and not itself:
                    yield Verdict("opaque", why=f"what `{dotted(value)}` does is known only when the workflow runs")
            elif self.is_site(obj):
                yield step_as_data(dotted(value))
            elif isinstance(obj, (types.FunctionType, types.MethodType)) or (called and callable(obj)):
                yield self.live(obj, dotted(value))

    def _collect(self, node: Any, found: list[Verdict]) -> None:
        if isinstance(node, gast.Call):
            found.append(self.call(node))
        elif isinstance(node, (gast.Name, gast.Attribute)):
            found.append(self.read(node))
        hidden = _bound_inside(node)
        inner = self._hiding(hidden) if hidden else self
        for child in gast.iter_child_nodes(node) if isinstance(node, gast.AST) else ():
            inner._collect(child, found)

    def _hiding(self, names: AbstractSet[str]) -> Kinds:
        def resolve(node: gast.expr) -> object:
            return MISSING if root_name(node) in names else self.resolve(node)

        def type_of(name: str) -> type | None:
            return None if name in names else self.type_of(name)

        return Kinds(resolve, self.is_site, type_of, self.own - names, self.within_helper, self.helpers)


def mutates(node: gast.Call, resolve: Callable[[gast.expr], object]) -> str | None:
    """Return the method's name if the call changes a local value in place: `xs.append(e)`, `d[k].add(e)`, `d.pop(k)`.

    The receiver is a local name, an item or attribute of one, or `d.setdefault(k, …)` of one. None for everything else.
    """
    if not isinstance(node.func, gast.Attribute) or node.func.attr not in MUTATORS:
        return None
    root = node.func.value
    while True:
        if isinstance(root, (gast.Attribute, gast.Subscript)):
            root = root.value
        elif isinstance(root, gast.Call) and isinstance(root.func, gast.Attribute) and root.func.attr == "setdefault":
            root = root.func.value
        else:
            break
    if isinstance(root, gast.Name) and resolve(gast.Name(root.id, gast.Load(), None, None)) is MISSING:
        return str(node.func.attr)
    return None


def _bound_inside(node: Any) -> set[str]:
    """Return the names that a lambda, comprehension or inner function binds for itself."""
    if isinstance(node, (gast.Lambda, gast.FunctionDef)):
        names = {n.id for n in gast.walk(node.args) if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Param)}
        if isinstance(node, gast.FunctionDef):
            names |= {n.id for n in gast.walk(node) if isinstance(n, gast.Name) and not isinstance(n.ctx, gast.Load)}
            names |= {name for n in gast.walk(node) if n is not node and (name := named(n)) is not None}
        return names
    if isinstance(node, (gast.ListComp, gast.SetComp, gast.DictComp, gast.GeneratorExp)):
        targets = [generator.target for generator in node.generators]
        return {n.id for t in targets for n in gast.walk(t) if isinstance(n, gast.Name)}
    return set()
