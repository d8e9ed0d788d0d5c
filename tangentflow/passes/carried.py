"""What the iterations of a serial loop hand on, in lines of the source: where a step's value is written, where the next one reads it.

for x in xs:
    t = fit(s, x)       read here
    s = merge(s, t)     written here: `s` is carried, from `merge`
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tangentflow.graph.nodes import Carry
from tangentflow.language import core
from tangentflow.language.core import Block, Stmt
from tangentflow.passes.distribute import Planner
from tangentflow.passes.facts import Facts
from tangentflow.passes.slicing import LAX, Leave, Mode

__all__ = ["carries"]

_DATA = Mode(guards=False, raises=False, breaks=False)
_ALL = Mode(raises=False)


def carries(planner: Planner, loop: core.For | core.While) -> tuple[Carry, ...]:
    """Return what makes an iteration wait for the one before it: names, and jumps that end the loop."""
    needed, relevant = _needed(planner, loop)
    found: list[Carry] = []
    for name in sorted(needed & planner.facts.all_uses(loop).writes):
        kept = planner.slicer.block(loop.body, {name}, replace(_DATA, ends=frozenset({name}), left=frozenset({name})))[
            0
        ]
        if isinstance(loop, core.While):
            kept = [*planner.slicer.block(loop.test, {name}, _DATA)[0], *kept]
        feeding = _feeding(kept)
        written = [stmt.origin.lineno for stmt in core.walk(kept) if name in _writes(stmt, planner.facts)]
        if feeding and written:
            read = _read(planner.facts, loop, name, relevant)
            found.append(Carry(name, feeding[0], written[-1], read))
    return (*found, *_jumps(planner, loop))


def _needed(planner: Planner, loop: core.For | core.While) -> tuple[set[str], set[tuple[type, object]]]:
    """Return the names that steps and jumps need at the head of an iteration, and the statements that read them."""
    need: set[str] = set()
    kept: Block = []
    for stmt in planner.anchors(loop.body) + (planner.anchors(loop.test) if isinstance(loop, core.While) else []):
        block, names, _ = planner.reach(stmt, LAX, loop)
        need |= names
        kept += [*block, stmt]
    own = {loop.var} if isinstance(loop, core.For) else set()
    need -= own
    while True:
        block, before, _ = planner.slicer.block(
            loop.body, need, replace(_ALL, ends=frozenset(need), left=frozenset(need))
        )
        if isinstance(loop, core.While):
            before |= planner.facts.uses(loop).reads
            first, before, _ = planner.slicer.block(loop.test, before, _ALL)
            block = [*first, *block]
        if before - own <= need:
            return need, {_key(stmt) for stmt in core.walk([*kept, *block])}
        need |= before - own


def _key(stmt: Stmt) -> tuple[type, object]:
    """What a statement and its reduced copy in a slice have in common."""
    return type(stmt), stmt.origin


def _feeding(kept: Iterable[Stmt]) -> list[str]:
    found = []
    for stmt in core.walk(list(kept)):
        if isinstance(stmt, core.Site) and stmt.kind != "message":
            found.append(stmt.id)
        elif isinstance(stmt, Leave):
            found.append(stmt.loop.id)
    return found


def _writes(stmt: Stmt, facts: Facts) -> set[str]:
    return set(stmt.outputs) if isinstance(stmt, Leave) else facts.uses(stmt).writes


def _read(facts: Facts, loop: core.For | core.While, name: str, relevant: set[tuple[type, object]]) -> int | None:
    """Return the first line of an iteration that reads a name as the iteration before left it."""
    found: list[Stmt] = []
    bound = isinstance(loop, core.While) and _exposed(loop.test, name, facts, found)
    if isinstance(loop, core.While) and not bound and name in facts.uses(loop).reads:
        return loop.origin.lineno
    if not bound:
        _exposed(loop.body, name, facts, found)
    lines = [stmt.origin.lineno for stmt in found if _key(stmt) in relevant] or [s.origin.lineno for s in found]
    return lines[0] if lines else None


def _exposed(block: Block, name: str, facts: Facts, found: list[Stmt]) -> bool:
    """Collect the statements that may read a name before the block binds it; tell whether it surely does."""
    for stmt in block:
        if name in facts.uses(stmt).reads:
            found.append(stmt)
        inner = core.blocks(stmt)
        if isinstance(stmt, core.If):
            arms = [_exposed(arm, name, facts, found) for arm in inner]
            if all(arms):
                return True
        elif inner:
            for part in inner:
                _exposed(part, name, facts, found)
        elif isinstance(stmt, (core.Return, core.Break, core.Continue)) or name in facts.uses(stmt).kills:
            return True
    return False


def _jumps(planner: Planner, loop: core.For | core.While) -> list[Carry]:
    """Return the jumps out of a loop that a step of it decides."""
    found = []
    for stmt in _leaving(loop.body, own=True):
        owner = planner.owner[stmt][0]
        if isinstance(owner, core.If) and planner.loop_around(owner) is loop:
            kept = planner.reach(owner, _DATA, loop)[0]
        else:
            kept = planner.slicer.block(loop.body, set(), _ALL)[0]
        feeding = _feeding(kept)
        if feeding:
            name = "return" if isinstance(stmt, core.Return) else "break"
            found.append(Carry(name, feeding[-1], stmt.origin.lineno, None))
    return found


def _leaving(block: Block, own: bool) -> list[Stmt]:
    """Return the jumps that leave a loop; a `break` in an inner loop leaves only that one."""
    found: list[Stmt] = []
    for stmt in block:
        if isinstance(stmt, core.Return) or (own and isinstance(stmt, core.Break)):
            found.append(stmt)
        for inner in core.blocks(stmt):
            found += _leaving(inner, own and not isinstance(stmt, (core.For, core.While)))
    return found
