"""Rules of `try`, and of what depends on standing in one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gast

from tangentflow.language import core
from tangentflow.language.lowering import Caught, Lowering, assignment, load
from tangentflow.language.registry import statement
from tangentflow.language.uses import unbound_in

__all__ = ["in_loop", "leaves", "not_broken", "parts_of_try", "raise_again"]


def parts_of_try(node: gast.Try) -> list[list[gast.stmt]]:
    """Return the blocks of a `try`."""
    return [node.body, *[handler.body for handler in node.handlers], node.orelse, node.finalbody]


@statement(gast.Try, "`try`, `except`, `else`, `finally`", "a handler starts when its body has finished")
def _try(lowering: Lowering, node: gast.Try) -> None:
    lowering.bound -= unbound_in(node)
    before = set(lowering.bound)
    outer, lowering.pending = lowering.pending, True
    broke = _kept(lowering, node)
    with lowering.branch() as tried:
        body = lowering.block(node.body)
        orelse = lowering.block(node.orelse)
    handlers, branches = [], [tried]
    for handler in node.handlers:
        with lowering.branch() as caught:
            handlers.append(_handler(lowering, handler, broke))
        branches.append(caught)
    lowering.join(*branches)
    final: core.Block = []
    if node.finalbody:
        after, dead = lowering.bound, lowering.dead
        lowering.bound, lowering.dead = set(before), False
        around, lowering.caught = lowering.caught, None
        outer_final, lowering.final = lowering.final, True
        final = lowering.block(node.finalbody)
        lowering.caught, lowering.final = around, outer_final
        after = after - set[str]().union(*map(unbound_in, node.finalbody))
        lowering.bound, lowering.dead = after | (lowering.bound - before), dead or lowering.dead
    lowering.pending = outer
    if not handlers and not final:  # `finally: pass`
        lowering.out += body
        return
    lowering.emit(core.Try(lowering.origin, body, handlers, orelse, final))


def _kept(lowering: Lowering, node: gast.Try) -> gast.expr | None:
    """Return what a handler sets the flag of a `break` to, None if it leaves it alone.

    The exception took the place of a `break` or `continue` in the body. One that this stands in the `finally` of is still on its way.
    """
    if lowering.broke is None or not node.handlers or not leaves(node.body, (gast.Break, gast.Continue)):
        return None
    if not lowering.final:
        return gast.Constant(value=False, kind=None)
    name = lowering.namer.fresh("broke")
    lowering.assign(name, load(lowering.broke))
    return load(name)


def leaves(body: list[gast.stmt], jumps: tuple[type, ...]) -> bool:
    """Whether one of these jumps in these statements ends the loop that they are the body of, or its iteration."""
    return any(
        isinstance(node, jumps)
        or (isinstance(node, (gast.If, gast.With)) and leaves(node.body, jumps))
        or (isinstance(node, (gast.If, gast.For, gast.While)) and leaves(node.orelse, jumps))
        or (isinstance(node, gast.Try) and any(leaves(part, jumps) for part in parts_of_try(node)))
        or (isinstance(node, gast.Match) and any(leaves(case.body, jumps) for case in node.cases))
        for node in body
    )


def _handler(lowering: Lowering, node: gast.ExceptHandler, broke: gast.expr | None) -> core.Handler:
    if lowering.has_site(node.type):
        lowering.refuse(
            node.type, "TF101", "a call in the type of a handler", "it is evaluated only when an exception comes to it",
            "name the exception types, or assign them to a variable before the `try`",
        )  # fmt: skip
    name = node.name.id if node.name is not None else None
    outer, lowering.out = lowering.out, []
    if name is not None:
        lowering.locals.add(name)
        lowering.bound.add(name)
    if lowering.broke is not None and broke is not None:
        lowering.glue(assignment(lowering.broke, broke), total=True)
    around, lowering.caught = lowering.caught, Caught(lowering.namer.fresh("error"))
    if _raises_in_loop(node.body):
        again = lowering.caught.name
        if name is None:
            name = again
            lowering.locals.add(name)
            lowering.bound.add(name)
        else:
            lowering.glue(assignment(again, load(name)), total=True)
    body = lowering.block(node.body)
    body, lowering.out = lowering.out + body, outer
    lowering.caught = around
    if name is not None:
        lowering.bound.discard(name)
    return core.Handler(node.type, name, body)


def raise_again(lowering: Lowering, node: gast.Raise) -> None:
    """Lower a bare `raise`. In a loop it names the exception: an iteration starts from recorded names, outside of any handler."""
    caught = lowering.caught
    if caught is None:
        lowering.refuse(
            node, "TF134", "a bare `raise`", "no handler stands directly around it in this function",
            "name the exception: `raise error`",
        )  # fmt: skip
        return
    if caught.looping:
        lowering.glue(gast.Raise(exc=load(caught.name), cause=None), jumps=frozenset({"raise", "again"}))
    else:
        lowering.glue(gast.Raise(exc=None, cause=None), jumps=frozenset({"raise"}))
    lowering.dead = True


@contextmanager
def in_loop(lowering: Lowering) -> Iterator[None]:
    """Lower the body of a loop."""
    around = lowering.caught
    if around is not None:
        lowering.caught = Caught(around.name, looping=True)
    yield
    lowering.caught = around


def not_broken(lowering: Lowering) -> None:
    """Give up a `break` that was on its way: a `continue` in a `finally` has taken its place."""
    if lowering.broke and lowering.pending:
        lowering.glue(assignment(lowering.broke, gast.Constant(value=False, kind=None)), total=True)


def _raises_in_loop(nodes: list[gast.stmt], looping: bool = False) -> bool:
    """Whether a bare `raise` of this handler stands in a loop of it."""
    for node in nodes:
        if isinstance(node, gast.Raise) and node.exc is None and looping:
            return True
        blocks: list[list[gast.stmt]] = []
        if isinstance(node, (gast.For, gast.While)):
            blocks = [node.body, node.orelse]
        elif isinstance(node, (gast.If, gast.With)):
            blocks = [node.body, getattr(node, "orelse", [])]
        elif isinstance(node, gast.Match):
            blocks = [case.body for case in node.cases]
        elif isinstance(node, gast.Try):
            blocks = [node.body, node.orelse]
        if any(_raises_in_loop(block, looping or isinstance(node, (gast.For, gast.While))) for block in blocks):
            return True
    return False
