"""Syntax trees as text in which formatting, docstrings, annotations and the names of inner variables do not show.

A tree becomes a list of parts: plain text, and `Local` for each occurrence of a variable of the function that the tree is of. What a name
from outside the function means is asked for.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tangentflow.language.uses import MUTATORS

__all__ = ["Form", "Local", "Part", "bound_in", "form", "keywords", "meaningless", "root"]


@dataclass(frozen=True)
class Local:
    """An occurrence of a variable."""

    name: str


Part = str | Local


@dataclass
class Form:
    """The normal form of a tree: its parts, and which variables it reads, and binds or may change in place."""

    parts: list[Part] = field(default_factory=list)
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)


Outer = Callable[[ast.expr], str | None]
"""Gives the text for a name from outside or for a dotted name that starts with one; None for a dotted name to be spelled out."""

_SKIPPED = frozenset(
    {"ctx", "kind", "type_comment", "type_ignores", "returns", "annotation", "type_params", "decorator_list"}
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def form(
    nodes: ast.AST | Sequence[ast.AST], local: Iterable[str], outer: Outer, kept: frozenset[str] = frozenset(),
    named: Container[str] | None = frozenset(),
) -> Form:  # fmt: skip
    """Return the normal form of a tree whose own variables are `local`.

    Those in `kept` keep their names, and so do parameters of inner functions that are in `named` (None: all): calls may use them as keywords.
    """
    own = frozenset(local)
    writer = _Writer(own - kept, outer, kept & own, named)
    writer.value(nodes if isinstance(nodes, ast.AST) else list(nodes))
    return writer.form


def root(node: ast.expr) -> str | None:
    """Return the name that a dotted name starts with; None if the expression is something else."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def keywords(tree: ast.AST) -> set[str] | None:
    """Return the names of all keyword arguments in a tree; None if there may be others (`**`)."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg is None:
                    return None
                found.add(keyword.arg)
    return found


def meaningless(stmt: ast.AST) -> bool:
    """Whether a statement does nothing: `pass`, docstrings, bare annotations."""
    if isinstance(stmt, ast.AnnAssign):
        return stmt.value is None
    return isinstance(stmt, ast.Pass) or (isinstance(stmt, ast.Expr) and isinstance(stmt.value, ast.Constant))


def bound_in(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names that statements bind in their own scope, without those declared global or nonlocal."""
    names: set[str] = set()
    outside: set[str] = set()
    todo = list(nodes)
    while todo:
        node = todo.pop()
        names |= set(_binds(node))
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            outside |= set(node.names)
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            todo += [*getattr(node, "decorator_list", []), *_evaluated_outside(node)]
        elif isinstance(node, _COMPREHENSIONS):
            todo += [n for n in ast.walk(node) if isinstance(n, ast.NamedExpr)]
            todo.append(node.generators[0].iter)
        else:
            todo += list(ast.iter_child_nodes(node))
    return names - outside


def _binds(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, _NAMED) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
    elif isinstance(node, ast.alias) and node.name != "*":
        yield node.asname or node.name.partition(".")[0]


def _evaluated_outside(node: ast.AST) -> list[ast.AST]:
    """Return what of an inner function or class is evaluated where it is defined."""
    if isinstance(node, ast.ClassDef):
        return [*node.bases, *node.keywords]
    assert isinstance(node, _FUNCTIONS)
    return [*node.args.defaults, *[d for d in node.args.kw_defaults if d is not None]]


@dataclass
class _Scope:
    """A scope inside the function: names and the texts they are written as. Those of a class are attributes, seen only in itself."""

    names: dict[str, str]
    is_class: bool = False


class _Writer:
    def __init__(self, local: frozenset[str], outer: Outer, kept: frozenset[str], named: Container[str] | None) -> None:
        self.form = Form()
        self.local = local
        self.outer = outer
        self.kept = kept
        self.named = named
        self.scopes: list[_Scope] = []
        self.count = 0

    # --- names

    def name(self, name: str, ctx: ast.expr_context | None = None) -> None:
        for depth, scope in enumerate(reversed(self.scopes)):
            if name in scope.names and (depth == 0 or not scope.is_class):
                self.form.parts.append(scope.names[name])
                return
        if name in self.local or name in self.kept:
            self.form.parts.append(Local(name) if name in self.local else f"name {name}")
            if not isinstance(ctx, ast.Store):
                self.form.reads.add(name)
            if not isinstance(ctx, ast.Load):
                self.form.writes.add(name)
            return
        self.form.parts.append(self.outer(ast.Name(id=name, ctx=ast.Load())) or f"name {name}")

    def is_outer(self, name: str | None) -> bool:
        hidden = any(name in scope.names for scope in self.scopes)
        return name is not None and not hidden and name not in self.local and name not in self.kept

    def fresh(self, names: Iterable[str]) -> dict[str, str]:
        """Number the names of a scope in the order given."""
        found = {}
        for name in names:
            self.count += 1
            found[name] = f"name {name}" if name in self.kept else f"inner{self.count}"
        return found

    # --- trees

    def value(self, value: object) -> None:
        if isinstance(value, ast.AST):
            self.node(value)
        elif isinstance(value, (list, tuple)):
            self.form.parts.append("[")
            for item in value:
                if not (isinstance(item, ast.AST) and meaningless(item)):
                    self.value(item)
                    self.form.parts.append(",")
            self.form.parts.append("]")
        else:
            self.form.parts.append(f"{type(value).__name__} {value!r}")

    def fields(self, node: ast.AST, skip: Iterable[str] = ()) -> None:
        """Write the fields of a node; those that are missing, None or empty are the same."""
        self.form.parts.append(f"{type(node).__name__}(")
        for name in node._fields:
            value = getattr(node, name, None)
            if name in _SKIPPED or name in skip or value is None or value == []:
                continue
            self.form.parts.append(f"{name}=")
            self.value(value)
            self.form.parts.append(";")
        self.form.parts.append(")")

    def node(self, node: ast.AST) -> None:
        special = getattr(self, f"visit_{type(node).__name__}", None)
        if special is not None:
            special(node)
        elif isinstance(node, _COMPREHENSIONS):
            self.comprehension(node)
        else:
            self.fields(node)

    def visit_Name(self, node: ast.Name) -> None:
        self.name(node.id, node.ctx)

    def changes(self, node: ast.expr) -> None:
        """Note that what an expression starts with may be changed in place."""
        while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
            node = node.value
        if isinstance(node, ast.Name) and not self.is_outer(node.id):
            self.form.writes.add(node.id)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.changes(node)
        self.fields(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
            self.changes(node.func)
        self.fields(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.form.reads.add(node.target.id)
        self.fields(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.changes(node)
        text = self.outer(node) if self.is_outer(root(node)) else None
        if text is None:
            self.fields(node)
        else:
            self.form.parts.append(text)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.node(ast.Assign(targets=[node.target], value=node.value or ast.Constant(value=None)))

    def visit_Constant(self, node: ast.Constant) -> None:
        self.form.parts.append(f"{type(node.value).__name__} {node.value!r}")

    def visit_alias(self, node: ast.alias) -> None:
        self.form.parts.append(f"{'as ' if node.asname else ''}{node.name} ")
        for name in _binds(node):
            self.name(name)

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        pass  # how the names are written says it

    visit_Nonlocal = visit_Global

    def _named(self, node: ast.AST) -> None:
        """Write a node that binds a name that is no node."""
        self.fields(node, skip=("name", "rest"))
        for name in _binds(node):
            self.name(name)

    visit_ExceptHandler = visit_MatchAs = visit_MatchStar = visit_MatchMapping = _named

    def comprehension(self, node: ast.AST) -> None:
        generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
        self.form.parts.append(f"{type(node).__name__}(")
        self.value(generators[0].iter)
        scope = [n for g in generators for n in sorted(bound_in([g.target]), key=_order(g.target))]
        self.scopes.append(_Scope(self.fresh(dict.fromkeys(scope))))
        for number, generator in enumerate(generators):
            self.form.parts.append(" async for " if generator.is_async else " for ")
            self.value(generator.target)
            if number:
                self.value(generator.iter)
            self.value(generator.ifs)
        for name in ("key", "elt", "value"):
            if hasattr(node, name):
                self.form.parts.append(":")
                self.value(getattr(node, name))
        self.scopes.pop()
        self.form.parts.append(")")

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        self.form.parts.append(f"{type(node).__name__}(")
        if not isinstance(node, ast.Lambda):
            self.name(node.name)
            self.value(node.decorator_list)
        self.value(_evaluated_outside(node))
        given = node.args
        arguments = [
            *given.posonlyargs,
            *given.args,
            *filter(None, [given.vararg]),
            *given.kwonlyargs,
            *filter(None, [given.kwarg]),
        ]
        body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
        own = bound_in(body)
        order = _order(*body)
        self.scopes.append(_Scope(self.fresh(dict.fromkeys([*(a.arg for a in arguments), *sorted(own, key=order)]))))
        named = self.named
        only = {a.arg: f"name {a.arg}" for a in arguments if a in given.kwonlyargs or named is None or a.arg in named}
        self.scopes[-1].names.update(only)
        shape = [len(given.posonlyargs), len(given.args), bool(given.vararg), len(given.kwonlyargs), bool(given.kwarg)]
        self.form.parts.append(f"{shape} {[d is None for d in given.kw_defaults]}")
        for argument in arguments:
            self.name(argument.arg)
        self.value(body)
        self.scopes.pop()
        self.form.parts.append(")")

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _function

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.form.parts.append("ClassDef(")
        self.name(node.name)
        self.value(node.decorator_list)
        self.value(_evaluated_outside(node))
        self.scopes.append(_Scope({name: f"attribute {name}" for name in bound_in(node.body)}, is_class=True))
        self.value(node.body)
        self.scopes.pop()
        self.form.parts.append(")")


def _order(*nodes: ast.AST) -> Callable[[str], tuple[int, str]]:
    """Return a sort key for names: where they first occur in the trees."""
    first: dict[str, int] = {}
    for node in nodes:
        for inner in _in_order(node):
            names = [inner.id] if isinstance(inner, ast.Name) else _binds(inner)
            for name in names:
                first.setdefault(name, len(first))
    return lambda name: (first.get(name, len(first)), name)


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)
