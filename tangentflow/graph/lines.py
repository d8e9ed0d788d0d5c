"""The lines of a flow's regenerated source that its nodes stand for: what was called with what, tested, looped over.

The source names each call by its node in a comment above it. Branches and loops that hold calls stand in the source in the
order of their nodes.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from tangentflow.errors import InternalError
from tangentflow.graph.nodes import Flow, If, Loop, Map, Try

__all__ = ["Lines", "blocks", "lines_of", "spelled"]

_MARK = re.compile(r"# (\S+), line \d+(?:, changes .+)?$")
_CHANGES = re.compile(r"#(?: \S+, line \d+,)? changes (.+)$")


@dataclass(frozen=True, eq=False)
class Lines:
    """A flow's source as a tree (read only), the statement of each node by its id, the other way round, messages, and which names calls
    in a statement change in place.
    """

    function: ast.FunctionDef
    statements: dict[str, ast.stmt]
    ids: dict[ast.stmt, str]
    messages: frozenset[ast.stmt]
    changes: dict[ast.stmt, frozenset[str]]


def lines_of(flow: Flow) -> Lines:
    """Match the nodes of a flow with the statements of its source. Raises InternalError if they differ."""
    tree = ast.parse(flow.source)
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    nodes = list(flow.body.walk())
    comments = _comments(flow.source)
    marked = {line: mark[1] for line, text in comments.items() if (mark := _MARK.match(text))}
    changing = {line: mark[1] for line, text in comments.items() if (mark := _CHANGES.match(text))}
    sites = {node.id: node for node in nodes if not isinstance(node, (If, Try, Map, Loop))}
    statements: dict[str, ast.stmt] = {}
    messages: set[ast.stmt] = set()
    for stmt in walk(function.body):
        name = marked.get(stmt.lineno - 1)
        if name in sites:
            statements[name] = stmt
        elif name is not None:
            messages.add(stmt)
    held = set(statements.values())
    compounds = [s for s in walk(function.body) if _is_node(s) and not held.isdisjoint(walk([s]))]
    for node, stmt in zip((n for n in nodes if n.id not in sites), compounds, strict=False):
        statements[node.id] = stmt
    if len(statements) != len(nodes) or len(compounds) != len(nodes) - len(sites):
        missing = ", ".join(node.id for node in nodes if node.id not in statements)
        raise InternalError(
            "the source of a flow does not show its nodes", flow=flow.key, missing=missing, source=flow.source
        )
    changes = {
        s: frozenset(changing[s.lineno - 1].split(", ")) for s in walk(function.body) if s.lineno - 1 in changing
    }
    return Lines(function, statements, {stmt: name for name, stmt in statements.items()}, frozenset(messages), changes)


def _is_node(stmt: ast.stmt) -> bool:
    """Whether a compound statement stands for a node, and not for the rule of generator expressions."""
    if isinstance(stmt, ast.Try):
        return not any(handler.name == "_tf_error" for handler in stmt.handlers)
    return isinstance(stmt, (ast.If, ast.For, ast.While))


def blocks(stmt: ast.stmt) -> Iterator[list[ast.stmt]]:
    """Yield the blocks of a compound statement of the workflow itself; an inner function is one statement."""
    if isinstance(stmt, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return
    for name in ("body", "handlers", "orelse", "finalbody", "cases"):
        part = getattr(stmt, name, None)
        if not part:
            continue
        if name in ("handlers", "cases"):
            for inner in part:
                yield inner.body
        else:
            yield part


def walk(block: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a block and of the blocks inside, in program order."""
    for stmt in block:
        yield stmt
        for inner in blocks(stmt):
            yield from walk(inner)


def _comments(source: str) -> dict[int, str]:
    """Return the comments by line."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


# -- as the user would write them ------------------------------------------------------------------------------------


def spelled(lines: Lines, node: str) -> str:
    """Return the line of a node by its id: `x = fit(a, b)`, `if x > 2`, `for x in fit(n)`, `while k < 3`."""
    stmt = lines.statements[node]
    if isinstance(stmt, ast.For):
        return f"for {_target(stmt)} in {_iterable(stmt, lines)}"
    if isinstance(stmt, ast.While):
        return f"while {_condition(stmt)}"
    if isinstance(stmt, ast.If):
        return f"if {ast.unparse(stmt.test)}"
    if isinstance(stmt, ast.Try):
        return "try"
    return ast.unparse(stmt)


def _target(stmt: ast.For) -> str:
    """Return the loop's own target, also where it is unpacked by the first statement of the body."""
    first = stmt.body[0]
    unpacks = isinstance(first, ast.Assign) and isinstance(first.targets[0], (ast.Tuple, ast.List))
    if isinstance(first, ast.Assign) and unpacks and ast.unparse(first.value) == ast.unparse(stmt.target):
        return ast.unparse(first.targets[0]).strip("()[]")
    return ast.unparse(stmt.target)


def _iterable(stmt: ast.For, lines: Lines) -> str:
    """Return what the list of a loop was made of, for `items = [item for item in xs]` that is `xs`."""
    name = ast.unparse(stmt.iter)
    for other in walk(lines.function.body):
        if isinstance(other, ast.Assign) and ast.unparse(other.targets[0]) == name:
            made = other.value
            if not isinstance(made, ast.ListComp) or len(made.generators) != 1 or made.generators[0].ifs:
                continue
            if ast.unparse(made.elt) == ast.unparse(made.generators[0].target):
                return ast.unparse(made.generators[0].iter)
    return name


def _condition(stmt: ast.While) -> str:
    """Return what keeps a loop going, also where calls decide it: `while True: ...; if not go: break`."""
    if not isinstance(stmt.test, ast.Constant):
        return ast.unparse(stmt.test)
    for inner in stmt.body:
        leaves = isinstance(inner, ast.If) and [type(last) for last in inner.body] == [ast.Break] and not inner.orelse
        if leaves and isinstance(inner.test, ast.UnaryOp) and isinstance(inner.test.op, ast.Not):  # type: ignore[attr-defined]
            return ast.unparse(inner.test.operand)  # type: ignore[attr-defined]
    return ast.unparse(stmt.test)
