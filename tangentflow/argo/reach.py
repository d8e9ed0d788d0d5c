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

from tangentflow.graph.nodes import Input, Slice

__all__ = ["depth", "gate", "guarded"]


def _function(slice_: Slice) -> ast.FunctionDef:
    found = ast.parse(slice_.code).body[0]
    assert isinstance(found, ast.FunctionDef)
    return found


def _is_skip(stmt: ast.stmt) -> bool:
    return isinstance(stmt, ast.Return) and stmt.value is not None and ast.unparse(stmt.value) == "_tf.SKIP"


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
    while True:
        loaded = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        kept = _pruned(function.body, loaded)
        if ast.dump(ast.Module(body=kept, type_ignores=[])) == ast.dump(
            ast.Module(body=function.body, type_ignores=[])
        ):
            break
        function.body = kept
    code = ast.unparse(ast.fix_missing_locations(function))
    text = ast.parse(code)
    names = tuple(name for name in slice_.names if any(_takes(node, name) for node in ast.walk(text)))
    inputs = tuple(i for i in slice_.inputs if any(_looks_up(node, i) for node in ast.walk(text)))
    return Slice(slice_.start, names, code, inputs, False)


def _pruned(block: list[ast.stmt], loaded: set[str]) -> list[ast.stmt]:
    kept: list[ast.stmt] = []
    for stmt in block:
        if isinstance(stmt, ast.Assign) and len(stmt.targets) == 1 and isinstance(stmt.targets[0], ast.Name):
            if stmt.targets[0].id not in loaded:
                continue
        elif (
            isinstance(stmt, ast.AugAssign) and isinstance(stmt.target, ast.Name) and stmt.target.id not in loaded
        ) or (
            isinstance(stmt, ast.Expr)
            and isinstance(stmt.value, ast.Call)
            and ast.unparse(stmt.value.func) in ("_tf.out", "_tf.leave")
        ):
            continue
        elif isinstance(stmt, ast.If):
            body, orelse = _pruned(stmt.body, loaded), _pruned(stmt.orelse, loaded)
            if all(isinstance(s, ast.Pass) for s in [*body, *orelse]):
                continue
            stmt = ast.If(test=stmt.test, body=body or [ast.Pass()], orelse=orelse)
        elif isinstance(stmt, ast.For) and not stmt.orelse:
            body = _pruned(stmt.body, loaded)
            if all(isinstance(s, ast.Pass) for s in body):
                continue
            stmt = ast.For(target=stmt.target, iter=stmt.iter, body=body, orelse=[], lineno=stmt.lineno)
        kept.append(stmt)
    return kept


def _takes(node: ast.AST, name: str) -> bool:
    return (
        isinstance(node, ast.Call) and ast.unparse(node.func) in ("_tf.take", "_tf.copy", "_tf.has")
        and isinstance(node.args[0], ast.Constant) and node.args[0].value == name
    )  # fmt: skip


def _looks_up(node: ast.AST, wanted: Input) -> bool:
    return (
        isinstance(node, ast.Call) and ast.unparse(node.func) in ("_tf.out", "_tf.own", "_tf.leave")
        and isinstance(node.args[0], ast.Constant) and node.args[0].value == wanted.site
        and len(node.args) - 1 == len(wanted.every)
    )  # fmt: skip
