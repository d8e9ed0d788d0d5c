"""Comprehensions with sites become loops; so do `any`, `all`, `sum`, `list`, … over a generator expression.

[f(x) for x in xs if x]      becomes      made = []
                                          items = [item for item in xs]
                                          for x in items:
                                              if x:
                                                  made.append(f(x))
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import gast

from tangentflow.language import core
from tangentflow.language.lazy import check_lazy
from tangentflow.language.lowering import Lowering, assignment, load, store
from tangentflow.language.registry import expression
from tangentflow.language.uses import bound_names, uses

__all__ = ["consumed", "listed"]

_COLLECTING = (list, tuple, sorted)


@expression(gast.ListComp, "list comprehensions", "a fan-out, gathered in order")
def _list(lowering: Lowering, node: gast.ListComp) -> gast.expr:
    return _collect(lowering, node, gast.List(elts=[], ctx=gast.Load()), "append")


@expression(gast.SetComp, "set comprehensions", "a fan-out, gathered in order")
def _set(lowering: Lowering, node: gast.SetComp) -> gast.expr:
    return _collect(lowering, node, _empty_set(lowering), "add")


def _empty_set(lowering: Lowering) -> gast.expr:
    if lowering.resolve(load("set")) is set:
        return gast.Call(func=load("set"), args=[], keywords=[])
    nothing = gast.Starred(value=gast.Tuple(elts=[], ctx=gast.Load()), ctx=gast.Load())
    return gast.Set(elts=[nothing])  # the function has a `set` of its own


@expression(gast.DictComp, "dict comprehensions", "key before value; a fan-out, gathered in order")
def _dict(lowering: Lowering, node: gast.DictComp) -> gast.expr:
    made = lowering.namer.fresh("made")
    lowering.assign(made, gast.Dict(keys=[], values=[]))

    def put(renamed: gast.DictComp) -> None:
        key, value = lowering.operands([renamed.key, renamed.value])
        if not isinstance(key, (gast.Constant, gast.Name)):
            key = lowering.temp(key, "key")
        target = gast.Subscript(value=load(made), slice=key, ctx=gast.Store())
        lowering.glue(gast.Assign(targets=[target], value=value, type_comment=None))

    _loops(lowering, node, put)
    return load(made)


@expression(
    gast.GeneratorExp, "generator expressions, consumed where they stand", "any, all, sum, list, tuple, sorted, join"
)
def _generator(lowering: Lowering, node: gast.GeneratorExp) -> gast.expr:
    lowering.refuse(
        node, "TF123", "a generator expression with a step call", "only what consumes it at once keeps its order",
        "write a list comprehension: `[…]`",
    )  # fmt: skip
    return gast.List(elts=[], ctx=gast.Load())


def _collect(
    lowering: Lowering, node: gast.ListComp | gast.SetComp | gast.GeneratorExp, empty: gast.expr, method: str
) -> gast.Name:
    made = lowering.namer.fresh("made")
    lowering.assign(made, empty)

    def put(renamed: gast.ListComp) -> None:
        value = lowering.atom(lowering.expr(renamed.elt), "item")
        lowering.glue(append(made, value, method), total=method == "append")

    _loops(lowering, node, put)
    return load(made)


def append(made: str, value: gast.expr, method: str = "append") -> gast.Expr:
    """Return the statement `made.append(value)`."""
    function = gast.Attribute(value=load(made), attr=method, ctx=gast.Load())
    return gast.Expr(value=gast.Call(func=function, args=[value], keywords=[]))


def consumed(lowering: Lowering, node: gast.Call) -> gast.expr | None:
    """Lower a built-in that consumes a generator expression with sites at once; None if the call is nothing of the kind."""
    if not node.args or not isinstance(node.args[0], gast.GeneratorExp) or not lowering.has_site(node.args[0]):
        return None
    callee, generator = lowering.resolve(node.func), node.args[0]
    joins = (
        isinstance(node.func, gast.Attribute)
        and node.func.attr == "join"
        and isinstance(node.func.value, gast.Constant)
    )
    if callee in _COLLECTING or joins:
        if any(lowering.has_site(k.value) for k in node.keywords):
            return None
        values = _collect(lowering, generator, gast.List(elts=[], ctx=gast.Load()), "append")
        return gast.Call(func=node.func, args=[values, *node.args[1:]], keywords=node.keywords)
    if len(node.args) == 1 and not node.keywords:
        if callee is set:
            return _collect(lowering, generator, _empty_set(lowering), "add")
        if callee is sum:
            return _sum(lowering, generator)
        if callee in (any, all):
            return _search(lowering, generator, stop_at=callee is any)
    return None


def _sum(lowering: Lowering, node: gast.GeneratorExp) -> gast.expr:
    """Collect, then sum; adding up on the way raises where Python does (the sum itself may round better than additions)."""
    made, total = lowering.namer.fresh("made"), lowering.namer.fresh("total")
    lowering.assign(made, gast.List(elts=[], ctx=gast.Load()))
    lowering.assign(total, gast.Constant(value=0, kind=None))

    def add(renamed: gast.GeneratorExp) -> None:
        value = lowering.atom(lowering.expr(renamed.elt), "item")
        lowering.assign(total, gast.BinOp(left=load(total), op=gast.Add(), right=value))
        lowering.glue(append(made, value), total=True)

    _loops(lowering, node, add)
    return gast.Call(func=load("sum"), args=[load(made)], keywords=[])


def _search(lowering: Lowering, node: gast.GeneratorExp, stop_at: bool) -> gast.expr:
    found = lowering.namer.fresh("found" if stop_at else "holds")
    lowering.assign(found, gast.Constant(value=not stop_at, kind=None))
    nested = len(node.generators) > 1

    def look(renamed: gast.GeneratorExp) -> None:
        test = lowering.expr(renamed.elt)
        if not stop_at:
            test = gast.UnaryOp(op=gast.Not(), operand=test)
        mark = core.Glue(lowering.origin, assignment(found, gast.Constant(value=stop_at, kind=None)), total=True)
        lowering.emit(core.If(lowering.origin, test, [mark, core.Break(lowering.origin)], []))

    def leave() -> None:
        test: gast.expr = load(found)
        if not stop_at:
            test = gast.UnaryOp(op=gast.Not(), operand=test)
        lowering.emit(core.If(lowering.origin, test, [core.Break(lowering.origin)], []))

    _loops(lowering, node, look, after=leave if nested else None, ends_early=True)
    return load(found)


def listed(lowering: Lowering, iterable: gast.expr) -> tuple[str, int | None]:
    """Snapshot an iterable into a list; return its name and, where it is known, its length."""
    count = None
    if isinstance(iterable, (gast.List, gast.Tuple)) and not any(isinstance(e, gast.Starred) for e in iterable.elts):
        count = len(iterable.elts)
    elif isinstance(iterable, gast.Call) and lowering.resolve(iterable.func) is range and not iterable.keywords:
        bounds = [a.value for a in iterable.args if isinstance(a, gast.Constant) and type(a.value) is int]
        if len(bounds) == len(iterable.args) and len(bounds) in (1, 2):
            count = len(range(*bounds))
    name, item = lowering.namer.fresh("items"), lowering.namer.fresh("item")
    iterable = lowering.expr(iterable)
    if any(isinstance(node, gast.NamedExpr) for node in gast.walk(iterable)):
        iterable = lowering.temp(iterable, "iterable")  # no comprehension may go through `:=`
    generator = gast.comprehension(target=store(item), iter=iterable, ifs=[], is_async=0)
    value = gast.ListComp(elt=load(item), generators=[generator])
    lowering.glue(assignment(name, value), total=count is not None and lowering.kinds.total(iterable, lowering.bound))
    return name, count


def _loops(
    lowering: Lowering, node: gast.AST, innermost: Callable[..., None], after: Callable[[], None] | None = None, ends_early: bool = False
) -> None:  # fmt: skip
    """Emit the loops of a comprehension, its targets renamed so that they stay its own."""
    _check_bound(lowering, node)
    for generator in node.generators:
        if lowering.has_site(generator.target):
            lowering.refuse(
                generator.target, "TF131", "a call inside the target of a comprehension", "it would run for each item",
                "write a `for` loop",
            )  # fmt: skip
    outer_iterable = node.generators[0].iter
    renamed = copy.deepcopy(node)
    lowering.same_kinds(node, renamed)
    names = {}
    for generator in node.generators:
        for name in bound_names(generator.target):
            if name in lowering.locals or name in names or name in lowering.outer_reads:
                names[name] = lowering.namer.fresh(name)
    if names:
        _rename(renamed, names)
    renamed.generators[0].iter = outer_iterable

    def level(generators: list[gast.comprehension]) -> None:
        if not generators:
            innermost(renamed)
            return
        generator, *rest = generators
        made = [getattr(renamed, part, None) for part in ("key", "value", "elt")]
        written = uses(generator.target, *generator.ifs, *rest, *made).writes
        check_lazy(lowering, generator.iter, written, ends_early)
        items, count = listed(lowering, generator.iter)
        targets = bound_names(generator.target)
        lowering.locals |= targets
        outer, lowering.out = lowering.out, []
        with lowering.branch():
            if isinstance(generator.target, gast.Name):
                var = generator.target.id
                lowering.bound.add(var)
            else:
                var = lowering.namer.fresh("item")
                lowering.bound.add(var)
                lowering.locals.add(var)
                lowering.glue(gast.Assign(targets=[generator.target], value=load(var), type_comment=None))
            _filtered(lowering, list(generator.ifs), lambda: level(rest))
            if after is not None and rest:
                after()
        body, lowering.out = lowering.out, outer
        lowering.emit(core.For(lowering.origin, var, items, body, [], count=count))

    level(renamed.generators)
    loop = lowering.out[-1]
    assert isinstance(loop, core.For)
    loop.generator = isinstance(node, gast.GeneratorExp)


def _filtered(lowering: Lowering, conditions: list[gast.expr], then: Callable[[], None]) -> None:
    if not conditions:
        then()
        return
    test = lowering.expr(conditions[0])
    outer, lowering.out = lowering.out, []
    with lowering.branch():
        _filtered(lowering, conditions[1:], then)
    body, lowering.out = lowering.out, outer
    lowering.emit(core.If(lowering.origin, test, body, []))


def _check_bound(lowering: Lowering, node: gast.AST) -> None:
    """Refuse names that may be unbound: inside a comprehension Python raises another error than a loop would."""
    used = uses(node)
    for name in sorted(used.reads & lowering.locals - lowering.bound):
        if name in used.writes and next(_occurrences(node, name), "store") == "store":
            continue
        lowering.refuse(
            node, "TF124", f"'{name}' may be unbound in this comprehension", "a branch above does not assign it",
            f"assign '{name}' on every path before",
        )  # fmt: skip


def _occurrences(node: gast.AST, name: str, certain: bool = True) -> Iterator[str]:
    """Yield "load" and "store" of a name in the order of evaluation; a store that may not happen is left out."""
    if isinstance(node, gast.Name) and node.id == name:
        if certain or isinstance(node.ctx, gast.Load):
            yield "load" if isinstance(node.ctx, gast.Load) else "store"
        return
    parts = list(gast.iter_child_nodes(node))
    if isinstance(node, (gast.ListComp, gast.SetComp, gast.GeneratorExp, gast.DictComp)):
        inner = [node.elt] if not isinstance(node, gast.DictComp) else [node.key, node.value]
        parts = [*node.generators, *inner]
    elif isinstance(node, gast.comprehension):  # of a filter that holds, all parts joined by `and` were evaluated
        ifs = [v for test in node.ifs for v in (test.values if _is_and(test) else [test])]
        parts = [node.iter, *ifs]
    elif isinstance(node, gast.NamedExpr):
        parts = [node.value, node.target]
    elif isinstance(node, gast.IfExp):
        parts = [node.test, node.body, node.orelse]
    sure = {gast.IfExp: 1, gast.BoolOp: 2, gast.Lambda: 0}.get(
        type(node), len(parts)
    )  # a BoolOp begins with its operator
    for i, part in enumerate(parts):
        yield from _occurrences(part, name, certain and i < sure)


def _is_and(node: gast.AST) -> bool:
    return isinstance(node, gast.BoolOp) and isinstance(node.op, gast.And)


def _rename(tree: gast.AST, names: dict[str, str]) -> None:
    for name in gast.walk(tree):
        if isinstance(name, gast.Name) and name.id in names:
            name.id = names[name.id]
