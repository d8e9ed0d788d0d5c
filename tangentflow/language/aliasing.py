"""Which names share a value after an expression is evaluated, and which changes in place nothing else can see.

An expression is evaluated for what is kept of its value. `y = x` keeps x: both names hold one value. `[*x]` keeps its
elements only, `len(x)` nothing. A container that holds a value which a name holds too is no longer alone with its elements.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import gast

from tangentflow.language.call_values import CallValues
from tangentflow.language.changes import Keep, element, load, spread
from tangentflow.language.uses import bound_names, captured_names
from tangentflow.language.values import ALONE, IMMUTABLE, Value, join, live_value
from tangentflow.language.verdict import MISSING, dotted

__all__ = ["Aliasing"]

_VIEWS = frozenset({"T", "values", "real", "imag", "flat", "loc", "iloc", "at", "iat"})


class Aliasing(CallValues):
    """Evaluates expressions over an environment of values."""

    # --- expressions

    def value(self, node: Any, keep: Keep) -> Value:
        """Evaluate an expression of whose value `keep` is kept; return what is known of it."""
        if node is None:
            return IMMUTABLE
        found = self._evaluate(node, keep)
        return found if keep is Keep.NOTHING or not found.related else self._settled(found)

    def _evaluate(self, node: Any, keep: Keep) -> Value:
        method = getattr(self, f"_{type(node).__name__}", None)
        if method is not None:
            return method(node, keep)  # type: ignore[no-any-return]
        for child in gast.iter_child_nodes(node):
            self.value(child, Keep.ALL)
        return Value(origin="element", why="where it comes from is not known")

    def _settled(self, value: Value) -> Value:
        """What may share a part with other names is kept elsewhere: from now on they all are shared."""
        why = f"it may share a part with a value that line {self.line} puts elsewhere"
        for name in value.related & self.env.keys():
            self.put_elsewhere(name)
            old = self.env[name]
            verified = max(old.levels, old.verified) if not old.immutable else -1
            self.env[name] = replace(old.shared("alias", why), verified=verified or -1)
        return replace(value.shared("alias", why), related=frozenset())

    def renamed(self, node: Any) -> Value:
        """Evaluate what a name is bound to."""
        return self._evaluate(node, Keep.ALL) if isinstance(node, gast.Name) else self.value(node, Keep.ALL)

    def _Constant(self, node: Any, keep: Keep) -> Value:
        return IMMUTABLE

    def _Name(self, node: Any, keep: Keep) -> Value:
        name = str(node.id)
        if name not in self.env:
            obj = self.resolve(node)
            if obj is MISSING:
                return Value(origin="element", why=f"what `{name}` holds is not known")
            return replace(live_value(obj), why=f"`{name}` is not a value of the workflow")
        value = self.env[name]
        if value.stale:
            self.report(node, "TF205" if value.captures else "TF208", name, value, "")
        if value.immutable or keep is Keep.NOTHING:
            return value
        if keep is Keep.ALL:
            if self._last(name, value):
                return value  # nothing reads the name again, so the value moves on
            if value.levels == 0:
                self.env[name] = replace(value, aliased=True, verified=-1)
                return self.env[name]
            self.env[name] = value.shared("alias", f"{self.context}, so that the change would be seen there too")
            return value.shared("alias", f"it is the same value as `{name}` since line {self.line}", root=name)
        if max(value.levels, value.verified) > 1 and not value.flat and not self._last(name, value):
            value = self.env[name] = replace(value, levels=min(value.levels, 1), verified=min(value.verified, 1))
        return value

    def _last(self, name: str, value: Value) -> bool:
        """Whether this is the only place that reads the value of a name, and reads it once."""
        if not value.sure or value.born < 0 or value.loop != self.loop:
            return False
        return self.reads.last(name, self.here, value.born, in_loop=self.loop != 0)

    def _JoinedStr(self, node: Any, keep: Keep) -> Value:
        for part in node.values:
            self.value(part, Keep.NOTHING)
        return IMMUTABLE

    def _FormattedValue(self, node: Any, keep: Keep) -> Value:
        self.value(node.value, Keep.NOTHING)
        self.value(node.format_spec, Keep.NOTHING)
        return IMMUTABLE

    def _Compare(self, node: Any, keep: Keep) -> Value:
        for operand in [node.left, *node.comparators]:
            self.value(operand, Keep.NOTHING)
        return IMMUTABLE

    def _UnaryOp(self, node: Any, keep: Keep) -> Value:
        operand = self.value(node.operand, Keep.NOTHING)
        immutable = isinstance(node.op, gast.Not) or operand.immutable
        return IMMUTABLE if immutable else Value(levels=ALONE, flat=operand.flat)

    def _BinOp(self, node: Any, keep: Keep) -> Value:
        inner = Keep.NOTHING if keep is Keep.NOTHING else Keep.ELEMENTS
        left, right = self.value(node.left, inner), self.value(node.right, inner)
        if left.immutable and right.immutable:
            return IMMUTABLE
        kind = left.type or right.type
        return Value(levels=min(spread(left), spread(right)), flat=left.flat and right.flat, type=kind)

    def _BoolOp(self, node: Any, keep: Keep) -> Value:
        return self._either(node.values, keep)

    def _IfExp(self, node: Any, keep: Keep) -> Value:
        self.value(node.test, Keep.NOTHING)
        return self._either([node.body, node.orelse], keep)

    def _either(self, nodes: Iterable[Any], keep: Keep) -> Value:
        self.uncertain += 1
        values = [self.value(node, keep) for node in nodes]
        self.uncertain -= 1
        found = values[0]
        for value in values[1:]:
            found = join(found, value)
        return found

    def _NamedExpr(self, node: Any, keep: Keep) -> Value:
        self.context = f"line {self.line} binds it to `{node.target.id}`"
        value = self.value(node.value, Keep.ALL)
        old = self.env.get(node.target.id)
        self.bind(node.target.id, value)
        if self.uncertain:
            new = self.env[node.target.id]
            self.env[node.target.id] = join(old, new) if old is not None else replace(new, sure=False)
        return self._Name(gast.copy_location(load(node.target.id), node), keep)

    def _Starred(self, node: Any, keep: Keep) -> Value:
        return self.value(node.value, Keep.NOTHING if keep is Keep.NOTHING else Keep.ELEMENTS)

    def _Slice(self, node: Any, keep: Keep) -> Value:
        for part in (node.lower, node.upper, node.step):
            self.value(part, Keep.NOTHING)
        return IMMUTABLE

    def _display(self, elements: Iterable[Any], keep: Keep, kind: str) -> Value:
        inner = Keep.NOTHING if keep is Keep.NOTHING else Keep.ALL
        levels, flat, captures, sources = ALONE, True, frozenset[str](), frozenset[Any]()
        found = []
        for node in elements:
            value = self.value(node, inner)
            captures, sources = captures | value.captures, sources | value.sources
            if isinstance(node, gast.Starred):
                levels, flat = min(levels, spread(value)), flat and value.flat
            else:
                levels, flat = min(levels, 1 + value.kept_levels), flat and value.immutable
                found.append(value)
        fields = tuple(value.immutable for value in found) if kind == "tuple" else ()
        parts = found[0].fields if len(found) == 1 else ()
        return Value(
            levels=min(levels, ALONE), flat=flat, type=kind, captures=captures, fields=fields, parts=parts, sources=sources
        )  # fmt: skip

    def _List(self, node: Any, keep: Keep) -> Value:
        return self._display(node.elts, keep, "list")

    def _Set(self, node: Any, keep: Keep) -> Value:
        self._all(node.elts, Keep.NOTHING)  # what can be hashed does not change
        return Value(levels=ALONE, flat=True, type="set")

    def _Tuple(self, node: Any, keep: Keep) -> Value:
        value = self._display(node.elts, keep, "tuple")
        return replace(IMMUTABLE, type="tuple", captures=value.captures) if value.flat else value

    def _Dict(self, node: Any, keep: Keep) -> Value:
        for key in node.keys:
            self.value(key, Keep.NOTHING)
        merged = [gast.Starred(v, gast.Load()) if k is None else v for k, v in zip(node.keys, node.values, strict=True)]
        return self._display(merged, keep, "dict")

    def _comprehension(self, node: Any, elements: list[Any], kind: str) -> Value:
        hidden: dict[str, Value | None] = {}
        outer, self.loop = self.loop, id(node)
        for generator in node.generators:
            self.loop = outer if generator is node.generators[0] else id(node)
            items = self.value(generator.iter, Keep.ELEMENTS)
            self.loop = id(node)
            for name in bound_names(generator.target):
                hidden.setdefault(name, self.env.get(name))
                self.env[name] = element(items, dotted(generator.iter))
            for condition in generator.ifs:
                self.value(condition, Keep.NOTHING)
        self.context = f"line {self.line} puts it into another value"
        if kind == "set":
            self._all(elements, Keep.NOTHING)
            found = Value(levels=ALONE, flat=True, type="set")
        else:
            found = self._display(elements, Keep.ALL, kind)
        self.loop = outer
        for name, old in hidden.items():
            if old is None:
                del self.env[name]
            else:
                self.env[name] = old
        return found

    def _ListComp(self, node: Any, keep: Keep) -> Value:
        return self._comprehension(node, [node.elt], "list")

    def _SetComp(self, node: Any, keep: Keep) -> Value:
        return self._comprehension(node, [node.elt], "set")

    def _GeneratorExp(self, node: Any, keep: Keep) -> Value:
        return self._comprehension(node, [node.elt], "")

    def _DictComp(self, node: Any, keep: Keep) -> Value:
        return self._comprehension(node, [node.value], "dict")

    def _Subscript(self, node: Any, keep: Keep) -> Value:
        self.value(node.slice, Keep.NOTHING)
        if isinstance(node.slice, gast.Slice):
            return self._sliced(node, keep)
        base = self.value(node.value, Keep.NOTHING if keep is Keep.NOTHING else Keep.ELEMENTS)
        return element(base, dotted(node.value))

    def _sliced(self, node: Any, keep: Keep) -> Value:
        base = self.value(node.value, Keep.NOTHING)
        if base.immutable:
            return IMMUTABLE
        if base.type in ("list", "tuple"):
            self.value(node.value, Keep.NOTHING if keep is Keep.NOTHING else Keep.ELEMENTS)
            return Value(levels=min(base.levels, 1) or 1, flat=base.flat, type=base.type)
        return self.value(node.value, keep).shared("element", f"it may be a view of `{dotted(node.value)}`")

    def _Attribute(self, node: Any, keep: Keep) -> Value:
        obj = self.resolve(node)
        if obj is not MISSING:
            return replace(live_value(obj), why=f"`{dotted(node)}` is not a value of the workflow")
        if node.attr in _VIEWS:
            return self.value(node.value, keep).shared("element", f"it may be a view of `{dotted(node.value)}`")
        base = self.value(node.value, Keep.NOTHING if keep is Keep.NOTHING else Keep.ELEMENTS)
        return element(base, dotted(node.value))

    def _Lambda(self, node: Any, keep: Keep) -> Value:
        captures = self.function(node, [gast.Return(value=node.body)])
        return replace(IMMUTABLE, captures=captures)

    def function(self, node: Any, body: list[Any]) -> frozenset[str]:
        """Check an inner function; return the local names that it captures."""
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            self.value(default, Keep.ALL)
        captures = frozenset(captured_names(node) & self.env.keys()) - {getattr(node, "name", "")}
        outer = dict(self.env)
        why = "an inner function changes it, and when that happens is not seen in the workflow"
        for name, value in outer.items():
            self.env[name] = replace(value, levels=0, origin="function", why=why, immutable=value.immutable)
        for name in bound_names(node.args):
            self.env[name] = Value(
                origin="parameter", why=f"`{name}` is a parameter, and the caller would see the change"
            )
        self._function_body(body)
        self.env = outer
        return captures

    def _function_body(self, body: list[Any]) -> None:
        """Check the statements of an inner function."""
        raise NotImplementedError
