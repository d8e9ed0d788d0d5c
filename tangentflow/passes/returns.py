"""A body without `return`: the value goes to a variable, and what follows is not reached.

    if a:                       if a:
        return 1                    result = 1
    x = f(2)                    else:
    return x                        x = f(2)
                                    result = x

Where moving what follows into the other arm is not enough, a variable says whether the part has returned.

    for x in xs:                for x in xs:
        if x > 2:                   if x > 2:
            return x                    result = x; returned = True; break
    return f(0)                 if not returned:
                                    result = f(0)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gast

from tangentflow.language import core
from tangentflow.language.core import Block, Stmt
from tangentflow.language.lowering import assignment
from tangentflow.language.naming import Namer
from tangentflow.passes.facts import returns
from tangentflow.source.origin import Origin

__all__ = ["without_returns"]


class _Stays(Exception):
    """A `return` that cannot be put otherwise."""


def without_returns(body: Block, result: str, namer: Namer) -> Block | None:
    """Return the statements with assignments of `result` in place of each `return`; None if that cannot be said."""
    if not body:
        return None
    origin = body[-1].origin
    try:
        return _plain(body, result, origin)
    except _Stays:
        pass
    flag = namer.fresh("returned")
    first = [_set(origin, result, None), _set(origin, flag, False)]
    try:
        return [*first, *_Flagged(result, flag).block(body, False)]
    except _Stays:
        return None


def _plain(block: Block, result: str, origin: Origin) -> Block:
    out: Block = []
    for index, stmt in enumerate(block):
        if isinstance(stmt, core.Return):
            return [*out, _assign(stmt, result)]
        if not returns(stmt):
            out.append(stmt)
            continue
        arms = _arms(stmt, block[index + 1 :])
        if arms is None:
            raise _Stays
        assert isinstance(stmt, core.If)
        then, orelse = (_plain(arm, result, stmt.origin) for arm in arms)
        return [*out, replace(stmt, body=then, orelse=orelse)]
    return [*out, _set(origin, result, None)]


def _arms(stmt: Stmt, rest: Block) -> tuple[Block, Block] | None:
    """Return the arms of a branch of which one returns, with what follows in the other one; None for another statement."""
    if not isinstance(stmt, core.If) or stmt.lane:
        return None
    if _always_returns(stmt.body):
        return stmt.body, [*stmt.orelse, *rest]
    if _always_returns(stmt.orelse):
        return [*stmt.body, *rest], stmt.orelse
    return None if rest else (stmt.body, stmt.orelse)


class _Flagged:
    """The way with a variable that says whether the part has returned."""

    def __init__(self, result: str, flag: str) -> None:
        self.result = result
        self.flag = flag

    def block(self, block: Block, loop: bool) -> Block:
        """Replace the returns of a block; in a `loop` of the part they end it."""
        out: Block = []
        for index, stmt in enumerate(block):
            if isinstance(stmt, core.Return):
                ends: Block = [core.Break(stmt.origin)] if loop else []
                return [*out, _assign(stmt, self.result), _set(stmt.origin, self.flag, True), *ends]
            if not returns(stmt):
                out.append(stmt)
                continue
            if stmt.lane:
                raise _Stays  # what follows would be in it
            rest = block[index + 1 :]
            out.append(self.stmt(stmt, loop))
            if loop and isinstance(stmt, (core.For, core.While)):
                out.append(core.If(stmt.origin, _load(self.flag), [core.Break(stmt.origin)], [], total=True))
            if not loop and rest:
                out.append(self.unless_returned(stmt.origin, self.block(rest, False)))
                return out
        return out

    def stmt(self, stmt: Stmt, loop: bool) -> Stmt:
        """Replace the returns in a compound statement."""
        if isinstance(stmt, core.If):
            return replace(stmt, body=self.block(stmt.body, loop), orelse=self.block(stmt.orelse, loop))
        if isinstance(stmt, (core.For, core.While)):
            if stmt.orelse:
                raise _Stays
            return replace(stmt, body=self.block(stmt.body, True))
        assert isinstance(stmt, core.Try)
        if stmt.final:
            raise _Stays  # which may take the place of an exception, and give up the return by a jump or an exception of its own
        orelse = self.block(stmt.orelse, loop)
        if orelse and not loop and any(map(returns, stmt.body)):
            orelse = [self.unless_returned(stmt.origin, orelse)]
        handlers = [core.Handler(h.type, h.name, self.block(h.body, loop)) for h in stmt.handlers]
        return replace(stmt, body=self.block(stmt.body, loop), handlers=handlers, orelse=orelse)

    def unless_returned(self, origin: Origin, block: Block) -> Stmt:
        """Return a branch that runs the block if the part has not returned."""
        test = gast.UnaryOp(op=gast.Not(), operand=_load(self.flag))
        return core.If(origin, test, block, [], total=True)


def _always_returns(block: Block) -> bool:
    return any(
        isinstance(stmt, core.Return)
        or (isinstance(stmt, core.If) and _always_returns(stmt.body) and _always_returns(stmt.orelse))
        or (isinstance(stmt, core.Glue) and isinstance(stmt.node, gast.Raise))
        for stmt in block
    )


def _assign(stmt: core.Return, result: str) -> Stmt:
    return core.Glue(stmt.origin, assignment(result, stmt.value), isinstance(stmt.value, gast.Constant))


def _set(origin: Origin, name: str, value: Any) -> Stmt:
    return core.Glue(origin, assignment(name, gast.Constant(value=value, kind=None)), total=True)


def _load(name: str) -> gast.Name:
    return gast.Name(id=name, ctx=gast.Load(), annotation=None, type_comment=None)
