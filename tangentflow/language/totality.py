"""Which expressions cannot raise, whatever the values of the names in them are."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import gast

from tangentflow.language.verdict import MISSING

__all__ = ["Totality"]


@dataclass(frozen=True)
class Totality:
    """Judges expressions, given the names that are surely bound and what globals stand for."""

    resolve: Callable[[gast.expr], object]
    bound: AbstractSet[str]

    def total(self, expr: gast.expr) -> bool:
        """Whether evaluating `expr` cannot raise."""
        if isinstance(expr, gast.Constant):
            return True
        if isinstance(expr, gast.Name):
            return expr.id in self.bound or self.resolve(expr) is not MISSING
        if isinstance(expr, (gast.Tuple, gast.List)):
            return all(map(self.total, expr.elts))
        if isinstance(expr, gast.Set):
            return all(isinstance(e, gast.Constant) for e in expr.elts)
        if isinstance(expr, gast.Dict):
            return all(isinstance(k, gast.Constant) for k in expr.keys) and all(map(self.total, expr.values))
        if isinstance(expr, gast.IfExp):
            return self.decides(expr.test) and self.total(expr.body) and self.total(expr.orelse)
        if isinstance(expr, gast.BoolOp):
            *first, last = expr.values
            return all(map(self.decides, first)) and self.total(last)
        if isinstance(expr, gast.NamedExpr):
            return self.total(expr.value)
        if isinstance(expr, gast.JoinedStr):
            return all(isinstance(e, gast.Constant) for e in expr.values)
        if isinstance(expr, gast.Call):
            empty = isinstance(expr.func, gast.Name) and not expr.args and not expr.keywords
            return empty and any(self.resolve(expr.func) is t for t in (list, dict, set, tuple))
        return self.decides(expr)

    def decides(self, expr: gast.expr) -> bool:
        """Whether evaluating `expr` and asking for its truth cannot raise."""
        if isinstance(expr, gast.Compare):
            identity = all(isinstance(op, (gast.Is, gast.IsNot)) for op in expr.ops)
            return identity and all(map(self.total, [expr.left, *expr.comparators]))
        if isinstance(expr, gast.UnaryOp):
            return isinstance(expr.op, gast.Not) and self.decides(expr.operand)
        if isinstance(expr, gast.BoolOp):
            return all(map(self.decides, expr.values))
        if isinstance(expr, (gast.List, gast.Tuple, gast.Dict, gast.Set, gast.Constant)):
            return self.total(expr)
        return False
