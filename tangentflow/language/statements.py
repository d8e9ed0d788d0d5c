"""Rules of statements."""

from __future__ import annotations

from typing import Any

import gast

from tangentflow.language import core, known
from tangentflow.language.calls import call_site
from tangentflow.language.comprehensions import listed, stream
from tangentflow.language.consuming import unpacked
from tangentflow.language.expressions import assign_to
from tangentflow.language.helpers import where
from tangentflow.language.kinds import mutates
from tangentflow.language.known_results import MUTATES_FIRST
from tangentflow.language.lazy import check_lazy
from tangentflow.language.lowering import Lowering, assignment, load
from tangentflow.language.registry import statement
from tangentflow.language.trying import in_loop, leaves, not_broken, raise_again
from tangentflow.language.uses import bound_names, unbound_in, uses
from tangentflow.order import sequential

__all__: list[str] = []


@statement(gast.Pass, "`pass`", "nothing")
def _pass(lowering: Lowering, node: gast.Pass) -> None:
    pass


@statement(gast.Expr, "expression statements", "a call whose result is dropped is an effect")
def _expr(lowering: Lowering, node: gast.Expr) -> None:
    value = node.value
    if isinstance(value, gast.Constant):
        return  # a docstring
    if isinstance(value, gast.Call):
        kind = lowering.kind(value)
        if kind in ("step", "call", "message", "impure"):
            lowering.emit(call_site(lowering, value, None))
            return
        changes_first = known.qualified_name(lowering.resolve(value.func)) in MUTATES_FIRST
        if not changes_first and not mutates(value, lowering.resolve):
            _refuse_dropped(lowering, value)
            return
    lowered = lowering.expr(value)
    if not isinstance(lowered, gast.Name) or lowered.id not in lowering.bound:
        lowering.glue(gast.Expr(value=lowered), total=_appends(lowering, lowered))


def _refuse_dropped(lowering: Lowering, call: gast.Call) -> None:
    name = gast.unparse(call.func)
    code, why = (
        "TF130",
        "a call that is no step is made for its result; what else it does would happen on one machine only",
    )
    mark = getattr(call, "in_place", None)
    if mark is not None and mark.helper is not None:
        code, why = "TF305", f"what {where(mark.helper, name)} changes in place is seen only together with its result"
    instead = "use its result, or make it a @step"
    rest = [k for k in call.keywords if k.arg != "inplace"]
    if len(rest) < len(call.keywords) and isinstance(call.func, gast.Attribute):
        new = gast.Call(func=call.func, args=call.args, keywords=rest)
        instead = f"bind its result: `{gast.unparse(call.func.value)} = {gast.unparse(new)}`"
    lowering.refuse(call, code, f"the result of `{name}(…)` is dropped", why, instead)


def _appends(lowering: Lowering, node: gast.expr) -> bool:
    """Whether it is `xs.append(e)` on what can only be a list, with an `e` that cannot raise."""
    if not isinstance(node, gast.Call) or not isinstance(node.func, gast.Attribute) or node.func.attr != "append":
        return False
    root = node.func.value
    local = isinstance(root, gast.Name) and root.id in lowering.lists & lowering.bound
    return local and len(node.args) == 1 and not node.keywords and lowering.kinds.total(node.args[0], lowering.bound)


@statement(
    gast.Assign,
    "assignment: names, unpacking, chained, items and attributes",
    "value first, then targets from left to right",
)
def _assign(lowering: Lowering, node: gast.Assign) -> None:
    if hasattr(node, "binds_step"):
        lowering.glue(node, total=not node.binds_step or node.binds_step in lowering.bound)
        return
    if len(node.targets) == 1 and (taken := unpacked(lowering, node.targets[0], node.value)) is not None:
        node = gast.copy_location(gast.Assign(targets=node.targets, value=taken, type_comment=None), node)
    if len(node.targets) == 1 and isinstance(node.targets[0], gast.Name):
        assign_to(lowering, node.targets[0].id, node.value)
        return
    several = len(node.targets) > 1 or any(map(lowering.has_site, node.targets))
    value = lowering.expr(node.value)
    lowering.no_iterator(value)
    if several and not lowering.stable(value, node.targets):
        value = lowering.temp(value, "value")
    for target in node.targets:
        lowering.glue(gast.Assign(targets=[_target(lowering, target)], value=value, type_comment=None))


def _target(lowering: Lowering, target: gast.expr) -> gast.expr:
    """Lower the expressions inside a target."""
    if not lowering.has_site(target):
        return target
    if isinstance(target, gast.Subscript):
        value, index = lowering.operands([target.value, target.slice])
        return gast.Subscript(value=value, slice=index, ctx=target.ctx)
    if isinstance(target, gast.Attribute):
        return gast.Attribute(value=lowering.expr(target.value), attr=target.attr, ctx=target.ctx)
    lowering.refuse(
        target, "TF131", "a call inside an unpacking target", "the targets before it are bound first",
        "compute the index before the assignment",
    )  # fmt: skip
    return target


@statement(gast.AnnAssign, "annotated assignment", "the annotation is not evaluated")
def _ann_assign(lowering: Lowering, node: gast.AnnAssign) -> None:
    if node.value is None:
        return
    if isinstance(node.target, gast.Name):
        assign_to(lowering, node.target.id, node.value)
    else:
        value = lowering.expr(node.value)
        if lowering.has_site(node.target) and not lowering.stable(value, [node.target]):
            value = lowering.temp(value, "value")
        lowering.glue(gast.Assign(targets=[_target(lowering, node.target)], value=value, type_comment=None))


@statement(gast.AugAssign, "augmented assignment", "the old value is read before the right side runs")
def _aug_assign(lowering: Lowering, node: gast.AugAssign) -> None:
    target = node.target
    if lowering.has_site(node.value):
        if uses(target, _reading(target)).reads & uses(node.value).writes:
            lowering.refuse(
                node, "TF135", "`:=` binds a name of the target of an augmented assignment", "the target is read before",
                "compute the value before the statement",
            )  # fmt: skip
        if isinstance(target, gast.Name):
            if target.id not in lowering.bound:
                lowering.glue(gast.Expr(value=load(target.id)))
        elif lowering.has_site(target):
            lowering.refuse(
                target, "TF132", "calls on both sides of an augmented assignment", "the target is read before and stored after",
                "compute the index before the statement",
            )  # fmt: skip
        else:
            lowering.glue(gast.Expr(value=_reading(target)))
    elif lowering.has_site(target):
        target = _target(lowering, target)
    value = lowering.expr(node.value)
    lowering.glue(gast.AugAssign(target=target, op=node.op, value=value))


def _reading(target: gast.expr) -> gast.expr:
    if isinstance(target, gast.Name):
        return load(target.id)
    if isinstance(target, gast.Subscript):
        return gast.Subscript(value=target.value, slice=target.slice, ctx=gast.Load())
    return gast.Attribute(value=target.value, attr=target.attr, ctx=gast.Load())


@statement(gast.Delete, "`del`", "unbinds a name, removes an item")
def _delete(lowering: Lowering, node: gast.Delete) -> None:
    for target in node.targets:
        lowering.glue(gast.Delete(targets=[_target(lowering, target)]))


@statement(gast.FunctionDef, "inner functions without step calls", "a value like any other")
def _function(lowering: Lowering, node: gast.FunctionDef) -> None:
    for call in gast.walk(node):
        if isinstance(call, gast.Call) and lowering.kind(call) in ("step", "call"):
            lowering.refuse(
                call, "TF133", "a step call inside an inner function", "the steps of a function are known only if it is a workflow",
                f"move '{node.name}' to module level and decorate it with @workflow",
            )  # fmt: skip
    lowering.glue(node, total=not node.decorator_list)


@statement(gast.If, "`if`, `elif`, `else`", "only the chosen arm runs")
def _if(lowering: Lowering, node: gast.If) -> None:
    test = lowering.expr(node.test)
    with lowering.branch() as first:
        body = lowering.block(node.body)
    with lowering.branch() as second:
        orelse = lowering.block(node.orelse)
    lowering.emit(core.If(lowering.origin, test, body, orelse))
    lowering.join(first, second)


@statement(gast.For, "`for` over any iterable", "iterations run in parallel unless they carry data")
def _for(lowering: Lowering, node: gast.For) -> None:
    lowering.bound -= unbound_in(node)
    iterable, forced = node.iter, False
    if isinstance(iterable, gast.Call) and lowering.resolve(iterable.func) is sequential and len(iterable.args) == 1:
        iterable, forced = iterable.args[0], True
    items_of = stream(lowering, iterable)
    if items_of is not None and len(items_of.generators) == 1:
        _for_stream(lowering, node, items_of, forced)
        return
    check_lazy(lowering, iterable, uses(node.target, *node.body).writes, _ends_early(node.body), knows_its_end=True)
    items = listed(lowering, iterable)
    broke = _broke(lowering, node, bool(items.failed))
    outer_break, lowering.broke = lowering.broke, broke
    outer_try = lowering.pending, lowering.final
    lowering.pending = lowering.final = False
    with lowering.branch(), in_loop(lowering):
        outer, lowering.out = lowering.out, []
        if isinstance(node.target, gast.Name):
            var = node.target.id
            lowering.bound.add(var)
        else:
            var = lowering.namer.fresh("item")
            lowering.bound.add(var)
            lowering.locals.add(var)
            lowering.glue(gast.Assign(targets=[_target(lowering, node.target)], value=load(var), type_comment=None))
        body = lowering.out + lowering.block(node.body)
        lowering.out = outer
    lowering.broke, (lowering.pending, lowering.final) = outer_break, outer_try
    lowering.emit(core.For(lowering.origin, var, items.name, body, [], forced=forced, count=items.count))
    items.after_loop(lowering, broke)
    _loop_else(lowering, node, broke if node.orelse else None)


def _for_stream(lowering: Lowering, node: gast.For, iterable: gast.GeneratorExp, forced: bool) -> None:
    """Loop over what a generator expression goes through, computing each of its values when its turn comes."""
    only = iterable.generators[0]
    lowering.locals |= bound_names(only.target)
    bind = gast.copy_location(gast.Assign(targets=[node.target], value=iterable.elt, type_comment=None), node.target)
    bind.stops = iterable.stops
    body = [bind, *node.body]
    for condition in reversed(only.ifs):
        passes = lowering.namer.fresh("passes")
        test = gast.copy_location(assignment(passes, condition), condition)
        test.stops = iterable.stops
        body = [test, gast.copy_location(gast.If(test=load(passes), body=body, orelse=[]), condition)]
    inner = gast.Call(func=node.iter.func, args=[only.iter], keywords=[]) if forced else only.iter
    loop = gast.For(target=only.target, iter=inner, body=body, orelse=node.orelse, type_comment=None)
    _for(lowering, gast.copy_location(loop, node))


@statement(gast.While, "`while`", "one iteration after the other, up to a bound")
def _while(lowering: Lowering, node: gast.While) -> None:
    lowering.bound -= unbound_in(node)
    broke = _broke(lowering, node)
    outer, lowering.out = lowering.out, []
    condition = lowering.expr(node.test)
    test, lowering.out = lowering.out, outer
    outer_break, lowering.broke = lowering.broke, broke
    outer_try = lowering.pending, lowering.final
    lowering.pending = lowering.final = False
    with lowering.branch(), in_loop(lowering):
        body = lowering.block(node.body)
    lowering.broke, (lowering.pending, lowering.final) = outer_break, outer_try
    lowering.emit(core.While(lowering.origin, test, condition, body, [], limit=lowering.max_iterations))
    endless = isinstance(node.test, gast.Constant) and bool(node.test.value)
    if endless and not _breaks(node.body):
        lowering.dead = True
    _loop_else(lowering, node, broke)


def _broke(lowering: Lowering, node: Any, needed: bool = False) -> str | None:
    """Bind a flag that `break` sets, where the loop has an `else` that a `break` must skip, or it is `needed` anyhow."""
    if not (node.orelse or needed) or not _breaks(node.body):
        return None
    flag = lowering.namer.fresh("broke")
    lowering.assign(flag, gast.Constant(value=False, kind=None))
    return flag


def _loop_else(lowering: Lowering, node: Any, broke: str | None) -> None:
    if not node.orelse:
        return
    if broke is None:
        lowering.out += lowering.block(node.orelse)
        return
    with lowering.branch():
        orelse = lowering.block(node.orelse)
    lowering.emit(core.If(lowering.origin, gast.UnaryOp(op=gast.Not(), operand=load(broke)), orelse, []))


def _breaks(body: list[gast.stmt]) -> bool:
    """Whether a `break` in these statements ends the loop that they are the body of."""
    return leaves(body, (gast.Break,))


def _ends_early(body: list[gast.stmt]) -> bool:
    """Whether a loop with this body may end before its last item."""
    return _breaks(body) or any(isinstance(inner, gast.Return) for node in body for inner in gast.walk(node))


@statement(gast.Break, "`break`", "ends the loop; decided before what follows it starts")
def _break(lowering: Lowering, node: gast.Break) -> None:
    if lowering.broke:
        lowering.glue(assignment(lowering.broke, gast.Constant(value=True, kind=None)), total=True)
    lowering.emit(core.Break(lowering.origin))
    lowering.dead = True


@statement(gast.Continue, "`continue`", "ends the iteration")
def _continue(lowering: Lowering, node: gast.Continue) -> None:
    not_broken(lowering)
    lowering.emit(core.Continue(lowering.origin))
    lowering.dead = True


@statement(gast.Return, "`return` anywhere", "decided before what follows it starts")
def _return(lowering: Lowering, node: gast.Return) -> None:
    value = node.value or gast.Constant(value=None, kind=None)
    lowered = lowering.expr(value)
    lowering.emit(core.Return(lowering.origin, lowering.atom(lowered, "result")))
    lowering.dead = True


@statement(gast.Raise, "`raise`", "decided before what follows it in its block starts")
def _raise(lowering: Lowering, node: gast.Raise) -> None:
    if node.exc is None:
        raise_again(lowering, node)
        return
    parts = lowering.operands([part for part in (node.exc, node.cause) if part is not None])
    cause = parts[1] if node.cause is not None else None
    lowering.glue(gast.Raise(exc=parts[0], cause=cause), jumps=frozenset({"raise"}))
    lowering.dead = True


@statement(gast.Assert, "`assert`", "raises AssertionError in its place")
def _assert(lowering: Lowering, node: gast.Assert) -> None:
    test = lowering.expr(node.test)
    if node.msg is None or not lowering.has_site(node.msg):
        lowering.glue(gast.Assert(test=test, msg=node.msg), jumps=frozenset({"raise"}))
        return
    with lowering.branch():
        outer, lowering.out = lowering.out, []
        message = lowering.expr(node.msg)
        lowering.glue(gast.Assert(test=gast.Constant(value=False, kind=None), msg=message), jumps=frozenset({"raise"}))
        body, lowering.out = lowering.out, outer
    lowering.emit(core.If(lowering.origin, gast.UnaryOp(op=gast.Not(), operand=test), body, []))
