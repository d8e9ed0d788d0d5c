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

__all__ = ["FULL", "LAX", "WHOLE", "Bound", "Leave", "Mode", "Slicer", "Unreached", "evaluated", "leaves"]


@dataclass(frozen=True)
class Mode:
    """What a slice keeps besides what is needed.

    `full`: whatever may raise, and every site. `effects`: statements that hold effects. `guards`: `return` and, with `raises`, `raise`
    and `assert`. `tail`: something after the statement in the same iteration is kept, so a `continue` before it matters.
    `whole`: the slice is a region to its end, so values are returned and messages issued. `breaks`: `break` and `continue` of the loop
    around. `ends`: what is needed at the end of the iteration, to which `continue` jumps; `left`: behind the loop, to which `break` does. `drop`: names of the fold, which no slice inside a parallel iteration can know. `looping`: inside a loop, where a guard decides for
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
    ends: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    exact: bool = False
    held: frozenset[str] = frozenset()


LAX = Mode(effects=True)
"""For a value: it waits for effects before it, not for what may raise."""
FULL = Mode(full=True, effects=True)
"""For an effect: it waits for everything before it."""
WHOLE = Mode(full=True, effects=True, whole=True, messages=True)
"""For the result of a flow."""


@dataclass(eq=False)
class Leave(Stmt):
    """In a slice: the state that a serial loop left, looked up. `caught`: also where it left by an exception or a `return`."""

    loop: core.For | core.While
    outputs: tuple[str, ...]
    returns: bool
    caught: bool


@dataclass(eq=False)
class Bound(Stmt):
    """In a slice that starts at the head of an iteration of a `while`: the check against its bound."""

    loop: core.While


@dataclass(eq=False)
class Unreached(Stmt):
    """In a slice: control that gets here does not get to the target."""


class Slicer:
    """Slices of one flow. Of a loop with sites, `serial` says whether it runs in order, `outputs` what it leaves then, and
    `caught` whether it stands in a `try`, so that its state counts also where an exception ends it.
    """

    def __init__(
        self, facts: Facts, serial: Callable[[Stmt], bool], outputs: Callable[[Stmt], tuple[str, ...]],
        caught: Callable[[Stmt], bool], total: Callable[[core.If], bool],
    ) -> None:  # fmt: skip
        self.facts = facts
        self.serial = serial
        self.outputs = outputs
        self.caught = caught
        self.total = total

    def block(
        self, block: Block, need: set[str], mode: Mode, end: int | None = None, lane: int = 0, target: bool = False
    ) -> tuple[Block, set[str], Mode]:
        """Walk a block backwards from `end`; return the kept statements, the names needed before it, and the mode there.

        An effect in a `lane` does not wait for the others in it. What comes after a lane waits for all of them. With a `target` at the
        end, a step that is looked up on the way has passed the guards before it.
        """
        kept: Block = []
        need = set(need)
        at_end = mode
        tail = mode.tail
        index = len(block) if end is None else end
        marks = self.facts.marks(block) if index else None
        passing, settled = 0, mode  # the lane that is passed, and the mode before it
        while index > 0:
            if marks and not (mode.full or mode.messages or mode.held or marks.lanes):
                skipped = mode.looping and (mode.tail or kept)  # in some iterations, by a jump before it
                if not need and not mode.guards and not mode.effects and not skipped:
                    break  # nothing before can matter
                index = marks.last(index, need, mode.effects)  # nothing between can
                if not index:
                    break
            index -= 1
            stmt = block[index]
            if at_end.looping and _skips_rest(stmt):
                mode = at_end  # an effect after this did not run in every iteration, so it does not stand for what is before
            if passing and stmt.lane != passing:
                passing, mode = 0, settled
            if kept and not mode.tail:
                mode = replace(mode, tail=True)
            if not stmt.lane:
                keep, need, mode = self.stmt(stmt, need, mode)
                if target and mode.guards and _has_passed(keep):
                    mode = replace(mode, guards=False)
            elif stmt.lane == lane:
                free = mode.full and not mode.exact and not mode.whole and self.facts.has_effect(stmt)
                keep, need, _ = self.stmt(stmt, need, replace(mode, full=False, effects=False) if free else mode)
            else:
                if passing != stmt.lane:
                    passing, settled = stmt.lane, mode
                keep, need, before = self.stmt(stmt, need, mode)
                settled = before if mode.effects and not before.effects else settled
            need |= mode.held
            if keep is not None:
                kept.append(keep)
        if passing:
            mode = settled
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
        if isinstance(stmt, core.Try):
            return self._try(stmt, need, mode)
        if isinstance(stmt, core.Return):
            if mode.whole:
                return stmt, set(self.facts.uses(stmt).reads), mode
            return (stmt, set(), mode) if mode.guards else (None, need, mode)
        if isinstance(stmt, Unreached):
            return stmt, set(), mode
        if isinstance(stmt, core.Continue):
            return (stmt, set(mode.ends), mode) if mode.tail else (None, need, mode)
        return (stmt, set(mode.left), mode) if mode.breaks else (None, need, mode)

    def _glue(self, stmt: core.Glue, need: set[str], mode: Mode) -> tuple[Stmt | None, set[str], Mode]:
        own = self.facts.uses(stmt)
        wanted = bool(own.writes & need) or (mode.guards and mode.raises and bool(stmt.jumps))
        if not wanted and mode.full and not stmt.total:
            wanted = not (own.reads | own.writes) & mode.drop
        if not wanted:
            return None, need, mode
        after = set() if isinstance(stmt.node, gast.Raise) else need - own.kills
        return stmt, after | own.reads, mode

    def _site(self, stmt: core.Site, need: set[str], mode: Mode) -> tuple[Stmt | None, set[str], Mode]:
        if stmt.kind == "message":
            if not mode.messages:
                return self._glue(evaluated(stmt), need, mode)
            own = self.facts.uses(stmt)
            return stmt, need - own.kills | own.reads, mode
        wanted = bool(stmt.targets & need) or mode.full or (mode.effects and stmt.effect)
        if not wanted:
            return None, need, mode
        need = need - stmt.targets
        if stmt.effect and mode.effects and not mode.whole and not mode.exact:
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

    def _try(self, stmt: core.Try, need: set[str], mode: Mode) -> tuple[Stmt | None, set[str], Mode]:
        inner = replace(mode, full=True) if mode.effects and self.facts.has_effect(stmt) else mode
        sliced, before = self.attempt(stmt, need, inner)
        if not any(core.blocks(sliced)):
            return None, need, mode
        if stmt.handlers or leaves(stmt.final) or (inner.full and sliced.final):
            sliced, before = self.attempt(stmt, need, inner, exact=True)
        return sliced, before, mode

    def attempt(self, stmt: core.Try, need: set[str], mode: Mode, exact: bool = False) -> tuple[core.Try, set[str]]:
        """Slice the parts of a `try`. `exact`: its body decides which way it goes."""
        final: Block = []
        passing, after = set(mode.held), need  # what is needed where an exception goes on, and where none came
        if stmt.final:  # an exception and a jump go through it
            # in it, a jump also gives up what is under way
            jumping = replace(mode, tail=True, guards=True, breaks=True) if exact and leaves(stmt.final) else mode
            final, through, _ = self.block(stmt.final, need | mode.held | mode.ends | mode.left, jumping)
            own = set(self.facts.frontier(final)[0])
            if leaves(stmt.final):
                own |= mode.ends | mode.left
            passing = own | (mode.held & through)
            after = passing | (need & through)
            mode = replace(
                mode, ends=frozenset(own | (mode.ends & through)), left=frozenset(own | (mode.left & through))
            )
            if exact and leaves(stmt.final):  # whatever a handler raises, control goes on behind it
                mode = _exact(mode, passing)
            elif exact:
                mode = replace(mode, held=frozenset(passing))
        handlers, handled = [], set(self.facts.uses(stmt).reads)
        for handler in stmt.handlers:
            body, before, _ = self.block(handler.body, after, mode)
            handlers.append(core.Handler(handler.type, handler.name, body))
            handled |= before - {handler.name} if handler.name else before
        orelse, before, _ = self.block(stmt.orelse, after, mode)
        within = replace(mode, tail=mode.tail or bool(orelse))
        body, before, _ = self.block(stmt.body, before, _exact(mode, handled | passing) if exact else within)
        if not exact:
            before |= handled
        return core.Try(stmt.origin, body, handlers, orelse, final, stmt.id), before

    def tried(self, stmt: core.Try, need: set[str], handled: set[str], mode: Mode) -> tuple[Block, set[str]]:
        """Slice the body of a `try` to what tells how it ends, given what is needed after it, and where an exception is handled."""
        held = self.facts.uses(stmt).reads | handled | mode.held
        body, before, _ = self.block(stmt.body, need, _exact(mode, held))
        return body, before

    def into_final(self, stmt: core.Try, need: set[str], mode: Mode) -> tuple[core.Try, set[str]]:
        """Slice all of a `try` but its `finally`, which needs the names given and is reached from anywhere."""
        every = _exact(replace(mode, ends=mode.ends | need, left=mode.left | need), need | mode.held)
        return self.attempt(replace(stmt, final=[]), need, every, exact=True)

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
            around = replace(mode, ends=frozenset(need | head), left=frozenset(need))
            kept, before, _ = self.block(stmt.body, need | head, around)
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
        if effect and not mode.whole and not mode.exact:
            mode = _settled(mode)
        return Leave(stmt.origin, stmt, outputs, returns(stmt), self.caught(stmt)), need - set(outputs), mode

    def _expanded(self, stmt: core.For | core.While, need: set[str], mode: Mode) -> tuple[Stmt | None, set[str], Mode]:
        """A serial loop with messages is replayed iteration by iteration, so that they come in order."""
        every = self.facts.all_uses(stmt)
        return stmt, need | every.reads, mode


def evaluated(stmt: core.Site) -> core.Glue:
    """Return what a message does besides being issued: it evaluates its arguments, which may raise."""
    assert isinstance(stmt.expr, gast.Call)
    keywords = gast.Dict(keys=[gast.Constant(k.arg, None) if k.arg else None for k in stmt.expr.keywords],
                         values=[k.value for k in stmt.expr.keywords])  # fmt: skip
    parts = [*stmt.expr.args, *([keywords] if keywords.values else [])]
    return core.Glue(stmt.origin, gast.Expr(value=gast.Tuple(elts=parts, ctx=gast.Load())), stmt.total)


def _has_passed(stmt: Stmt | None) -> bool:
    """Whether a kept statement is a step or sub-workflow of its own, so that what follows waits for it, and is skipped with it.

    (Glue is none: on Argo it has no task of its own that could be skipped.)
    """
    return isinstance(stmt, core.Site) and stmt.kind in ("step", "call")


def _skips_rest(stmt: Stmt) -> bool:
    """Whether a `break` or `continue` of the loop around stands in it."""
    if isinstance(stmt, (core.If, core.Try)):
        return any(_skips_rest(inner) for block in core.blocks(stmt) for inner in block)
    return isinstance(stmt, (core.Break, core.Continue))


def leaves(block: Block) -> bool:
    """Whether a block may end by a jump, which would take the place of an exception."""
    return any(_skips_rest(stmt) or returns(stmt) for stmt in block)


def _exact(mode: Mode, held: set[str]) -> Mode:
    """In code whose exceptions are caught: whatever may raise counts, and so does every name that may be read after it."""
    return replace(
        mode,
        full=True,
        guards=True,
        raises=True,
        tail=True,
        breaks=True,
        exact=True,
        drop=frozenset(),
        held=frozenset(held),
    )


def _settled(mode: Mode) -> Mode:
    """Before an effect that ran: everything there has run, so only needed names matter, and what jumps before it."""
    return replace(mode, full=False, effects=False)
