"""Notes: what is legal in a workflow and does what Python does, but may not be what was meant.

Requires the lowered functions of a graph with their facts, and their flows. Provides a note for each place.
"""

from __future__ import annotations

import builtins
import difflib
from collections.abc import Iterator

import gast

from tangentflow.errors import Note
from tangentflow.graph.nodes import Call, Flow, Loop, Map, Node, Region, Step
from tangentflow.language import core
from tangentflow.language.lowering import Lowered
from tangentflow.language.sets import ordered_uses
from tangentflow.passes.bound import unbound_reads
from tangentflow.passes.facts import Facts, stmt_uses
from tangentflow.source.origin import Origin

__all__ = ["notes_of"]


def notes_of(lowered: Lowered, facts: Facts, flow: Flow) -> list[Note]:
    """Return the notes of one workflow function, sorted by place."""
    writer = _Writer(lowered)
    for node, around in _within(flow.body, ()):
        writer.effects(node, around, {name for lane in flow.parallel for name in lane})
        if isinstance(node, Loop):
            writer.order(node)
    for stmt in core.walk(lowered.body):
        if isinstance(stmt, core.Site):
            writer.dropped(stmt)
    for node in ordered_uses(lowered.source.tree, lambda name: _meaning(name, lowered)):
        writer.sets(node)
    for name, read, stmt in unbound_reads(lowered.body, lowered.params, facts):
        writer.unbound(name, read, stmt)
    for name, read in _unknown(lowered):
        writer.unknown(name, read, [*(lowered.locals & writer.users), *lowered.source.globals, *vars(builtins)])
    return sorted(dict.fromkeys(writer.found), key=lambda note: (*note.position, note.code))


def _within(region: Region, around: tuple[Node, ...]) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    """Yield every node with those that it stands in."""
    for node in region:
        yield node, around
        for inner in node.regions:
            yield from _within(inner, (*around, node))


class _Writer:
    def __init__(self, lowered: Lowered) -> None:
        self.source = lowered.source
        self.users = {n.id for n in gast.walk(lowered.source.tree) if isinstance(n, gast.Name)}
        self.found: list[Note] = []

    def _note(self, origin: Origin, code: str, what: str, why: str, instead: str) -> None:
        place = (origin.filename, origin.lineno, origin.col, origin.end_lineno, origin.end_col)
        self.found.append(Note(code, what, why, instead, *place, self.source.lines[origin.lineno - 1]))

    def effects(self, node: Node, around: tuple[Node, ...], freed: set[str]) -> None:
        """Note an effect of a fan-out, unless `parallel()` says that it is meant."""
        loops = [outer for outer in around if isinstance(outer, (Map, Loop))]
        if not isinstance(node, (Step, Call)) or not node.effect or not loops or not isinstance(loops[-1], Map):
            return
        if (isinstance(node, Step) and node.ordered) or freed & {node.id, *[outer.id for outer in around]}:
            return
        self._note(
            node.origin, "TN101", f"`{node.name}` runs for all items at the same time",
            "no iteration needs anything of another one, so they are independent, and the effects of different items come in any order",
            "nothing, if that is meant; else `for x in sequential(xs)`, or `@step(ordered=True)`",
        )  # fmt: skip

    def sets(self, node: gast.expr) -> None:
        """Note a place where the order of a set shows."""
        self._note(
            Origin.of(node, self.source), "TN102", "this goes through a set in its own order",
            "that order depends on hashes, which differ from one run to the next, so the plain call and the runs may differ",
            f"`sorted({gast.unparse(node)})`, or a list",
        )  # fmt: skip

    def unbound(self, name: str, read: gast.Name, stmt: core.Stmt) -> None:
        """Note a read of a name that not every way there binds."""
        if name not in self.users:
            return
        self._note(
            Origin.of(read, self.source), "TN103", f"`{name}` may be unbound here",
            "not every way to this line assigns it; where it is not, this raises UnboundLocalError, as in Python",
            f"assign `{name}` before",
        )  # fmt: skip

    def unknown(self, name: str, read: gast.Name, known: list[str]) -> None:
        """Note a read of a name that nothing defines."""
        near = difflib.get_close_matches(name, [other for other in known if not other.startswith("_")], 1, 0.7)
        self._note(
            Origin.of(read, self.source), "TN106", f"nothing here is called `{name}`",
            "neither the workflow nor its module defines it, and it is no built-in; where it is read, this raises NameError, as in Python",
            f"did you mean `{near[0]}`?" if near else f"define or import `{name}`",
        )  # fmt: skip

    def dropped(self, site: core.Site) -> None:
        """Note a step whose result nobody reads though it looks as if somebody should."""
        if site.kind not in ("step", "call") or site.used:
            return
        if site.pure:
            self._note(
                site.origin, "TN104", f"the result of `{site.name}` is not used",
                "the step is declared `pure`, so it is run for nothing", "use its result, or leave the call out",
            )  # fmt: skip
        elif site.target in self.users and not str(site.target).startswith("_"):
            self._note(
                site.origin, "TN104", f"`{site.target}` is never read",
                f"so the call of `{site.name}` counts as an effect: it waits for the steps before it, and those after it wait for it",
                f"use `{site.target}`, or drop it: `{site.name}(...)`",
            )  # fmt: skip

    def order(self, loop: Loop) -> None:
        """Note a `for` that runs in order though nobody asked for it."""
        carry = next(iter(loop.carries), None)
        if loop.kind != "for" or carry is None or any(name == "sequential" for name, _, _ in loop.why):
            return
        if carry.name in ("break", "return"):
            what = f"the `{carry.name}` in line {carry.written} depends on `{carry.site}`, and decides whether there is a next iteration"
        else:
            read = f", and line {carry.read} reads it in the next iteration" if carry.read else ""
            what = f"`{carry.name}` comes from `{carry.site}` in line {carry.written}{read}"
        self._note(
            loop.origin.header(self.source), "TN105", "the iterations of this loop run one after the other", what,
            "nothing, if that is meant (`for x in sequential(xs)` says so); else let no step need what an earlier iteration gave",
        )  # fmt: skip


def _unknown(lowered: Lowered) -> Iterator[tuple[str, gast.Name]]:
    """Yield the first read of each name that is neither the function's own nor defined outside of it."""
    known = {*lowered.locals, *lowered.names, *vars(builtins), *lowered.source.closure, *lowered.source.globals}
    known |= {name for each in lowered.imports for name in each.names}
    free = set[str]()
    for stmt in core.walk(lowered.body):
        free |= stmt_uses(stmt).reads
    for node in gast.walk(lowered.source.tree):
        if isinstance(node, gast.Name) and isinstance(node.ctx, gast.Load) and node.id in free - known:
            known.add(node.id)
            yield node.id, node


def _meaning(name: gast.expr, lowered: Lowered) -> object:
    if not isinstance(name, gast.Name) or name.id in lowered.locals:
        return None
    return lowered.names.get(name.id, vars(builtins).get(name.id))
