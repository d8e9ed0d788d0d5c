"""Places of a workflow where the order of a set shows: it differs from one process to the next where hashes of strings do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gast

__all__ = ["ordered_uses"]

_MAKERS = (set, frozenset)
_SAME = frozenset({"union", "intersection", "difference", "symmetric_difference", "copy"})
_OPERATORS = (gast.BitOr, gast.BitAnd, gast.Sub, gast.BitXor)
_SHOWING = frozenset(
    {"list", "tuple", "enumerate", "zip", "iter", "map", "filter", "next", "sequential", "repr", "str"}
)
_HIDING = frozenset({"sorted", "set", "frozenset", "len", "any", "all", "min", "max"})


def ordered_uses(tree: gast.FunctionDef, resolve: Callable[[gast.expr], object]) -> Iterator[gast.expr]:
    """Yield the expressions of a function that are sets and are gone through in their order.

    A name counts as a set where all that the function assigns to it is one.
    """
    return _Sets(tree, resolve).found()


class _Sets:
    def __init__(self, tree: gast.FunctionDef, resolve: Callable[[gast.expr], object]) -> None:
        self.tree = tree
        self.resolve = resolve
        self.names: set[str] = set()
        known = {
            node.id for node in gast.walk(tree) if isinstance(node, gast.Name) and isinstance(node.ctx, gast.Store)
        }
        while True:  # a name may get its set from another one
            names = {name for name in known if self._is_set_everywhere(name)}
            if names == self.names:
                break
            self.names = names

    def _is_set_everywhere(self, name: str) -> bool:
        values = []
        for node in gast.walk(self.tree):
            if isinstance(node, gast.Name) and node.id == name and isinstance(node.ctx, (gast.Store, gast.Param)):
                values.append(node)
        plain = [
            node for node in gast.walk(self.tree)
            if isinstance(node, gast.Assign) and len(node.targets) == 1 and _named(node.targets[0]) == name
        ]  # fmt: skip
        changed = [
            node for node in gast.walk(self.tree) if isinstance(node, gast.AugAssign) and _named(node.target) == name
        ]
        return bool(plain) and len(values) == len(plain) + len(changed) and all(self.is_set(n.value) for n in plain)

    def is_set(self, node: gast.AST | None) -> bool:
        """Whether an expression surely is a set."""
        if isinstance(node, (gast.Set, gast.SetComp)):
            return True
        if isinstance(node, gast.Name):
            return node.id in self.names
        if isinstance(node, gast.BinOp):
            return isinstance(node.op, _OPERATORS) and self.is_set(node.left)
        if isinstance(node, gast.IfExp):
            return self.is_set(node.body) and self.is_set(node.orelse)
        if isinstance(node, gast.Call):
            if isinstance(node.func, gast.Attribute):
                return node.func.attr in _SAME and self.is_set(node.func.value)
            return isinstance(node.func, gast.Name) and any(self.resolve(node.func) is maker for maker in _MAKERS)
        return False

    def found(self) -> Iterator[gast.expr]:
        """Yield what shows the order of a set."""
        hidden = self._hidden()
        for node in gast.walk(self.tree):
            for part in self._shown(node):
                if self.is_set(part) and id(node) not in hidden:
                    yield part

    def _hidden(self) -> set[int]:
        """Return generator expressions and lists whose order nothing sees: `sorted(f(x) for x in s)`."""
        found: set[int] = set()
        for node in gast.walk(self.tree):
            if isinstance(node, gast.Call) and isinstance(node.func, gast.Name) and node.func.id in _HIDING:
                found |= {id(part) for part in node.args}
                found |= {id(g) for part in node.args for g in getattr(part, "generators", [])}
        return found

    def _shown(self, node: gast.AST) -> list[gast.expr]:
        if isinstance(node, gast.For):
            return [node.iter]
        if isinstance(node, (gast.ListComp, gast.GeneratorExp, gast.DictComp)):
            return [generator.iter for generator in node.generators]
        if isinstance(node, gast.Starred):
            return [node.value]
        if isinstance(node, gast.Assign) and any(isinstance(t, (gast.Tuple, gast.List)) for t in node.targets):
            return [node.value]
        if isinstance(node, gast.FormattedValue):
            return [node.value]
        if isinstance(node, gast.Call):
            name = node.func.id if isinstance(node.func, gast.Name) else getattr(node.func, "attr", "")
            if name in _SHOWING or (name == "join" and isinstance(node.func, gast.Attribute)):
                return list(node.args)
            if name == "pop" and not node.args and isinstance(node.func, gast.Attribute):
                return [node.func.value]
        return []


def _named(node: gast.AST) -> str | None:
    return node.id if isinstance(node, gast.Name) else None
