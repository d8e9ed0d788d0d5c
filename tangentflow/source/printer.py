"""The one place that turns syntax trees into text.

Nothing else may call `ast.unparse`: on a gast tree it runs and drops annotations in silence. What is printed here is
parsed again and compared with the tree, so a text that means something else cannot leave this module.
"""

from __future__ import annotations

import ast
import textwrap
import warnings
from typing import Any, TypeAlias, cast

import gast

from tangentflow.errors import InternalError

__all__ = ["pretty", "same_tree", "to_ast", "to_text"]

Tree: TypeAlias = Any  # an ast or gast node: gast has no types of its own, and its nodes are not ast's

_WIDTH = 100
_UNSAID = frozenset({"ctx", "kind", "type_comment", "type_ignores"})  # follow from the position, or mean nothing
_ASTOR_FAILURES = (
    AssertionError,
    AttributeError,
    IndexError,
    KeyError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)


def to_ast(node: Tree) -> Any:
    """Return `node` as a tree of Python's own `ast`; one that is already comes back as it is.

    Raises InternalError for a gast tree that lacks fields.
    """
    if not _is_gast(node):
        return cast(ast.AST, node)
    try:
        return cast(ast.AST, gast.gast_to_ast(node))
    except (AttributeError, TypeError) as error:
        raise InternalError("a syntax tree is incomplete", error=str(error), tree=_dump(node)) from error


def to_text(node: Tree | list[Tree]) -> str:
    """Return the Python text of a module, statement, expression (gast or ast), or list of statements.

    The text has no trailing line break. Raises InternalError if it does not parse to the same tree.
    """
    tree = _printable(node)
    try:
        text = ast.unparse(tree)
        parsed = ast.parse(text, mode="eval" if isinstance(tree, ast.Expression) else "exec")
    except (AttributeError, TypeError, ValueError, SyntaxError) as error:
        raise InternalError("a syntax tree cannot be printed", error=str(error), tree=_dump(tree)) from error
    if not same_tree(tree, parsed):
        raise InternalError("a syntax tree printed as another one", text=text, tree=_dump(tree), parsed=_dump(parsed))
    return text


def same_tree(left: ast.AST, right: ast.AST) -> bool:
    """Tell whether two `ast` trees are the same program text, whatever their positions and formatting."""
    return bool(_shape(left) == _shape(right))


def pretty(text: str) -> str:
    """Return `text` with its overlong simple statements wrapped, for people to read.

    Comments and all other lines stay as they are. The wrapping is astor's, taken only where it parses to the same tree.
    """
    if all(len(line) <= _WIDTH for line in text.splitlines()):
        return text
    tree = ast.parse(text)
    lines = text.split("\n")
    for statement in sorted(_simple_statements(tree), key=lambda s: s.lineno, reverse=True):
        first, last = statement.lineno - 1, statement.end_lineno or statement.lineno
        old = lines[first:last]
        if any(len(line) > _WIDTH for line in old) and _stands_alone(statement, old):
            lines[first:last] = _wrapped(statement, old)
    result = "\n".join(lines)
    return result if _parses_to(result, tree) else text


def _is_gast(node: Tree) -> bool:
    return type(node).__module__.partition(".")[0] == "gast"


def _printable(node: Tree | list[Tree]) -> ast.Module | ast.Expression:
    if isinstance(node, list):
        return ast.Module(body=[cast(ast.stmt, to_ast(part)) for part in node], type_ignores=[])
    tree = to_ast(node)
    if isinstance(tree, (ast.Module, ast.Expression)):
        return tree
    if isinstance(tree, ast.expr) and not isinstance(tree, (ast.Starred, ast.Slice)):
        return ast.Expression(body=tree)
    if isinstance(tree, ast.stmt):
        return ast.Module(body=[tree], type_ignores=[])
    raise InternalError("only modules, statements and expressions have a text of their own", tree=_dump(tree))


def _shape(value: object) -> Any:
    """Return nested tuples that are equal for equal trees. A missing field, None and [] are the same."""
    if isinstance(value, ast.AST):
        fields = ((name, _shape(getattr(value, name, None))) for name in value._fields if name not in _UNSAID)
        return type(value).__name__, tuple(field for field in fields if field[1] is not None)
    if isinstance(value, list):
        return tuple(_shape(item) for item in value) or None
    return None if value is None else (type(value).__name__, repr(value))


def _dump(node: Tree) -> str:
    try:
        return textwrap.shorten(ast.dump(node), 2000)
    except (AttributeError, TypeError):
        return repr(node)


def _parses_to(text: str, tree: ast.AST) -> bool:
    try:
        return same_tree(ast.parse(text), tree)
    except SyntaxError:
        return False


def _simple_statements(tree: ast.AST) -> list[ast.stmt]:
    compound = ("body", "cases")
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.stmt))
    return [statement for statement in statements if not any(hasattr(statement, name) for name in compound)]


def _stands_alone(statement: ast.stmt, lines: list[str]) -> bool:
    """Tell whether the lines hold this statement only: no other one, no comment, no block header."""
    before = lines[0].encode()[: statement.col_offset]
    after = lines[-1].encode()[statement.end_col_offset :]
    return not before.strip() and not after.strip() and "#" not in "".join(lines)


def _wrapped(statement: ast.stmt, lines: list[str]) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # astor uses node types that Python 3.12 deprecates
        import astor

        try:
            text: str = astor.to_source(statement).rstrip("\n")
        except _ASTOR_FAILURES:
            return lines
    indent = " " * statement.col_offset
    indented = textwrap.indent(text, indent)
    # Checked as it will stand: within a string that spans lines, indentation would change the value.
    block = f"if 1:\n{indented}" if indent else indented
    tree = ast.Module(body=[_under_if(statement) if indent else statement], type_ignores=[])
    wrapped = indented.split("\n")
    shorter = max(map(len, wrapped)) < max(map(len, lines))
    return wrapped if shorter and _parses_to(block, tree) else lines


def _under_if(statement: ast.stmt) -> ast.If:
    return ast.If(test=ast.Constant(value=1), body=[statement], orelse=[])
