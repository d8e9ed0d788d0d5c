"""Which local names a piece of user code reads and writes.

Scopes of comprehensions, lambdas and inner functions are respected: only names of the workflow function itself count. A
mutation (`xs.append(e)`, `d[k] = v`) reads and writes its root name without replacing its value, so it kills nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import gast

from tangentflow.language.patterns import captures, irrefutable, named

__all__ = [
    "MUTATORS",
    "Operand",
    "Uses",
    "all_names",
    "bound_names",
    "captured_names",
    "changed_operands",
    "root_name",
    "unbound_in",
    "uses",
]

Operand = int | str
"""An operand of a call: "self" is the receiver of a method, numbers count arguments, keywords last."""

MUTATORS = frozenset(
    [
        "add",
        "append",
        "appendleft",
        "clear",
        "difference_update",
        "discard",
        "extend",
        "extendleft",
        "insert",
        "intersection_update",
        "pop",
        "popitem",
        "popleft",
        "remove",
        "reverse",
        "rotate",
        "setdefault",
        "sort",
        "symmetric_difference_update",
        "update",
    ]
)
"""Methods of the built-in containers that change their receiver."""


@dataclass
class Uses:
    """Names read, written, those whose old value is surely gone, those deleted, changed in place, and bound (so local)."""

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    kills: set[str] = field(default_factory=set)
    deletes: set[str] = field(default_factory=set)
    mutates: set[str] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)


def root_name(node: gast.AST) -> str | None:
    """Return the name at the root of `a`, `a.b`, `a[i].c`; None if it is something else."""
    while isinstance(node, (gast.Attribute, gast.Subscript, gast.Starred)):
        node = node.value
    return node.id if isinstance(node, gast.Name) else None


def changed_operands(node: Any) -> list[Any]:
    """Return the operands that a call marked by `in_place` changes."""
    mark = getattr(node, "in_place", None)
    values = [*node.args, *[k.value for k in node.keywords]]
    return [node.func.value if o == "self" else values[o] for o in (mark.operands if mark else ())]


def bound_names(target: gast.AST) -> set[str]:
    """Return the names that an assignment target binds."""
    return {n.id for n in gast.walk(target) if isinstance(n, gast.Name) and isinstance(n.ctx, (gast.Store, gast.Param))}


def all_names(tree: gast.AST) -> set[str]:
    """Return every name that occurs in a tree, those that are no `Name` nodes included."""
    names = {node.id if isinstance(node, gast.Name) else named(node) for node in gast.walk(tree)}
    return {name for name in names if name is not None}


class _Visitor(gast.NodeVisitor):  # type: ignore[misc]
    def __init__(self) -> None:
        self.uses = Uses()
        self.hidden: list[set[str]] = []
        self.captured: list[set[str]] = []
        self.sure = True

    def read(self, name: str) -> None:
        if not any(name in scope for scope in [*self.hidden, *self.captured]):
            self.uses.reads.add(name)

    def write(self, name: str) -> None:
        self.uses.writes.add(name)
        self.uses.binds.add(name)
        if self.sure:
            self.uses.kills.add(name)

    def mutate(self, node: gast.AST) -> None:
        name = root_name(node)
        if name is not None and not any(name in scope for scope in self.hidden):
            self.uses.writes.add(name)
            self.uses.mutates.add(name)

    def visit_Name(self, node: gast.Name) -> None:
        if isinstance(node.ctx, gast.Load):
            self.read(node.id)
        elif isinstance(node.ctx, gast.Del):
            self.read(node.id)
            self.write(node.id)
            self.uses.deletes.add(node.id)
        else:
            self.write(node.id)

    def visit_Attribute(self, node: gast.Attribute) -> None:
        if not isinstance(node.ctx, gast.Load):
            self.mutate(node)
        self.visit(node.value)

    def visit_Subscript(self, node: gast.Subscript) -> None:
        if not isinstance(node.ctx, gast.Load) or getattr(node, "adds", False):
            self.mutate(node)
        self.visit(node.value)
        self.visit(node.slice)

    def visit_Call(self, node: gast.Call) -> None:
        if isinstance(node.func, gast.Attribute) and node.func.attr in MUTATORS:
            self.mutate(node.func)
        for operand in changed_operands(node):
            self.mutate(operand)
        self.generic_visit(node)

    def visit_Assign(self, node: gast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_AugAssign(self, node: gast.AugAssign) -> None:
        if isinstance(node.target, gast.Name):
            self.read(node.target.id)
        self.visit(node.value)
        self.visit(node.target)

    def visit_AnnAssign(self, node: gast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def visit_NamedExpr(self, node: gast.NamedExpr) -> None:
        self.visit(node.value)
        was, self.sure = self.sure, False  # it may stand behind a short circuit
        self.write(node.target.id)
        self.sure = was

    def _comprehension(self, node: gast.AST, parts: Iterable[gast.AST]) -> None:
        first = node.generators[0]
        self.visit(first.iter)
        scope: set[str] = set()
        for generator in node.generators:
            scope |= bound_names(generator.target)
        self.hidden.append(scope)
        for generator in node.generators:
            if generator is not first:
                self.visit(generator.iter)
            for condition in generator.ifs:
                self.visit(condition)
        for part in parts:
            self.visit(part)
        self.hidden.pop()

    def visit_ListComp(self, node: gast.ListComp) -> None:
        self._comprehension(node, [node.elt])

    visit_SetComp = visit_ListComp
    visit_GeneratorExp = visit_ListComp

    def visit_DictComp(self, node: gast.DictComp) -> None:
        self._comprehension(node, [node.key, node.value])

    def _function(self, node: gast.AST, body: list[gast.AST]) -> None:
        for default in [*node.args.defaults, *[d for d in node.args.kw_defaults if d is not None]]:
            self.visit(default)
        self.function_body(node, body)

    def function_body(self, node: gast.AST, body: list[gast.AST]) -> None:
        """Read what an inner function reads from around it when it is called."""
        inner = _Visitor()
        for statement in body:
            inner.visit(statement)
        local = inner.uses.binds | bound_names(node.args)
        for name in inner.uses.reads - local:
            self.read(name)

    def visit_Lambda(self, node: gast.Lambda) -> None:
        self._function(node, [node.body])

    def visit_FunctionDef(self, node: gast.FunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        self._function(node, node.body)
        self.write(node.name)

    def visit_Match(self, node: gast.Match) -> None:
        """A name is gone only if every case binds it anew; what a case captures, its guard and body do not read from before."""
        self.visit(node.subject)
        before, ends = self.uses.kills, []
        for case in node.cases:
            self.uses.kills = set()
            self.visit(case.pattern)
            bound = set(captures(case.pattern))
            self.captured.append(bound)
            for part in [case.guard, *case.body]:
                if part is not None:
                    self.visit(part)
            self.captured.pop()
            ends.append(self.uses.kills)
        last = node.cases[-1]
        exhaustive = last.guard is None and irrefutable(last.pattern)
        self.uses.kills = before | (set.intersection(*ends) if exhaustive else set())

    def _pattern(self, node: gast.AST) -> None:
        self.generic_visit(node)
        name = named(node)
        if name is not None:
            self.write(name)

    visit_MatchAs = visit_MatchStar = visit_MatchMapping = visit_alias = _pattern

    def _maybe(self, node: gast.AST) -> None:
        was, self.sure = self.sure, False
        self.generic_visit(node)
        self.sure = was

    visit_If = _maybe
    visit_For = _maybe
    visit_While = _maybe
    visit_Try = _maybe


def captured_names(node: gast.AST) -> set[str]:
    """Return the names that a lambda or inner function reads from around it when it is called (its defaults are read before)."""
    visitor = _Visitor()
    visitor.function_body(node, node.body if isinstance(node.body, list) else [node.body])
    return visitor.uses.reads


def uses(*nodes: gast.AST | None) -> Uses:
    """Return what these nodes, run one after the other, read and write."""
    visitor = _Visitor()
    for node in nodes:
        if node is not None:
            visitor.visit(node)
    return visitor.uses


def unbound_in(node: gast.AST) -> set[str]:
    """Return the names that something in a statement unbinds: `del x`, and the variable of a handler at its end."""
    found: set[str] = set()
    for part in gast.walk(node):
        if isinstance(part, gast.Name) and isinstance(part.ctx, gast.Del):
            found.add(part.id)
        elif isinstance(part, gast.ExceptHandler) and part.name is not None:
            found.add(getattr(part.name, "id", part.name))
    return found
