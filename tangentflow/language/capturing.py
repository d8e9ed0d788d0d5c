"""What the names that a pattern captures hold: the subject itself, a part of it, or a new list or dict of parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gast

from tangentflow.language.changes import Keep, element
from tangentflow.language.paths import Paths
from tangentflow.language.patterns import captures, irrefutable, whole
from tangentflow.language.values import ALONE, IMMUTABLE, Env, Value, join, join_envs
from tangentflow.language.verdict import dotted

__all__ = ["Capturing"]

_ATOMS = (bool, bytes, float, int, str)


class Capturing(Paths):
    """Runs `match` statements, as the user wrote them and as the lowering writes them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tuples: dict[str, list[Value]] = {}

    def _stmt_Match(self, node: Any) -> None:
        text = getattr(node, "shown", None) or dotted(node.subject)
        self.context = f"line {self.line} captures it"
        patterns = [case.pattern for case in node.cases]
        keep = Keep.ELEMENTS if any(map(captures, patterns)) else Keep.NOTHING
        subject = self.value(node.subject, Keep.ALL if any(map(whole, patterns)) else keep)
        start: Env | None = dict(self.env)
        ends: list[Env | None] = []
        was_dead = self.dead
        for case in node.cases:
            if start is None:
                break
            self.env, self.dead = dict(start), was_dead
            found = self._captured(case.pattern, self._split(case.pattern, subject), text, True)
            for name, value in found.items():
                self.bind(name, value)
            if getattr(node, "held", None) and found:
                target, names = node.held
                self.tuples[target] = [found[name] for name in names]
            failed = None if irrefutable(case.pattern) else start
            if case.guard is not None:
                self.value(case.guard, Keep.NOTHING)
                failed = join_envs([failed, dict(self.env)])
            self.block(case.body)
            ends.append(None if self.dead else self.env)
            start = failed
        self.resume([*ends, start if not was_dead else None], start or self.env)

    def _split(self, pattern: Any, value: Value) -> Value:
        """What is known of a subject of which several names hold the whole or a part."""
        names = whole(pattern)
        if len(names) > 1:
            return value.shared("alias", f"line {self.line} captures it by several names")
        if set(captures(pattern)) - names and not value.flat and value.levels > 1:
            return replace(value, levels=1)
        return value

    def captured(self, target: Any, value: Any) -> bool:
        """Bind the names of `a, b = captured`, the tuple that a lowered `match` has filled; False if it is something else."""
        if not isinstance(value, gast.Name) or value.id not in self.tuples:
            return False
        for name, held in zip(target.elts, self.tuples[value.id], strict=True):
            self.bind(name.id, held)
        return True

    def _captured(self, pattern: Any, value: Value, text: str, top: bool) -> dict[str, Value]:
        """Return what the names in a pattern hold that a value matches; `top` if it is the subject itself."""
        method = getattr(self, f"_in_{type(pattern).__name__}", None)
        return method(pattern, value, text, top) if method is not None else {}

    def _part(self, pattern: Any, value: Value, text: str) -> dict[str, Value]:
        return self._captured(pattern, element(value, text), text, False)

    def _in_MatchAs(self, pattern: Any, value: Value, text: str, top: bool) -> dict[str, Value]:
        if pattern.pattern is not None and self._is_atom(pattern.pattern):
            value = IMMUTABLE
        found = {} if pattern.pattern is None else self._captured(pattern.pattern, value, text, top)
        if pattern.name:
            found[pattern.name] = value
        return found

    def _in_MatchOr(self, pattern: Any, value: Value, text: str, top: bool) -> dict[str, Value]:
        first, *rest = [self._captured(part, value, text, top) for part in pattern.patterns]
        for other in rest:
            first = {name: join(held, other[name]) for name, held in first.items()}
        return first

    def _in_MatchSequence(self, pattern: Any, value: Value, text: str, top: bool) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for part in pattern.patterns:
            found |= self._captured(part, value, text, False) if _is_star(part) else self._part(part, value, text)
        return found

    def _in_MatchStar(self, pattern: Any, value: Value, text: str, top: bool) -> dict[str, Value]:
        return {pattern.name: _fresh(value, "list")} if pattern.name else {}

    def _in_MatchMapping(self, pattern: Any, value: Value, text: str, top: bool) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for part in pattern.patterns:
            found |= self._part(part, value, text)
        return found | ({pattern.rest: _fresh(value, "dict")} if pattern.rest else {})

    def _in_MatchClass(self, pattern: Any, value: Value, text: str, top: bool) -> dict[str, Value]:
        if self._is_atom(pattern):
            value = IMMUTABLE
        found: dict[str, Value] = {}
        for part in [*pattern.patterns, *pattern.kwd_patterns]:
            found |= self._part(part, replace(value, flat=False), text)
        if len(pattern.patterns) == 1:  # of built-in containers it is the value itself
            itself = self._captured(pattern.patterns[0], value, text, top)
            found |= {name: join(held, found[name]) for name, held in itself.items()}
        return found

    def _is_atom(self, pattern: Any) -> bool:
        """Whether what a pattern matches can only be immutable."""
        if isinstance(pattern, gast.MatchOr):
            return all(map(self._is_atom, pattern.patterns))
        if isinstance(pattern, gast.MatchAs):
            return pattern.pattern is not None and self._is_atom(pattern.pattern)
        if isinstance(pattern, gast.MatchClass):
            return any(self.resolve(pattern.cls) is atom for atom in _ATOMS)
        return isinstance(pattern, gast.MatchSingleton)


def _is_star(pattern: Any) -> bool:
    return isinstance(pattern, gast.MatchStar)


def _fresh(value: Value, kind: str) -> Value:
    """Return what is known of a new container with parts of a value in it."""
    flat = value.immutable or value.flat
    return Value(levels=ALONE if flat else 1, flat=flat, type=kind)
