"""What is known of the value of a call, and what the call keeps of its arguments."""

from __future__ import annotations

import types
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import gast

from tangentflow.language import known, known_results
from tangentflow.language.changes import Changes, Keep, element, load, spread
from tangentflow.language.helpers import given_to
from tangentflow.language.in_place import InPlace
from tangentflow.language.uses import MUTATORS
from tangentflow.language.values import ALONE, IMMUTABLE, Value
from tangentflow.language.verdict import MISSING, dotted

__all__ = ["CallValues"]

_COPIES = frozenset(
    f"builtins.{name}" for name in ("list", "tuple", "set", "frozenset", "sorted", "dict", "bytearray", "reversed")
) | {"collections.deque", "collections.OrderedDict", "collections.Counter", "copy.copy", "dataclasses.replace"}
_ARITHMETIC = frozenset(["builtins.abs", "builtins.round", "builtins.pow", "builtins.divmod"])
_PICKS = frozenset(["builtins.max", "builtins.min", "builtins.next", "functools.reduce", "builtins.getattr"])
_TYPES = {"list": "list", "sorted": "list", "set": "set", "dict": "dict", "tuple": "tuple"}


class CallValues(Changes):
    """Evaluates calls."""

    def _marked(self, node: Any, mark: InPlace, keep: Keep) -> Value:
        """A call that is known to change an operand in place."""
        raise NotImplementedError

    def _Call(self, node: Any, keep: Keep) -> Value:
        if hasattr(node, "in_place"):
            return self._marked(node, node.in_place, keep)
        obj = self.resolve(node.func) if isinstance(node.func, (gast.Name, gast.Attribute)) else MISSING
        if obj is MISSING and isinstance(node.func, gast.Attribute):
            return self._method_call(node, keep)
        if obj is MISSING:
            for name in self.value(node.func, Keep.NOTHING).captures & self.env.keys():
                self.value(load(name), whole(keep))  # the function may return what it captured
            return self._unknown_call(node, keep)
        return self._known_call(node, keep, obj)

    def _known_call(self, node: Any, keep: Keep, obj: object) -> Value:
        full = known.qualified_name(obj)
        values = [*node.args, *[k.value for k in node.keywords]]
        if full in known_results.MUTATES_FIRST and node.args:
            return self._changes_first(node, full)
        if any(key in known_results.IMMUTABLE_RESULTS for key in known.candidates(full)):
            self._all(values, Keep.NOTHING)
            return IMMUTABLE
        if full in _ARITHMETIC:
            immutable = all(value.immutable for value in self._all(values, Keep.NOTHING))
            return IMMUTABLE if immutable else Value(levels=ALONE)
        if full in _PICKS:
            return self._picked(node, keep, values)
        if full == "copy.deepcopy":
            self._all(values, Keep.NOTHING)
            return Value(levels=ALONE)
        if full == "collections.defaultdict":
            return self._defaultdict(node)
        if full == "builtins.sum":
            return self._sum(values)
        if full in _COPIES or full in known_results.ITERATORS or full.startswith("itertools."):
            name = full.rpartition(".")[2]
            found = self._all(node.args, Keep.ELEMENTS)
            for keyword in node.keywords:
                found.append(self._keyword(keyword, keep, name))
            levels = min([spread(value) for value in found], default=ALONE)
            flat = all(value.flat for value in found) or name in ("set", "frozenset")
            return Value(
                levels=ALONE if flat else levels, flat=flat, type=_TYPES.get(name, ""), parts=_parts(full, found)
            )
        if full == "json.loads":
            self._all(values, Keep.NOTHING)
            return Value(levels=ALONE)
        if known.lookup(full) == "pure" and not any(key in known_results.ALIASES for key in known.candidates(full)):
            self._all(values, Keep.ELEMENTS)
            return Value(levels=1)
        if isinstance(obj, types.FunctionType):
            return self._helper_call(node, keep, obj, values)
        if isinstance(obj, type) and full not in known_results.ALIASES:
            return replace(self._display(values, Keep.ALL, ""), flat=False)
        return self._unknown_call(node, keep)

    def _keyword(self, keyword: Any, keep: Keep, name: str) -> Value:
        """An argument `k=v`: an item of a dict, a field of a copied object, or an option."""
        if keyword.arg is None:
            return self.value(keyword.value, Keep.ELEMENTS)
        if name not in ("dict", "OrderedDict", "Counter", "replace"):
            return replace(IMMUTABLE, captures=self.value(keyword.value, Keep.NOTHING).captures)
        return self._display([keyword.value], whole(keep), "")

    def _sum(self, values: list[Any]) -> Value:
        found = self._all(values, Keep.ELEMENTS)
        if found and found[0].flat and all(value.immutable for value in found[1:]):
            return IMMUTABLE
        return Value(levels=1)

    def _helper_call(self, node: Any, keep: Keep, fn: types.FunctionType, values: list[Any]) -> Value:
        judged = self.helpers.judge(fn)
        if judged.mutates and self.nested:  # in the workflow itself such a call is refused as a whole
            for value in given_to(judged.mutates, node, fn):
                self.mutate(node, value, dotted(node.func), "", levels=1, flat=False, deeper=judged.depth - 1)
        result = judged.result
        if result.immutable or result.levels == ALONE:
            self._all(values, Keep.NOTHING)
            return result
        if result.levels:
            self.context = f"line {self.line} passes it to `{dotted(node.func)}`, which returns it inside another value"
            self._all(values, whole(keep))
            return replace(result, levels=1)
        return self._unknown_call(node, keep)

    def _changes_first(self, node: Any, full: str) -> Value:
        first, *rest = node.args
        levels = min([1 + v.kept_levels for v in self._all(rest, Keep.ALL)], default=ALONE)
        self.mutate(
            node,
            first,
            dotted(node.func),
            f"copy it first: `{dotted(first)} = list({dotted(first)})`",
            levels=levels,
            flat=False,
        )
        name = full.rpartition(".")[2]
        if full.startswith("operator.") and "item" not in name:
            return self.value(first, Keep.ALL)  # `operator.iadd(xs, ys)` gives xs itself
        if "pop" in name or "replace" in name:
            return element(self.value(first, Keep.ELEMENTS), dotted(first))
        return IMMUTABLE

    def _picked(self, node: Any, keep: Keep, values: list[Any]) -> Value:
        positional = len(node.args)
        several = positional > 1 and known.qualified_name(self.resolve(node.func)) in ("builtins.max", "builtins.min")
        kept = Keep.NOTHING if keep is Keep.NOTHING else (Keep.ALL if several else Keep.ELEMENTS)
        found = [self.value(value, whole(keep) if i else kept) for i, value in enumerate(node.args)]
        for keyword in node.keywords:
            value = self.value(keyword.value, whole(keep) if keyword.arg == "default" else Keep.NOTHING)
            found += [value] if keyword.arg == "default" else []
        if all(value.immutable if several or i else value.flat for i, value in enumerate(found)):
            return IMMUTABLE
        return Value(origin="element", why=f"`{dotted(node.func)}` picks it out of other values")

    def _defaultdict(self, node: Any) -> Value:
        factory = self.resolve(node.args[0]) if node.args and isinstance(node.args[0], gast.Name) else MISSING
        rest = self._all([*node.args[1:], *[k.value for k in node.keywords]], Keep.ELEMENTS)
        if node.args:
            self.value(node.args[0], Keep.ALL)
        flat = factory in (int, float, str, bool) and all(value.flat for value in rest)
        return Value(levels=min([spread(value) for value in rest], default=ALONE), flat=flat, type="dict")

    def _unknown_call(self, node: Any, keep: Keep) -> Value:
        """A helper or function value: what it returns may hold what it was given, or a value from elsewhere."""
        values = [*node.args, *[k.value for k in node.keywords]]
        self.context = f"line {self.line} passes it to `{dotted(node.func)}`, which may return it"
        self._all(values, whole(keep))
        return Value(origin="element", why=f"`{dotted(node.func)}` may return a value that something else holds")

    def _method_call(self, node: Any, keep: Keep) -> Value:
        method, receiver = node.func.attr, node.func.value
        values = [*node.args, *[k.value for k in node.keywords]]
        if method in MUTATORS:
            return self._mutating(node, keep)
        judged = self.helpers.judge(node.method).result if hasattr(node, "method") else Value()
        if judged.immutable or judged.levels == ALONE:
            self._all([receiver, *values], Keep.NOTHING)
            return judged
        if method in known_results.IMMUTABLE_METHODS:
            self._all([receiver, *values], Keep.NOTHING)
            return IMMUTABLE
        if method in known_results.FRESH_METHODS:
            found = self._all([receiver, *values], Keep.ELEMENTS)
            text = method in ("split", "rsplit", "splitlines", "partition", "rpartition", "groups", "findall")
            flat = text or all(value.flat for value in found)
            return Value(
                levels=ALONE if flat else 1, flat=flat, type="list" if method.endswith(("split", "lines")) else ""
            )
        if method == "copy":
            base = self.value(receiver, Keep.ELEMENTS)
            return Value(levels=1 if not base.flat else ALONE, flat=base.flat, type=base.type)
        if method in ("items", "keys", "values"):
            base = self.value(receiver, keep)
            flat = base.flat or method == "keys"
            parts = (True, base.flat) if method == "items" else ()
            return Value(flat=flat, origin="element", why=f"it is a view of `{dotted(receiver)}`", parts=parts)
        if method == "get":
            base = self.value(receiver, Keep.NOTHING if keep is Keep.NOTHING else Keep.ELEMENTS)
            rest = self._all(values, whole(keep))
            if base.flat and all(value.immutable for value in rest):
                return IMMUTABLE
            return element(replace(base, flat=False, immutable=False), dotted(receiver))
        self.value(receiver, Keep.ELEMENTS)
        return self._unknown_call(node, keep)

    def _display(self, elements: Iterable[Any], keep: Keep, kind: str) -> Value:
        raise NotImplementedError


def whole(keep: Keep) -> Keep:
    """Return what is kept of a value that may be an element of what is kept."""
    return Keep.NOTHING if keep is Keep.NOTHING else Keep.ALL


def _parts(full: str, found: list[Value]) -> tuple[bool, ...]:
    """Return which items of the tuples that an iterator gives are immutable."""
    if full == "builtins.enumerate":
        return (True, *[value.flat for value in found[:1]])
    if full == "builtins.zip":
        return tuple(value.flat for value in found)
    return found[0].parts if len(found) == 1 else ()
