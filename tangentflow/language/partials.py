"""Steps bound with `functools.partial`: a call of one is spelled out as a call of the step.

fit = partial(train, 3, lr=rate(n))     becomes     fit_lr = rate(n)
y = fit(x)                                          fit = partial(train, 3, lr=fit_lr)
                                                    y = train(3, x, lr=fit_lr)

The bound arguments are evaluated where `partial` stands. Of a partial object from outside the function, the arguments are
read where it is called: `fit.args[0]`, `fit.keywords["lr"]`.
"""

from __future__ import annotations

import copy
import functools
import inspect
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gast

from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.language.patterns import named

if TYPE_CHECKING:
    from tangentflow.language.lowering import Lowering

__all__ = ["Bound", "Partials", "is_step", "located"]

_SIMPLE = (bool, int, str, bytes, type(None))


@dataclass
class Bound:
    """A step with arguments: the expression for the step, and the expressions of its arguments, none of which can raise."""

    step: gast.expr
    args: list[gast.expr]
    keywords: dict[str, gast.expr]
    name: str = ""


def is_step(value: object) -> bool:
    """Whether an object is a step or workflow, or one bound with `partial`."""
    return isinstance(value.func if type(value) is functools.partial else value, (StepFunction, WorkflowFunction))


def located(node: Any, at: gast.AST) -> Any:
    """Return a new node with the place of another one, inner nodes included."""
    gast.copy_location(node, at)
    for inner in gast.walk(node):
        if getattr(inner, "end_lineno", None) is None:  # a made node has no end, where `gast` would see one
            gast.copy_location(inner, at)
    return node


class Partials:
    """The names of a function that are bound to a step with arguments, and to nothing else."""

    def __init__(self, lowering: Lowering) -> None:
        self.lowering = lowering
        self.bound: dict[str, Bound] = {}
        self._count = _bindings(lowering.source.tree)

    def is_step(self, node: gast.AST) -> bool:
        """Whether an expression is a step, maybe with arguments bound to it."""
        if isinstance(node, gast.Name) and node.id in self.bound:
            return True
        if isinstance(node, gast.Call):
            return self.is_partial(node)
        return isinstance(node, (gast.Name, gast.Attribute)) and is_step(self.lowering.resolve(node))

    def is_partial(self, node: Any) -> bool:
        """Whether an expression binds arguments to a step."""
        return (
            isinstance(node, gast.Call)
            and isinstance(node.func, (gast.Name, gast.Attribute))
            and self.lowering.resolve(node.func) is functools.partial
            and bool(node.args)
            and self.is_step(node.args[0])
        )

    def statements(self, target: gast.Name, value: gast.Call, at: gast.stmt) -> list[gast.stmt]:
        """Spell out `target = partial(…)`. Refuses it if the name may mean something else too."""
        from tangentflow.language.lowering import assignment, load

        name = target.id
        if self._refused(name, value):
            return [located(assignment(name, gast.Constant(value=None, kind=None)), at)]
        made: list[gast.stmt] = []

        def kept(argument: gast.expr, wish: str) -> gast.expr:
            if isinstance(argument, gast.Constant):
                return argument
            temp = self.lowering.namer.fresh(f"{name}_{wish}")
            made.append(located(assignment(temp, argument), argument))
            return load(temp)

        first = self.inner(value.args[0])
        assert first is not None
        args = [kept(a, str(i)) for i, a in enumerate(value.args[1:], len(first.args) + 1)]
        keywords = {str(k.arg): kept(k.value, str(k.arg)) for k in value.keywords}
        self.bound[name] = Bound(first.step, [*first.args, *args], first.keywords | keywords, name)
        shown = gast.Call(
            func=value.func,
            args=[value.args[0], *args],
            keywords=[gast.keyword(arg=k, value=v) for k, v in keywords.items()],
        )
        binding = located(assignment(name, shown), at)
        binding.binds_step = first.name
        return [*made, binding]

    def _refused(self, name: str, value: gast.Call) -> bool:
        if self._count[name] > 1:
            self.lowering.refuse(
                value, "TF115", f"'{name}', bound to a step with partial(), is bound again", "which step it calls would be decided in the run",
                "give each its own name",
            )  # fmt: skip
            return True
        if any(isinstance(a, gast.Starred) for a in value.args) or any(k.arg is None for k in value.keywords):
            self.lowering.refuse(
                value, "TF116", "`*` or `**` in the arguments that partial() binds to a step", "which of its arguments are bound must be known",
                "write the arguments one by one",
            )  # fmt: skip
            return True
        return False

    def step(self, node: Any) -> gast.expr:
        """Return the expression for the step itself, without the arguments that are bound to it."""
        while isinstance(node, gast.Call):
            node = node.args[0]
        return copy.deepcopy(
            self.bound[node.id].step if isinstance(node, gast.Name) and node.id in self.bound else node
        )

    def inner(self, node: Any) -> Bound | None:
        """Return what an expression that is a step binds to it; None if its arguments would have to be evaluated first."""
        if isinstance(node, gast.Name) and node.id in self.bound:
            return self.bound[node.id]
        if isinstance(node, gast.Call):
            first = self.inner(node.args[0])
            parts = [*node.args[1:], *[k.value for k in node.keywords]]
            if first is None or not all(map(self._fixed, parts)) or any(k.arg is None for k in node.keywords):
                return None
            keywords = {str(k.arg): k.value for k in node.keywords}
            return Bound(first.step, [*first.args, *node.args[1:]], first.keywords | keywords, first.name)
        value = self.lowering.resolve(node)
        if type(value) is not functools.partial:
            return Bound(node, [], {})
        node = copy.deepcopy(node)
        for part in gast.walk(node):
            part.taken_apart = True
        args = [_literal(v) or _item(node, "args", i) for i, v in enumerate(value.args)]
        found = {key: _literal(v) or _item(node, "keywords", key) for key, v in value.keywords.items()}
        return Bound(gast.Attribute(value=node, attr="func", ctx=gast.Load()), args, found)

    def call(self, node: gast.Call) -> gast.Call | None:
        """Spell out the call of a step with arguments bound to it; None if the call cannot be."""
        bound = self.inner(node.func)
        if bound is None:
            return None
        if bound.step is node.func:
            return node
        keywords = self._merged(bound.keywords, node.keywords, bound.step)
        if keywords is None:
            return None
        args = [copy.deepcopy(a) for a in bound.args]
        called = located(gast.Call(func=copy.deepcopy(bound.step), args=[*args, *node.args], keywords=keywords), node)
        called.needs = bound.name
        called.kept = [value.id for value in [*bound.args, *bound.keywords.values()] if isinstance(value, gast.Name)]
        return called

    def _merged(
        self, bound: dict[str, gast.expr], given: list[gast.keyword], step: gast.expr
    ) -> list[gast.keyword] | None:
        """Join keywords: those of the call replace bound ones, in whose place they come."""
        names = [k.arg for k in given]
        left = [gast.keyword(arg=name, value=copy.deepcopy(value)) for name, value in bound.items()]
        again = [name for name in names if name in bound]
        if None in names and bound:
            if len(given) > 1:
                return None
            keys = [*[gast.Constant(value=k.arg, kind=None) for k in left], None]
            return [
                gast.keyword(arg=None, value=gast.Dict(keys=keys, values=[*[k.value for k in left], given[0].value]))
            ]
        if not again:
            return [*left, *given]
        simple = all(isinstance(k.value, (gast.Constant, gast.Name)) for k in given)
        if simple:
            new = {k.arg: k for k in given}
            return [*[new.get(k.arg, k) for k in left], *[k for k in given if k.arg not in bound]]
        callee = self.lowering.resolve(step)
        function: Any = getattr(callee, "function", callee)
        if any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values()):
            return None  # the step sees the order of its keywords
        return [*[k for k in left if k.arg not in again], *given]

    def _fixed(self, node: gast.expr) -> bool:
        """Whether an expression may be evaluated at any later time: a literal, a parameter that stays, a global."""
        if isinstance(node, gast.Constant):
            return True
        if not isinstance(node, gast.Name) or self.is_step(node):
            return False
        stays = node.id in self.lowering.params and self._count[node.id] == 1
        return stays or node.id not in self.lowering.locals


def _bindings(tree: gast.AST) -> Counter[str]:
    """Count the places that bind each name, anywhere in a function."""
    found: Counter[str] = Counter()
    for node in gast.walk(tree):
        if node is tree:
            continue
        if isinstance(node, gast.Name) and not isinstance(node.ctx, gast.Load):
            found[node.id] += 1
        elif not isinstance(node, gast.ExceptHandler) and (name := named(node)) is not None:
            found[name] += 1
    return found


def _literal(value: object) -> gast.expr | None:
    """Return a value as a literal, if it is a plain one."""
    if type(value) in _SIMPLE or (type(value) is float and math.isfinite(value)):
        return gast.Constant(value=value, kind=None)
    return None


def _item(node: gast.expr, part: str, key: int | str) -> gast.expr:
    owner = gast.Attribute(value=copy.deepcopy(node), attr=part, ctx=gast.Load())
    return gast.Subscript(value=owner, slice=gast.Constant(value=key, kind=None), ctx=gast.Load())
