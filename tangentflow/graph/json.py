"""Graphs as JSON text and back.

The text is the same for the same program on every machine: keys are sorted, files bear their names without directories. The objects
that a graph is bound to are no part of it, only the fingerprints of their code: a graph that was read can be looked at and
compared, not run.
"""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

from tangentflow.errors import UsageError
from tangentflow.graph.canonical import names_asked
from tangentflow.graph.fingerprint import Absent, fingerprint
from tangentflow.graph.nodes import Call, Carry, Flow, Glue, Graph, If, Input, Loop, Map, Region, Slice, Step, Try
from tangentflow.runtime.operands import Operands
from tangentflow.source.origin import Origin

__all__ = ["FORMAT", "from_json", "to_json"]

FORMAT = 1
"""The version of the format. A text of another version is refused."""

_TYPES: dict[str, type] = {
    t.__name__: t for t in (Call, Carry, Flow, Glue, If, Input, Loop, Map, Operands, Origin, Region, Slice, Step, Try)
}


def to_json(graph: Graph) -> str:
    """Return the text of a graph.

    An object with `format`, `root`, `flows` (every part of them has its `type`) and `code`: fingerprints of the steps, and of what the
    workflows read from outside.
    """
    document = {
        "format": FORMAT,
        "root": graph.root,
        "flows": [_encode(flow) for flow in graph.flows],
        "code": _code(graph),
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def from_json(text: str) -> Graph:
    """Return the graph of a text that `to_json` wrote. Raises UsageError for any other text."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise UsageError(f"this is no graph: {error}") from error
    if not isinstance(document, dict) or "flows" not in document or "root" not in document:
        raise UsageError("this is no graph: it has no root and flows; write it with Graph.json()")
    if document.get("format") != FORMAT:
        raise UsageError(
            f"this graph has format {document.get('format')!r}, this version of tangentflow reads {FORMAT}; write it anew"
        )
    try:
        bindings = {key: Absent(**parts) for key, parts in document["code"].items()}
        return Graph(document["root"], _decode(document["flows"]), bindings)
    except (TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"this graph is damaged: {error}; write it anew with Graph.json()") from error


def _code(graph: Graph) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {key: {"names": names} for key, names in names_asked(graph).items()}
    for flow in graph.flows:
        for node in flow.body.walk():
            if isinstance(node, Step) and node.callee in graph.bindings:
                found[node.callee] = {"fingerprint": fingerprint(graph.bindings[node.callee])}
    return found


def _encode(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if not dataclasses.is_dataclass(value):
        return value
    fields = {field.name: _encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Origin):
        fields["filename"] = os.path.basename(value.filename)
    return {"type": type(value).__name__, **fields}


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_decode(item) for item in value)
    if not isinstance(value, dict):
        return value
    fields = {name: _decode(item) for name, item in value.items() if name != "type"}
    return _TYPES[value["type"]](**fields)
