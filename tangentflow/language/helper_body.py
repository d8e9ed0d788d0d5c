"""The analysis of one helper: the calls in its body, the names it assigns, the values it changes."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable, Iterator
from typing import Any

import gast

from tangentflow.language import known
from tangentflow.language.bindings import bindings
from tangentflow.language.helpers import Helpers, Judged, leaves_operands, through
from tangentflow.language.known_results import MUTATES_FIRST
from tangentflow.language.ownership import Flow
from tangentflow.language.refused_names import HANDLED, REFUSED
from tangentflow.language.resolving import resolver
from tangentflow.language.values import ALONE, IMMUTABLE, Reads, Value, annotated, join
from tangentflow.language.verdict import MISSING, PURE, Verdict, dotted, worst
from tangentflow.source.find import FunctionSource

__all__ = ["Body"]

_FUNCTIONS = (gast.FunctionDef, gast.AsyncFunctionDef, gast.Lambda)


class Body:
    """The analysis of one helper's body."""

    def __init__(self, helpers: Helpers, source: FunctionSource, given: str) -> None:
        self.helpers, self.source, self.given = helpers, source, given
        self.tree = source.tree
        self.params = [
            n.id for n in gast.walk(self.tree.args) if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Param)
        ]
        self.values = bindings(self.tree)
        self.resolve = resolver(source, set(self.values) | _all_params(self.tree))
        own = {name for name in self.values if self.own_function(name)}
        self.kinds = helpers.kinds(self.resolve, helpers.is_site, own=own, within_helper=True, helpers=helpers)
        self.found: list[Verdict] = [PURE]
        self.mutates: list[str] = []
        self.unsure = False
        self.depth = 1
        handlers = [node for node in gast.walk(self.tree) if isinstance(node, gast.ExceptHandler)]
        self.handling = {id(node) for handler in handlers for node in gast.walk(handler)}

    def judge(self) -> Judged:
        """Judge the helper with everything that it calls."""
        body = self.tree.body if isinstance(self.tree.body, list) else [gast.Return(value=self.tree.body)]
        for statement in body:
            for node in _walk(statement):
                self._visit(node)
        result = self._flow(body)
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
        return Judged(verdict, tuple(dict.fromkeys(self.mutates)), result, self.unsure, self.depth)

    def _flow(self, body: list[Any]) -> Value:
        """Find the changes in place of values that the helper does not own; return what is known of its result."""
        reads = Reads()
        for statement in body:
            reads.number(statement, [statement])
        flow = self.flow = Flow(self.resolve, self.helpers, self._change, reads, nested=True)
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

    def _change(self, node: gast.AST, code: str, name: str, value: Value, instead: str) -> None:
        """Take one change in place that the flow analysis reports."""
        augmented = isinstance(node, gast.AugAssign) and isinstance(node.target, gast.Name)
        displays = (gast.List, gast.ListComp, gast.Set, gast.SetComp, gast.Dict, gast.DictComp)
        container = value.type in ("list", "set", "dict") or isinstance(getattr(node, "value", None), displays)
        if code in ("TF201", "TF203") and value.root in self.params and (not augmented or container):
            self.mutates.append(value.root)
            self.depth = ALONE if code == "TF203" else max(self.depth, self.flow.depth)
        elif code == "TF207":
            why = f"it changes `{name}`, which other steps do not see, as they run elsewhere"
            self.found.append(Verdict("refused", "TF306", why, "pass the value as an argument and return the new one"))
        else:
            self.unsure = True
            self.found.append(Verdict("opaque", why=f"it may change a value that something else holds too (`{name}`)"))

    def _visit(self, node: gast.AST) -> None:
        if isinstance(node, gast.Call):
            self._call(node)
        elif isinstance(node, (gast.Name, gast.Attribute)) and isinstance(node.ctx, gast.Load):
            self.found.append(self.kinds.read(node))
        elif isinstance(node, (gast.Global, gast.Nonlocal)):
            self._outer(node)
        elif isinstance(node, (gast.Await, gast.AsyncFunctionDef, gast.AsyncFor, gast.AsyncWith)):
            why = "it is a coroutine, and a workflow has no event loop"
            self.found.append(
                Verdict("refused", "TF307", why, "write a plain function, or call asyncio.run in a @step")
            )
        elif isinstance(node, (gast.With, gast.Import, gast.ImportFrom, gast.ClassDef)):
            self._special(node)

    def _call(self, node: gast.Call) -> None:
        if isinstance(node.func, gast.Attribute) and isinstance(node.func.value, gast.Call):
            inner = node.func.value
            if not inner.args and self.kinds.resolve(inner.func) is super:
                self._base(node.func.attr)
                return
        obj = self.resolve(node.func) if isinstance(node.func, (gast.Name, gast.Attribute)) else MISSING
        if obj is super and not node.args:
            return  # judged with the method that it is asked for
        full = known.qualified_name(obj)
        if full in HANDLED and id(node) not in self.handling:
            self.found.append(Verdict("refused", "TF302", *REFUSED[full]))
            return
        if full in MUTATES_FIRST and not isinstance(obj, types.MethodType):
            return  # a change in place like `append`
        if (
            (obj is setattr or obj is delattr)
            and node.args
            and isinstance(node.args[0], gast.Name)
            and node.args[0].id in self.params
        ):
            self.mutates.append(node.args[0].id)
        if isinstance(obj, types.FunctionType) and not self.helpers.is_site(obj):
            judged = self.helpers.judge(obj)
            if judged.mutates:
                self.found.append(through(judged.verdict, obj, dotted(node.func)))
                self.unsure = self.unsure or judged.unsure
                return
        verdict = self.kinds.call(node)
        self.found.append(verdict)
        if verdict.kind in ("opaque", "impure"):
            self.unsure = self.unsure or not leaves_operands(obj, self.helpers)

    def _base(self, method: str) -> None:
        """Judge a call of `super().method`."""
        cls = self.source.closure.get("__class__")
        bases = cls.__mro__[1:] if isinstance(cls, type) else ()
        function = next((vars(base)[method] for base in bases if method in vars(base)), None)
        function = getattr(function, "__func__", function)  # static and class methods
        if isinstance(function, types.FunctionType):
            self.found.append(self.helpers.verdict(function, f"super().{method}", given=self.given))
        elif function is None:
            self.unsure = True
            self.found.append(Verdict("opaque", why=f"what `super().{method}` does is not known"))

    def _outer(self, node: Any) -> None:
        names = list(node.names)
        if isinstance(node, gast.Nonlocal):
            names = [n for n in names if n in self.source.fn.__code__.co_freevars]
        for name in names:
            why = f"it assigns `{name}` outside itself, and other steps, which run elsewhere, would not see it"
            self.found.append(Verdict("refused", "TF306", why, "pass the value as an argument and return the new one"))

    def _special(self, node: Any) -> None:
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
                    self.unsure = True
                    self.found.append(Verdict("opaque", why="what its context manager does is not known"))

    def own_function(self, name: str) -> bool:
        """Whether a name is a function of the helper's own: its body is judged with the helper."""
        return name not in self.params and all(isinstance(v, _FUNCTIONS) for v in self.values.get(name, [None]))


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
