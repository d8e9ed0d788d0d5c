"""Fingerprints of code: equal for equal behaviour as far as the text tells, whatever the formatting, comments and names of local variables.

The fingerprint of a function covers its parameters and body, its defaults, and every helper, global, closure variable and class that it
reaches in the user's own modules, by their content. Installed packages count by name and version, the standard library by name. A renamed
copy of a function has the same fingerprint; a function in whose reach anything was edited has another one.
"""

from __future__ import annotations

import ast
import hashlib
import types
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tangentflow.decorators import WorkflowFunction
from tangentflow.graph.normal import bound_in
from tangentflow.graph.reach import Reach
from tangentflow.graph.space import MISSING, Space

__all__ = ["Absent", "Names", "Trace", "fingerprint", "names_of", "trace"]


@dataclass(frozen=True)
class Absent:
    """In the bindings of a graph: code that is not here, known by its fingerprint, and for a workflow by those of its names."""

    fingerprint: str = ""
    names: Mapping[str, str] = field(default_factory=dict)


def fingerprint(value: object) -> str:
    """Return the fingerprint of a step, function, class or any other object, in hexadecimal digits. It never fails."""
    if isinstance(value, Absent):
        return value.fingerprint
    return trace(value).fingerprint


@dataclass(frozen=True)
class Trace:
    """A fingerprint; `variables` are the environment variables that the code reads by name, `unseen` says what could not be looked into,
    `files` has when the files were changed that the code is in.
    """

    fingerprint: str
    variables: frozenset[str]
    unseen: tuple[str, ...]
    files: Mapping[str, int]


def trace(value: object) -> Trace:
    """Return the fingerprint of an object, and what it does not cover."""
    reach = Reach()
    text = reach.whole(value)
    found = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Trace(found, frozenset(reach.variables), tuple(reach.unseen), reach.files)


class Names:
    """What the names from outside a workflow function mean, by fingerprint. `asked` has all that were asked for.

    `body` are its statements: names that it imports itself are from outside too.
    """

    def __init__(self, workflow: object, body: Sequence[ast.stmt] = ()) -> None:
        self.asked: dict[str, str] = {}
        if isinstance(workflow, Absent):
            self.asked = dict(workflow.names)
        function = workflow.function if isinstance(workflow, WorkflowFunction) else None
        self._space = Space.of(function) if isinstance(function, types.FunctionType) else None
        self.imported = frozenset(bound_in(stmt for stmt in body if isinstance(stmt, (ast.Import, ast.ImportFrom))))
        if self._space is not None:
            self._space.imports.update(_imported(body))

    def __call__(self, node: ast.expr) -> str | None:
        """Return the text that stands for a name or dotted name; None for one that is to be spelled out."""
        text = ast.unparse(node)
        if text in self.asked:
            return self.asked[text]
        if self._space is None:
            return f"name {text}" if isinstance(node, ast.Name) else None
        found = self._space.value(node)
        if found is MISSING:
            return f"name {text}" if isinstance(node, ast.Name) else None
        self.asked[text] = f"<{fingerprint(found)[:32]}>"
        return self.asked[text]


def names_of(workflow: object) -> Names:
    """Return the names from outside a workflow function."""
    return Names(workflow)


def _imported(body: Sequence[ast.stmt]) -> dict[str, Any]:
    """Return what the imports among statements bind, as far as their modules are here."""
    found: dict[str, Any] = {}
    for stmt in body:
        if isinstance(stmt, (ast.Import, ast.ImportFrom)):
            with suppress(ImportError):
                exec(compile(ast.unparse(stmt), "<import>", "exec", dont_inherit=True), found)
    found.pop("__builtins__", None)
    return found
