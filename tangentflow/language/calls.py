"""The rule of calls: step and sub-workflow calls become sites, other calls stay glue or are recorded once."""

from __future__ import annotations

import builtins
import inspect
from typing import Any

import gast

from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.language import core
from tangentflow.language.consuming import consumed
from tangentflow.language.kinds import MISSING
from tangentflow.language.lazy import read_by
from tangentflow.language.lowering import RECORDED, Lowering, load
from tangentflow.language.registry import expression
from tangentflow.language.uses import changed_operands, root_name, uses

__all__ = ["call_site"]


@expression(
    gast.Call,
    "calls",
    "a step or sub-workflow is scheduled, also with other `options(…)`, or bound with `partial`; anything else is glue",
)
def _call(lowering: Lowering, node: gast.Call) -> gast.expr:
    kind = lowering.kind(node)
    if kind == "pure":
        read_by(lowering, node)
        taken = consumed(lowering, node)
        return taken if taken is not None else _glue_call(lowering, node)
    if kind == "message":
        lowering.emit(call_site(lowering, node, None))
        return gast.Constant(value=None, kind=None)
    name = lowering.namer.fresh(_short(node) or "value")
    lowering.temps.add(name)
    lowering.written[name] = node
    lowering.emit(call_site(lowering, node, name))
    return load(name)


def call_site(lowering: Lowering, node: gast.Call, target: str | None) -> core.Site:
    """Lower the arguments of a call that is recorded and return its site."""
    kind = lowering.kind(node)
    assert kind in RECORDED
    if kind in ("step", "call"):
        return _scheduled(lowering, node, kind, target)
    reads = getattr(node, "reads", "")
    if not reads:
        lowering.no_iterator(node)
    lowered = _glue_call(lowering, node)
    used = uses(lowered.func, *lowered.args, *[k.value for k in lowered.keywords])
    if kind != "message" and (used.writes or used.reads & lowering.locals - lowering.bound):
        lowered = _settled_call(lowering, lowered)  # of a message, the arguments are evaluated in each replay
    total = all(lowering.kinds.total(a, lowering.bound) for a in [*lowered.args, *[k.value for k in lowered.keywords]])
    return core.Site(lowering.origin, kind, _short(node) or kind, target, expr=lowered, total=total, reads=reads)


def _scheduled(lowering: Lowering, node: gast.Call, kind: str, target: str | None) -> core.Site:
    callee = lowering.resolve(node.func)
    assert isinstance(callee, (StepFunction, WorkflowFunction))
    needs = getattr(node, "needs", "")
    if needs and needs not in lowering.bound:
        lowering.glue(gast.Expr(value=load(needs)))  # Python's own error, where the name is read
        lowering.bound |= {needs, *node.kept}  # what it was bound with, if it was
    values = [*node.args, *[k.value for k in node.keywords]]
    lowered = lowering.operands(values)
    wishes = _argument_names(callee, node)
    args: list[core.Argument] = []
    for i, value in enumerate(lowered):
        if uses(value).reads & uses(*lowered[i + 1 :]).writes:
            value = lowering.hoist(value, wishes[i])
        if isinstance(value, gast.Starred):
            args.append(core.Argument("*", lowering.atom(value.value, wishes[i])))
            continue
        keyword = node.keywords[i - len(node.args)].arg if i >= len(node.args) else ""
        form = "**" if keyword is None else keyword
        args.append(core.Argument(form, lowering.atom(value, wishes[i])))
    _keep_order(lowering, args)
    if lowering.after:
        own = [argument for argument in args if argument.form == "after"]
        names = [*[argument.value for argument in own], *map(load, lowering.after)]
        wait = core.Argument("after", gast.Tuple(elts=names, ctx=gast.Load()))
        args = [*[argument for argument in args if argument not in own], wait]
    pure = isinstance(callee, StepFunction) and (bool(callee.option("pure", False)) or callee.policy.cache)
    ordered = kind == "step" and bool(callee.option("ordered", False))
    name = callee.option("name") or callee.__name__
    return core.Site(
        lowering.origin, kind, name, target, lowering.callee_key(callee, node.func), args, pure=pure, ordered=ordered
    )


def _keep_order(lowering: Lowering, args: list[core.Argument]) -> None:
    """Names among the arguments must still hold what they held when their argument was evaluated."""
    for i, argument in enumerate(args):
        for later in args[i + 1 :]:
            if uses(argument.value).reads & uses(later.value).writes:
                raise AssertionError("an argument is rebound by a later one")  # operands() has hoisted it


def _glue_call(lowering: Lowering, node: gast.Call) -> gast.Call:
    """Lower a call that stays user code: receiver first, then arguments."""
    values = [*node.args, *[k.value for k in node.keywords]]
    func = node.func
    if any(map(lowering.has_site, values)):
        if isinstance(func, gast.Attribute) and not lowering.has_site(func):
            if not _settled(lowering, func):
                lowering.glue(gast.Expr(value=func))  # the method is looked up before the arguments are evaluated
        elif not isinstance(func, gast.Name):
            func = lowering.temp(lowering.expr(func), "function")
        elif func.id in uses(*values).writes:
            func = lowering.temp(func, "function")
        elif func.id not in lowering.bound and lowering.resolve(func) is MISSING:
            lowering.glue(gast.Expr(value=func))  # Python's own error, before the arguments are evaluated
        lowered = lowering.operands(values, changed_operands(node))
    else:
        func, *lowered = [lowering.expr(func), *values]
    args = lowered[: len(node.args)]
    keywords = [gast.keyword(arg=k.arg, value=v) for k, v in zip(node.keywords, lowered[len(node.args) :])]
    copied = gast.copy_location(gast.Call(func=func, args=args, keywords=keywords), node)
    lowering.same_kind(node, copied)
    return copied


def _settled_call(lowering: Lowering, node: gast.Call) -> gast.Call:
    """Evaluate what binds or changes a name before a call that is recorded: replays see only its result."""
    func = node.func
    if isinstance(func, gast.Attribute) and uses(func.value).writes:
        func = gast.Attribute(value=lowering.temp(func.value, "receiver"), attr=func.attr, ctx=gast.Load())
    elif root_name(func) in lowering.locals - lowering.bound:
        lowering.glue(gast.Expr(value=load(str(root_name(func)))))
    values = [*node.args, *[k.value for k in node.keywords]]
    settled = []
    for i, value in enumerate(values):
        if isinstance(value, gast.Name) and value.id not in uses(*values[i + 1 :]).writes:
            if value.id in lowering.locals - lowering.bound:
                lowering.glue(gast.Expr(value=value))  # Python's own error, at the place where Python has it
            settled.append(value)
        else:
            settled.append(lowering.hoist(value, "part"))
    args, rest = settled[: len(node.args)], settled[len(node.args) :]
    keywords = [gast.keyword(arg=k.arg, value=value) for k, value in zip(node.keywords, rest, strict=True)]
    copied = gast.copy_location(gast.Call(func=func, args=args, keywords=keywords), node)
    lowering.same_kind(node, copied)
    return copied


def _settled(lowering: Lowering, func: gast.Attribute) -> bool:
    """Whether looking the method up cannot fail: that of a list, or of a module or class that has it."""
    if isinstance(func.value, gast.Name) and func.value.id in lowering.lists & lowering.bound:
        return hasattr(list, func.attr)
    owner = lowering.resolve(func.value)
    return (inspect.ismodule(owner) or inspect.isclass(owner)) and hasattr(owner, func.attr)


def _short(node: gast.Call) -> str:
    """Return a name for the result of a call, after what it calls."""
    func = node.func.value if hasattr(node, "needs") and isinstance(node.func, gast.Attribute) else node.func
    name = func.attr if isinstance(func, gast.Attribute) else func.id if isinstance(func, gast.Name) else ""
    return name if name not in vars(builtins) else f"{name}_"


def _argument_names(callee: Any, node: gast.Call) -> list[str]:
    """Return wishes for the names of argument temporaries: the parameters that they go to."""
    try:
        parameters = list(inspect.signature(callee.function).parameters)
    except (TypeError, ValueError):
        parameters = []
    names = [parameters[i] if i < len(parameters) else "arg" for i in range(len(node.args))]
    return names + [k.arg or "options" for k in node.keywords]
