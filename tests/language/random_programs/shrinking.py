"""Making a failing program small: statements, parts of statements and parts of expressions go, as long as it still fails."""

from __future__ import annotations

import ast
import copy
import time
from collections.abc import Callable, Iterator

from tests.language.random_programs.generator import HEADER

__all__ = ["as_program", "shrink"]


def shrink(text: str, fails: Callable[[str], bool], limit: float = 60.0) -> str:
    """Return a smaller program that still fails, found within about `limit` seconds."""
    end = time.time() + limit
    current = ast.unparse(ast.parse(text))
    if not fails(current):
        return text
    for candidates in (_without_statements, _without_parts, _simpler, _without_statements, _without_parts):
        again = True
        while again and time.time() < end:
            again = False
            skip = 0
            while time.time() < end:
                tree = ast.parse(current)
                smaller = _nth(candidates(tree), tree, skip)
                if smaller is None:
                    break
                if smaller != current and _can_be_parsed(smaller) and fails(smaller):
                    current, again = smaller, True
                else:
                    skip += 1
    return current + "\n"


def as_program(text: str, name: str) -> str:
    """Return the workflows of a program as they would stand in the corpus, the last one under this name."""
    tree = ast.parse(text)
    tree.body = [stmt for stmt in tree.body if isinstance(stmt, ast.FunctionDef)]
    text = ast.unparse(tree).replace("def main(", f"def {name}(")
    return text.replace("@workflow", "\n\n@workflow").strip().replace("\n\n\n\n", "\n\n\n")


def _nth(changes: Iterator[None], tree: ast.Module, index: int) -> str | None:
    """Return the text of the tree after change number `index`. Each change is made when the iterator gets to it, and undone after."""
    for i, _ in enumerate(changes):
        if i == index:
            return ast.unparse(ast.fix_missing_locations(tree))
    return None


def _can_be_parsed(text: str) -> bool:
    try:
        compile(text, "<smaller>", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def _blocks(tree: ast.Module) -> Iterator[tuple[ast.AST, str, list[ast.stmt]]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield node, name, block


def _without_statements(tree: ast.Module) -> Iterator[None]:
    """Take out runs of statements, long ones first."""
    for _, name, block in list(_blocks(tree)):
        kept = list(block)
        size = len(kept)
        while size:
            for start in range(0, len(kept), size):
                gone = kept[start : start + size]
                if any(isinstance(s, (ast.Import, ast.ImportFrom, ast.Pass)) or getattr(s, "name", "") == "main" for s in gone):  # fmt: skip
                    continue
                block[:] = kept[:start] + kept[start + size :]
                if not block and name == "body":
                    block.append(ast.Pass())
                yield
                block[:] = kept
            size //= 2


def _without_parts(tree: ast.Module) -> Iterator[None]:
    """Put one block of a compound statement in its place; take out handlers, cases, `else`, `finally`."""
    for _, _, block in list(_blocks(tree)):
        for i, stmt in enumerate(list(block)):
            if isinstance(stmt, (ast.FunctionDef, ast.Import, ast.ImportFrom)):
                continue
            parts = [getattr(stmt, name, []) for name in ("body", "orelse", "finalbody")]
            parts += [part.body for part in [*getattr(stmt, "handlers", []), *getattr(stmt, "cases", [])]]
            for part in [part for part in parts if part]:
                block[i : i + 1] = part
                yield
                block[i : i + len(part)] = [stmt]
            for name in ("handlers", "cases", "orelse", "finalbody"):
                inner = getattr(stmt, name, None) or []
                for j, one in enumerate(list(inner)):
                    if name in ("orelse", "finalbody"):
                        kept, inner[:] = list(inner), []
                        yield
                        inner[:] = kept
                        break
                    del inner[j]
                    yield
                    inner.insert(j, one)


def _simpler(tree: ast.Module) -> Iterator[None]:
    """Put one of its parts, a name or a number in the place of an expression; let a step fail for sure."""
    for owner in [node for node in ast.walk(tree) if not isinstance(node, ast.FunctionDef)]:
        for name, value in ast.iter_fields(owner):
            several = value if isinstance(value, list) else [value]
            for i, old in enumerate(several):
                if not isinstance(old, ast.expr) or isinstance(getattr(old, "ctx", None), (ast.Store, ast.Del)):
                    continue
                for new in _instead(old):
                    _set(owner, name, value, i, new)
                    yield
                    _set(owner, name, value, i, old)
                if isinstance(value, list) and name in ("args", "elts") and len(value) > 1:
                    kept = list(value)
                    del value[i]
                    yield
                    value[:] = kept


def _set(owner: ast.AST, name: str, value: object, index: int, new: ast.expr) -> None:
    if isinstance(value, list):
        value[index] = new
    else:
        setattr(owner, name, new)


def _instead(old: ast.expr) -> Iterator[ast.expr]:
    if isinstance(old, (ast.Constant, ast.Name)):
        if isinstance(old, ast.Name) and old.id not in ("n",) and old.id[-1:].isdigit():
            yield ast.Name(id="n", ctx=ast.Load())
        return
    for part in ast.iter_child_nodes(old):
        if isinstance(part, ast.expr) and not (isinstance(old, ast.Call) and part is old.func):
            yield copy.deepcopy(part)
    yield ast.Constant(value=1)
    yield ast.Name(id="n", ctx=ast.Load())
    if isinstance(old, ast.Call) and isinstance(old.func, ast.Name):
        if old.func.id in ("g", "add", "h", "ident", "half", "divide", "p", "o", "ev", "size", "fail_if"):
            yield ast.Call(func=ast.Name(id="f", ctx=ast.Load()), args=[ast.Name(id="n", ctx=ast.Load())], keywords=[])
        if old.func.id != "fail" and old.func.id in HEADER:
            yield ast.Call(func=ast.Name(id="fail", ctx=ast.Load()), args=old.args[:1], keywords=[])
