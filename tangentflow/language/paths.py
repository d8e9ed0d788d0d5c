"""Branches and loops: environments are joined where paths meet, and loops run to a fixed point."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import gast

from tangentflow.language.aliasing import Aliasing
from tangentflow.language.changes import Report
from tangentflow.language.helpers import Helpers
from tangentflow.language.values import Env, Reads, Value, join_envs

__all__ = ["Paths"]


class Paths(Aliasing):
    """The environment along the paths of a function; `dead` where no path leads."""

    def __init__(
        self,
        resolve: Callable[[gast.expr], object],
        helpers: Helpers,
        report: Report,
        reads: Reads,
        *,
        callees: Mapping[str, object] | None = None,
        nested: bool = False,
    ) -> None:
        super().__init__(resolve, helpers, self._report, reads)
        self.tell = report
        self.nested = nested
        self.callees = callees or {}
        self.quiet = 0
        self.dead = False
        self.exits: list[list[Env]] = []
        self.heads: list[list[Env]] = []
        self.trail: list[list[Env]] = []
        self.leaving: list[list[Env]] = []
        self.sources: dict[str, set[str]] = {}
        self.read_from: dict[str, set[str]] = {}
        self.returned: list[Value] = []
        self.origin: Any = None
        self.seen: dict[Any, Any] = {}

    def _report(self, node: gast.AST, code: str, name: str, value: Value, instead: str) -> None:
        if not self.quiet and not self.dead:
            self.tell(_located(node, self.origin), code, name, value, instead)

    def block(self, stmts: Iterable[Any]) -> None:
        """Run statements one after the other."""
        raise NotImplementedError

    def branches(self, blocks: Iterable[Iterable[Any]]) -> None:
        """Run exactly one of several blocks."""
        before, ends = dict(self.env), []
        was_dead = self.dead
        for block in blocks:
            self.env, self.dead = dict(before), was_dead
            self.block(block)
            ends.append(None if self.dead else self.env)
        self.resume(ends, before)

    def resume(self, ends: Iterable[Env | None], fallback: Env) -> None:
        """Go on where one of several paths has ended."""
        joined = join_envs(ends)
        self.dead = joined is None
        self.env = joined if joined is not None else fallback

    def loosely(self, blocks: Sequence[Iterable[Any]]) -> None:
        """Run blocks each of which may start after any part of an earlier one."""
        ends: list[Env | None] = [dict(self.env)]
        self.trail.append([dict(self.env)])
        for block in blocks:
            before = join_envs(self.trail[-1]) or dict(self.env)
            self.env, self.dead = before, False
            self.block(block)
            ends.append(None if self.dead else dict(self.env))
        self.trail.pop()
        self.resume(ends, dict(self.env))

    def iterate(
        self,
        loop: int,
        head: Callable[[], None],
        body: Iterable[Any],
        orelse: Iterable[Any],
        sources: set[str],
        *,
        tested: Any = None,
    ) -> None:
        """Run a loop to its fixed point, then once more to report. `tested` is the condition of a `while`."""
        outer, self.loop = self.loop, loop
        for name in sources & self.env.keys():
            self.env[name] = replace(self.env[name], iterated=self.env[name].iterated | {loop})
        entry, was_dead = dict(self.env), self.dead
        self.quiet += 1
        while True:
            end, _, _ = self._once(dict(entry), head, body)
            joined = join_envs([entry, end]) or entry
            if _same(joined, entry):
                break
            entry = joined
        self.quiet -= 1
        _, after_head, exits = self._once(dict(entry), head, body)
        self.loop = outer
        endless = isinstance(tested, gast.Constant) and bool(tested.value)
        left = entry if tested is None else after_head
        for env in (left, *exits):
            _leave(env, loop)
        self.env, self.dead = left, was_dead or endless
        self.block(orelse)
        self.resume([None if self.dead else self.env, *exits], left)

    def _once(self, start: Env, head: Callable[[], None], body: Iterable[Any]) -> tuple[Env | None, Env, list[Env]]:
        """Run one iteration; return the environments at its end, after its head, and at its breaks."""
        was_dead = self.dead
        self.env = start
        self.exits.append([])
        self.heads.append([])
        head()
        after_head = dict(self.env)
        self.block(body)
        exits, heads = self.exits.pop(), self.heads.pop()
        end = join_envs([None if self.dead else self.env, *heads])
        self.dead = was_dead
        return end, after_head, exits


def _leave(env: Env, loop: int) -> None:
    """Note that a loop is over."""
    for name, value in env.items():
        if loop in value.iterated:
            env[name] = replace(value, iterated=value.iterated - {loop})


def _same(a: Env, b: Env) -> bool:
    """Whether two environments allow the same."""

    def key(value: Value) -> tuple[Any, ...]:
        return (value.immutable, value.levels, value.flat, value.type, value.sure, value.loop, value.captures, value.related,
                bool(value.stale), value.aliased, value.foreign, value.verified, value.sources,
            value.iterated, value.fields, value.parts)  # fmt: skip

    return a.keys() == b.keys() and all(key(a[name]) == key(b[name]) for name in a)


def _located(node: Any, origin: Any) -> Any:
    """Return the node, or a part of it, that has a place in the source."""
    for part in gast.walk(node):
        if getattr(part, "lineno", None) is not None and getattr(part, "end_lineno", None) is not None:
            return part
    if origin is not None:
        node.lineno, node.end_lineno = origin.lineno, origin.end_lineno
        node.col_offset, node.end_col_offset = origin.col - 1, origin.end_col - 1
    return node
