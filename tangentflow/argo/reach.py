"""Which steps may not be reached although their region is entered, and the slice that tells.

A `return`, `break` or `continue` under a condition leaves the region before the steps that follow it. The slice of such a step says
so by `return _tf.SKIP`; here it is reduced to that question: its *gate*. Steps behind the same jumps have gates of the
same text.

    a = f(n)
    if a > 3: return 0
    b = g(a, k(n))          gate: a = out("f"); if a > 3: return SKIP; return True
"""

from __future__ import annotations

import ast
from collections import Counter

from tangentflow.graph.nodes import Slice

__all__ = ["depth", "gate", "guarded"]


def _function(slice_: Slice) -> ast.FunctionDef:
    found = ast.parse(slice_.code).body[0]
    assert isinstance(found, ast.FunctionDef)
    return found


def _own(node: ast.expr | None) -> str:
    """Return `name` of `_tf.name`, and nothing of any other expression."""
    named = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "_tf"
    return node.attr if named else ""  # type: ignore[union-attr]


def _is_skip(stmt: ast.stmt) -> bool:
    return isinstance(stmt, ast.Return) and _own(stmt.value) == "SKIP"


def _path(block: list[ast.stmt], whole: bool) -> list[list[ast.stmt]]:
    """Return the blocks on the way to what the slice leads to, outermost first; the last one ends with it.

    `whole`: it leads to a `try` as a whole, which stands at its end.
    """
    blocks = [block]
    while True:
        block = blocks[-1]
        last = block[-1]
        if _is_skip(last) and len(block) > 1:
            last = block[-2]
        inner = None if whole and isinstance(last, ast.Try) else next(filter(_ends, _arms(last)), None)
        if inner is None:
            return blocks
        blocks.append(inner)


def _arms(stmt: ast.stmt) -> list[list[ast.stmt]]:
    """Return the blocks of a statement that what a slice leads to may stand in; never in the body of a kept `try`."""
    if isinstance(stmt, ast.If):
        return [stmt.body, stmt.orelse]
    if isinstance(stmt, ast.Try):
        return [*[handler.body for handler in stmt.handlers], stmt.orelse, stmt.finalbody]
    return []


def _ends(block: list[ast.stmt]) -> bool:
    """Whether a block ends with what the slice leads to."""
    if not block:
        return False
    last = block[-1]
    if isinstance(last, ast.Return):
        return not _is_skip(last)
    return any(map(_ends, _arms(last)))


def _jumps(stmt: ast.stmt) -> bool:
    """Whether a slice may end with SKIP inside a statement."""
    return any(isinstance(node, ast.stmt) and _is_skip(node) for node in ast.walk(stmt))


def depth(slice_: Slice, whole: bool = False) -> int:
    """Return how many conditions stand around what a slice leads to; `whole`: it leads to a `try` as a whole."""
    return len(_path(_function(slice_).body, whole)) - 1


def guarded(slice_: Slice, whole: bool = False) -> bool:
    """Whether a jump stands before what a slice leads to, in the same block as that."""
    if "_tf.SKIP" not in slice_.code:
        return False
    blocks = _path(_function(slice_).body, whole)
    last = blocks[-1]
    end = -1 if len(blocks) > 1 or not (_is_skip(last[-1]) and len(last) > 1) else -2
    return any(_jumps(stmt) for stmt in last[:end])


def gate(slice_: Slice, whole: bool = False) -> Slice:
    """Return the slice that tells whether the end of another one is reached: True or SKIP, and nothing that this does not need."""
    function = _function(slice_)
    blocks = _path(function.body, whole)
    last = blocks[-1]
    position = len(last) - 1 if not (len(blocks) == 1 and _is_skip(last[-1]) and len(last) > 1) else len(last) - 2
    last[position] = ast.Return(value=ast.Constant(value=True))
    loaded = _loaded(function)
    while True:
        before = loaded.total()
        function.body = _pruned(function.body, loaded)
        if loaded.total() == before:
            break
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and _own(node.func)]
    taken = {_first(call) for call in calls if _own(call.func) in ("take", "copy", "has")}
    looked_up = {(_first(call), len(call.args) - 1) for call in calls if _own(call.func) in ("out", "own", "leave")}
    names = tuple(name for name in slice_.names if name in taken)
    inputs = tuple(i for i in slice_.inputs if (i.site, len(i.every)) in looked_up)
    return Slice(slice_.start, names, ast.unparse(ast.fix_missing_locations(function)), inputs, False)


def _loaded(tree: ast.AST) -> Counter[str]:
    """Return how often each name is read."""
    return Counter(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def _pruned(block: list[ast.stmt], loaded: Counter[str]) -> list[ast.stmt]:
    """Return a block without what nothing needs, and count down what is not read any more. Another round may find more."""
    kept: list[ast.stmt] = []
    for stmt in reversed(block):  # what needs a name comes after what binds it
        if isinstance(stmt, ast.If):
            stmt.body, stmt.orelse = _pruned(stmt.body, loaded), _pruned(stmt.orelse, loaded)
            needless = all(isinstance(s, ast.Pass) for s in [*stmt.body, *stmt.orelse])
            stmt.body = stmt.body or [ast.Pass()]
        elif isinstance(stmt, ast.For) and not stmt.orelse:
            stmt.body = _pruned(stmt.body, loaded)
            needless = all(isinstance(s, ast.Pass) for s in stmt.body)
            stmt.body = stmt.body or [ast.Pass()]
        else:
            needless = _is_needless(stmt)
        if needless and not any(loaded[name] for name in _bound(stmt)):
            loaded.subtract(_loaded(stmt))
        else:
            kept.append(stmt)
    kept.reverse()
    return kept


def _is_needless(stmt: ast.stmt) -> bool:
    """Whether a statement only binds a name, or only looks up."""
    if isinstance(stmt, ast.Assign):
        return len(stmt.targets) == 1 and isinstance(stmt.targets[0], ast.Name)
    if isinstance(stmt, ast.AugAssign):
        return isinstance(stmt.target, ast.Name)
    return isinstance(stmt, ast.Expr) and isinstance(stmt.value, ast.Call) and _own(stmt.value.func) in ("out", "leave")


def _bound(stmt: ast.stmt) -> set[str]:
    """Return the names that a statement binds, by `:=` and as the variable of a loop too."""
    return {n.id for n in ast.walk(stmt) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _first(call: ast.Call) -> object:
    return call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
