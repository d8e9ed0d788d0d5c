"""What is known when the document is made: the items, starts and arguments that depend on nothing.

Whatever goes wrong in such an evaluation is left to the run, where it goes wrong again and is reported as Python would.
"""

from __future__ import annotations

import ast
import base64
import types
from collections.abc import Mapping
from typing import Any, cast

from tangentflow.decorators import WorkflowFunction
from tangentflow.graph.nodes import Call, Flow, Graph, Loop, Map, Slice
from tangentflow.runtime.codec import encode
from tangentflow.runtime.outcome import Value
from tangentflow.runtime.podfiles import Own
from tangentflow.runtime.replay import SKIP, NotRun, Replay, Scanned
from tangentflow.runtime.slices import bind, compile_slice

__all__ = ["Constants"]

LARGEST = 2_000
"""How many characters of constant arguments stand in the document; larger ones are written by a pod."""


class Constants:
    """Evaluates slices of a flow that look up nothing and take no names."""

    def __init__(self, graph: Graph, flow: Flow) -> None:
        self.graph = graph
        self.function = self._function(flow.key)

    def _function(self, key: str) -> types.FunctionType:
        return cast(types.FunctionType, cast(WorkflowFunction[..., Any], self.graph.bindings[key]).function)

    def _run(self, slice_: Slice, names: Mapping[str, Any], indices: tuple[int, ...] = ()) -> Any:
        return compile_slice(slice_.code, self.function, "constant")(Replay(Own(), names, indices, self.graph.bindings))

    def count(self, node: Map) -> int | None:
        """Return how many items a fan-out has, if that is known."""
        scan = node.scan
        if scan.inputs or (scan.start is not None and scan.names):
            return None
        if node.count is not None or scan.names:
            return node.count
        try:
            scanned = self._run(scan, {})
        except (Exception, NotRun):
            return None
        return len(scanned.items) if isinstance(scanned, Scanned) else None

    def begins(self, node: Loop) -> bool:
        """Whether a serial loop is known to have a first iteration that needs a step."""
        entry = node.entry
        if entry.inputs or entry.start is not None:
            return False
        if entry.names:
            return node.kind == "while" and _plain(entry) and _asks_first(node.advance)
        try:
            state = self._run(entry, {})
            if state is SKIP or (node.items is not None and not state[node.items]):
                return False
            head = dict(state)
            if node.var is not None and node.items is not None:
                head[node.var] = state[node.items][0]
            self._run(node.advance, head, (0,))
        except NotRun:
            return True
        except Exception:
            return False
        return False

    def call(self, slice_: Slice) -> tuple[tuple[Any, ...], Mapping[str, Any]] | None:
        """Return the arguments of a step that depends on nothing."""
        if slice_.inputs or slice_.names:
            return None
        try:
            call = self._run(slice_, {})
            return None if call is SKIP else call()
        except (Exception, NotRun):
            return None

    def arguments(self, node: Call) -> str | None:
        """Return the arguments of a call as base64 of an encoded map by parameter, if they are known and small."""
        if node.slice.inputs or node.slice.names:
            return None
        try:
            call = self._run(node.slice, {})
            if call is SKIP:
                return None
            args, kwargs = call()
            bound = bind(self._function(node.flow), args, kwargs)
            text = base64.b64encode(encode(Value(bound), where=node.id)).decode()
        except (Exception, NotRun):
            return None
        return text if len(text) <= LARGEST else None


def _body(slice_: Slice) -> list[ast.stmt]:
    function = ast.parse(slice_.code).body[0]
    assert isinstance(function, ast.FunctionDef)
    return function.body


def _call(node: ast.AST | None) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def _takes(stmt: ast.stmt) -> bool:
    """Whether a statement only takes a name from the start, or binds one to a constant."""
    if isinstance(stmt, ast.If):
        return _call(stmt.test) == "_tf.has" and all(_takes(inner) for inner in stmt.body) and not stmt.orelse
    if not isinstance(stmt, ast.Assign) or not all(isinstance(target, ast.Name) for target in stmt.targets):
        return False
    return isinstance(stmt.value, ast.Constant) or _call(stmt.value) in ("_tf.take", "_tf.copy")


def _plain(slice_: Slice) -> bool:
    """Whether a start only takes arguments and constants: then it cannot raise."""
    *first, last = _body(slice_)
    return (
        all(_takes(stmt) for stmt in first)
        and isinstance(last, ast.Return)
        and _call(last.value) in ("_tf.state", "_tf.snapshot")
    )


def _asks_first(slice_: Slice) -> bool:
    """Whether an iteration begins with an outcome that it looks up."""
    for stmt in _body(slice_):
        if not _takes(stmt):
            value = stmt.value if isinstance(stmt, (ast.Assign, ast.Expr)) else None
            return _call(value) in ("_tf.out", "_tf.own")
    return False
