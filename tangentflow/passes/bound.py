"""Reads of names that may be unbound: a name counts as bound where every way to the place binds it.

Requires a core tree with facts. Python raises UnboundLocalError only where such a read is reached, so these are for notes: nothing is
refused because of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import gast

from tangentflow.language import core
from tangentflow.language.core import Block, Stmt
from tangentflow.passes.facts import Facts

__all__ = ["unbound_reads"]

_State = frozenset[str] | None
"""The names that are surely bound; None where control does not get."""


def unbound_reads(body: Block, params: Iterable[str], facts: Facts) -> Iterator[tuple[str, gast.Name, Stmt]]:
    """Yield each local name that may be read before it is bound, with the first such read and its statement."""
    walk = _Walk(facts)
    walk.block(body, frozenset(params))
    for name, stmt in walk.found.items():
        node = next((node for node in _reads(stmt) if node.id == name), None)
        if node is not None:  # else a name of the compiler's own
            yield name, node, stmt


@dataclass
class _Walk:
    """Goes through the statements in order. `breaks` are the states in which the loops around are left by `break`."""

    facts: Facts
    found: dict[str, Stmt] = field(default_factory=dict)
    breaks: list[list[_State]] = field(default_factory=list)

    def block(self, block: Block, state: _State) -> _State:
        for stmt in block:
            if state is None:
                return None
            state = self.stmt(stmt, state)
        return state

    def stmt(self, stmt: Stmt, state: frozenset[str]) -> _State:
        own = self.facts.uses(stmt)
        if isinstance(stmt, core.While):
            return self._while(stmt, state)
        self._read(stmt, own.reads - state)
        if isinstance(stmt, core.If):
            return _both(self.block(stmt.body, state), self.block(stmt.orelse, state))
        if isinstance(stmt, core.For):
            return self._for(stmt, state)
        if isinstance(stmt, core.Try):
            return self._try(stmt, state)
        if isinstance(stmt, core.Break):
            self.breaks[-1].append(state)
        if isinstance(stmt, (core.Break, core.Continue, core.Return)):
            return None
        if isinstance(stmt, core.Glue) and isinstance(stmt.node, gast.Raise):
            return None
        return (state | own.kills) - own.deletes

    def _read(self, stmt: Stmt, names: Iterable[str]) -> None:
        for name in names:
            self.found.setdefault(name, stmt)

    def _for(self, stmt: core.For, state: frozenset[str]) -> _State:
        self.breaks.append([])
        after = self.block(stmt.body, state | {stmt.var})
        runs = bool(stmt.count)  # else it may have no items
        ended = self.block(stmt.orelse, (after if after is not None else state) if runs else state)
        return self._left(ended)

    def _while(self, stmt: core.While, state: frozenset[str]) -> _State:
        self.breaks.append([])
        tested = self.block(stmt.test, state)
        ended: _State = None
        if tested is not None:
            self._read(stmt, self.facts.uses(stmt).reads - tested)
            self.block(stmt.body, tested)
            forever = isinstance(stmt.condition, gast.Constant) and bool(stmt.condition.value)
            ended = None if forever else self.block(stmt.orelse, tested)
        return self._left(ended)

    def _left(self, ended: _State) -> _State:
        for state in self.breaks.pop():
            ended = _both(ended, state)
        return ended

    def _try(self, stmt: core.Try, state: frozenset[str]) -> _State:
        after = self.block(stmt.orelse, self.block(stmt.body, state)) if stmt.orelse else self.block(stmt.body, state)
        for handler in stmt.handlers:
            names = {handler.name} if handler.name else set()
            ended = self.block(handler.body, state | names)
            after = _both(after, None if ended is None else ended - names)
        if not stmt.final:
            return after
        self.block(stmt.final, state)
        return None if after is None else self._quietly(stmt.final, after)

    def _quietly(self, block: Block, state: frozenset[str]) -> _State:
        """Go through a block again: what it reads is known from the first time."""
        kept = dict(self.found)
        ended = self.block(block, state)
        self.found = kept
        return ended


def _both(a: _State, b: _State) -> _State:
    if a is None or b is None:
        return b if a is None else a
    return a & b


def _reads(stmt: Stmt) -> Iterator[gast.Name]:
    if isinstance(stmt, core.Glue):
        parts: list[gast.AST | None] = [stmt.node]
    elif isinstance(stmt, core.Site):
        parts = [stmt.expr, *[argument.value for argument in stmt.args]]
    elif isinstance(stmt, core.Try):
        parts = [handler.type for handler in stmt.handlers]
    else:
        parts = [getattr(stmt, kind, None) for kind in ("test", "condition", "value")]
    for part in parts:
        for node in gast.walk(part) if isinstance(part, gast.AST) else ():
            if isinstance(node, gast.Name) and isinstance(node.ctx, gast.Load) and hasattr(node, "lineno"):
                yield node
