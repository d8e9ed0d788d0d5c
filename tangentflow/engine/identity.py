"""What makes two step runs the same: the code of the step, and the values that it is given."""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
from collections.abc import Mapping
from typing import Any

from tangentflow.decorators import StepFunction
from tangentflow.graph.fingerprint import fingerprint, names_of
from tangentflow.graph.nodes import Glue
from tangentflow.runtime.codec import digest

__all__ = ["glue_fingerprint", "input_digest", "step_fingerprint"]


def step_fingerprint(step: StepFunction[..., Any]) -> str:
    """Return the fingerprint of a step: its code with everything that it reaches, its image and the environment that it names."""
    return _hash(fingerprint(step), repr(step.policy.env))


def glue_fingerprint(workflow: object, node: Glue) -> str:
    """Return the fingerprint of an expression of a workflow: its text, and what the names in it mean."""
    names = names_of(workflow)
    meanings = {}
    for part in ast.walk(ast.parse(node.text, mode="eval")):
        if isinstance(part, (ast.Name, ast.Attribute)):
            meaning = names(part)
            if meaning is not None:
                meanings[ast.unparse(part)] = meaning
    return _hash(node.text, repr(sorted(meanings.items())))


def input_digest(step: StepFunction[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Return the digest of the arguments of a step run: the same whether they are given by position or by name."""
    if kwargs:
        rest = dict(kwargs)
        more = []
        for name in _by_position(step.function)[len(args) :]:
            if name not in rest:
                break
            more.append(rest.pop(name))
        args, kwargs = (*args, *more), dict(sorted(rest.items()))
    return digest((args, kwargs) if kwargs else args)[:40]


@functools.lru_cache(maxsize=1024)
def _by_position(function: Any) -> tuple[str, ...]:
    """Return the parameters that can be given by position, with an empty name for those that cannot be given by name."""
    kinds = inspect.Parameter
    first = [
        p
        for p in inspect.signature(function).parameters.values()
        if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
    ]
    return tuple("" if p.kind is kinds.POSITIONAL_ONLY else p.name for p in first)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:40]
