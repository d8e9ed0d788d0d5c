"""Rules of expressions that hold a site: each emits what must run first and returns what is left."""

from __future__ import annotations

from typing import Any

import gast

from tangentflow.language import core
from tangentflow.language.lowering import Lowering, assignment, load
from tangentflow.language.registry import expression

__all__: list[str] = []


def _parts(lowering: Lowering, node: Any, *fields: str) -> Any:
    """Lower the named children in order and return a copy of the node with what is left of them."""
    flat: list[Any] = []
    for name in fields:
        value = getattr(node, name)
        flat += value if isinstance(value, list) else [value]
    present = [part for part in flat if part is not None]
    lowered = dict(zip(map(id, present), lowering.operands(present)))
    values = {field: getattr(node, field, None) for field in node._fields}
    for name in fields:
        value = values[name]
        values[name] = [lowered[id(v)] for v in value] if isinstance(value, list) else lowered.get(id(value))
    copied = gast.copy_location(type(node)(**values), node)
    if getattr(node, "adds", False):
        copied.adds = True
    return copied


def _plain(node: type[gast.AST], construct: str, meaning: str, *fields: str) -> None:
    def lower(lowering: Lowering, tree: gast.expr) -> gast.expr:
        return _parts(lowering, tree, *fields)

    expression(node, construct, meaning)(lower)


_plain(gast.Constant, "literals", "as written")
_plain(gast.Name, "names", "locals, globals, closure variables and built-ins")
_plain(gast.Attribute, "attribute access", "read where it stands", "value")
_plain(gast.Subscript, "indexing and slicing", "read where it stands", "value", "slice")
_plain(gast.Slice, "slices", "bounds in order", "lower", "upper", "step")
_plain(gast.BinOp, "arithmetic", "left before right", "left", "right")
_plain(gast.UnaryOp, "`not`, `-`, `+`, `~`", "of the value", "operand")
_plain(gast.Tuple, "tuples", "items in order", "elts")
_plain(gast.List, "lists", "items in order", "elts")
_plain(gast.Set, "sets", "items in order", "elts")


@expression(gast.Dict, "dicts", "each key before its value, `**` in place")
def _dict(lowering: Lowering, node: gast.Dict) -> gast.expr:
    flat = [part for pair in zip(node.keys, node.values) for part in pair if part is not None]
    lowered = dict(zip(map(id, flat), lowering.operands(flat)))
    keys = [None if key is None else lowered[id(key)] for key in node.keys]
    return gast.Dict(keys=keys, values=[lowered[id(value)] for value in node.values])


@expression(gast.JoinedStr, "f-strings", "fields in order")
def _joined(lowering: Lowering, node: gast.JoinedStr) -> gast.expr:
    fields: list[gast.FormattedValue] = [v for v in node.values if isinstance(v, gast.FormattedValue)]
    for field in fields:
        if field.format_spec is not None and lowering.has_site(field.format_spec):
            lowering.refuse(
                node, "TF121", "a call in a format specification", "its place in the order would be lost",
                "compute the width before: `width = f(x)`",
            )  # fmt: skip
    last = max((i for i, field in enumerate(fields) if lowering.has_site(field.value)), default=-1)
    values: list[gast.expr] = []
    done = 0
    for part in node.values:
        if isinstance(part, gast.FormattedValue):
            value = lowering.expr(part.value)
            part = gast.FormattedValue(value=value, conversion=part.conversion, format_spec=part.format_spec)
            if done < last:
                text = lowering.temp(gast.JoinedStr(values=[part]), "text")  # formatting may fail before the next field
                part = gast.FormattedValue(value=text, conversion=-1, format_spec=None)
            done += 1
        values.append(part)
    return gast.JoinedStr(values=values)


@expression(gast.NamedExpr, "`:=`", "binds the name where it stands")
def _walrus(lowering: Lowering, node: gast.NamedExpr) -> gast.expr:
    assign_to(lowering, node.target.id, node.value)
    return load(node.target.id)


def assign_to(lowering: Lowering, name: str, value: gast.expr) -> None:
    """Emit `name = value`, the call itself binding the name where the value is a call."""
    lowered = lowering.expr(value)
    last = lowering.out[-1] if lowering.out else None
    if isinstance(last, core.Site) and isinstance(lowered, gast.Name) and lowered.id == last.target in lowering.temps:
        lowering.bound.discard(lowered.id)
        last.target = name
        lowering.bound.add(name)
        lowering.locals.add(name)
    else:
        lowering.no_iterator(lowered)
        lowering.assign(name, lowered)


@expression(gast.BoolOp, "`and`, `or`", "short circuit: what is not needed does not run")
def _boolean(lowering: Lowering, node: gast.BoolOp) -> gast.expr:
    result = lowering.namer.fresh("both" if isinstance(node.op, gast.And) else "either")
    _short_circuit(lowering, result, node.op, list(node.values))
    return load(result)


def _short_circuit(lowering: Lowering, result: str, op: gast.boolop, values: list[gast.expr]) -> None:
    first, *rest = values
    assign_to(lowering, result, first)
    if rest:
        test: gast.expr = load(result)
        if isinstance(op, gast.Or):
            test = gast.UnaryOp(op=gast.Not(), operand=test)
        outer, lowering.out = lowering.out, []
        with lowering.branch() as taken:
            _short_circuit(lowering, result, op, rest)
        inner, lowering.out = lowering.out, outer
        lowering.emit(core.If(lowering.origin, test, inner, []))
        del taken


@expression(gast.IfExp, "`a if c else b`", "only the chosen side runs")
def _ternary(lowering: Lowering, node: gast.IfExp) -> gast.expr:
    test = lowering.expr(node.test)
    if not lowering.has_site(node.body) and not lowering.has_site(node.orelse):
        return gast.IfExp(test=test, body=node.body, orelse=node.orelse)
    result = lowering.namer.fresh("chosen")
    arms: list[core.Block] = []
    ends = []
    for value in (node.body, node.orelse):
        outer, lowering.out = lowering.out, []
        with lowering.branch() as end:
            assign_to(lowering, result, value)
        arms.append(lowering.out)
        ends.append(end)
        lowering.out = outer
    lowering.emit(core.If(lowering.origin, test, arms[0], arms[1]))
    lowering.join(*ends)
    return load(result)


@expression(gast.Compare, "comparisons, chained too", "each operand once, short circuit kept")
def _compare(lowering: Lowering, node: gast.Compare) -> gast.expr:
    from tangentflow.language.consuming import contained

    if (found := contained(lowering, node)) is not None:
        return found
    if len(node.ops) == 1 or not any(map(lowering.has_site, node.comparators[1:])):
        return _parts(lowering, node, "left", "comparators")
    left, right = lowering.operands([node.left, node.comparators[0]])
    if not isinstance(right, (gast.Name, gast.Constant)) or not lowering.stable(right, node.comparators[1:]):
        right = lowering.temp(right, "middle")
    result = lowering.namer.fresh("holds")
    lowering.assign(result, gast.Compare(left=left, ops=[node.ops[0]], comparators=[right]))
    outer, lowering.out = lowering.out, []
    with lowering.branch():
        rest = gast.copy_location(gast.Compare(left=right, ops=node.ops[1:], comparators=node.comparators[1:]), node)
        lowering.assign(result, lowering.expr(rest))
    inner, lowering.out = lowering.out, outer
    lowering.emit(core.If(lowering.origin, load(result), inner, []))
    return load(result)


@expression(gast.Lambda, "`lambda` without step calls", "a value like any other")
def _lambda(lowering: Lowering, node: gast.Lambda) -> gast.expr:
    return node


__all__ = ["assign_to", "assignment"]
