"""The arguments of the main workflow in its document: workflow parameters, or encoded for one run, in it or beside it."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import inspect
import types
from collections.abc import Mapping
from typing import Any, cast

from tangentflow.argo.taken import PUT
from tangentflow.decorators import WorkflowFunction
from tangentflow.errors import NotPicklable, UsageError
from tangentflow.graph.nodes import Graph
from tangentflow.runtime.codec import encode, holds_files
from tangentflow.runtime.outcome import Value
from tangentflow.runtime.slices import bind

__all__ = ["ADDRESS", "LARGEST", "baked", "declared", "key_of"]

Json = dict[str, Any]

ADDRESS = "code/arguments"
"""Where arguments lie in a run that has them as an artifact."""

LARGEST = 600_000
"""So many bytes of arguments a document may carry: as text they take a third more, and the engine keeps 1 MiB, code and nodes included."""

FEW = 100_000
"""Up to so many characters defaults stand in a document as they are written."""


def baked(graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any], call: bool) -> bytes | None:
    """Return the encoded arguments of a run; None if there are none and defaults will do.

    `call`: defaults that are files, or large, are arguments too. Raises TypeError for arguments that do not fit, NotPicklable, UsageError for such defaults
    where they must not be.
    """
    function = _function(graph)
    files = _defaults_with_files(function)
    large = (
        call
        and sum(
            len(_literal(p.default))
            for p in inspect.signature(function).parameters.values()
            if p.default is not p.empty
        )
        > FEW
    )
    if not (args or kwargs or large or (files and call)):
        if files:
            raise UsageError(
                f"the default of the parameter {files[0]!r} of {graph.main.name} is a file of this machine, and a document without arguments "
                f"has no files; give it arguments, `.graph.yaml({files[0]}=...)`, or make its default the name as a text"
            )
        return None
    return encode(Value(bind(function, args, kwargs)), where=graph.main.name, what="an argument", files=True)


def declared(graph: Graph, names: Mapping[str, str]) -> list[Json]:
    """Return the workflow parameters: defaults as Python literals in which no tag can begin."""
    found = []
    signature = inspect.signature(_function(graph))
    for name in graph.main.params:
        parameter = signature.parameters[name]
        shown: Json = {"name": names[name]}
        if parameter.default is not parameter.empty:
            shown["value"] = _literal(parameter.default)
        elif parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            shown["value"] = ""
        found.append(shown)
    return found


def key_of(data: bytes) -> str:
    """Return the key in the artifact repository under which these arguments are put: the same for the same."""
    return f"{PUT}{hashlib.blake2b(data, digest_size=20).hexdigest()}/{ADDRESS}/v"


def _function(graph: Graph) -> types.FunctionType:
    return cast(types.FunctionType, cast("WorkflowFunction[..., Any]", graph.bindings[graph.root]).function)


def _defaults_with_files(function: types.FunctionType) -> list[str]:
    """Return the parameters whose defaults hold paths of files."""
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.default is parameter.empty or _literal(parameter.default):
            continue
        with contextlib.suppress(NotPicklable):
            if holds_files(encode(Value(parameter.default), where="", files=True)):
                found.append(name)
    return found


def _literal(value: object) -> str:
    """Return the Python literal of a default, with `{{` escaped; nothing for one that has none: pods then take the function's own."""
    text = repr(value)
    try:
        same = ast.literal_eval(text) == value
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return ""
    return text.replace("{{", "\\x7b\\x7b") if same else ""
