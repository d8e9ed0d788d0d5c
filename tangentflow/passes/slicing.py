"""The slice: which statements of a workflow decide an argument, a condition, a loop head, or the result.

Requires a labelled core tree with its facts and, for the loops inside, their plans (see `distribute`). Provides reduced
core trees. `Mode` says how much is kept besides what the needed names depend on.

    x = f(1)
    y = g(2)            the slice to h keeps only the first line: h need not wait for g
    h(x)                (were h an effect, it would keep both)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import gast

from tangentflow.language import core
from tangentflow.language.core import Block, Stmt
from tangentflow.passes.facts import Facts, has_message, raises, returns, sites

__all__ = ["FULL", "LAX", "WHOLE", "Bound", "Leave", "Mode", "Slicer"]


@dataclass(frozen=True)
class Mode:
    """What a slice keeps besides what is needed.

    `full`: whatever may raise, and every site. `effects`: statements that hold effects. `guards`: `return` and, with `raises`, `raise`
    and `assert`. `tail`: something after the statement in the same iteration is kept, so a `continue` before it matters.
    `whole`: the slice is a region to its end, so values are returned and messages issued. `breaks`: `break` and `continue` of the loop
    around. `drop`: names of the fold, which no slice inside a parallel iteration can know. `looping`: inside a loop, where a guard decides for
    each iteration anew whether an effect after it ran.
    """

    full: bool = False
    effects: bool = False
    guards: bool = True
    raises: bool = True
    tail: bool = False
    whole: bool = False
    messages: bool = False
    breaks: bool = True
    looping: bool = False
    drop: frozenset[str] = frozenset()


LAX = Mode(effects=True)
"""For a value: it waits for effects before it, not for what may raise."""
FULL = Mode(full=True, effects=True)
"""For an effect: it waits for everything before it."""
WHOLE = Mode(full=True, effects=True, whole=True, messages=True)
"""For the result of a flow."""


@dataclass(eq=False)
class Leave(Stmt):
    """In a slice: the state that a serial loop left, looked up."""

    loop: core.For | core.While
    outputs: tuple[str, ...]
    returns: bool


@dataclass(eq=False)
class Bound(Stmt):
    """In a slice that starts at the head of an iteration of a `while`: the check against its bound."""

    loop: core.While


class Slicer:
    """Slices of one flow. `serial` says of a loop with sites whether it runs in order; `outputs` what such a loop leaves."""

    def __init__(
        self, facts: Facts, serial: Callable[[Stmt], bool], outputs: Callable[[Stmt], tuple[str, ...]], total: Callable[[core.If], bool]
    ) -> None:  # fmt: skip
        self.facts = facts
        self.serial = serial
        self.outputs = outputs
        self.total = total

    def block(self, block: Block, need: set[str], mode: Mode, end: int | None = None) -> tuple[Block, set[str], Mode]:
        """Walk a block backwards from `end`; return the kept statements, the names needed before it, and the mode there."""
        kept: Block = []
        need = set(need)
        at_end = mode
        tail = mode.tail
        first_jump, first_effect = self.facts.bars(block)
        for index in range(len(block) if end is None else end, 0, -1):
            calm = (not mode.guards or index <= first_jump) and (not mode.effects or index <= first_effect)
            if calm and not need and not mode.full and not mode.messages:
                break  # nothing before can matter
            stmt = block[index - 1]
            if at_end.looping and _skips_rest(stmt):
                mode = at_end  # an effect after this did not run in every iteration, so it does not stand for what is before
            if kept and not mode.tail:
                mode = replace(mode, tail=True)
            keep, need, mode = self.stmt(stmt, need, mode)
            if keep is not None:
                kept.append(keep)
        kept.reverse()
        return kept, need, replace(mode, tail=tail) if mode.tail != tail else mode

    def stmt(self, stmt: Stmt, need: set[str], mode: Mode) -> tuple[Stmt | None, set[str], Mode]:
        """Decide on one statement, given what is needed after it."""
        if isinstance(stmt, core.Glue):
            return self._glue(stmt, need, mode)
        if isinstance(stmt, core.Site):
            return self._site(stmt, need, mode)
        if isinstance(stmt, core.If):
            return self._if(stmt, need, mode)
        if isinstance(stmt, (core.For, core.While)):
            return self._loop(stmt, need, mode)
        if isinstance(stmt, core.Return):
            if mode.whole:
                return stmt, set(self.facts.uses(stmt).reads), mode
            return (stmt, set(), mode) if mode.guards else (None, need, mode)
        if isinstance(stmt, core.Continue):
            return (stmt if mode.tail else None), need, mode
        return (stmt if mode.breaks else None), need, mode

    def _glue(self, stmt: core.Glue, need: set[str], mode: Mode) -> tuple[Stmt | None, set[str], Mode]:
        own = self.facts.uses(stmt)
        wanted = bool(own.writes & need) or (mode.guards and mode.raises and bool(stmt.jumps))
        if not wanted and mode.full and not stmt.total:
            wanted = not (own.reads | own.writes) & mode.drop
        if not wanted:
            return None, need, mode
        return stmt, need - own.kills | own.reads, mode

    def _site(self, stmt: core.Site, need: set[str], mode: Mode) -> tuple[Stmt | None, set[str], Mode]:
        if stmt.kind == "message":
            if not mode.messages:
                return self._glue(_evaluated(stmt), need, mode)
            own = self.facts.uses(stmt)
            return stmt, need - own.kills | own.reads, mode
        wanted = bool(stmt.targets & need) or mode.full or (mode.effects and stmt.effect)
        if not wanted:
            return None, need, mode
        need = need - stmt.targets
        if stmt.effect and mode.effects and not mode.whole:
            mode = _settled(mode)
        return stmt, need, mode

    def _if(self, stmt: core.If, need: set[str], mode: Mode) -> tuple[Stmt | None, set[str], Mode]:
        reads = self.facts.uses(stmt).reads
        inner = replace(mode, full=True) if mode.effects and self.facts.has_effect(stmt) else mode
        if reads & mode.drop:
            inner = replace(inner, full=False)
        body, before_body, _ = self.block(stmt.body, need, inner)
        orelse, before_orelse, _ = self.block(stmt.orelse, need, inner)
        raising = mode.full and not self.total(stmt) and not reads & mode.drop
        if not body and not orelse and not raising:
            return None, need, mode
        return replace(stmt, body=body, orelse=orelse), before_body | before_orelse | reads, mode

    def _loop(self, stmt: core.For | core.While, need: set[str], mode: Mode) -> tuple[Stmt | None, set[str], Mode]:
        if not sites(stmt):
            if isinstance(stmt, core.While):
                return self._plain_while(stmt, need, mode)
        elif self.serial(stmt):
            if mode.messages and has_message(stmt):
                return self._expanded(stmt, need, mode)
            return self._leave(stmt, need, mode)
        assert isinstance(stmt, core.For)
        inner = replace(mode, full=True) if mode.effects and self.facts.has_effect(stmt) else mode
        inner = replace(inner, tail=False, looping=True)
        kept, _ = self._iterations(stmt, need, replace(inner, breaks=False))
        if not kept and stmt.var not in need:
            return None, need, mode
        kept, head = self._iterations(stmt, need, replace(inner, breaks=True))
        return replace(stmt, body=kept), need | head | {stmt.items}, mode

    def _iterations(self, stmt: core.For, need: set[str], mode: Mode) -> tuple[Block, set[str]]:
        """Slice the body of a parallel loop until the names needed at its head no longer grow."""
        head: set[str] = set()
        while True:
            kept, before, _ = self.block(stmt.body, need | head, mode)
            before -= {stmt.var}
            if before <= need | head:
                return kept, need | head
            head |= before

    def _plain_while(self, stmt: core.While, need: set[str], mode: Mode) -> tuple[Stmt | None, set[str], Mode]:
        """A `while` without sites is kept whole: what ends it may be an exception that a slice would drop."""
        every = self.facts.all_uses(stmt)
        leaves = mode.guards and (returns(stmt) or (mode.raises and raises(stmt)))
        if not every.writes & need and not mode.full and not leaves and not (mode.messages and has_message(stmt)):
            return None, need, mode
        if mode.full and (every.reads | every.writes) & mode.drop and not every.writes & need:
            return None, need, mode
        return stmt, need | every.reads, mode

    def _leave(self, stmt: core.For | core.While, need: set[str], mode: Mode) -> tuple[Stmt | None, set[str], Mode]:
        outputs = self.outputs(stmt)
        leaves = mode.guards and (returns(stmt) or (mode.raises and raises(stmt)))
        effect = mode.effects and self.facts.has_effect(stmt)
        if not (set(outputs) & need or mode.full or effect or leaves):
            return None, need, mode
        if effect and not mode.whole:
            mode = _settled(mode)
        return Leave(stmt.origin, stmt, outputs, returns(stmt)), need - set(outputs), mode

    def _expanded(self, stmt: core.For | core.While, need: set[str], mode: Mode) -> tuple[Stmt | None, set[str], Mode]:
        """A serial loop with messages is replayed iteration by iteration, so that they come in order."""
        every = self.facts.all_uses(stmt)
        return stmt, need | every.reads, mode


def _evaluated(stmt: core.Site) -> core.Glue:
    """Return what a message does besides being issued: it evaluates its arguments, which may raise."""
    assert isinstance(stmt.expr, gast.Call)
    keywords = gast.Dict(keys=[gast.Constant(k.arg, None) if k.arg else None for k in stmt.expr.keywords],
                         values=[k.value for k in stmt.expr.keywords])  # fmt: skip
    parts = [*stmt.expr.args, *([keywords] if keywords.values else [])]
    return core.Glue(stmt.origin, gast.Expr(value=gast.Tuple(elts=parts, ctx=gast.Load())), stmt.total)


def _skips_rest(stmt: Stmt) -> bool:
    """Whether a `break` or `continue` of the loop around stands in it."""
    if isinstance(stmt, core.If):
        return any(_skips_rest(inner) for inner in [*stmt.body, *stmt.orelse])
    return isinstance(stmt, (core.Break, core.Continue))


def _settled(mode: Mode) -> Mode:
    """Before an effect that ran: everything there has run, so only needed names matter."""
    return replace(mode, full=False, effects=False, guards=mode.guards and mode.looping)
