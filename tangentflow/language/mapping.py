"""`map` and `filter` over steps, and over other calls that are recorded, spelled out as generator expressions before anything else looks at the tree.

list(map(f, xs))            becomes     list(f(item) for item in xs)
filter(lambda x: g(x), xs)              (item for item in xs if g(item))
zip(xs, map(f, xs))                     ((item, f(item_2)) for item, item_2 in zip(xs, xs))

Provides a tree in which calls of steps stand for themselves. A generator expression that was made so has the attribute
`mapped`, the text that it stands for: out of a `map`, StopIteration means its end, not an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gast

from tangentflow.attempts import attempt, attempting
from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.language.kinds import mutates
from tangentflow.language.optioned import name_optioned
from tangentflow.language.partials import Partials, located

if TYPE_CHECKING:
    from tangentflow.language.lowering import Lowering

__all__ = ["Speller", "mapped", "spell_out"]


def mapped(node: object) -> str:
    """Return the text of the `map` or `filter` that a generator expression stands for; "" if it stands for itself."""
    return str(getattr(node, "mapped", ""))


def spell_out(lowering: Lowering) -> Speller:
    """Spell out `map`, `filter` and `partial` over steps in the body of a function, in place."""
    from tangentflow.language.lowering import body_of

    tree = lowering.source.tree
    name_optioned(lowering, body_of(tree))
    partials = Partials(lowering)
    speller = Speller(lowering, partials)
    _Binder(partials).visit_body(tree)
    speller.visit_body(tree)
    for node in gast.walk(tree):
        if isinstance(node, gast.Name) and isinstance(node.ctx, gast.Load) and node.id in partials.bound:
            _passed_on(lowering, node)
    return speller


def _passed_on(lowering: Lowering, node: gast.Name) -> None:
    if not getattr(node, "binds_step", False):
        lowering.refuse(
            node, "TF115", f"'{node.id}', a step bound with partial(), used as a value", "which steps run must be known before the run",
            f"call it where it is needed: `{node.id}(…)`",
        )  # fmt: skip


class _Body(gast.NodeTransformer):  # type: ignore[misc]
    def visit_body(self, tree: Any) -> None:
        """Transform the body of a function, not what is evaluated where it is defined."""
        if isinstance(tree.body, list):
            made: list[gast.stmt] = []
            for stmt in tree.body:
                found = self.visit(stmt)
                made += found if isinstance(found, list) else [found]
            tree.body = made
        else:
            tree.body = self.visit(tree.body)


class _Binder(_Body):
    """Finds the names that are bound to a step with arguments."""

    def __init__(self, partials: Partials) -> None:
        self.partials = partials

    def visit_FunctionDef(self, node: gast.FunctionDef) -> gast.FunctionDef:
        return node  # its names are its own

    def visit_Assign(self, node: gast.Assign) -> Any:
        return self._bound(node, node.targets[0]) if len(node.targets) == 1 else node

    def visit_AnnAssign(self, node: gast.AnnAssign) -> Any:
        return self._bound(node, node.target)

    def _bound(self, node: Any, target: gast.expr) -> Any:
        if not isinstance(target, gast.Name) or not self.partials.is_partial(node.value):
            return node
        return self.partials.statements(target, node.value, node)


class Speller(_Body):
    """Replaces calls: those with steps in them, and, where a loop goes over one, any that computes its items one by one."""

    def __init__(self, lowering: Lowering, partials: Partials) -> None:
        self.lowering = lowering
        self.partials = partials
        self.all = False

    def stream(self, node: gast.expr) -> gast.GeneratorExp | None:
        """Return what a loop goes over as a generator expression of which each item is computed in its turn; None if it is not."""
        if not isinstance(node, gast.Call):
            return None
        args = [self.stream(argument) or argument for argument in node.args]
        self.all = True
        made = self._spelled(node, args)
        self.all = False
        return made

    def visit_Assign(self, node: gast.Assign) -> Any:
        """Leave the statement alone that binds a name to a step with arguments."""
        if hasattr(node, "binds_step"):
            for inner in gast.walk(node):
                inner.binds_step = True
            return node
        return self.generic_visit(node)

    def visit_Call(self, node: gast.Call) -> Any:
        """Spell out a call, what is in it first."""
        text = gast.unparse(node)
        self.generic_visit(node)
        if self.partials.is_step(node.func):
            return self._step(node)
        if isinstance(node.func, (gast.Name, gast.Attribute)) and self.lowering.resolve(node.func) is attempt:
            return self._attempt(node)
        return self._spelled(node, node.args, text) or node

    def _spelled(self, node: gast.Call, args: list[gast.expr], text: str = "") -> gast.GeneratorExp | None:
        """Return the generator expression that a call stands for; `args` are its arguments with what is in them spelled out."""
        if not isinstance(node.func, (gast.Name, gast.Attribute)):
            return None
        spell = {map: self._map, filter: self._filter, zip: self._zip, enumerate: self._enumerate}
        callee = self.lowering.resolve(node.func)
        found = next((rule for function, rule in spell.items() if callee is function), None)
        if found is None:
            return None
        made = found(gast.copy_location(gast.Call(func=node.func, args=args, keywords=node.keywords), node))
        if made is not None:
            made = located(made, node)
            made.mapped = text or gast.unparse(node)
        return made

    def _step(self, node: gast.Call) -> gast.Call:
        spelled = self.partials.call(node)
        if spelled is not None:
            return spelled
        self.lowering.refuse(
            node, "TF116", f"a call of a step bound with partial() that cannot be taken apart: `{gast.unparse(node)}`",
            "its arguments would be evaluated, or come to the step, in another order",
            "bind the arguments to a name first, `bound = partial(…)`, and give each keyword once",
        )  # fmt: skip
        step = self.partials.step(node.func)
        return located(gast.Call(func=step, args=node.args, keywords=node.keywords), node)

    def _attempt(self, node: gast.Call) -> gast.expr:
        """Let a call of `attempt` be one of the workflow that it is for its step: `attempt(f, xs)` becomes `attempt_f(xs)`."""
        step = self.lowering.resolve(node.args[0]) if node.args else None
        if (
            not isinstance(step, (StepFunction, WorkflowFunction))
            or len(node.args) != 2
            or isinstance(node.args[1], gast.Starred)
        ):
            self.lowering.refuse(
                node, "TF117", f"a call of attempt() whose step and items cannot be told: `{gast.unparse(node)}`",
                "which steps run must be known before the run",
                "write `attempt(step, items)` with the name of a step or workflow that takes an item alone",
            )  # fmt: skip
            return located(gast.Constant(value=None, kind=None), node)
        name = self.lowering.namer.fresh(f"attempt_{step.__name__}")
        self.lowering.derived[name] = attempting(step)
        return located(gast.Call(func=_load(name), args=node.args[1:], keywords=node.keywords), node)

    # --- map, filter

    def _map(self, node: gast.Call) -> gast.GeneratorExp | None:
        if not _plain(node) or len(node.args) < 2:
            return None
        function, *iterables = node.args
        targets = [self._fresh() for _ in iterables]
        elt = self._applied(function, targets, iterables)
        if elt is None:
            return None
        return self._over(elt, targets, iterables, isinstance(function, gast.Lambda))

    def _filter(self, node: gast.Call) -> gast.GeneratorExp | None:
        if not _plain(node) or len(node.args) != 2:
            return None
        function, iterable = node.args
        item = self._fresh()
        nothing = (
            isinstance(function, gast.Constant) and function.value is None and (self.all or bool(mapped(iterable)))
        )
        test = _load(item) if nothing else self._applied(function, [item], [iterable])
        if test is None:
            return None
        made = self._over(_load(item), [item], [iterable])
        if made is not None:
            made.generators[0].ifs = [test]
        return made

    def _applied(self, function: gast.expr, names: list[str], iterables: list[gast.expr]) -> gast.expr | None:
        """Return the call of a function with these names; None if nothing is recorded in it or its iterables."""
        feeds = self.all or any(map(mapped, iterables))
        if isinstance(function, gast.Lambda):
            recorded = feeds or any(map(self._recorded, gast.walk(function.body)))
            return _inlined(function, names) if recorded else None
        call = located(gast.Call(func=function, args=[_load(name) for name in names], keywords=[]), function)
        if self.partials.is_step(function):
            return self.partials.call(call)
        named = isinstance(function, (gast.Name, gast.Attribute))
        return call if named and (feeds or self._recorded(call)) else None

    def _recorded(self, node: gast.AST) -> bool:
        """Whether a node is a call whose outcome is recorded, or holds one."""
        if not isinstance(node, gast.Call):
            return bool(mapped(node))
        if self.partials.is_step(node.func):
            return True
        if mutates(node, self.lowering.resolve):
            return False
        return self.lowering.kinds.call(node).kind in ("opaque", "impure", "message")

    def _over(
        self, elt: gast.expr, targets: list[str], iterables: list[gast.expr], lambda_: bool = False
    ) -> gast.GeneratorExp | None:
        if len(targets) == 1:
            return _generator(elt, _store(targets[0]), iterables[0])
        if any(map(mapped, iterables)):
            rows = self._rows(iterables)
            if rows is None or lambda_:
                return None
            parts, target, iterable = rows
            return _generator(_named(elt, dict(zip(targets, parts, strict=True))), target, iterable)
        if self.lowering.resolve(_load("zip")) is not zip:
            return None
        return _generator(elt, _tuple(map(_store, targets), gast.Store()), _call("zip", iterables))

    # --- zip, enumerate

    def _zip(self, node: gast.Call) -> gast.GeneratorExp | None:
        if not _plain(node) or not any(map(mapped, node.args)):
            return None
        rows = self._rows(node.args)
        if rows is None:
            return None
        parts, target, iterable = rows
        return _generator(_tuple(parts, gast.Load()), target, iterable)

    def _rows(self, iterables: list[gast.expr]) -> tuple[list[gast.expr], gast.expr, gast.expr] | None:
        """Return the parts of a row of several iterables, and what to loop over for it.

        None where an iterable may end after a step has run for the row: it would run once more than rows come out.
        """
        parts: list[gast.expr] = []
        targets: list[gast.expr] = []
        leaves: list[gast.expr] = []
        called = False
        for iterable in iterables:
            one = _one_by_one(iterable)
            if mapped(iterable) and one is None:
                return None
            name = self._fresh()
            leaf = one[1] if one is not None else iterable
            same = isinstance(leaf, gast.Name) and any(isinstance(o, gast.Name) and o.id == leaf.id for o in leaves)
            if called and not same:
                return None
            called = called or one is not None
            targets.append(one[0] if one is not None else _store(name))
            parts.append(iterable.elt if one is not None else _load(name))
            leaves.append(leaf)
        if self.lowering.resolve(_load("zip")) is not zip:
            return None
        return parts, _tuple(targets, gast.Store()), _call("zip", leaves)

    def _enumerate(self, node: gast.Call) -> gast.GeneratorExp | None:
        if not node.args or isinstance(node.args[0], gast.Starred) or (one := _one_by_one(node.args[0])) is None:
            return None
        number = self._fresh("number")
        target = _tuple([_store(number), one[0]], gast.Store())
        iterable = gast.Call(func=node.func, args=[one[1], *node.args[1:]], keywords=node.keywords)
        return _generator(_tuple([_load(number), node.args[0].elt], gast.Load()), target, iterable)

    def _fresh(self, wish: str = "item") -> str:
        return self.lowering.namer.fresh(wish)


def _plain(node: gast.Call) -> bool:
    return not node.keywords and not any(isinstance(argument, gast.Starred) for argument in node.args)


def _one_by_one(node: Any) -> tuple[gast.expr, gast.expr] | None:
    """Return target and iterable of a spelled out `map` that gives one value for each item; None for anything else."""
    if not mapped(node) or len(node.generators) != 1:
        return None
    only = node.generators[0]
    return None if only.ifs or mapped(only.iter) else (only.target, only.iter)


def _inlined(function: gast.Lambda, names: list[str]) -> gast.expr | None:
    """Return the body of a lambda that is called with these names."""
    given = function.args
    others = [given.vararg, given.kwarg, *given.kwonlyargs, *given.defaults]
    parameters = [p.id for p in [*given.posonlyargs, *given.args]]
    scopes = (gast.Lambda, gast.NamedExpr, gast.Yield, gast.YieldFrom, gast.Await)
    if any(o is not None for o in others) or len(parameters) != len(names):
        return None
    if any(isinstance(node, scopes) for node in gast.walk(function.body)):
        return None
    return _renamed(function.body, dict(zip(parameters, names, strict=True)))


def _renamed(tree: gast.expr, names: dict[str, str]) -> gast.expr:
    for node in gast.walk(tree):
        if isinstance(node, gast.Name):
            node.id = names.get(node.id, node.id)
    return tree


def _named(tree: gast.expr, values: dict[str, gast.expr]) -> gast.expr:
    """Put values in the place of names that are read once, in this order."""

    class Put(gast.NodeTransformer):  # type: ignore[misc]
        def visit_Name(self, node: gast.Name) -> gast.expr:
            return values.get(node.id, node)

    return Put().visit(tree)


def _generator(elt: gast.expr, target: gast.expr, iterable: gast.expr) -> gast.GeneratorExp:
    loop = gast.comprehension(target=target, iter=iterable, ifs=[], is_async=0)
    return gast.GeneratorExp(elt=elt, generators=[loop])


def _call(name: str, args: list[gast.expr]) -> gast.Call:
    return gast.Call(func=_load(name), args=args, keywords=[])


def _tuple(parts: Any, ctx: gast.expr_context) -> gast.Tuple:
    return gast.Tuple(elts=list(parts), ctx=ctx)


def _load(name: str) -> gast.Name:
    return gast.Name(id=name, ctx=gast.Load(), annotation=None, type_comment=None)


def _store(name: str) -> gast.Name:
    return gast.Name(id=name, ctx=gast.Store(), annotation=None, type_comment=None)
