"""Parsed files, and which code objects the functions of a file compile to."""

from __future__ import annotations
import __future__

import ast
import copy
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import CodeType
from typing import Any, TypeAlias

__all__ = ["FunctionNode", "ParsedFile", "compiled_codes", "fingerprint", "parse_file"]

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

# The part of `co_flags` that says how the text was compiled. A notebook hands `from __future__` on from cell to cell.
_FUTURE_FLAGS = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names} - {0x10})


@dataclass(frozen=True, eq=False)
class ParsedFile:
    """One version of a file. Its trees are shared by all who ask: read only."""

    filename: str
    text: str
    tree: ast.Module
    functions: dict[tuple[int, str], list[tuple[FunctionNode, ast.stmt]]]
    codes: dict[tuple[int, int, int], CodeType | None] = field(default_factory=dict)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """All lines, without line breaks."""
        return tuple(self.text.split("\n"))


@lru_cache(maxsize=64)
def parse_file(filename: str, text: str) -> ParsedFile:
    """Parse one version of a file, once. Raises SyntaxError or ValueError if it is not Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whoever imported the file has seen its warnings
        tree = ast.parse(text, filename)
    functions: dict[tuple[int, str], list[tuple[FunctionNode, ast.stmt]]] = {}
    for statement in tree.body:
        for node in ast.walk(statement):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                first = node.decorator_list[0].lineno if node.decorator_list else node.lineno
                functions.setdefault((first, node.name), []).append((node, statement))
            elif isinstance(node, ast.Lambda):
                functions.setdefault((node.lineno, "<lambda>"), []).append((node, statement))
    return ParsedFile(filename, text, tree, functions)


def compiled_codes(
    file: ParsedFile, lineno: int, name: str, flags: int
) -> Iterator[list[tuple[FunctionNode, CodeType]]]:
    """Yield the functions at a line, paired with the code objects that they compile to under `flags` (`co_flags`).

    Two lists, the second if the first one is not the right one: compiled as parts of the whole file, and as parts of
    their top-level statement alone, as a notebook does it. Python compiles calls on names that the same module imports
    in a way of their own. A function has one code object as a rule, none if the text cannot be compiled, and several
    if Python copies the `finally` body that it stands in.
    """
    found = file.functions.get((lineno, name), [])
    flags &= _FUTURE_FLAGS
    if len(found) == 1:
        node, statement = found[0]
        for body in (file.tree.body, [statement]):
            yield [(node, code) for code in _codes_at(_module_code(file, body, flags), lineno, name)]
        return
    # Code objects do not say which of several lambdas on one line they are of. So each one is moved as a whole, in a
    # copy of its statement, to a line where no other is. That does not change its own code.
    distance = len(file.lines)
    moved = [(node, statement, _moved(node, statement, distance)) for node, statement in found]
    for whole in (True, False):
        pairs = []
        for node, statement, copied in moved:
            body = [copied if other is statement else other for other in file.tree.body] if whole else [copied]
            module = _compile(body, file.filename, flags)
            pairs += [(node, code) for code in _codes_at(module, lineno + distance, name)]
        yield pairs


def fingerprint(code: CodeType) -> tuple[Any, ...]:
    """Return what a code object does, without its place: equal for code compiled of equal functions."""
    signature = (code.co_name, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return (*signature, *names, code.co_code, tuple(_constant(value) for value in code.co_consts))


def _constant(value: object) -> Any:
    """Return a key that tells 1, 1.0 and True apart, and 0.0 from -0.0."""
    if isinstance(value, CodeType):
        return fingerprint(value)
    if isinstance(value, tuple):
        return tuple(_constant(item) for item in value)
    if isinstance(value, frozenset):
        return "frozenset", sorted((_constant(item) for item in value), key=repr)  # its own order depends on hashes
    return type(value).__name__, repr(value)


def _codes_at(module: CodeType | None, lineno: int, name: str) -> list[CodeType]:
    """Return the outermost code objects that start at a line under a name."""
    found, rest = [], [module]
    while rest:
        code = rest.pop()
        if code is not None and code.co_firstlineno == lineno and code.co_name == name:
            found.append(code)
        elif code is not None:
            rest += [value for value in code.co_consts if isinstance(value, CodeType)]
    return found


def _moved(node: FunctionNode, statement: ast.stmt, distance: int) -> ast.stmt:
    """Return a copy of the statement in which `node` stands `distance` lines further down."""
    copies: dict[int, Any] = {}
    copied = copy.deepcopy(statement, copies)
    ast.increment_lineno(copies[id(node)], distance)
    return copied


def _module_code(file: ParsedFile, body: list[ast.stmt], flags: int) -> CodeType | None:
    key = id(body[0]), len(body), flags
    if key not in file.codes:
        file.codes[key] = _compile(body, file.filename, flags)
    return file.codes[key]


def _compile(body: list[ast.stmt], filename: str, flags: int) -> CodeType | None:
    """Compile statements of a module; None if they parse, but do not compile: then no function was made of them."""
    module = ast.Module(body=body, type_ignores=[])
    flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # notebooks have it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            code: CodeType = compile(module, filename, "exec", flags, dont_inherit=True)
        except (SyntaxError, ValueError):
            return None
    return code
