"""What consumes a generator expression with sites at once: `list`, `sum`, `any`, `max`, `next`, `in`, `*`, unpacking, …

Each takes what it takes in Python, one item after the other: `any`, `all`, `next` and `in` stop at the first item that decides, and
an item that cannot be added or compared raises before the next one is computed.
"""

from __future__ import annotations

import copy
from typing import Any

import gast

from tangentflow.language import core
from tangentflow.language.comprehensions import append, collect, element, empty_set, listed, loops
from tangentflow.language.lazy import computes
from tangentflow.language.lowering import Lowering, assignment, load, starred
from tangentflow.language.mapping import mapped
from tangentflow.language.registry import expression

__all__ = ["consumed", "contained", "unpacked"]

_COLLECTING = (list, tuple, sorted)


def consumed(lowering: Lowering, node: gast.Call) -> gast.expr | None:
    """Lower a built-in that consumes a generator expression with sites at once; None if the call is nothing of the kind."""
    if not node.args or not _is_generator(lowering, node.args[0]):
        return None
    callee, generator = lowering.resolve(node.func), node.args[0]
    joins = (
        isinstance(node.func, gast.Attribute)
        and node.func.attr == "join"
        and isinstance(node.func.value, gast.Constant)
    )
    if any(lowering.has_site(part) for part in [*node.args[1:], *[k.value for k in node.keywords]]):
        return None
    if callee in _COLLECTING or joins:
        values = _started(lowering, generator, *[k.value for k in node.keywords])
        options = [gast.keyword(arg=k.arg, value=v) for k, v in zip(node.keywords, values, strict=True)]
        return gast.Call(func=node.func, args=[_list(lowering, generator), *node.args[1:]], keywords=options)
    if callee in (min, max) and len(node.args) == 1 and all(k.arg in ("key", "default") for k in node.keywords):
        return _extreme(lowering, node, generator)
    if callee is sum and len(node.args) + len(node.keywords) <= 2 and all(k.arg == "start" for k in node.keywords):
        return _sum(lowering, node, generator)
    if callee is next and len(node.args) <= 2 and not node.keywords:
        return _first(lowering, node, generator)
    if len(node.args) == 1 and not node.keywords:
        if callee is set:
            return collect(lowering, generator, empty_set(lowering), "add")
        if callee is frozenset:
            return gast.Call(
                func=node.func, args=[collect(lowering, generator, empty_set(lowering), "add")], keywords=[]
            )
        if callee in (any, all):
            return _search(lowering, generator, stop_at=callee is any)
        if callee is dict and isinstance(generator.elt, gast.Tuple) and len(generator.elt.elts) == 2:
            return _dict(lowering, generator)
    return None


@expression(gast.Starred, "`*` in displays and calls", "unpacked where it stands")
def _starred(lowering: Lowering, node: gast.Starred) -> gast.expr:
    if _is_generator(lowering, node.value):
        return starred(_list(lowering, node.value))
    return starred(lowering.expr(node.value))


def contained(lowering: Lowering, node: gast.Compare) -> gast.expr | None:
    """Lower `x in (f(y) for y in ys)`, which stops at the first item that is equal; None if the comparison is another one."""
    if len(node.ops) != 1 or not isinstance(node.ops[0], (gast.In, gast.NotIn)):
        return None
    if not _is_generator(lowering, node.comparators[0]):
        return None
    wanted = lowering.expr(node.left)
    if not lowering.stable(wanted, node.comparators):
        wanted = lowering.temp(wanted, "wanted")

    def test(renamed: gast.GeneratorExp) -> gast.expr:
        one = gast.Tuple(elts=[element(lowering, renamed)], ctx=gast.Load())
        return gast.Compare(left=wanted, ops=[gast.In()], comparators=[one])

    found = _stopping(lowering, node.comparators[0], True, test)
    return gast.UnaryOp(op=gast.Not(), operand=found) if isinstance(node.ops[0], gast.NotIn) else found


def unpacked(lowering: Lowering, target: gast.expr, value: gast.expr) -> gast.expr | None:
    """Lower the value of `a, b = map(f, xs)`; None if the assignment is another one. One item more than needed is taken."""
    if not isinstance(target, (gast.Tuple, gast.List)) or not _is_generator(lowering, value):
        return None
    if any(isinstance(part, gast.Starred) for part in target.elts):
        return _list(lowering, value)
    first = value.generators[0]
    if len(value.generators) > 1 or first.ifs or isinstance(first.iter, gast.GeneratorExp):
        return None
    if computes(lowering, first.iter):
        return None
    most = gast.Slice(lower=None, upper=gast.Constant(value=len(target.elts) + 1, kind=None), step=None)
    short = copy.copy(first)
    short.iter = gast.Subscript(value=load(listed(lowering, first.iter).name), slice=most, ctx=gast.Load())
    limited = copy.copy(value)
    limited.generators = [short]
    return _list(lowering, limited)


def _is_generator(lowering: Lowering, node: Any) -> bool:
    return isinstance(node, gast.GeneratorExp) and lowering.has_site(node)


def _list(lowering: Lowering, node: gast.GeneratorExp) -> gast.Name:
    return collect(lowering, node, gast.List(elts=[], ctx=gast.Load()), "append")


def _started(lowering: Lowering, node: gast.GeneratorExp, *others: gast.expr) -> list[gast.expr]:
    """Evaluate what the generator goes through, then other arguments of the call; return names or constants for these."""
    simple = (gast.Constant, gast.Lambda)
    first = node.generators[0]
    while isinstance(first.iter, gast.GeneratorExp):
        first = first.iter.generators[0]
    if not all(isinstance(other, simple) for other in others):
        first.iter = lowering.temp(lowering.expr(first.iter), "iterable")
    return [value if isinstance(value, simple) else lowering.temp(value, "option") for value in others]


def _sum(lowering: Lowering, node: gast.Call, generator: gast.GeneratorExp) -> gast.expr:
    """Collect, then sum; adding up on the way raises where Python does (the sum itself may round better than additions)."""
    given = [*node.args[1:], *[k.value for k in node.keywords]]
    start = _started(lowering, generator, *given)
    made, total = lowering.namer.fresh("made"), lowering.namer.fresh("total")
    lowering.assign(made, gast.List(elts=[], ctx=gast.Load()))
    nothing = gast.Tuple(elts=[], ctx=gast.Load())
    first = (
        gast.Call(func=node.func, args=[nothing, *start], keywords=[]) if start else gast.Constant(value=0, kind=None)
    )
    lowering.assign(total, first)

    def add(renamed: gast.GeneratorExp) -> None:
        value = element(lowering, renamed)
        lowering.assign(total, gast.BinOp(left=load(total), op=gast.Add(), right=value))
        lowering.glue(append(made, value), total=True)

    loops(lowering, generator, add)
    return gast.Call(func=node.func, args=[load(made), *start], keywords=[])


def _extreme(lowering: Lowering, node: gast.Call, generator: gast.GeneratorExp) -> gast.expr:
    """Collect, then ask for the greatest or least; comparing on the way raises where Python does."""
    values = _started(lowering, generator, *[k.value for k in node.keywords])
    options = [gast.keyword(arg=k.arg, value=v) for k, v in zip(node.keywords, values, strict=True)]
    key = [option for option in options if option.arg == "key"]
    made, best = lowering.namer.fresh("made"), lowering.namer.fresh("best")
    lowering.assign(made, gast.List(elts=[], ctx=gast.Load()))
    lowering.assign(best, gast.Constant(value=None, kind=None))

    def compare(renamed: gast.GeneratorExp) -> None:
        value = element(lowering, renamed)
        rows = gast.List(elts=[load(best), value], ctx=gast.Load())
        either = gast.IfExp(test=load(made), body=rows, orelse=gast.List(elts=[value], ctx=gast.Load()))
        lowering.assign(best, gast.Call(func=node.func, args=[either], keywords=copy.deepcopy(key)))
        lowering.glue(append(made, value), total=True)

    loops(lowering, generator, compare)
    return gast.Call(func=node.func, args=[load(made)], keywords=options)


def _dict(lowering: Lowering, generator: gast.GeneratorExp) -> gast.expr:
    """Lower `dict((k, v) for …)` as the dict comprehension that it is."""
    key, value = generator.elt.elts
    made = gast.copy_location(gast.DictComp(key=key, value=value, generators=generator.generators), generator)
    made.mapped, made.lazy = mapped(generator), True
    return lowering.expr(made)


def _first(lowering: Lowering, node: gast.Call, generator: gast.GeneratorExp) -> gast.expr:
    default = _started(lowering, generator, *node.args[1:])
    taken, first = lowering.namer.fresh("taken"), lowering.namer.fresh("first")
    lowering.assign(taken, gast.Constant(value=False, kind=None))
    lowering.assign(first, default[0] if default else gast.Constant(value=None, kind=None))

    def take(renamed: gast.GeneratorExp) -> None:
        lowering.assign(first, element(lowering, renamed))
        lowering.assign(taken, gast.Constant(value=True, kind=None))
        lowering.emit(core.Break(lowering.origin))

    _until(lowering, generator, take, load(taken))
    if not default:
        item = gast.comprehension(
            target=gast.Name("_", gast.Store(), None, None), iter=gast.Tuple([], gast.Load()), ifs=[], is_async=0
        )
        ended = gast.GeneratorExp(elt=gast.Constant(value=None, kind=None), generators=[item])
        raising = gast.Call(func=node.func, args=[ended], keywords=[])
        error = core.Glue(lowering.origin, gast.Expr(value=raising))  # StopIteration, as Python raises it
        lowering.emit(core.If(lowering.origin, gast.UnaryOp(op=gast.Not(), operand=load(taken)), [error], []))
    return load(first)


def _search(lowering: Lowering, node: gast.GeneratorExp, stop_at: bool) -> gast.expr:
    def test(renamed: gast.GeneratorExp) -> gast.expr:
        return element(lowering, renamed) if mapped(renamed) else lowering.expr(renamed.elt)

    return _stopping(lowering, node, stop_at, test)


def _stopping(lowering: Lowering, node: gast.GeneratorExp, stop_at: bool, test: Any) -> gast.expr:
    """Go through the items up to the first whose test comes out as `stop_at`; return whether there is one, or there is none."""
    found = lowering.namer.fresh("found" if stop_at else "holds")
    lowering.assign(found, gast.Constant(value=not stop_at, kind=None))

    def turned(value: gast.expr) -> gast.expr:
        return value if stop_at else gast.UnaryOp(op=gast.Not(), operand=value)

    def look(renamed: gast.GeneratorExp) -> None:
        mark = core.Glue(lowering.origin, assignment(found, gast.Constant(value=stop_at, kind=None)), total=True)
        lowering.emit(core.If(lowering.origin, turned(test(renamed)), [mark, core.Break(lowering.origin)], []))

    _until(lowering, node, look, turned(load(found)))
    return load(found)


def _until(lowering: Lowering, node: gast.GeneratorExp, innermost: Any, found: gast.expr) -> None:
    """Emit loops that the innermost ends all of, when `found` holds."""

    def leave() -> None:
        lowering.emit(core.If(lowering.origin, found, [core.Break(lowering.origin)], []))

    loops(lowering, node, innermost, after=leave, ends_early=True)
