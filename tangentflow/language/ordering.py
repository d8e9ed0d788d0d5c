"""Rules of `with`: only what orders steps is a context manager here."""

from __future__ import annotations

import gast

from tangentflow.language.lowering import Lowering
from tangentflow.language.registry import statement
from tangentflow.order import after, parallel

__all__ = ["only_orders"]


def only_orders(lowering: Lowering, node: gast.With) -> bool:
    """Whether a `with` enters nothing but `parallel()` and `after(...)`."""
    return all(item.optional_vars is None and _manager(lowering, item) in (after, parallel) for item in node.items)


def _manager(lowering: Lowering, item: gast.withitem) -> object:
    call = item.context_expr
    if not isinstance(call, gast.Call) or call.keywords:
        return None
    found = lowering.resolve(call.func)
    return None if found is parallel and call.args else found


@statement(gast.With, "`with parallel()`, `with after(…)`", "frees effects from each other; orders steps without data")
def _with(lowering: Lowering, node: gast.With) -> None:
    outer = list(lowering.after)
    for item in node.items:
        for value in lowering.operands(item.context_expr.args):
            held = lowering.hoist(value, "before")
            lowering.after.append(held.value.id if isinstance(held, gast.Starred) else held.id)
    body = lowering.block(node.body)
    if any(_manager(lowering, item) is parallel for item in node.items):
        lowering.lanes += 1
        for stmt in body:
            stmt.lane = lowering.lanes
    lowering.out += body
    lowering.after = outer
