"""Replaces refused constructs, so that the rest of a function can be checked too.

Requires the tree of a function after the fence, with offences. Provides the same tree, every node of which has a rule: the header of
a `with` is gone and its body stays, `await x` is `x`, a class or an import is a binding. What such a name holds is unknown: an offence
that may only come from what was replaced is none.

    with open(path) as file:        becomes         file = None
        rows = read(file)                           rows = read(file)
"""

from __future__ import annotations

from typing import Any

import gast

from tangentflow.language.registry import EXPRESSIONS, PARTS, STATEMENTS
from tangentflow.language.uses import bound_names, uses

__all__ = ["Mended", "mend"]

_ALIKE: dict[type[gast.AST], type[gast.AST]] = {gast.AsyncFor: gast.For}
if hasattr(gast, "TryStar"):
    _ALIKE[gast.TryStar] = gast.Try


class Mended:
    """What was replaced in a tree: the names whose values are unknown, and the expressions that stand in place of others."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.replaced: dict[int, gast.AST] = {}  # by identity; the node is kept so that its identity is not used again
        self.uncovered: dict[int, gast.AST] = {}

    def follows(self, node: gast.AST) -> bool:
        """Whether an offence of a node may only come from what was replaced."""
        return id(node) in self.uncovered or self.unknown(node)

    def unknown(self, node: gast.AST) -> bool:
        """Whether the value of an expression depends on what was replaced. Of a statement only its header counts."""
        if id(node) in self.replaced or (isinstance(node, gast.Name) and node.id in self.names):
            return True
        return any(self.unknown(part) for part in gast.iter_child_nodes(node) if not isinstance(part, gast.stmt))

    def spread(self, tree: gast.AST, is_site: Any) -> None:
        """Follow unknown values through assignments and loops. `is_site` tells calls of steps, whose results are known."""
        binding = (gast.Assign, gast.AugAssign, gast.AnnAssign, gast.NamedExpr, gast.For, gast.comprehension)
        nodes = [node for node in gast.walk(tree) if isinstance(node, binding)]
        before = -1
        while len(self.names) != before:
            before = len(self.names)
            for node in nodes:
                value = node.iter if isinstance(node, (gast.For, gast.comprehension)) else node.value
                if value is None or not self.unknown(value) or (isinstance(value, gast.Call) and is_site(value)):
                    continue
                for target in node.targets if isinstance(node, gast.Assign) else [node.target]:
                    self.names |= bound_names(target)


def mend(tree: gast.AST) -> Mended:
    """Replace what has no rule in the body of a function, in place."""
    mender = _Mender(tree)
    if isinstance(tree.body, list):
        tree.body = mender.statements(tree.body)
    else:
        tree.body = mender.visit(tree.body)
    return mender.mended


class _Mender(gast.NodeTransformer):  # type: ignore[misc]
    def __init__(self, tree: gast.AST) -> None:
        self.mended = Mended()
        self.binds = {n.id for n in gast.walk(tree) if isinstance(n, gast.Name) and not isinstance(n.ctx, gast.Load)}

    def statements(self, nodes: list[gast.stmt]) -> list[gast.stmt]:
        """Mend a block."""
        found: list[gast.stmt] = []
        for node in nodes:
            new = self.visit(node)
            found += new if isinstance(new, list) else [new]
        return found

    def visit(self, node: gast.AST) -> Any:
        kind = type(node)
        if kind in _ALIKE:
            node = gast.copy_location(_ALIKE[kind](**dict(gast.iter_fields(node))), node)
        elif isinstance(node, (gast.With, gast.AsyncWith)):
            targets = [item.optional_vars for item in node.items if item.optional_vars is not None]
            return self.bindings(node, *targets) + self.statements(node.body)
        elif isinstance(node, (gast.Await, gast.Yield, gast.YieldFrom)):
            return self.uncover(node)
        elif kind not in STATEMENTS and kind not in EXPRESSIONS and kind not in PARTS:
            return self.replace(node)
        if isinstance(node, gast.comprehension):
            node.is_async = 0
        return self.generic_visit(node)

    def uncover(self, node: gast.AST) -> gast.expr:
        """Return the operand of `await` or `yield`; what comes back from a `yield` is unknown."""
        value = gast.copy_location(_none(), node) if node.value is None else self.visit(node.value)
        self.mended.uncovered[id(value)] = value
        if not isinstance(node, gast.Await):
            self.mended.replaced[id(value)] = value
        return value

    def replace(self, node: gast.AST) -> Any:
        """Return a stand-in for a construct: an expression, or a binding of its names."""
        if isinstance(node, (gast.Global, gast.Nonlocal)):
            self.mended.names |= self.binds.intersection(node.names)
            return gast.copy_location(gast.Pass(), node)
        if isinstance(node, gast.stmt):
            return self.bindings(node, node) or [gast.copy_location(gast.Pass(), node)]
        if not isinstance(node, gast.expr):
            return node
        stand_in = gast.copy_location(_none(), node)
        self.mended.replaced[id(stand_in)] = stand_in
        return stand_in

    def bindings(self, node: gast.AST, *binders: gast.AST) -> list[gast.stmt]:
        """Return statements at the place of `node` that bind what the binders bind, in order."""
        made = []
        for name in dict.fromkeys(name for binder in binders for name in _bound(binder)):
            self.mended.names.add(name)
            target = gast.Name(id=name, ctx=gast.Store(), annotation=None, type_comment=None)
            binding = gast.Assign(targets=[target], value=_none(), type_comment=None)
            for part in (binding, *binding.targets, binding.value):
                gast.copy_location(part, node)
            made.append(binding)
        return made


def _none() -> gast.Constant:
    return gast.Constant(value=None, kind=None)


def _bound(node: gast.AST) -> list[str]:
    """Return the names that a refused statement binds around it."""
    if isinstance(node, (gast.ClassDef, gast.AsyncFunctionDef)):
        return [node.name]
    if isinstance(node, (gast.Import, gast.ImportFrom)):
        return [alias.asname or alias.name.partition(".")[0] for alias in node.names if alias.name != "*"]
    if isinstance(node, gast.expr):
        return sorted(bound_names(node))
    return sorted(uses(node).binds)
