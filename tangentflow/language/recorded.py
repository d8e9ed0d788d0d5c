"""Calls that change operands in place: those that stay glue, and those that are recorded and leave new values of their operands.

An unknown call may change whatever the workflow made itself and one name alone holds: it binds that name anew. Of everything else a
change is refused, here where it is certain, else when the call is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gast

from tangentflow.language import core, known, known_results, remedies
from tangentflow.language.changes import Keep, element, path, spread
from tangentflow.language.helpers import leaves_operands
from tangentflow.language.in_place import InPlace
from tangentflow.language.uses import changed_operands, uses
from tangentflow.language.values import ALONE, IMMUTABLE, Value
from tangentflow.language.verbatim import Statements
from tangentflow.language.verdict import MISSING, dotted
from tangentflow.runtime.operands import Operands

__all__ = ["RecordedCalls"]


@dataclass
class _Seen:
    """What is known of a recorded call: where it stands, what it may change, pairs of names that may have parts in common after it."""

    place: int
    changes: set[str]
    pairs: set[tuple[str, str]]
    repeated: bool


class RecordedCalls(Statements):
    """Evaluates calls that are known to change operands, and calls that are recorded."""

    # --- glue

    def _marked(self, node: Any, mark: InPlace, keep: Keep) -> Value:
        """A call that stays glue and changes an operand in place."""
        obj = self.resolve(node.func)
        full = "" if obj is MISSING else known.qualified_name(obj)
        if full in known_results.MUTATES_FIRST:
            return self._changes_first(node, full)
        values = [*node.args, *[k.value for k in node.keywords]]
        changed = changed_operands(node)
        if mark.draws:
            return self._drawn(node, keep, values, changed)
        self._all([value for value in values if value not in changed], Keep.ALL)
        judged = self.helpers.judge(mark.helper)
        for operand in changed:
            self._own(node, operand, path(operand)[1] + judged.depth - 1)
            self._after(operand)
        return (
            judged.result
            if judged.result.immutable or judged.result.levels == ALONE
            else self._unknown_call(node, keep)
        )

    def _drawn(self, node: Any, keep: Keep, values: list[Any], changed: list[Any]) -> Value:
        """A method of `random.Random`."""
        method = node.func.attr
        for operand in changed:
            remedy = (
                "copy it first: `copy.deepcopy(…)`" if operand is node.func.value else remedies.call_of_list(operand)
            )
            self.mutate(node, operand, dotted(node.func), remedy, levels=ALONE)
        if not values or method not in ("choice", "choices", "sample"):
            self._all([value for value in values if value not in changed], Keep.NOTHING)
            return IMMUTABLE
        self._all(values[1:], Keep.NOTHING)
        first = self.value(values[0], Keep.NOTHING if keep is Keep.NOTHING else Keep.ELEMENTS)
        if method == "choice":
            return element(first, dotted(values[0]))
        return Value(levels=spread(first), flat=first.flat or first.immutable, type="list")

    def _own(self, node: Any, operand: Any, depth: int) -> None:
        """Refuse a change so deep inside an operand of what something else may hold."""
        root, _ = path(operand)
        value = self.value(operand, Keep.NOTHING) if root not in self.env else self.env[str(root)]
        text, remedy = dotted(node.func), f"copy it first: `{root} = copy.deepcopy({root})`"
        if root in self.env and value.stale and not value.captures:
            self.report(node, "TF208", str(root), value, "")
        if value.iterated and not value.immutable:
            self.report(node, "TF204", str(root), value, remedies.iterated(str(root)))
        elif value.reach < depth:
            code, value = self.offence(value, text, root or "")
            self.report(
                node, code, root or text, value, remedy if root else "give the value a name of its own, as a copy"
            )

    def _after(self, operand: Any) -> None:
        """Note that a helper changed an operand: it may hold parts of anything now, which only calls like this one must not mind."""
        root, _ = path(operand)
        if root in self.env and not self.env[str(root)].immutable:
            self.changed(str(root), f"line {self.line} changes `{root}`")
            now = self.env[str(root)]
            verified = max(now.levels, now.verified)
            self.env[str(root)] = replace(now, levels=min(now.levels, 1), verified=verified, flat=False)

    # --- recorded calls

    def _recorded(self, stmt: core.Site, expr: Any) -> Value:
        """The result of a call that is recorded: a value of its own, which may share parts with what it was made of."""
        call = expr if isinstance(expr, gast.Call) else gast.Call(func=expr, args=[], keywords=[])
        obj = self.resolve(call.func)
        full = "" if obj is MISSING else known.qualified_name(obj)
        mark: InPlace | None = getattr(expr, "in_place", None)
        if mark is not None and stmt.target is None and not mark.draws:
            shuffles = "shuffle" in full
            instead = (
                "use `random.sample(xs, len(xs))`, which gives a new list"
                if shuffles
                else "use its result, or make it a @step"
            )
            self.report(expr, "TF210", dotted(call.func), Value(why="what it does is not in its result"), instead)
        self._operands(expr)
        if stmt.kind == "message":
            return IMMUTABLE
        read = uses(call).reads & self.env.keys()
        read |= {name for function in read for name in self.env[function].captures & self.env.keys()}
        names = {name for name in read if not self.env[name].immutable}
        held = tuple((name, self.env[name].reach) for name in sorted(names) if self.env[name].reach < ALONE)
        trusted = mark is None and obj is not MISSING and leaves_operands(obj, self.helpers)
        changes = self._certain(call, mark, full) if mark else set() if trusted else self._possible(call)
        spent = {name for name in names if not trusted and self._spent(name)}
        witnesses = self._witnesses(changes | spent, names)
        changes -= spent
        related = self._relate(call, mark, changes, names)
        pairs = {(a, b) for a in names for b in names if a < b} if changes and related == names else set()
        immutable = self._gives_immutable(call, mark, full)
        if stmt.target is not None and not immutable:
            pairs |= {(name, stmt.target) for name in related - {stmt.target}}
        stmt.operands = Operands(
            tuple(sorted(changes)), spent=tuple(sorted(spent)), witnesses=witnesses, held=held
        )  # fmt: skip
        if stmt.reads and stmt.target is not None:
            self.read_from[stmt.target] = names
        self.seen[stmt] = _Seen(self.here, changes, pairs, bool(self.loop))
        if immutable:
            return IMMUTABLE
        made = isinstance(obj, type)
        related = related - {stmt.target}
        return Value(levels=ALONE, foreign=not made, related=frozenset(related), sources=frozenset([stmt]))

    def _operands(self, expr: Any) -> None:
        for child in gast.iter_child_nodes(expr):
            if isinstance(child, gast.expr):
                self.value(child.value if isinstance(child, gast.Starred) else child, Keep.NOTHING)
            elif isinstance(child, gast.keyword):
                self.value(child.value, Keep.NOTHING)

    def _certain(self, call: Any, mark: InPlace, full: str) -> set[str]:
        """Return the roots of the operands that a call is known to change; refuse those that something else holds."""
        changes = set()
        for operand in changed_operands(call):
            root, _ = path(operand)
            if full in known_results.MUTATES_FIRST:
                self._changes_first(call, full)
            else:
                self._own(call, operand, 1)
            if root in self.env and not self.env[root].immutable:
                changes.add(root)
                self.changed(root, f"line {self.line} changes `{root}`", related=False)
        return changes

    def _possible(self, call: Any) -> set[str]:
        """Return the names whose values an unknown call may change: made here, and held by nothing else."""
        captured = {name for value in self.env.values() for name in value.captures}
        given = self._given(call.func.value if isinstance(call.func, gast.Attribute) else call.func)
        for value in [*call.args, *[k.value for k in call.keywords]]:
            given |= self._given(value)
        return {name for name in given - captured if _made_here(self.env[name])}

    def _spent(self, name: str) -> bool:
        """Whether a call is the last one to read a value that the workflow holds alone."""
        value = self.env[name]
        return value.reach > 0 and not value.iterated and self._last(name, value)

    def _given(self, node: Any) -> set[str]:
        """Return the names of whose values a callee gets hold of a part that can be changed."""
        if isinstance(node, (gast.Name, gast.Attribute, gast.Subscript)):
            root, _ = path(node)
            immutable = root not in self.env or self.value(node, Keep.NOTHING).immutable
            return set() if immutable else {str(root)}
        if isinstance(node, (gast.List, gast.Tuple, gast.Dict, gast.Starred, gast.IfExp, gast.BoolOp, gast.NamedExpr)):
            return set().union(
                *[self._given(part) for part in gast.iter_child_nodes(node) if isinstance(part, gast.expr)]
            )
        value = self.value(node, Keep.NOTHING)
        if value.immutable or value.levels >= ALONE:
            return set()
        return {name for name in uses(node).reads & self.env.keys() if not self.env[name].immutable}

    def _gives_immutable(self, call: Any, mark: InPlace | None, full: str) -> bool:
        helper = mark.helper if mark else getattr(call, "method", None)
        promised = helper is not None and self.helpers.judge(helper).result.immutable
        return promised or any(key in known_results.IMMUTABLE_RESULTS for key in known.candidates(full))

    def _relate(self, call: Any, mark: InPlace | None, changes: set[str], names: set[str]) -> set[str]:
        """Note what may hold parts of what after a call; return the names that its result may have a part of."""
        if known.qualified_name(self.resolve(call.func)) in known.SEEDED:
            return set()
        draws = isinstance(call.func, gast.Attribute) and call.func.attr in known_results.DRAWS
        if draws or (mark and mark.draws):
            return names - {path(call.func.value)[0]}
        for name in names if changes and len(names) > 1 else ():  # one may have been put into the other
            self.mentioned |= names
            self.env[name] = replace(self.env[name], related=self.env[name].related | (names - {name}))
        for name in changes:
            self.env[name] = replace(self.env[name], flat=False)
        return names

    def _witnesses(self, changes: set[str], names: set[str]) -> tuple[str, ...]:
        """Return the names that are read later and may have parts in common with what a call changes."""
        related = {other for name in changes for other in self.env[name].related}
        related |= {other for other, value in self.env.items() if value.related & changes}
        found = {name for name in related - names if name in self.env and not self.env[name].immutable}
        return tuple(sorted(name for name in found if self.loop or max(self.reads.at.get(name, [0])) > self.here))

    def compare_calls(self) -> None:
        """Tell each recorded call what it must keep together in its outcome, and what it must not let have parts in common.

        That concerns pairs of values that it may have made share a part, one of which another call, or its own next one, may change.
        """
        for stmt, seen in self.seen.items():
            along, apart = set(), set()
            for one, other in seen.pairs:
                changing = [
                    s for s in self.seen.values() if s.changes & {one, other} and (s is not seen or seen.repeated)
                ]
                if changing:
                    along |= {one, other} - {stmt.target}
                    since = min((self.elsewhere[n] for n in (one, other) if n in self.elsewhere), default=None)
                    apart |= {one} if since is not None and any(s.place > since for s in changing) else set()
            stmt.operands = replace(
                stmt.operands, along=tuple(sorted(along - seen.changes)), apart=tuple(sorted(apart)), fresh=stmt in self.changed_results
            )  # fmt: skip


def _made_here(value: Value) -> bool:
    return value.reach > 0 and not (value.immutable or value.foreign or value.iterated or value.stale)
