"""Loop distribution: which loops are fan-outs, which run in order, and what the state at the head of an iteration holds.

Requires a labelled core tree with facts. Provides a `LoopPlan` for each loop that holds sites. A `for` is parallel unless a
name that a site of its body needs at the head of an iteration, or a guard that ends the loop, depends on a site.

    for x in xs: r = f(x); total += r       parallel: nothing that f needs comes from another iteration; `total` is the fold
    for x in xs: s = f(s, x)                serial: f needs s, and s comes from f
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import gast

from tangentflow.language import core
from tangentflow.language.core import Block, Stmt
from tangentflow.passes.facts import Facts, sites
from tangentflow.passes.slicing import FULL, LAX, Bound, Leave, Mode, Slicer, Unreached

__all__ = ["LoopPlan", "Planner", "Where"]

Where = tuple[tuple[Stmt, str, int], ...]
"""The way to a statement: (owner, which block of it, position) from the outside in; the owner of the outermost is itself."""

_CARRY = Mode(raises=False)


@dataclass
class LoopPlan:
    """How a loop runs.

    `head` are the names in the state of an iteration of a parallel loop; `carry` the part of its body that decides them. Of a serial
    loop: `carried` the names that change, `invariant` those that do not, `entry` those of both that must be known where it starts,
    `outputs` what is needed after it. `why` tells what makes it serial.
    """

    serial: bool
    why: tuple[tuple[str, str, int], ...] = ()
    head: frozenset[str] = frozenset()
    fold: frozenset[str] = frozenset()
    carry: Block | None = None
    carried: tuple[str, ...] = ()
    invariant: tuple[str, ...] = ()
    entry: frozenset[str] = frozenset()
    outputs: tuple[str, ...] = ()


def _endless(loop: core.While) -> bool:
    """Whether its condition never ends it."""
    return isinstance(loop.condition, gast.Constant) and bool(loop.condition.value)


def parts(stmt: core.Try) -> dict[str, Block]:
    """Return the blocks of a `try` by name."""
    handlers = {f"handler{i}": handler.body for i, handler in enumerate(stmt.handlers)}
    return {"body": stmt.body, **handlers, "orelse": stmt.orelse, "final": stmt.final}


class Planner:
    """Plans of all loops of a flow, inner ones first, and the slices that rest on them."""

    def __init__(self, body: Block, facts: Facts) -> None:
        self.body = body
        self.facts = facts
        self.plans: dict[Stmt, LoopPlan] = {}
        self.owner: dict[Stmt, tuple[Stmt | None, Block, int, str]] = {}
        self.caught: set[Stmt] = set()
        self.slicer = Slicer(
            facts, lambda s: self.plans[s].serial, self._outputs, self.caught.__contains__, lambda s: s.total
        )
        self._place(body, None, "body")
        self._plan(body)

    def _outputs(self, loop: Stmt) -> tuple[str, ...]:
        return self.plans[loop].outputs

    def _place(self, block: Block, owner: Stmt | None, part: str, caught: bool = False) -> None:
        for index, stmt in enumerate(block):
            self.owner[stmt] = (owner, block, index, part)
            if caught and isinstance(stmt, (core.For, core.While)):
                self.caught.add(stmt)
            if isinstance(stmt, core.If):
                self._place(stmt.body, stmt, "body", caught)
                self._place(stmt.orelse, stmt, "orelse", caught)
            elif isinstance(stmt, core.For):
                self._place(stmt.body, stmt, "body", caught)
            elif isinstance(stmt, core.While):
                self._place(stmt.test, stmt, "test", caught)
                self._place(stmt.body, stmt, "body", caught)
            elif isinstance(stmt, core.Try):
                for name, inner in parts(stmt).items():
                    last = name == "final" or (name != "body" and not stmt.final)
                    self._place(inner, stmt, name, caught or not last)

    def _plan(self, block: Block) -> None:
        for stmt in block:
            for inner in core.blocks(stmt):
                self._plan(inner)
            if isinstance(stmt, (core.For, core.While)) and sites(stmt):
                self.plans[stmt] = self._serial(stmt, ()) if isinstance(stmt, core.While) else self._for(stmt)

    # --- serial loops

    def _serial(self, loop: core.For | core.While, why: tuple[tuple[str, str, int], ...]) -> LoopPlan:
        every = self.facts.all_uses(loop)
        live = self.facts.live_after[loop]
        outputs = tuple(sorted(every.writes & live))
        plan = LoopPlan(True, why, outputs=outputs)
        self.plans[loop] = plan
        own = {loop.var} - set(outputs) if isinstance(loop, core.For) else set()
        inner = loop.body if isinstance(loop, core.For) else [*loop.test, *loop.body]
        need = set(outputs)
        for stmt in self.anchors(inner):
            need |= self.reach(stmt, self.mode_of(stmt))[1] - own
        while True:
            _, before = self.iteration(loop, need)
            if before <= need:
                break
            need |= before
        if isinstance(loop, core.For):
            need -= {loop.var} - set(outputs)
            need |= {loop.items}
        plan.carried = tuple(sorted(need & every.writes))
        plan.invariant = tuple(sorted(need - every.writes))
        plan.entry = frozenset(self._entry(loop, need))
        return plan

    def _entry(self, loop: core.For | core.While, need: set[str]) -> set[str]:
        """Return the names that must be known before a serial loop, of those that its state holds.

        A loop that only a `break` ends need not know what it leaves.
        """
        if isinstance(loop, core.For) or not _endless(loop) or loop in self.caught:
            return need
        head = set[str]()
        for stmt in self.anchors([*loop.test, *loop.body]):
            head |= self.reach(stmt, self.mode_of(stmt))[1]
        while True:
            _, before = self.iteration(loop, head, self.plans[loop].outputs)
            if before <= head:
                return head | (need - self.facts.all_uses(loop).writes)
            head |= before

    def iteration(
        self, loop: core.For | core.While, need: set[str], left: Iterable[str] | None = None
    ) -> tuple[Block, set[str]]:
        """Slice one whole iteration, to the names needed after it, and those that are needed where a `break` goes (default: the same)."""
        whole = replace(
            FULL, whole=True, tail=True, ends=frozenset(need), left=frozenset(need if left is None else left)
        )
        if loop in self.caught:  # what it leaves counts also where an exception ends it
            whole = replace(whole, held=frozenset(need))
        body, before, _ = self.slicer.block(loop.body, need, whole)
        if isinstance(loop, core.For):
            return body, before
        test: core.If = core.If(loop.origin, loop.condition, body, [])
        before |= self.facts.uses(loop).reads | (set() if left is not None else need)
        first, before, _ = self.slicer.block(loop.test, before, whole)
        return [*first, test], before

    # --- for

    def _for(self, loop: core.For) -> LoopPlan:
        fixed = self._ordered(loop)
        if fixed:
            return self._serial(loop, fixed)
        inside = self.anchors(loop.body)
        head: set[str] = set()
        for stmt in inside:
            _, need, _ = self.reach(stmt, LAX, loop)
            head |= need
        carry, need = self._carry(loop, head)
        why = self._fed(loop, carry, head)
        if why:
            return self._serial(loop, why)
        fold = self._fold(loop)
        full: set[str] = set(head)
        for stmt in inside:
            _, need, _ = self.reach(stmt, replace(self.mode_of(stmt), drop=fold), loop)
            full |= need
        carry, need = self._carry(loop, full)
        why = self._fed(loop, carry, full)
        if why:
            return self._serial(loop, why)
        names = frozenset(full)
        return LoopPlan(False, head=names, fold=fold, carry=carry)

    def _ordered(self, loop: core.For) -> tuple[tuple[str, str, int], ...]:
        if loop.forced:
            return (("sequential", "", loop.origin.lineno),)
        return tuple((s.name, s.id, s.origin.lineno) for s in sites(loop) if s.ordered)

    def anchors(self, block: Block) -> list[Stmt]:
        """Return what starts from the head of this region: its sites and inner loops, not what lies in the inner loops."""
        found: list[Stmt] = []
        for stmt in block:
            if isinstance(stmt, core.Site):
                if stmt.kind != "message":
                    found.append(stmt)
            elif isinstance(stmt, core.If):
                if sites(stmt):
                    found.append(stmt)
                found += self.anchors(stmt.body) + self.anchors(stmt.orelse)
            elif isinstance(stmt, core.Try):
                found += [anchor for part in core.blocks(stmt) for anchor in self.anchors(part)]
            elif isinstance(stmt, (core.For, core.While)) and sites(stmt):
                found.append(stmt)
        return found

    def _carry(self, loop: core.For, head: set[str]) -> tuple[Block, set[str]]:
        """Slice the body to what decides the head names of the next iteration, breaks and returns included."""
        need = set(head) - {loop.var}
        while True:
            ends = frozenset(need)
            kept, before, _ = self.slicer.block(loop.body, need, replace(_CARRY, ends=ends, left=ends))
            before -= {loop.var}
            if before <= need:
                return kept, need
            need |= before

    def _fed(self, loop: core.For, carry: Block, head: set[str]) -> tuple[tuple[str, str, int], ...]:
        """Tell which sites or serial loops the carry depends on: none if the loop is parallel."""
        found: list[tuple[str, str, int]] = []
        for stmt in core.walk(carry):
            if isinstance(stmt, core.Site) and stmt.kind != "message":
                carried = next((name for name in stmt.operands.changes if name in head), stmt.target)
                found.append((carried or "order", stmt.id, stmt.origin.lineno))
            elif isinstance(stmt, Leave):
                found.append((", ".join(stmt.outputs) or "return", stmt.loop.id, stmt.origin.lineno))
        return tuple(found)

    def _fold(self, loop: core.For) -> frozenset[str]:
        """Return the names that the iterations accumulate from results: no slice inside an iteration can know them."""
        fold: set[str] = set()
        handed_on = set(self.facts.frontier(loop.body)[0])  # names of which an iteration reads what an earlier one left
        for name in sorted((self.facts.all_uses(loop).writes - {loop.var}) & handed_on):
            carry, need = self._carry(loop, {name})
            if self._fed(loop, carry, need):
                fold.add(name)
        return frozenset(fold)

    # --- slices to a place

    def mode_of(self, stmt: Stmt) -> Mode:
        """Return the mode of the slice to a site, loop or branch."""
        if isinstance(stmt, core.Site):
            if stmt.effect:
                return FULL
            return Mode(effects=not stmt.pure)
        if self.facts.has_effect(stmt):
            return FULL
        return Mode(effects=any(not s.pure for s in sites(stmt)))

    def needs(self, stmt: Stmt) -> set[str]:
        """Return the names that must be known where a site, loop or branch starts."""
        if isinstance(stmt, core.Site):
            own = self.facts.uses(stmt)
            return set(own.reads)
        if isinstance(stmt, core.If):
            return set(self.facts.uses(stmt).reads)
        if isinstance(stmt, core.Try):
            return self.body_of_try(stmt)[1]
        plan = self.plans[stmt]
        if plan.serial:
            return set(plan.entry)
        assert isinstance(stmt, core.For) and plan.carry is not None
        _, need = self._carry(stmt, set(plan.head))
        return need | {stmt.items}

    def body_of_try(self, stmt: core.Try) -> tuple[Block, set[str]]:
        """Slice the body of a `try` to what tells how it ends; return also the names needed before it."""
        return self.slicer.tried(stmt, set(), set(), FULL)

    def reach(
        self, stmt: Stmt, mode: Mode, within: Stmt | None = None, tail: Block | None = None
    ) -> tuple[Block, set[str], Stmt | None]:
        """Slice from the head of the enclosing iteration (or the start of the flow) to a statement.

        Returns the kept statements with `tail` where the statement stands, the names needed at the start, and the loop there.
        """
        need = self.needs(stmt)
        kept: Block = list(tail or [])
        mode = replace(mode, drop=mode.drop | self._folds_around(stmt), tail=True)
        while True:
            owner, block, index, part = self.owner[stmt]
            before, need, mode = self.slicer.block(block, need, mode, end=index, lane=stmt.lane, target=True)
            kept = [*before, *kept]
            if owner is None:
                return kept, need, None
            if isinstance(owner, core.If):
                need |= self.facts.uses(owner).reads
                kept = [replace(owner, body=kept if part == "body" else [], orelse=kept if part == "orelse" else [])]
            elif isinstance(owner, core.Try):
                kept, need = self._into(owner, part, kept, need, mode)
            elif isinstance(owner, core.While):
                if not sites(owner):
                    raise AssertionError("no slice starts in a loop without sites")
                if part == "body":
                    need |= self.facts.uses(owner).reads
                    first, need, mode = self.slicer.block(owner.test, need, mode)
                    kept = [*first, core.If(owner.origin, owner.condition, [Bound(owner.origin, owner), *kept], [])]
                return kept, need, owner
            else:
                return kept, need, owner
            stmt = owner

    def _into(self, owner: core.Try, part: str, kept: Block, need: set[str], mode: Mode) -> tuple[Block, set[str]]:
        """Return the slice to a place in a part of a `try`, given the slice inside that part.

        In the body an exception means that the place is not reached. All else is reached by what happened in the body.
        """
        if part == "body":
            return kept, need
        skip: Block = [Unreached(owner.origin)]
        if part == "final":
            around, before = self.slicer.into_final(owner, need, mode)
            return [replace(around, final=kept)], before
        handlers = [core.Handler(h.type, h.name, skip) for h in owner.handlers]
        if part == "orelse":
            body, before = self.slicer.tried(owner, need, set(), mode)
            return [replace(owner, body=body, handlers=handlers, orelse=kept, final=[])], before
        at = int(part.removeprefix("handler"))
        handlers[at] = core.Handler(handlers[at].type, handlers[at].name, kept)
        body, before = self.slicer.tried(owner, set(), need - {handlers[at].name or ""}, mode)
        return [replace(owner, body=body, handlers=handlers, orelse=skip, final=[])], before

    def _folds_around(self, stmt: Stmt) -> frozenset[str]:
        """Return the fold names of the innermost loop around a statement, where that loop is known to be parallel."""
        owner = self.loop_around(stmt)
        plan = self.plans.get(owner) if owner is not None else None
        return plan.fold if plan and not plan.serial else frozenset()

    def loop_around(self, stmt: Stmt) -> core.For | core.While | None:
        """Return the innermost loop that a statement stands in."""
        owner = self.owner[stmt][0]
        while owner is not None and not isinstance(owner, (core.For, core.While)):
            owner = self.owner[owner][0]
        return owner
