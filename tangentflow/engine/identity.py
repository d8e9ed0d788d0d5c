"""What makes two step runs the same: the code of the step, and the values that it is given."""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import os
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tangentflow.decorators import StepFunction
from tangentflow.graph.fingerprint import names_of, trace
from tangentflow.graph.nodes import Glue
from tangentflow.graph.parts import parts_of
from tangentflow.graph.whose import is_own
from tangentflow.runtime.codec import digest

__all__ = ["Code", "Identity", "positional"]

_PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


@dataclass(frozen=True)
class Code:
    """The code of a step: everything that it reaches, its image, the environment variables that it names, the version of Python.

    `name` tells which step it is; `unseen` says what of it cannot be looked into, so that nobody knows whether it is the same;
    `files` has when its files were changed.
    """

    step: StepFunction[..., Any]
    name: str
    fingerprint: str
    environment: tuple[tuple[str, str | None], ...]
    unseen: tuple[str, ...]
    files: Mapping[str, int]

    def edited(self) -> str | None:
        """Return a file of its code that was changed in the meantime: a process that has just loaded it runs the new text."""
        for name, changed in self.files.items():
            try:
                if os.stat(name).st_mtime_ns != changed:
                    return name
            except OSError:
                return name
        return None

    def parts(self, without: str | None = None) -> dict[str, str]:
        """Return a digest of each part by its name, to tell what has changed; the name of the module `without` is left out."""
        found = parts_of(self.step.function, without)
        found |= {f"environment variable {name}": _hash(repr(value)) for name, value in self.environment}
        return {**found, "image": _hash(repr(self.step.option("image"))), "Python": _PYTHON}


class Identity:
    """Tells what is the same in one run: what modules hold is looked at once."""

    def __init__(self) -> None:
        self._codes: dict[StepFunction[..., Any], Code] = {}
        self._glue: dict[tuple[str, str], str] = {}
        self._met: dict[int, tuple[object, str, tuple[str, ...]]] = {}
        self.unseen: dict[str, tuple[str, ...]] = {}
        """What cannot be looked into of the code in a value, by the digest of the value."""

    def code(self, step: StepFunction[..., Any]) -> Code:
        """Return the code of a step."""
        found = self._codes.get(step)
        if found is None:
            traced = trace(step)
            environment = {name: os.environ.get(name) for name in traced.variables} | dict(step.policy.env)
            named = tuple(sorted(environment.items()))
            name = f"{step.__module__}.{step.__qualname__}"
            found = self._codes[step] = Code(
                step, name, _hash(traced.fingerprint, repr(named), _PYTHON), named, traced.unseen, traced.files
            )
        return found

    def glue(self, key: str, workflow: object, node: Glue) -> str:
        """Return the fingerprint of an expression of a workflow: its text, and what the names in it mean."""
        found = self._glue.get((key, node.id))
        if found is None:
            names = names_of(workflow)
            meanings = {}
            for part in ast.walk(ast.parse(node.text, mode="eval")):
                if isinstance(part, (ast.Name, ast.Attribute)):
                    meaning = names(part)
                    if meaning is not None:
                        meanings[ast.unparse(part)] = meaning
            found = self._glue[(key, node.id)] = _hash(node.text, repr(sorted(meanings.items())))
        return found

    def inputs(self, step: StepFunction[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        """Return the digest of the arguments of a step run: the same whether they are given by position or by name."""
        if kwargs:
            args, rest = positional(step.function, args, kwargs)
            return self.value((args, rest) if rest else args)
        return self.value(args)

    def value(self, value: object) -> str:
        """Return the digest of a value, and of the user's code that is in it: a step may call what it is given."""
        met: dict[int, object] = {}
        found = digest(value, met)
        if not met:
            return found[:40]
        codes = [self._code_met(code) for code in met.values()]
        texts = sorted({text for text, _ in codes if text})
        if not texts:
            return found[:40]
        whole = _hash(found, *texts)
        unseen = tuple(reason for _, reasons in codes for reason in reasons)
        if unseen:
            self.unseen[whole] = unseen
        return whole

    def _code_met(self, code: Any) -> tuple[str, tuple[str, ...]]:
        known = self._met.get(id(code))
        if known is None:
            if isinstance(code, types.FunctionType):
                module = code.__globals__.get("__name__")
            else:
                module = code.__name__ if isinstance(code, types.ModuleType) else code.__module__
            name = str(module or "builtins")
            traced = trace(code) if name != "builtins" and is_own(name) else None
            known = (code, traced.fingerprint, traced.unseen) if traced is not None else (code, "", ())
            self._met[id(code)] = known
        return known[1], known[2]


def positional(
    function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return arguments with as many of them by position as can be, and the others by name in the order of their names."""
    if not kwargs:
        return args, {}
    rest = dict(kwargs)
    more = []
    for name in _by_position(function)[len(args) :]:
        if name not in rest:
            break
        more.append(rest.pop(name))
    return (*args, *more), dict(sorted(rest.items()))


@functools.lru_cache(maxsize=1024)
def _by_position(function: Any) -> tuple[str, ...]:
    """Return the parameters that can be given by position, with an empty name for those that cannot be given by name."""
    kinds = inspect.Parameter
    parameters = inspect.signature(function).parameters.values()
    first = [p for p in parameters if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)]
    return tuple("" if p.kind is kinds.POSITIONAL_ONLY else p.name for p in first)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:40]
