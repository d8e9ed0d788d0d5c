"""What a document tells of the code of its run, so that a later run can find out what is still the same."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

from tangentflow.bundling.pack import describe
from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.engine.identity import Identity
from tangentflow.engine.parameters import spelled
from tangentflow.graph.fingerprint import fingerprint
from tangentflow.graph.nodes import Glue, Graph, Step
from tangentflow.graph.whose import is_own

__all__ = ["changed_code", "codes_of", "met_in"]

Json = dict[str, Any]


def codes_of(graph: Graph, identity: Identity) -> Json:
    """Return the fingerprints of all steps and recorded expressions of a graph, and of the user's classes and functions, by name.

    A step may be given an object of such a class, whose methods are then part of what it is given.
    """
    codes: dict[str, Json] = {}
    for flow in graph.flows:
        for node in flow.body.walk():
            if isinstance(node, Step) and node.callee not in codes:
                step = graph.bindings[node.callee]
                assert isinstance(step, StepFunction)
                code = identity.code(step)
                codes[node.callee] = {
                    "fingerprint": code.fingerprint,
                    "parts": code.parts(),
                    "parameters": spelled(step.function),
                }
            elif isinstance(node, Glue):
                found = identity.glue(flow.key, graph.bindings[flow.key], node)
                codes[f"{flow.key}:{node.id}"] = {"fingerprint": found}
    return {"codes": codes, "own": {name: _short(value) for name, value in _own(graph)}}


def _own(graph: Graph) -> Iterator[tuple[str, object]]:
    """Yield the classes and functions at the top of the user's modules, by name."""
    functions = {
        key: value for key, value in graph.bindings.items() if isinstance(value, (StepFunction, WorkflowFunction))
    }
    names = {module.name for module in describe(functions)} | {value.__module__ for value in functions.values()}
    for name in sorted(names):
        for value in list(vars(sys.modules[name]).values()) if name in sys.modules else []:
            if isinstance(value, (type, types.FunctionType)) and value.__module__ == name:
                yield _name(value), value


def _short(value: object) -> str:
    return fingerprint(value)[:20]


def _name(code: Any) -> str:
    return f"{code.__module__}.{code.__qualname__}" if isinstance(code, (type, types.FunctionType)) else repr(code)


def met_in(code: Mapping[int, Any]) -> list[Any]:
    """Return those of the objects that a digest met that are code of the user's."""
    found = []
    for value in code.values():
        if isinstance(value, types.FunctionType):
            module = value.__globals__.get("__name__")
        else:
            module = value.__name__ if isinstance(value, types.ModuleType) else value.__module__
        if module and module != "builtins" and is_own(str(module)):
            found.append(value)
    return found


def changed_code(own: Mapping[str, str], met: list[Any]) -> list[str]:
    """Return the names of classes and functions that are not known to be what they were when `own` was told."""
    return sorted({_name(value) for value in met if own.get(_name(value)) != _short(value)})
