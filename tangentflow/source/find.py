"""From a function object to its syntax tree, in the true coordinates of its file.

The whole file (or notebook cell: whatever `linecache` knows) is parsed and the function found by its first line and
name. What is found there is compiled and compared with the function's own code, so the tree is the function's or none.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import CodeType, FunctionType, MethodType
from typing import Any, TypeAlias

import gast

from tangentflow.errors import LanguageError, Offence
from tangentflow.source.file import FunctionNode, ParsedFile, compiled_codes, fingerprint, parse_file

__all__ = ["FunctionSource", "find"]

Tree: TypeAlias = Any  # gast.FunctionDef, gast.AsyncFunctionDef or gast.Lambda: gast has no types of its own


@dataclass(frozen=True, eq=False)
class FunctionSource:
    """A function and its source.

    `tree` is its gast node, made for this object alone (so it may be changed); all positions are those of the file
    `filename`, whose whole text is `text`.
    """

    fn: FunctionType
    name: str
    qualname: str
    filename: str
    text: str
    tree: Tree

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """All lines of the file, without line breaks: line n is `lines[n - 1]`."""
        return tuple(self.text.split("\n"))

    @property
    def globals(self) -> Mapping[str, Any]:
        """The global names that the function sees."""
        return self.fn.__globals__

    @property
    def closure(self) -> dict[str, Any]:
        """The function's free variables and their present values; those not assigned yet are missing."""
        values = {}
        for name, cell in zip(self.fn.__code__.co_freevars, self.fn.__closure__ or (), strict=True):
            try:
                values[name] = cell.cell_contents
            except ValueError:
                continue  # an empty cell: the enclosing function has not assigned the name yet
        return values


def find(fn: FunctionType | MethodType) -> FunctionSource:
    """Return the source of a Python function or method.

    Wrappers are not looked through: pass the inner function. Raises LanguageError if the source cannot be found
    (TF001), is not the one that `fn` was made of (TF002), or is one of several that cannot be told apart (TF003);
    TypeError if `fn` is not a Python function.
    """
    function = fn.__func__ if isinstance(fn, MethodType) else fn
    if not isinstance(function, FunctionType):
        raise TypeError(f"expected a function defined with def or lambda, not {type(fn).__name__}")
    code = function.__code__
    text = _file_text(function)
    if not text:
        raise _not_found(code)
    try:
        file = parse_file(code.co_filename, text)
    except (SyntaxError, ValueError) as error:  # no longer Python at all
        raise _mismatch(code, text) from error
    node = _own_node(function, file)
    tree = _to_gast(node, file.lines)
    return FunctionSource(function, code.co_name, function.__qualname__, code.co_filename, text, tree)


def _file_text(fn: FunctionType) -> str:
    """Return the present text of the function's file, or "" if there is none."""
    filename = fn.__code__.co_filename
    linecache.checkcache(filename)
    lines = linecache.getlines(filename, fn.__globals__)
    if not lines and hasattr(linecache, "_getlines_from_code"):  # the interactive interpreter, from Python 3.13 on
        lines = linecache._getlines_from_code(fn.__code__)
    return "".join(lines)


def _own_node(fn: FunctionType, file: ParsedFile) -> FunctionNode:
    """Return the one node of `file` that compiles to the function's code."""
    code = fn.__code__
    wanted = fingerprint(code)
    same: list[tuple[FunctionNode, CodeType]] = []
    for pairs in compiled_codes(file, code.co_firstlineno, code.co_name, code.co_flags):
        same = [
            (node, compiled)
            for node, compiled in pairs
            if fingerprint(compiled) == wanted or _differs_by_asserts(fn, node, compiled)
        ]
        if same:
            break
    if len(same) > 1:
        defaults = len(fn.__defaults__ or ()), len(fn.__kwdefaults__ or {})
        same = [(node, compiled) for node, compiled in same if _count_defaults(node) == defaults] or same
        columns = _columns(code)
        same = [(node, compiled) for node, compiled in same if _columns(compiled) == columns] or same
    nodes = list({id(node): node for node, _ in same}.values())
    if not nodes:
        raise _mismatch(code, file.text)
    if len(nodes) > 1 and len({gast.dump(gast.ast_to_gast(node)) for node in nodes}) > 1:
        raise _ambiguous(code, file.text, len(nodes))
    return nodes[0]  # several of the very same text on one line mean the same


def _count_defaults(node: FunctionNode) -> tuple[int, int]:
    return len(node.args.defaults), sum(default is not None for default in node.args.kw_defaults)


def _columns(code: CodeType) -> list[Any]:
    """Return the columns of all instructions (known from Python 3.11 on)."""
    if not hasattr(code, "co_positions"):
        return []
    return [position[2:] for position in code.co_positions()]


_PYTEST_NAMES = {
    "AssertionError",
    "locals",
    "_call_assertion_pass",
    "_call_reprcompare",
    "_format_assertmsg",
    "_format_boolop",
    "_format_explanation",
    "_saferepr",
    "_should_repr_global_name",
}


def _differs_by_asserts(fn: FunctionType, node: FunctionNode, compiled: CodeType) -> bool:
    """Tell whether pytest has rewritten the `assert`s of an otherwise equal function of a test module.

    What rewriting leaves alone is compared: the parameters and the names that the code uses.
    """
    if "@pytest_ar" not in fn.__globals__ or not any(type(n).__name__ == "Assert" for n in gast.walk(node)):
        return False
    code = fn.__code__
    parameters = [
        (c.co_argcount, c.co_posonlyargcount, c.co_kwonlyargcount, c.co_flags & 0x0C, c.co_freevars)
        for c in (code, compiled)
    ]
    names = set(code.co_names) | set(code.co_varnames) | set(code.co_cellvars)
    written = set(compiled.co_names) | set(compiled.co_varnames) | set(compiled.co_cellvars)
    added = {name for name in names - written if not name.startswith("@py")} - _PYTEST_NAMES
    return parameters[0] == parameters[1] and not added and written - names <= {"AssertionError"}


# -- gast with a position on every node ------------------------------------------------------------------------------

_POSITION = ("lineno", "col_offset", "end_lineno", "end_col_offset")


def _to_gast(node: FunctionNode, lines: tuple[str, ...]) -> Tree:
    """Return a new gast tree of `node` in which all nodes that can have a position have one."""
    tree = gast.ast_to_gast(node)
    for inner in gast.walk(tree):
        if isinstance(inner, gast.ExceptHandler) and isinstance(inner.name, gast.Name):
            _locate_exception_name(inner, lines)
    _inherit_positions(tree, tree)
    return tree


def _locate_exception_name(handler: Tree, lines: tuple[str, ...]) -> None:
    """Give the name of `except E as name:` the place that gast does not know."""
    start = handler.type.end_col_offset
    for number in range(handler.type.end_lineno, handler.body[0].lineno + 1):
        line = lines[number - 1].encode("utf-8", "surrogatepass")
        # Between the type and the body stand only brackets, comments, `as`, the name and the colon.
        for word in re.finditer(rb"[^\s\\:()]+", line[start:].partition(b"#")[0]):
            if word[0] != b"as":
                span = number, start + word.start(), number, start + word.end()
                for name, value in zip(_POSITION, span, strict=True):
                    setattr(handler.name, name, value)
                return
        start = 0


def _inherit_positions(node: Tree, parent: Tree) -> None:
    """Give nodes without a position that of their parent."""
    if "lineno" in node._attributes and getattr(node, "lineno", None) is None:
        gast.copy_location(node, parent)
    for child in gast.iter_child_nodes(node):
        _inherit_positions(child, node if hasattr(node, "lineno") else parent)


# -- refusals --------------------------------------------------------------------------------------------------------


def _refuse(code: CodeType, text: str, number: str, *, what: str, why: str, instead: str) -> LanguageError:
    lines = text.split("\n")
    line = lines[code.co_firstlineno - 1] if text and code.co_firstlineno <= len(lines) else None
    start = 1 if line is None else len(line) - len(line.lstrip()) + 1
    end = None if line is None else len(line.rstrip()) + 1
    place = (code.co_filename, code.co_firstlineno, start, code.co_firstlineno, end)
    return LanguageError(Offence(number, what, why, instead, *place, line))


def _not_found(code: CodeType) -> LanguageError:
    what = f"the source of {code.co_name!r} cannot be found"
    why = "a workflow is compiled from its source text, and code made by exec, eval or an older prompt has none"
    instead = "define the function in a file, a notebook cell or IPython"
    return _refuse(code, "", "TF001", what=what, why=why, instead=instead)


def _mismatch(code: CodeType, text: str) -> LanguageError:
    """Return the refusal of a function whose file holds something else in its place."""
    if code.co_filename.startswith("<"):  # no file's name: that something shares it is chance
        return _not_found(code)
    what = f"the source of {code.co_name!r} has changed since it was imported"
    why = "the text in this place does not compile to the function any more (or an import hook has rewritten it)"
    instead = "reload the module, or start Python again"
    return _refuse(code, text, "TF002", what=what, why=why, instead=instead)


def _ambiguous(code: CodeType, text: str, count: int) -> LanguageError:
    what = f"{count} functions on this line cannot be told apart"
    why = f"their compiled code and their name {code.co_name!r} are equal, their source is not"
    instead = "write them on lines of their own, or as named functions with def"
    return _refuse(code, text, "TF003", what=what, why=why, instead=instead)
