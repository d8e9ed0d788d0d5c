"""Common parts of merged workflows, by value numbering: what is computed alike from the same sources is computed once.

Requires the statements of a merged workflow, with the places where its parts begin. Each statement is numbered by what it does with the
numbers of what it reads. A later one with the number of an earlier one takes over what that one left:

    x = f(n)                        x = f(n)
    y = f(n)                        y = x

Only pure steps are shared, and compound statements whose calls are all pure. The earlier one stands at the top of the workflow, where
nothing before it can return: so it is surely reached, or an exception has come before both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container
from dataclasses import dataclass, field, fields
from typing import Any

import gast

from tangentflow.decorators import StepFunction
from tangentflow.graph.fingerprint import trace
from tangentflow.language import core
from tangentflow.language.core import Block, Stmt
from tangentflow.language.lowering import assignment
from tangentflow.language.patterns import named
from tangentflow.language.uses import bound_names, uses
from tangentflow.passes.changing import changed_names
from tangentflow.passes.facts import Facts, has_message, sites

__all__ = ["Shared", "share"]


@dataclass(frozen=True)
class Shared:
    """A call that stands once for two: the parts by number, its path in each of them, and where it is written."""

    parts: tuple[int, int]
    paths: tuple[str, str]
    sites: tuple[core.Site, core.Site]


def share(
    body: Block, starts: list[int], local: set[str], outer: Container[str], callees: dict[str, object],
    paths: dict[Stmt, str], pure: Callable[[object], bool],
) -> list[Shared]:  # fmt: skip
    """Share what can be; `body` is changed in place. `starts` are where the parts begin, `paths` what their calls are called in them,
    `outer` the names that mean something outside.
    """
    numbers = _Numbers(local, outer, callees, pure)
    facts = Facts(frozenset(local))
    earlier: dict[str, _Place] = {}
    found: list[Shared] = []
    out: Block = []
    part = -1
    for index, stmt in enumerate(body):
        part += starts[part + 1 :].count(index)
        key, names = numbers.of(stmt)
        numbers.assign(stmt, key, names)
        if key is None or not sites(stmt):
            out.append(stmt)
            continue
        first = earlier.get(key)
        copies = None if first is None else _copies(first, _Place(index, stmt, names, part), body, facts)
        if first is None or copies is None:
            earlier.setdefault(key, _Place(index, stmt, names, part))
            out.append(stmt)
            continue
        out += [core.Glue(stmt.origin, assignment(new, _load(old)), total=True) for old, new in copies]
        local.update(new for _, new in copies)
        pairs = zip(sites(first.stmt), sites(stmt), strict=True)
        found += [Shared((first.part, part), (paths[a], paths[b]), (a, b)) for a, b in pairs]
    body[:] = out
    return found


@dataclass(eq=False)
class _Place:
    """A statement, where it stands, and the variables that it may leave, by their order."""

    index: int
    stmt: Stmt
    names: list[str]
    part: int


def _copies(first: _Place, second: _Place, body: Block, facts: Facts) -> list[tuple[str, str]] | None:
    """Return which variable of the second takes its value from which of the first; None if that cannot be."""
    after = body[second.index + 1 :]
    read = set().union(*[facts.all_uses(stmt).reads for stmt in after]) if after else set()
    written = facts.all_uses(second.stmt).writes
    bound = _bound([second.stmt])
    pairs = [(a, b) for a, b in zip(first.names, second.names, strict=True) if b in written and b in read]
    between = body[first.index + 1 : second.index]
    changed_old, changed_new = changed_names([*between, *after], facts), changed_names(after, facts)
    for old, new in pairs:
        if new in facts.all_uses(second.stmt).deletes:
            return None  # as the name of a caught exception is
        if new not in bound and not _is_bound(new, body[: second.index], facts):
            return None  # it may be unbound
        if old in changed_old or new in changed_new:
            return None  # a change of one would be seen in the other
        if any(old in facts.all_uses(stmt).writes for stmt in between):
            return None  # its name has another value by now
    return pairs


def _is_bound(name: str, before: Block, facts: Facts) -> bool:
    return name in _bound(before) and not any(name in facts.all_uses(stmt).deletes for stmt in before)


def _bound(block: Block) -> set[str]:
    """Return the variables that are surely bound once control has passed a block."""
    found: set[str] = set()
    for stmt in block:
        if isinstance(stmt, core.Glue):
            found |= _kills(stmt)
        elif isinstance(stmt, core.Site):
            found |= stmt.targets
        elif isinstance(stmt, core.If):
            found |= _bound(stmt.body) & _bound(stmt.orelse)
        elif isinstance(stmt, core.While):
            found |= _bound(stmt.test)
    return found


def _kills(stmt: core.Glue) -> set[str]:
    own = uses(stmt.node)
    return own.kills - own.deletes


@dataclass
class _Numbers:
    """The numbers of variables, and of statements."""

    local: set[str]
    outer: Container[str]
    callees: dict[str, object]
    pure: Callable[[object], bool]
    steps: dict[str, str] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    inner: set[str] = field(default_factory=set)
    """Variables of comprehensions, which mean nothing outside."""
    count: int = 0

    def of(self, stmt: Stmt) -> tuple[str | None, list[str]]:
        """Return the number of a statement and the variables that it may leave, in order; None if nothing else can stand for it."""
        names: list[str] = []
        if not self._can_be_shared(stmt):
            return None, names
        value, target = _value_and_target(stmt)
        text = repr(self._form(value, names))
        every = Facts(frozenset(self.local)).all_uses(stmt)
        known = [(name in every.reads, self.known.get(name, "unbound")) for name in names]
        return _digest(text, *[number if read else "" for read, number in known]), names if target is None else [target]

    def assign(self, stmt: Stmt, key: str | None, names: list[str]) -> None:
        """Number what a statement writes."""
        for name in sorted(Facts(frozenset(self.local)).all_uses(stmt).writes):
            if key is None or name not in names:
                self.count += 1
                self.known[name] = f"unique {self.count}"
            else:
                self.known[name] = _digest(key, str(names.index(name)))

    def _can_be_shared(self, stmt: Stmt) -> bool:
        if has_message(stmt) or any(inner.lane for inner in core.walk([stmt])):
            return False
        if any(isinstance(inner, core.Return) for inner in core.walk([stmt])):
            return False
        return all(self._is_pure(site) for site in sites(stmt))

    def _is_pure(self, site: core.Site) -> bool:
        if site.kind == "step":
            return site.pure and site.used and not site.ordered
        return site.kind == "call" and site.used and self.pure(self.callees[site.callee])

    def _form(self, value: Any, names: list[str]) -> Any:
        """Return nested tuples that are equal for what does the same with variables of the same numbers."""
        if isinstance(value, core.Site):
            arguments = [(a.form, self._form(a.value, names)) for a in value.args]
            return ("call", self._code(value.callee), arguments, self._variable(value.target, names), value.stops)
        if isinstance(value, _Call):
            return ("call", self._code(value.callee), [(a.form, self._form(a.value, names)) for a in value.arguments])
        if isinstance(value, (Stmt, core.Handler, gast.AST)):
            every = (
                value._fields
                if isinstance(value, gast.AST)
                else [field.name for field in fields(value) if field.name != "id"]
            )
            mark = repr(
                (getattr(value, "in_place", None), named(value) if isinstance(value, gast.FunctionDef) else None)
            )
            if isinstance(value, (gast.ListComp, gast.SetComp, gast.DictComp, gast.GeneratorExp)):
                targets = set().union(*[bound_names(generator.target) for generator in value.generators])
                self.inner |= {name for name in targets if name not in self.outer}
            return (
                type(value).__name__,
                mark,
                [self._part(value, name, names) for name in every if name not in _UNSAID],
            )
        if isinstance(value, (list, tuple)):
            return [self._form(item, names) for item in value]
        return (type(value).__name__, repr(value))

    def _part(self, owner: Any, name: str, names: list[str]) -> Any:
        value = getattr(owner, name, None)
        return self._variable(value, names) if name in _BINDING.get(type(owner), ()) else self._form(value, names)

    def _variable(self, name: str | None, names: list[str]) -> Any:
        if name is None or (name not in self.local and name not in self.inner):
            return name
        if name not in names:
            names.append(name)
        return ("variable", names.index(name))

    def _code(self, key: str) -> str:
        callee = self.callees[key]
        if key not in self.steps:
            self.steps[key] = _code_of(callee) if isinstance(callee, StepFunction) else f"workflow {id(callee)}"
        return self.steps[key]


@dataclass(frozen=True)
class _Call:
    """A call without the variable that its value goes to."""

    callee: str
    arguments: tuple[core.Argument, ...]


def _value_and_target(stmt: Stmt) -> tuple[Any, str | None]:
    """Return what a simple statement computes, and the one variable that it binds; of another one all of it, and None."""
    if isinstance(stmt, core.Site) and stmt.target is not None and not stmt.stops:
        return _Call(stmt.callee, tuple(stmt.args)), stmt.target
    if isinstance(stmt, core.Glue) and isinstance(stmt.node, gast.Assign) and not stmt.stops:
        own = uses(stmt.node)
        if len(stmt.node.targets) == 1 and isinstance(stmt.node.targets[0], gast.Name) and len(own.writes) == 1:
            return stmt.node.value, stmt.node.targets[0].id
    return stmt, None


_UNSAID = frozenset({"origin", "lane", "operands", "count", "ctx", "annotation", "type_comment"})
_BINDING: dict[type, tuple[str, ...]] = {
    core.For: ("var", "items"), core.Handler: ("name",), gast.Name: ("id",), gast.MatchAs: ("name",),
    gast.MatchStar: ("name",), gast.MatchMapping: ("rest",), gast.FunctionDef: ("name",),
}  # fmt: skip
"""Fields that hold the name of a variable."""
_MEANINGLESS = frozenset({"name", "labels", "annotations"})
"""Options of a step that change nothing but how it is shown."""


def _code_of(step: StepFunction[..., Any]) -> str:
    """Return what is equal for steps of which one can stand for the other: same code, same options."""
    seen = trace(step)
    options = sorted((name, repr(step.option(name))) for name in step.options_given if name not in _MEANINGLESS)
    if seen.unseen:
        return f"step {id(step)}"
    return f"{seen.fingerprint} {options}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _load(name: str) -> gast.Name:
    return gast.Name(id=name, ctx=gast.Load(), annotation=None, type_comment=None)
