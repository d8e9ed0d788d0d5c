"""Replays in a pod: slices, with the names that they take from arguments and from the heads of loops."""

from __future__ import annotations

import ast
import base64
import inspect
import types
from collections.abc import Mapping
from typing import Any, cast

from tangentflow.errors import UsageError
from tangentflow.runtime.codec import decode
from tangentflow.runtime.outcome import Value
from tangentflow.runtime.podfiles import Files, Indices, Outcomes, parse_ix, spell
from tangentflow.runtime.replay import Replay, Scanned, Store
from tangentflow.runtime.slices import compile_slice

__all__ = ["Json", "Replays"]

Json = dict[str, Any]


class Replays:
    """The slices of a pod's flow: `spec` is what the pod has to do, `path` that of its call."""

    def __init__(
        self,
        flow: Json,
        spec: Json,
        files: Files,
        functions: Mapping[str, Any],
        parameters: Mapping[str, str],
        path: str = "",
    ) -> None:
        self.flow = flow
        self.spec = spec
        self.files = files
        self.functions = functions
        self.parameters = parameters
        self.prefix = path
        self.indices = parse_ix(parameters.get("ix", ""))
        self.store = Outcomes(files, self.indices)
        self.nodes: dict[str, Json] = flow["nodes"]
        self.heads: dict[tuple[str, Indices], dict[str, Any]] = {}
        self.entries: dict[tuple[str, Indices], dict[str, Any]] = {}
        self.scanned: dict[tuple[str, Indices], Scanned] = {}
        self._args: dict[str, Any] | None = None

    def path(self, site: str, indices: Indices) -> str:
        """Return the path of a step run as users know it."""
        return f"{self.prefix}.{spell(site, indices)}" if self.prefix else spell(site, indices)

    def args(self) -> dict[str, Any]:
        """Return the arguments of this call of the workflow, by name."""
        if self._args is None:
            self._args = self._read_args()
        return self._args

    def _read_args(self) -> dict[str, Any]:
        loaded = self.files.load("args")
        if loaded is not None:
            return cast(dict[str, Any], loaded)
        for source in ("given", "arguments"):
            text = self.parameters.get(source)
            if text:
                outcome = decode(base64.b64decode(text), where="the arguments")
                assert isinstance(outcome, Value)
                return cast(dict[str, Any], outcome.value)
        found = {}
        defaults = inspect.signature(self.function()).parameters
        for name in self.flow["params"]:
            text = base64.b64decode(self.parameters.get(f"arg.{name}", "")).decode()
            found[name] = _literal(name, text) if text.strip() else _default(defaults[name])
        return found

    def function(self) -> types.FunctionType:
        """Return the workflow function, whose globals and closure slices see."""
        return cast(types.FunctionType, self.functions[self.flow["key"]].function)

    def head(self, loop: str, indices: Indices) -> dict[str, Any]:
        """Return the names at the head of an iteration, or those of them that this pod loads."""
        key = loop, indices
        if key not in self.heads:
            node = self.nodes[loop]
            self.heads[key] = self._map_head(node, indices) if node["kind"] == "Map" else self._loop_head(node, indices)
        return self.heads[key]

    def _map_head(self, node: Json, indices: Indices) -> dict[str, Any]:
        source = self.files.source((f"{node['id']}-head", indices))
        if source:
            return cast(dict[str, Any], cast(Value, decode(self.files.seed(source))).value)
        if node["static"]:
            key = node["id"], indices[:-1]
            if key not in self.scanned:
                scanned = self.replay(node["scan"], indices[:-1])
                assert isinstance(scanned, Scanned)
                self.scanned[key] = scanned
            return self.scanned[key].entry | self.scanned[key].items[indices[-1]]
        own = indices[-1:] if "chunk" in self.spec else ()
        return (self.files.load(f"entry:{node['id']}") or {}) | (self.files.load(f"item:{node['id']}", own) or {})

    def _loop_head(self, node: Json, indices: Indices) -> dict[str, Any]:
        outer, i = indices[:-1], indices[-1]
        entry = self.entry(node, outer)
        carried = self.files.load(f"head:{node['id']}")
        if carried is None and node["static"]:
            carried = {name: entry[name] for name in node["carried"] if name in entry}
        return self.state(node, entry, carried or {}, i)

    def entry(self, node: Json, outer: Indices) -> dict[str, Any]:
        """Return the state before the first iteration of a serial loop, or nothing if this pod does not load it."""
        key = node["id"], outer
        if key not in self.entries:
            found = self.files.load(f"entry:{node['id']}")
            if found is None:
                found = self.replay(node["entry"], outer) if node["static"] else {}
            self.entries[key] = found
        return self.entries[key]

    def state(self, node: Json, entry: dict[str, Any], carried: dict[str, Any], i: int) -> dict[str, Any]:
        """Return the names at the head of an iteration of a serial loop."""
        head = {name: entry[name] for name in node["invariant"] if name in entry} | carried
        if node["var"] is not None and node["items"] in entry:
            head[node["var"]] = entry[node["items"]][i]
        return head

    def replay(self, slice_: Json, indices: Indices, store: Store | None = None) -> Any:
        """Run a slice. Raises NotRun where it looks up what this pod has not."""
        names: dict[str, Any] = {}
        if slice_["names"]:
            names = self.args() if slice_["start"] is None else self.head(slice_["start"], indices)
        compiled = compile_slice(slice_["code"], self.function(), slice_["label"])
        return compiled(Replay(store or self.store, names, indices, self.functions))


def _literal(name: str, text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError) as error:
        raise UsageError(
            f"the workflow parameter {name!r} holds {text!r}, which is no Python literal; a text is written with quotes: {text.strip()!r}"
        ) from error


def _default(parameter: inspect.Parameter) -> Any:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return ()
    if parameter.kind is parameter.VAR_KEYWORD:
        return {}
    if parameter.default is parameter.empty:
        raise UsageError(f"the workflow parameter {parameter.name!r} has no value")
    return parameter.default
