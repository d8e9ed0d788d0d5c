"""Which names share a value after an expression is evaluated, and which changes in place nothing else can see.

An expression is evaluated for what is kept of its value. `y = x` keeps x: both names hold one value. `[*x]` keeps its
elements only, `len(x)` nothing. A container that holds a value which a name holds too is no longer alone with its elements.
"""

from __future__ import annotations

import enum
import types
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import gast

from tangentflow.language import known, remedies
from tangentflow.language.helpers import Helpers, given_to
from tangentflow.language.uses import MUTATORS, bound_names, uses
from tangentflow.language.values import ALONE, IMMUTABLE, Env, Value, join, live_value
from tangentflow.language.verdict import MISSING, dotted

__all__ = ["Aliasing", "Keep", "Report"]

Report = Callable[[gast.AST, str, str, Value, str], None]
"""Called with the node, the code, the name that is changed, its value and what to write instead."""


class Keep(enum.Enum):
    """What is kept of the value of an expression."""

    NOTHING = 0
    ELEMENTS = 1
    ALL = 2


_STORING = frozenset({"append", "appendleft", "add", "insert", "setdefault"})
_SPREADING = frozenset({"extend", "extendleft", "update", "symmetric_difference_update"})
_COPIES = frozenset(
    f"builtins.{name}" for name in ("list", "tuple", "set", "frozenset", "sorted", "dict", "bytearray", "reversed")
) | {"collections.deque", "collections.OrderedDict", "collections.Counter", "copy.copy", "dataclasses.replace"}
_ARITHMETIC = frozenset(["builtins.abs", "builtins.round", "builtins.pow", "builtins.divmod"])
_PICKS = frozenset(["builtins.max", "builtins.min", "builtins.next", "functools.reduce", "builtins.getattr"])
_VIEWS = frozenset({"T", "values", "real", "imag", "flat", "loc", "iloc", "at", "iat"})
_TYPES = {"list": "list", "sorted": "list", "set": "set", "dict": "dict", "tuple": "tuple"}


class Aliasing:
    """Evaluates expressions over an environment of values, and checks changes in place."""

    def __init__(self, resolve: Callable[[gast.expr], object], helpers: Helpers, report: Report, reads: Counter[str]):
        self.resolve = resolve
        self.helpers = helpers
        self.report = report
        self.reads = reads
        self.env: Env = {}
        self.line = 0
        self.loop = 0
        self.context = ""
        self.uncertain = 0
        self.iterated: list[set[str]] = []
        self.nested = False

    # --- expressions

    def value(self, node: Any, keep: Keep) -> Value:
        """Evaluate an expression of whose value `keep` is kept; return what is known of it."""
        if node is None:
            return IMMUTABLE
        method = getattr(self, f"_{type(node).__name__}", None)
        if method is not None:
            return method(node, keep)  # type: ignore[no-any-return]
        for child in gast.iter_child_nodes(node):
            self.value(child, Keep.ALL)
        return Value(origin="element", why="where it comes from is not known")

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
                return value
            self.env[name] = value.shared("alias", f"{self.context}, so that the change would be seen there too")
            return value.shared("alias", f"it is the same value as `{name}` since line {self.line}", root=name)
        if value.levels > 1 and not value.flat and not self._last(name, value):
            value = self.env[name] = replace(value, levels=1)
        return value

    def _last(self, name: str, value: Value) -> bool:
        """Whether this is the only place that reads the value of a name, and reads it once."""
        return self.reads[name] == 1 and value.sure and value.loop == self.loop

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
        return Value(levels=min(_spread(left), _spread(right)), flat=left.flat and right.flat, type=kind)

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
        return self._Name(gast.copy_location(_load(node.target.id), node), keep)

    def _Starred(self, node: Any, keep: Keep) -> Value:
        return self.value(node.value, Keep.NOTHING if keep is Keep.NOTHING else Keep.ELEMENTS)

    def _Slice(self, node: Any, keep: Keep) -> Value:
        for part in (node.lower, node.upper, node.step):
            self.value(part, Keep.NOTHING)
        return IMMUTABLE

    def _display(self, elements: Iterable[Any], keep: Keep, kind: str) -> Value:
        inner = Keep.NOTHING if keep is Keep.NOTHING else Keep.ALL
        levels, flat, captures = ALONE, True, frozenset[str]()
        found = []
        for node in elements:
            value = self.value(node, inner)
            captures |= value.captures
            if isinstance(node, gast.Starred):
                levels, flat = min(levels, _spread(value)), flat and value.flat
            else:
                levels, flat = min(levels, 1 + value.kept_levels), flat and value.immutable
                found.append(value)
        fields = tuple(value.immutable for value in found) if kind == "tuple" else ()
        parts = found[0].fields if len(found) == 1 else ()
        return Value(levels=min(levels, ALONE), flat=flat, type=kind, captures=captures, fields=fields, parts=parts)

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
        return replace(IMMUTABLE, captures=captures if keep is not Keep.NOTHING else frozenset())

    def function(self, node: Any, body: list[Any]) -> frozenset[str]:
        """Check an inner function; return the local names that it captures."""
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            self.value(default, Keep.ALL)
        captures = frozenset(uses(node).reads & self.env.keys()) - {getattr(node, "name", "")}
        outer, iterated = dict(self.env), self.iterated
        why = "an inner function changes it, and when that happens is not seen in the workflow"
        for name, value in outer.items():
            self.env[name] = replace(value, levels=0, origin="function", why=why, immutable=value.immutable)
        for name in bound_names(node.args):
            self.env[name] = Value(
                origin="parameter", why=f"`{name}` is a parameter, and the caller would see the change"
            )
        self.iterated = []
        self._function_body(body)
        self.env, self.iterated = outer, iterated
        return captures

    def _function_body(self, body: list[Any]) -> None:
        """Check the statements of an inner function."""
        raise NotImplementedError

    # --- calls

    def _Call(self, node: Any, keep: Keep) -> Value:
        obj = self.resolve(node.func) if isinstance(node.func, (gast.Name, gast.Attribute)) else MISSING
        if obj is MISSING and isinstance(node.func, gast.Attribute):
            return self._method_call(node, keep)
        if obj is MISSING:
            self.value(node.func, Keep.NOTHING)
            return self._unknown_call(node, keep)
        return self._known_call(node, keep, obj)

    def _known_call(self, node: Any, keep: Keep, obj: object) -> Value:
        full = known.qualified_name(obj)
        values = [*node.args, *[k.value for k in node.keywords]]
        if full in known.MUTATES_FIRST and node.args:
            return self._changes_first(node, full)
        if any(key in known.IMMUTABLE_RESULTS for key in known.candidates(full)):
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
        if full in _COPIES or full in known.ITERATORS or full.startswith("itertools."):
            found = self._all(values, Keep.ELEMENTS)
            levels = min([_spread(value) for value in found], default=ALONE)
            name = full.rpartition(".")[2]
            flat = all(value.flat for value in found) or name in ("set", "frozenset")
            return Value(
                levels=ALONE if flat else levels, flat=flat, type=_TYPES.get(name, ""), parts=_parts(full, found)
            )
        if full == "json.loads":
            self._all(values, Keep.NOTHING)
            return Value(levels=ALONE)
        if known.lookup(full) == "pure" and not any(key in known.ALIASES for key in known.candidates(full)):
            self._all(values, Keep.ELEMENTS)
            return Value(levels=1)
        if isinstance(obj, types.FunctionType):
            return self._helper_call(node, keep, obj, values)
        if isinstance(obj, type) and full not in known.ALIASES:
            return replace(self._display(values, Keep.ALL, ""), flat=False)
        return self._unknown_call(node, keep)

    def _sum(self, values: list[Any]) -> Value:
        found = self._all(values, Keep.ELEMENTS)
        if found and found[0].flat and all(value.immutable for value in found[1:]):
            return IMMUTABLE
        return Value(levels=1)

    def _helper_call(self, node: Any, keep: Keep, fn: types.FunctionType, values: list[Any]) -> Value:
        judged = self.helpers.judge(fn)
        if judged.mutates and self.nested:  # in the workflow itself such a call is refused as a whole
            for value in given_to(judged.mutates, node, fn):
                self.mutate(node, value, dotted(node.func), "", levels=1, flat=False)
        result = judged.result
        if result.immutable or result.levels == ALONE:
            self._all(values, Keep.NOTHING)
            return result
        if result.levels:
            self.context = f"line {self.line} passes it to `{dotted(node.func)}`, which returns it inside another value"
            self._all(values, keep)
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
        if "pop" in name or "replace" in name:
            return element(self.value(first, Keep.ELEMENTS), dotted(first))
        return IMMUTABLE

    def _picked(self, node: Any, keep: Keep, values: list[Any]) -> Value:
        positional = len(node.args)
        several = positional > 1 and known.qualified_name(self.resolve(node.func)) in ("builtins.max", "builtins.min")
        kept = Keep.NOTHING if keep is Keep.NOTHING else (Keep.ALL if several else Keep.ELEMENTS)
        found = [self.value(value, kept) for value in node.args]
        found += [self.value(k.value, keep if k.arg == "default" else Keep.NOTHING) for k in node.keywords]
        if all(value.immutable if several or i else value.flat for i, value in enumerate(found[:positional])):
            return IMMUTABLE
        return Value(origin="element", why=f"`{dotted(node.func)}` picks it out of other values")

    def _defaultdict(self, node: Any) -> Value:
        factory = self.resolve(node.args[0]) if node.args and isinstance(node.args[0], gast.Name) else MISSING
        rest = self._all([*node.args[1:], *[k.value for k in node.keywords]], Keep.ELEMENTS)
        if node.args:
            self.value(node.args[0], Keep.ALL)
        flat = factory in (int, float, str, bool) and all(value.flat for value in rest)
        return Value(levels=min([_spread(value) for value in rest], default=ALONE), flat=flat, type="dict")

    def _unknown_call(self, node: Any, keep: Keep) -> Value:
        """A helper: what it returns may hold what it was given."""
        values = [*node.args, *[k.value for k in node.keywords]]
        self.context = f"line {self.line} passes it to `{dotted(node.func)}`, which may return it"
        if all(value.immutable for value in self._all(values, Keep.NOTHING)):
            return Value(levels=ALONE)
        self._all(values, keep)
        return Value(origin="element", why=f"`{dotted(node.func)}` may return a value that something else holds")

    def _method_call(self, node: Any, keep: Keep) -> Value:
        method, receiver = node.func.attr, node.func.value
        values = [*node.args, *[k.value for k in node.keywords]]
        if method in MUTATORS:
            return self._mutating(node, keep)
        if method in known.IMMUTABLE_METHODS:
            self._all([receiver, *values], Keep.NOTHING)
            return IMMUTABLE
        if method in known.FRESH_METHODS:
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
            rest = self._all(values, keep)
            if base.flat and all(value.immutable for value in rest):
                return IMMUTABLE
            return element(replace(base, flat=False, immutable=False), dotted(receiver))
        self.value(receiver, Keep.ELEMENTS)
        return self._unknown_call(node, keep)

    def _all(self, nodes: Iterable[Any], keep: Keep) -> list[Value]:
        return [self.value(node, keep) for node in nodes]

    # --- changes in place

    def _mutating(self, node: Any, keep: Keep) -> Value:
        """A call of a method that changes its receiver."""
        method, receiver = node.func.attr, node.func.value
        values = [*node.args, *[k.value for k in node.keywords]]
        root, _ = path(receiver)
        self.context = f"line {self.line} puts it into `{root or dotted(receiver)}`"
        levels, flat = ALONE, True
        for i, value in enumerate(values):
            stored = method in _STORING and not (method in ("insert", "setdefault") and i == 0) and method != "add"
            found = self.value(value, Keep.ALL if stored else Keep.ELEMENTS if method in _SPREADING else Keep.NOTHING)
            if stored:
                levels, flat = min(levels, 1 + found.kept_levels), flat and found.immutable
            elif method in _SPREADING:
                levels, flat = min(levels, _spread(found)), flat and found.flat
        before = self.mutate(node, receiver, dotted(node.func), remedies.call(node), levels=levels, flat=flat)
        if method in ("pop", "popitem", "popleft"):
            self._leak(root)
            return element(replace(before, immutable=False), dotted(receiver))
        if method == "setdefault":
            if keep is not Keep.NOTHING:
                self._leak(root)
            return element(replace(before, flat=before.flat and flat, immutable=False), dotted(receiver))
        return IMMUTABLE

    def _leak(self, root: str | None) -> None:
        if root in self.env and not self.env[root].flat:
            self.env[root] = replace(self.env[root], levels=min(self.env[root].levels, 1))

    def mutate(
        self,
        node: gast.AST,
        receiver: gast.AST,
        text: str,
        instead: str,
        *,
        levels: int = ALONE,
        flat: bool = True,
    ) -> Value:
        """Check a change in place of `receiver`; return what was known of its root before.

        `levels` and `flat` tell about what it stores there. A name that shares something with the root is stale then.
        """
        root, depth = path(receiver)
        self._inner_parts(receiver)
        if root is None:
            value = self.value(receiver, Keep.NOTHING)
            if not value.immutable and value.levels == 0:
                self.report(node, "TF203", text, value, instead)
            return value
        if root not in self.env:
            value = self.value(_load(root), Keep.NOTHING)
            self.report(node, "TF207", root, value, instead)
            return value
        value = self.env[root]
        if value.stale:
            self.report(node, "TF205" if value.captures else "TF208", root, value, "")
        if any(root in names for names in self.iterated) and not value.immutable:
            self.report(node, "TF204", root, value, remedies.iterated(root))
        elif not value.immutable and value.levels < depth:
            code = {"parameter": "TF201", "alias": "TF202", "function": "TF209", "global": "TF207"}.get(
                value.origin, "TF203"
            )
            if value.levels:
                why = f"its elements may be held elsewhere too, so that `{text}` could change more than `{root}`"
                value = replace(value, origin="element", why=why)
                code = "TF203"
            self.report(node, code, root, value, instead)
        self.changed(root, f"line {self.line} changes `{root}`")
        if not value.immutable:
            now = self.env[root]
            flat = now.flat and flat and depth == 1
            self.env[root] = replace(now, levels=min(now.levels, depth - 1 + levels), flat=flat)
        return value

    def _inner_parts(self, node: Any) -> None:
        """Evaluate the indices of a receiver, and the default that `d.setdefault(k, default)` stores."""
        while True:
            if isinstance(node, gast.Subscript):
                self.value(node.slice, Keep.NOTHING)
                node = node.value
            elif isinstance(node, gast.Attribute):
                node = node.value
            elif isinstance(node, gast.Call) and path(node)[0] is not None:
                self._mutating(node, Keep.NOTHING)
                return
            else:
                return

    def changed(self, name: str, how: str) -> None:
        """Make stale what reads `name` later than it looks, as `name` has another value now."""
        for other, value in self.env.items():
            if name in value.captures and other != name:
                why = f"`{other}` holds a function that reads `{name}` when it is called, and {how} before that"
                self.env[other] = replace(value, stale=value.stale or why)
            elif name in value.related and other != name:
                why = f"`{other}` may share a part with `{name}`, and {how}"
                self.env[other] = replace(value, stale=value.stale or why)

    def bind(self, name: str, value: Value) -> None:
        """Let a name hold another value."""
        self.changed_by_binding(name)
        self.env[name] = replace(value, sure=True, loop=self.loop, stale="")
        for other in value.related:
            if other in self.env:
                self.env[other] = replace(self.env[other], related=self.env[other].related | {name})

    def changed_by_binding(self, name: str) -> None:
        """Note that `name` holds another value: functions that captured it see that, related names are free of it."""
        for other, value in self.env.items():
            if name in value.captures:
                why = f"`{other}` holds a function that reads `{name}` when it is called, and line {self.line} assigns `{name}` again"
                self.env[other] = replace(value, stale=value.stale or why)
            elif name in value.related:
                self.env[other] = replace(value, related=value.related - {name})


def _parts(full: str, found: list[Value]) -> tuple[bool, ...]:
    """Return which items of the tuples that an iterator gives are immutable."""
    if full == "builtins.enumerate":
        return (True, *[value.flat for value in found[:1]])
    if full == "builtins.zip":
        return tuple(value.flat for value in found)
    return found[0].parts if len(found) == 1 else ()


def element(base: Value, text: str) -> Value:
    """Return what is known of an element of a value written `text`."""
    if base.immutable or base.flat:
        return IMMUTABLE
    return Value(origin="element", why=f"it is a part of `{text}`, which would change with it", fields=base.parts)


def path(node: Any) -> tuple[str | None, int]:
    """Return the root name of a receiver and how deep in it a change is: `xs` 1, `d[k]` and `d.setdefault(k, [])` 2."""
    depth = 1
    while True:
        if isinstance(node, (gast.Attribute, gast.Subscript)):
            node = node.value
        elif isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute) and node.func.attr == "setdefault":
            node = node.func.value
        else:
            return (str(node.id), depth) if isinstance(node, gast.Name) else (None, depth)
        depth += 1


def _spread(value: Value) -> int:
    """Return the levels of a new container that takes over the elements of a value."""
    return ALONE if value.immutable or value.flat else max(value.levels, 1)


def _load(name: str) -> Any:
    return gast.Name(id=name, ctx=gast.Load(), annotation=None, type_comment=None)
