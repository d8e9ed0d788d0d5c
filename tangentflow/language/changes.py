"""Changes in place: whether the name that is changed holds its value alone, and what later reads of other names make of it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import gast

from tangentflow.language import remedies
from tangentflow.language.helpers import Helpers
from tangentflow.language.values import ALONE, IMMUTABLE, Env, Reads, Value, join
from tangentflow.language.verdict import dotted

__all__ = ["Changes", "Keep", "Report", "element", "load", "path", "spread"]

Report = Callable[[gast.AST, str, str, Value, str], None]
"""Called with the node, the code, the name that is changed, its value and what to write instead."""


class Keep(enum.Enum):
    """What is kept of the value of an expression."""

    NOTHING = 0
    ELEMENTS = 1
    ALL = 2


_STORING = frozenset({"append", "appendleft", "add", "insert", "setdefault"})
_SPREADING = frozenset({"extend", "extendleft", "update", "symmetric_difference_update"})


class Changes:
    """The environment of values, and what happens to it when a name is bound or its value changed in place."""

    def __init__(self, resolve: Callable[[gast.expr], object], helpers: Helpers, report: Report, reads: Reads):
        self.resolve = resolve
        self.helpers = helpers
        self.report = report
        self.reads = reads
        self.env: Env = {}
        self.mentioned: set[str] = (
            set()
        )  # names that a value in `env` captures or is related to: few, where there are many names
        self.line = 0
        self.here = 0
        self.loop = 0
        self.context = ""
        self.uncertain = 0
        self.nested = False
        self.depth = 0
        self.changed_results: frozenset[Any] = frozenset()
        self.elsewhere: dict[str, int] = {}

    def value(self, node: Any, keep: Keep) -> Value:
        """Evaluate an expression of whose value `keep` is kept; return what is known of it."""
        raise NotImplementedError

    def _all(self, nodes: Iterable[Any], keep: Keep) -> list[Value]:
        return [self.value(node, keep) for node in nodes]

    def _mutating(self, node: Any, keep: Keep) -> Value:
        """A call of a method that changes its receiver."""
        method, receiver = node.func.attr, node.func.value
        values = [*node.args, *[k.value for k in node.keywords]]
        root, _ = path(receiver)
        self._inner_parts(receiver)
        self.context = f"line {self.line} puts it into `{root or dotted(receiver)}`"
        levels, flat, held = ALONE, True, IMMUTABLE
        for i, value in enumerate(values):
            named = i >= len(node.args) and node.keywords[i - len(node.args)].arg is not None
            stored = method in _STORING and not (method in ("insert", "setdefault") and i == 0) and method != "add"
            stored = (
                stored or (named and method == "update") or (method == "pop" and i > 0 and keep is not Keep.NOTHING)
            )
            found = self.value(value, Keep.ALL if stored else Keep.ELEMENTS if method in _SPREADING else Keep.NOTHING)
            held = join(held, found) if stored or method in _SPREADING else held
            if stored:
                levels, flat = min(levels, 1 + found.kept_levels), flat and found.immutable
            elif method in _SPREADING:
                levels, flat = min(levels, spread(found)), flat and found.flat
        before = self.mutate(
            node, receiver, dotted(node.func), remedies.call(node), levels=levels, flat=flat, ready=True
        )
        self.holds(root, held)
        if method in ("pop", "popitem", "popleft"):
            self._leak(root)
            return element(replace(before, flat=before.flat and flat, immutable=False), dotted(receiver))
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
        ready: bool = False,
        deeper: int = 0,
    ) -> Value:
        """Check a change in place of `receiver`, or so much `deeper` in it; return what was known of its root before.

        `levels` and `flat` tell about what it stores there, `ready` that the parts of `receiver` are evaluated. A name that shares something with the root is stale then.
        """
        root, depth = path(receiver)
        depth = self.depth = depth + deeper
        if not ready:
            self._inner_parts(receiver)
        if root is None:
            value = self.value(receiver, Keep.NOTHING)
            if not value.immutable and value.levels == 0:
                self.report(node, "TF203", text, value, instead)
            return value
        if root not in self.env:
            value = self.value(load(root), Keep.NOTHING)
            self.report(node, "TF207", root, value, instead)
            return value
        value = self.env[root]
        if value.stale and not value.captures:
            self.report(node, "TF208", root, value, "")
        if value.iterated and not value.immutable:
            self.report(node, "TF204", root, value, remedies.iterated(root))
        elif not value.immutable and value.levels < depth:
            code, value = self.offence(value, text, root)
            self.report(node, code, root, value, instead)
        self.changed(root, f"line {self.line} changes `{root}`")
        if not value.immutable:
            now = self.env[root]
            flat = now.flat and flat and depth == 1
            verified = min(now.verified, depth - 1 + levels)
            self.env[root] = replace(now, levels=min(now.levels, depth - 1 + levels), verified=verified, flat=flat)
        return value

    def offence(self, value: Value, text: str, root: str) -> tuple[str, Value]:
        """Return the code of a change of what something else holds too, and the value with the reason."""
        if value.levels:
            why = f"its elements may be held elsewhere too, so that `{text}` could change more than `{root}`"
            return "TF203", replace(value, origin="element", why=why)
        codes = {"parameter": "TF201", "alias": "TF202", "function": "TF209", "global": "TF207"}
        return codes.get(value.origin, "TF203"), value

    def put_elsewhere(self, name: str) -> None:
        """Note that what may have a part in common with a name is held where no name shows it."""
        place = -1 if self.loop else self.here
        self.elsewhere[name] = min(place, self.elsewhere.get(name, place))

    def holds(self, root: str | None, value: Value) -> None:
        """Note that a container holds functions that capture names, and results of recorded calls."""
        if root is not None and root in self.env and (value.captures or value.sources):
            now = self.env[root]
            self.mentioned |= value.captures
            self.env[root] = replace(now, captures=now.captures | value.captures, sources=now.sources | value.sources)

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

    def changed(self, name: str, how: str, related: bool = True) -> None:
        """Make stale what reads `name` later than it looks, as `name` has another value now, and what may share a part with it."""
        self.changed_results |= self.env[name].sources if name in self.env else frozenset()
        if name not in self.mentioned:
            return
        for other, value in self.env.items():
            if name in value.captures and other != name:
                why = f"`{other}` holds a function that reads `{name}` when it is called, and {how} before that"
                self.env[other] = replace(value, stale=value.stale or why)
            elif related and name in value.related and other != name:
                why = f"`{other}` may share a part with `{name}`, and {how}"
                self.env[other] = replace(value, stale=value.stale or why)

    def bind(self, name: str, value: Value) -> None:
        """Let a name hold another value."""
        self.changed_by_binding(name)
        self.env[name] = replace(value, sure=True, loop=self.loop, born=self.here, stale="")
        self.mentioned |= value.captures | value.related
        if value.related:
            self.mentioned.add(name)
        for other in value.related:
            if other in self.env:
                self.env[other] = replace(self.env[other], related=self.env[other].related | {name})

    def changed_by_binding(self, name: str) -> None:
        """Note that `name` holds another value: functions that captured it see that, related names are free of it."""
        if name not in self.mentioned:
            return
        for other, value in self.env.items():
            if name in value.captures:
                why = f"`{other}` holds a function that reads `{name}` when it is called, and line {self.line} assigns `{name}` again"
                self.env[other] = replace(value, stale=value.stale or why)
            elif name in value.related:
                self.env[other] = replace(value, related=value.related - {name})


def element(base: Value, text: str) -> Value:
    """Return what is known of an element of a value written `text`."""
    if base.immutable or base.flat:
        return IMMUTABLE
    why = f"it is a part of `{text}`, which would change with it"
    return Value(origin="element", why=why, root=base.root, fields=base.parts)


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


def spread(value: Value) -> int:
    """Return the levels of a new container that takes over the elements of a value."""
    return ALONE if value.immutable or value.flat else max(value.levels, 1)


def load(name: str) -> Any:
    """Return the expression that reads a name."""
    return gast.Name(id=name, ctx=gast.Load(), annotation=None, type_comment=None)
