"""From the text of a slice to a function that sees what the user's workflow sees: its globals and closure variables."""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import linecache
import types
from collections.abc import Callable, Mapping
from typing import Any

from tangentflow.errors import InternalError
from tangentflow.runtime.glue import glue
from tangentflow.runtime.replay import Replay

__all__ = ["bind", "compile_slice", "slice_function"]


LINE_MARK = "  # line "
"""Stands between a statement of a slice and the line of the workflow's file that it comes from."""


def compile_slice(code: str, function: types.FunctionType, label: str) -> Callable[[Replay], Any]:
    """Compile a slice like `slice_function`; what is called in it knows that it is called between steps."""
    slice_ = slice_function(code, function, label)

    def run(replay: Replay) -> Any:
        with glue():
            return slice_(replay)

    return run


def slice_function(code: str, function: types.FunctionType, label: str) -> Callable[[Replay], Any]:
    """Compile `code`, a function `slice(_tf)`, as if it stood where `function` stands.

    Where its statements tell their lines, tracebacks show those of the workflow's file; else `label` names it there.
    """
    free = function.__code__.co_freevars
    found, shown = _compiled(code, free, function.__code__.co_filename, function.__name__, f"<tangentflow {label}>")
    if shown is not None:
        linecache.cache[found.co_filename] = shown
    cells = dict(zip(free, function.__closure__ or ()))
    closure = tuple(cells[name] for name in found.co_freevars)
    return types.FunctionType(found, function.__globals__, "slice", None, closure)


_Shown = tuple[int, None, list[str], str]
"""What `linecache` is told of a source that has no file."""


@functools.lru_cache(maxsize=1024)  # a workflow that is run again has the same slices
def _compiled(
    code: str, free: tuple[str, ...], filename: str, name: str, own_name: str
) -> tuple[types.CodeType, _Shown | None]:  # fmt: skip
    """Compile a slice of a function with these free variables, of this file and name; `own_name` is that of a slice that does not tell its lines."""
    indented = "".join(f"    {line}\n" for line in code.splitlines()) if free else code
    own = "" if "slice" in free else "    global slice\n"  # what the user calls slice is not this function
    source = f"def around({', '.join(free)}):\n{own}{indented}" if free else code
    lines = _lines(source)
    if any(lines):
        found = _code_named(_where_it_comes_from(source, filename, lines), "slice")
        return found.replace(co_name=name), None
    found = _code_named(compile(source, own_name, "exec", dont_inherit=True), "slice")
    return found, (len(source), None, source.splitlines(keepends=True), own_name)


def _lines(source: str) -> list[int]:
    """Return for each line of a slice, from 1, the line that it or the last marked one before it comes from; 0 where nothing is known."""
    found = [0]
    for line in source.split("\n"):
        number = line.rpartition(LINE_MARK)[2] if LINE_MARK in line else ""
        found.append(int(number) if number.isdecimal() else found[-1])  # a string may look like a mark
    return found


def _where_it_comes_from(source: str, filename: str, lines: list[int]) -> types.CodeType:
    """Compile a slice with the file and the lines of the workflow. Columns are unknown: Python then underlines nothing."""
    first = next(line for line in lines if line)
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.stmt, ast.expr, ast.excepthandler, ast.arg, ast.keyword, ast.alias, ast.pattern)):
            node.lineno = node.end_lineno = lines[node.lineno] or first
            node.col_offset = node.end_col_offset = -1
    return compile(tree, filename, "exec", dont_inherit=True)


def _code_named(code: types.CodeType, name: str) -> types.CodeType:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            if constant.co_name == name:
                return constant
            if constant.co_name == "around":
                return _code_named(constant, name)
    raise InternalError("a slice has no code", name=name)


def bind(function: types.FunctionType, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a call by name, defaults filled in; raise the TypeError that the call itself would raise."""
    parameters = inspect.signature(function, follow_wrapped=False).parameters.values()
    kinds = inspect.Parameter
    parts: list[str] = []
    star = False
    previous = None
    for p in parameters:
        if previous is kinds.POSITIONAL_ONLY and p.kind is not kinds.POSITIONAL_ONLY:
            parts.append("/")
        if p.kind is kinds.VAR_POSITIONAL:
            star = True
        if p.kind is kinds.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        prefix = "*" if p.kind is kinds.VAR_POSITIONAL else "**" if p.kind is kinds.VAR_KEYWORD else ""
        parts.append(prefix + p.name + ("=None" if p.default is not p.empty else ""))
        previous = p.kind
    if previous is kinds.POSITIONAL_ONLY:
        parts.append("/")
    space: dict[str, Any] = {"_locals": builtins.locals}
    exec(
        f"def call({', '.join(parts)}): return _locals()", space
    )  # the parameter list of the function, nothing of its body
    stub = space["call"]
    stub.__defaults__, stub.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    stub.__code__ = stub.__code__.replace(co_name=function.__name__)
    stub.__name__, stub.__qualname__ = function.__name__, function.__qualname__
    bound: dict[str, Any] = stub(*args, **kwargs)
    return bound
