"""Facts about core statements: what they read and write, how they leave their block, what they hold. Liveness decides effects.

Requires a core tree. Provides `Facts`, and sets `used` of each site: a call whose result reaches no read is an effect.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field, fields, replace

from tangentflow.language import core
from tangentflow.language.core import Block, Stmt
from tangentflow.language.uses import Uses, uses

__all__ = ["Facts", "has_message", "label", "liveness", "raises", "returns", "sites", "stmt_uses"]


@dataclass
class Marks:
    """Positions in a block, from 1, of the statements that change a name, may jump, or hold an effect; whether it has lanes."""

    block: Block
    changes: dict[str, list[int]] = field(default_factory=dict)
    jumps: list[int] = field(default_factory=list)
    effects: list[int] = field(default_factory=list)
    lanes: bool = False

    def last(self, end: int, names: set[str], effects: bool) -> int:
        """Return the last position up to `end` where one of the names changes, or that holds a jump or an effect; 0 if there is none."""
        found = _last(self.jumps, end)
        if effects:
            found = max(found, _last(self.effects, end))
        for name in names:
            if name in self.changes and found < end:
                found = max(found, _last(self.changes[name], end))
        return found


def _last(positions: list[int], end: int) -> int:
    at = bisect_right(positions, end)
    return positions[at - 1] if at else 0


@dataclass
class Facts:
    """What is known of the statements of one flow. Only its `local` names count: globals and built-ins are always there."""

    local: frozenset[str]
    live_after: dict[Stmt, frozenset[str]] = field(default_factory=dict)
    block_after: dict[int, frozenset[str]] = field(default_factory=dict)
    _uses: dict[Stmt, Uses] = field(default_factory=dict)
    _all: dict[Stmt, Uses] = field(default_factory=dict)
    _effects: dict[Stmt, bool] = field(default_factory=dict)
    _marks: dict[int, Marks] = field(default_factory=dict)

    def uses(self, stmt: Stmt) -> Uses:
        """Return what the statement itself reads and writes (of a compound statement: its test or iterable)."""
        if stmt not in self._uses:
            self._uses[stmt] = found = stmt_uses(stmt)
            found.reads &= self.local
        return self._uses[stmt]

    def all_uses(self, stmt: Stmt) -> Uses:
        """Return what the statement and everything in it reads and writes."""
        if stmt not in self._all:
            own = self.uses(stmt)
            total = Uses(set(own.reads), set(own.writes), set(), set(own.deletes), set(own.mutates))
            for block in core.blocks(stmt):
                for inner in block:
                    part = self.all_uses(inner)
                    total.reads |= part.reads
                    total.writes |= part.writes
                    total.deletes |= part.deletes
                    total.mutates |= part.mutates
            self._all[stmt] = total
        return self._all[stmt]

    def has_effect(self, stmt: Stmt) -> bool:
        """Whether an effect stands in a statement."""
        if stmt not in self._effects:
            self._effects[stmt] = any(site.effect for site in sites(stmt))
        return self._effects[stmt]

    def marks(self, block: Block) -> Marks:
        """Return where in a block things happen that a walk through it may look for."""
        if id(block) not in self._marks:
            marks = self._marks[id(block)] = Marks(block)
            for position, stmt in enumerate(block, 1):
                every = self.all_uses(stmt)
                for name in every.writes | every.deletes | every.mutates:
                    marks.changes.setdefault(name, []).append(position)
                if _jumps(stmt):
                    marks.jumps.append(position)
                if self.has_effect(stmt):
                    marks.effects.append(position)
                marks.lanes = marks.lanes or stmt.lane != 0
        return self._marks[id(block)]

    def frontier(self, block: Block) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the names that a block reads from before it, and those that it leaves to what follows."""
        empty = frozenset[str]()
        inputs = _live(block, empty, _Exits(), Facts(self.local), mark=False)
        written = set().union(*[self.all_uses(stmt).writes for stmt in block]) if block else set()
        return tuple(sorted(inputs)), tuple(sorted(written & self.block_after.get(id(block), empty)))


def stmt_uses(stmt: Stmt) -> Uses:
    """Return what a statement itself reads and writes."""
    if isinstance(stmt, core.Glue):
        return uses(stmt.node)
    if isinstance(stmt, core.Site):
        found = uses(stmt.expr, *[argument.value for argument in stmt.args])
        found.writes |= stmt.targets
        found.kills |= stmt.targets
        found.mutates |= {*stmt.operands.changes, *stmt.operands.spent}
        found.reads |= {*stmt.operands.witnesses, *stmt.operands.names}
        return found
    if isinstance(stmt, core.If):
        return uses(stmt.test)
    if isinstance(stmt, core.For):
        return Uses(reads={stmt.items}, writes={stmt.var})
    if isinstance(stmt, core.While):
        return uses(stmt.condition)
    if isinstance(stmt, core.Try):
        found = uses(*[handler.type for handler in stmt.handlers])
        names = {handler.name for handler in stmt.handlers if handler.name is not None}
        return Uses(found.reads, found.writes | names, deletes=names, mutates=found.mutates)
    if isinstance(stmt, core.Return):
        return uses(stmt.value)
    return Uses()


def sites(stmt: Stmt, messages: bool = False) -> list[core.Site]:
    """Return the sites in a statement, messages only on demand."""
    return [s for s in core.walk([stmt]) if isinstance(s, core.Site) and (messages or s.kind != "message")]


def has_message(stmt: Stmt) -> bool:
    """Whether a message stands in it, or a sub-workflow with messages."""
    return any(site.kind == "message" or site.speaks for site in sites(stmt, messages=True))


def _jumps(stmt: Stmt) -> bool:
    kinds = (core.Return, core.Break, core.Continue)
    return any(isinstance(s, kinds) or (isinstance(s, core.Glue) and bool(s.jumps)) for s in core.walk([stmt]))


def returns(stmt: Stmt) -> bool:
    """Whether the workflow may return from inside it."""
    return any(isinstance(s, core.Return) for s in core.walk([stmt]))


def raises(stmt: Stmt) -> bool:
    """Whether it holds a `raise` or `assert`."""
    return any(isinstance(s, core.Glue) and "raise" in s.jumps for s in core.walk([stmt]))


@dataclass(frozen=True)
class _Exits:
    """The names that are live where control goes when it leaves a block by a jump or an exception."""

    on_break: frozenset[str] = frozenset()
    on_continue: frozenset[str] = frozenset()
    on_return: frozenset[str] = frozenset()
    on_raise: frozenset[str] = frozenset()

    @property
    def out(self) -> frozenset[str]:
        """The names live after leaving a loop otherwise than by its own end."""
        return self.on_return | self.on_raise


def liveness(body: Block, facts: Facts) -> None:
    """Set `used` of every site and record what is live after each statement that is a loop."""
    _live(body, frozenset(), _Exits(), facts)


def _live(block: Block, after: frozenset[str], exits: _Exits, facts: Facts, mark: bool = True) -> frozenset[str]:
    live = after
    facts.block_after[id(block)] = after | exits.on_raise
    for stmt in reversed(block):
        own = facts.uses(stmt)
        if isinstance(stmt, core.Return):
            live = frozenset(own.reads) | exits.on_return
        elif isinstance(stmt, core.Break):
            live = exits.on_break
        elif isinstance(stmt, core.Continue):
            live = exits.on_continue
        elif isinstance(stmt, core.If):
            body = _live(stmt.body, live, exits, facts, mark)
            orelse = _live(stmt.orelse, live, exits, facts, mark)
            live = body | orelse | own.reads
        elif isinstance(stmt, core.For):
            facts.live_after[stmt] = live | exits.out
            head = live
            while True:
                inner = replace(exits, on_break=live, on_continue=head)
                start = _live(stmt.body, head, inner, facts, mark) - {stmt.var}
                if start <= head:
                    break
                head |= start
            live = head | {stmt.items}
        elif isinstance(stmt, core.While):
            facts.live_after[stmt] = live | exits.out
            head = frozenset[str]()
            while True:
                inner = replace(exits, on_break=live, on_continue=head)
                body = _live(stmt.body, head, inner, facts, mark)
                start = _live(stmt.test, live | body | own.reads, inner, facts, mark)
                if start <= head:
                    break
                head |= start
            live = head
        elif isinstance(stmt, core.Try):
            live = _live_try(stmt, live, exits, facts, mark)
        else:
            if mark and isinstance(stmt, core.Site):
                stmt.used = bool(stmt.targets & live)
            live = live - own.kills | own.reads
        live |= exits.on_raise
    return live


def _live_try(stmt: core.Try, after: frozenset[str], exits: _Exits, facts: Facts, mark: bool) -> frozenset[str]:
    """What is live before a `try`: its handlers and its `finally` may start after any part of its body."""
    if stmt.final:
        every = after | exits.out | exits.on_break | exits.on_continue
        own = _live(stmt.final, frozenset(), exits, facts, mark=False)
        through = _live(stmt.final, every, exits, facts, mark)  # last: what it notes of the statements inside counts
        facts.block_after[id(stmt.final)] = every
        after = own | (after & through)
        exits = _Exits(**{exit.name: own | (getattr(exits, exit.name) & through) for exit in fields(exits)})
    handled = frozenset[str]()
    for handler in stmt.handlers:
        handled |= _live(handler.body, after, exits, facts, mark) - {handler.name}
    handled |= facts.uses(stmt).reads
    orelse = _live(stmt.orelse, after, exits, facts, mark)
    return _live(stmt.body, orelse, replace(exits, on_raise=exits.on_raise | handled), facts, mark)


_NO_WORD = re.compile(r"\W+")


def label(body: Block) -> None:
    """Name sites, branches and loops after what they call, counted per enclosing loop: `fit`, `fit_2`, `loop`, `loop.fit`."""
    _label(body, "", {})


def _label(block: Block, prefix: str, counts: dict[str, int]) -> None:
    def name(wish: str) -> str:
        counts[wish] = counts.get(wish, 0) + 1
        return prefix + (wish if counts[wish] == 1 else f"{wish}_{counts[wish]}")

    for stmt in block:
        if isinstance(stmt, core.Site):
            stmt.id = name(_NO_WORD.sub("_", stmt.name))  # dots and brackets are for loops
        elif isinstance(stmt, core.If):
            stmt.id = name("if")
            _label(stmt.body, prefix, counts)
            _label(stmt.orelse, prefix, counts)
        elif isinstance(stmt, core.Try):
            stmt.id = name("try")
            for part in core.blocks(stmt):
                _label(part, prefix, counts)
        elif isinstance(stmt, (core.For, core.While)):
            if sites(stmt):
                stmt.id = name("loop")
            inner: dict[str, int] = {}
            for part in core.blocks(stmt)[:-1]:
                _label(part, f"{stmt.id}." if stmt.id else prefix, inner if stmt.id else counts)
            _label(stmt.orelse, prefix, counts)
