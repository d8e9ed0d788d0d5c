"""Graphs as JSON text and back.

The text is the same for the same program on every machine: keys are sorted, files bear their names without directories. The objects
that a graph is bound to are no part of it; a graph that was read can be looked at and compared, not run.
"""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

from tangentflow.errors import UsageError
from tangentflow.graph.nodes import Call, Flow, Glue, Graph, If, Input, Loop, Map, Region, Slice, Step
from tangentflow.source.origin import Origin

__all__ = ["FORMAT", "from_json", "to_json"]

FORMAT = 1
"""The version of the format. A text of another version is refused."""

_TYPES: dict[str, type] = {t.__name__: t for t in (Call, Flow, Glue, If, Input, Loop, Map, Origin, Region, Slice, Step)}


def to_json(graph: Graph) -> str:
    """Return the text of a graph: an object with `format`, `root` and `flows`; every part of it has its `type`."""
    document = {"format": FORMAT, "root": graph.root, "flows": [_encode(flow) for flow in graph.flows]}
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
        raise UsageError(f"this graph has format {document.get('format')!r}, this version of tangentflow reads {FORMAT}; write it anew")
    try:
        return Graph(document["root"], _decode(document["flows"]))
    except (TypeError, KeyError) as error:
        raise UsageError(f"this graph is damaged: {error}; write it anew with Graph.json()") from error


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
