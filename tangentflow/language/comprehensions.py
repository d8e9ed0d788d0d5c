"""Comprehensions with sites become loops.

[f(x) for x in xs if x]      becomes      made = []
                                          items = [item for item in xs]
                                          for x in items:
                                              if x:
                                                  made.append(f(x))
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import gast

from tangentflow.language import core
from tangentflow.language.lazy import check_lazy, checks, computes
from tangentflow.language.lowering import Lowering, assignment, load, store
from tangentflow.language.mapping import mapped
from tangentflow.language.registry import expression
from tangentflow.language.uses import bound_names, uses

__all__ = ["append", "collect", "element", "empty_set", "listed", "loops", "stream"]


@expression(gast.ListComp, "list comprehensions", "a fan-out, gathered in order")
def _list(lowering: Lowering, node: gast.ListComp) -> gast.expr:
    return collect(lowering, node, gast.List(elts=[], ctx=gast.Load()), "append")


@expression(gast.SetComp, "set comprehensions", "a fan-out, gathered in order")
def _set(lowering: Lowering, node: gast.SetComp) -> gast.expr:
    return collect(lowering, node, empty_set(lowering), "add")


def empty_set(lowering: Lowering) -> gast.expr:
    """Return the expression for a new set."""
    if lowering.resolve(load("set")) is set:
        return gast.Call(func=load("set"), args=[], keywords=[])
    nothing = gast.Starred(value=gast.Tuple(elts=[], ctx=gast.Load()), ctx=gast.Load())
    return gast.Set(elts=[nothing])  # the function has a `set` of its own


@expression(gast.DictComp, "dict comprehensions", "key before value; a fan-out, gathered in order")
def _dict(lowering: Lowering, node: gast.DictComp) -> gast.expr:
    made = lowering.namer.fresh("made")
    lowering.assign(made, gast.Dict(keys=[], values=[]))

    def put(renamed: gast.DictComp) -> None:
        with lowering.stopping("mapping" if mapped(renamed) else ""):
            key, value = lowering.operands([renamed.key, renamed.value])
            if not isinstance(key, (gast.Constant, gast.Name)):
                key = lowering.temp(key, "key")
        target = gast.Subscript(value=load(made), slice=key, ctx=gast.Store())
        lowering.glue(gast.Assign(targets=[target], value=value, type_comment=None))

    loops(lowering, node, put)
    return load(made)


@expression(
    gast.GeneratorExp,
    "generator expressions, consumed where they stand",
    "by a loop, list, tuple, set, sorted, dict, sum, min, max, any, all, next, in, join, `*`; `map` and `filter` over steps likewise",
)
def _generator(lowering: Lowering, node: gast.GeneratorExp) -> gast.expr:
    text = mapped(node)
    what = f"`{text}`, which is not consumed where it stands" if text else "a generator expression with a step call"
    lowering.refuse(
        node, "TF123", what, "only what consumes it at once keeps its order",
        f"make it a list: `list({text})`" if text else "write a list comprehension: `[…]`",
    )  # fmt: skip
    return gast.List(elts=[], ctx=gast.Load())


def collect(
    lowering: Lowering, node: gast.ListComp | gast.SetComp | gast.GeneratorExp, empty: gast.expr, method: str
) -> gast.Name:
    """Emit the loops of a comprehension that put its items into a new container."""
    made = lowering.namer.fresh("made")
    lowering.assign(made, empty)

    def put(renamed: gast.ListComp) -> None:
        lowering.glue(append(made, element(lowering, renamed), method), total=method == "append")

    loops(lowering, node, put)
    return load(made)


def element(lowering: Lowering, node: gast.ListComp | gast.SetComp | gast.GeneratorExp) -> gast.expr:
    """Emit the item of a comprehension; return a name or constant."""
    with lowering.stopping("mapping" if mapped(node) else ""):
        return lowering.atom(lowering.expr(node.elt), "item")


def append(made: str, value: gast.expr, method: str = "append") -> gast.Expr:
    """Return the statement `made.append(value)`."""
    function = gast.Attribute(value=load(made), attr=method, ctx=gast.Load())
    return gast.Expr(value=gast.Call(func=function, args=[value], keywords=[]))


@dataclass(frozen=True)
class Items:
    """The list that a loop goes through: its name, its length where it is known, and the name of the exception that ended it early."""

    name: str
    count: int | None
    failed: str = ""

    def after_loop(self, lowering: Lowering, broke: str | None = None) -> None:
        """Emit what comes after the loop: what was raised when the next item was computed, unless a `break` came before (`broke` says so)."""
        if self.failed:
            error = core.Glue(
                lowering.origin, gast.Raise(exc=load(self.failed), cause=None), jumps=frozenset({"raise"})
            )
            nothing = gast.Constant(value=None, kind=None)
            test: gast.expr = gast.Compare(left=load(self.failed), ops=[gast.IsNot()], comparators=[nothing])
            if broke is not None:
                test = gast.BoolOp(op=gast.And(), values=[gast.UnaryOp(op=gast.Not(), operand=load(broke)), test])
            lowering.emit(core.If(lowering.origin, test, [error], []))


def listed(lowering: Lowering, iterable: gast.expr) -> Items:
    """Snapshot an iterable into a list. Where user code computes its items, an exception of it comes after those before."""
    count, lazily = None, computes(lowering, iterable) or checks(lowering, iterable)
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
    if lazily:
        return Items(name, None, _up_to_failure(lowering, name, item, iterable))
    generator = gast.comprehension(target=store(item), iter=iterable, ifs=[], is_async=0)
    value = gast.ListComp(elt=load(item), generators=[generator])
    lowering.glue(assignment(name, value), total=count is not None and lowering.kinds.total(iterable, lowering.bound))
    return Items(name, count)


def _up_to_failure(lowering: Lowering, name: str, item: str, iterable: gast.expr) -> str:
    """Emit a snapshot that an exception ends; return the name that then holds the exception, and else None."""
    failed, error = lowering.namer.fresh("failed"), lowering.namer.fresh("error")
    lowering.written[name] = iterable
    lowering.assign(name, gast.List(elts=[], ctx=gast.Load()))
    lowering.assign(failed, gast.Constant(value=None, kind=None))
    loop = gast.For(target=store(item), iter=iterable, body=[append(name, load(item))], orelse=[], type_comment=None)
    caught = gast.Tuple(elts=[load("Exception"), load("SystemExit")], ctx=gast.Load())
    handler = gast.ExceptHandler(type=caught, name=store(error), body=[assignment(failed, load(error))])
    lowering.glue(gast.Try(body=[loop], handlers=[handler], orelse=[], finalbody=[]), total=True)
    return failed


def loops(
    lowering: Lowering, node: gast.AST, innermost: Callable[..., None], after: Callable[[], None] | None = None, ends_early: bool = False
) -> None:  # fmt: skip
    """Emit the loops of a comprehension, its targets renamed so that they stay its own; `innermost` gets the renamed copy."""
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
    for generator in renamed.generators:
        generator.stops = "mapping" if mapped(node) else ""
    made = [getattr(renamed, part, None) for part in ("key", "value", "elt")]

    def level(clauses: list[gast.AST]) -> None:
        if not clauses:
            innermost(renamed)
            return
        clause, *rest = clauses
        if not isinstance(clause, gast.comprehension):
            lowering.statement(clause)  # what a `map` gives is bound
            level(rest)
        elif clause.iter is None:
            _filtered(lowering, clause, lambda: level(rest))
        elif (inner := stream(lowering, clause.iter)) is not None:
            bind = gast.copy_location(gast.Assign(targets=[clause.target], value=inner.elt, type_comment=None), inner)
            bind.stops = inner.stops
            again = gast.comprehension(target=None, iter=None, ifs=clause.ifs, is_async=0)
            again.stops = clause.stops
            level([*inner.generators, bind, again, *rest])
        else:
            loop(clause, rest)

    def loop(generator: gast.comprehension, rest: list[gast.AST]) -> None:
        written = uses(generator.target, *generator.ifs, *rest, *made).writes
        check_lazy(lowering, generator.iter, written, ends_early)
        items = listed(lowering, generator.iter)
        lowering.locals |= bound_names(generator.target)
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
            _filtered(lowering, generator, lambda: level(rest))
            if after is not None and any(isinstance(clause, gast.comprehension) for clause in rest):
                after()
        body, lowering.out = lowering.out, outer
        emitted.append(core.For(lowering.origin, var, items.name, body, [], count=items.count))
        lowering.emit(emitted[-1])
        items.after_loop(lowering)

    emitted: list[core.For] = []
    level(list(renamed.generators))
    emitted[-1].generator = (isinstance(node, gast.GeneratorExp) or hasattr(node, "lazy")) and not mapped(node)


def stream(lowering: Lowering, iterable: gast.expr) -> gast.GeneratorExp | None:
    """Return an iterable of which each item is to be computed in its turn as a generator expression; None for any other.

    Its targets are new names, and it and its loops have the attribute `stops`.
    """
    if not isinstance(iterable, gast.GeneratorExp):
        made = lowering.speller.stream(iterable) if computes(lowering, iterable) else None
        stops = "mapping"
    elif mapped(iterable):
        made, stops = iterable, "mapping"
    elif lowering.has_site(iterable) or computes(lowering, iterable):
        _check_bound(lowering, iterable)
        made, stops = copy.deepcopy(iterable), "generator"
        lowering.same_kinds(iterable, made)
        _rename(made, {name: lowering.namer.fresh(name) for g in made.generators for name in bound_names(g.target)})
    else:
        return None
    for part in [] if made is None else [made, *made.generators]:
        part.stops = stops
    return made


def _filtered(lowering: Lowering, generator: gast.comprehension, then: Callable[[], None], index: int = 0) -> None:
    """Emit the conditions of a loop, then what is behind them."""
    if index == len(generator.ifs):
        then()
        return
    with lowering.stopping(generator.stops):
        test = lowering.expr(generator.ifs[index])
        if lowering.stops and not isinstance(test, gast.Name):
            test = lowering.temp(test, "test")
    outer, lowering.out = lowering.out, []
    with lowering.branch():
        _filtered(lowering, generator, then, index + 1)
    body, lowering.out = lowering.out, outer
    lowering.emit(core.If(lowering.origin, test, body, []))


def _check_bound(lowering: Lowering, node: gast.AST) -> None:
    """Refuse names that may be unbound: inside a comprehension Python raises another error than a loop would."""
    used = uses(node)
    steps = {name for inner in gast.walk(node) if (name := getattr(inner, "needs", ""))}
    for name in sorted((used.reads & lowering.locals | steps) - lowering.bound):
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
