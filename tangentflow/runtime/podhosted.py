"""What a pod evaluates for others: glue, tests, items of fan-outs, starts of loops, arguments of calls.

Hosted glue never fails its host: what goes wrong in it is recorded, and whoever needs it raises.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from typing import Any

from tangentflow.errors import InternalError, LoopLimit
from tangentflow.runtime.codec import decode, holds_exception
from tangentflow.runtime.once import Once
from tangentflow.runtime.operands import Operands
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.podfiles import Files, Indices, ix_text, lost
from tangentflow.runtime.podreplay import Json, Replays
from tangentflow.runtime.replay import SKIP, Done, Next, NotRun, Scanned, Threw
from tangentflow.runtime.slices import bind

__all__ = ["Hosted"]


class Hosted(Replays):
    """The evaluation of what a pod hosts. `flags` collects what Argo decides by."""

    def __init__(
        self,
        flow: Json,
        spec: Json,
        files: Files,
        functions: Mapping[str, Any],
        parameters: Mapping[str, str],
        path: str = "",
    ) -> None:
        super().__init__(flow, spec, files, functions, parameters, path)
        self.flags: dict[str, str] = {}
        self.hosted = set(spec["hosted"])
        self.uncaught = False

    def region(self, region: str, indices: Indices) -> None:
        """Evaluate what of a region this pod hosts, in program order."""
        body = self.flow["regions"][region]
        for name in body["nodes"]:
            node = self.nodes[name]
            if name in self.hosted:
                _HOSTED[node["kind"]](self, node, indices)
        for gate in body["gates"]:
            if gate["flag"] in self.hosted:
                self.flags[gate["flag"]] = self._gate(gate, indices)

    def _write(self, node: Json, suffix: str, indices: Indices, outcome: Outcome) -> bytes:
        path = f"hosted/{node['key']}{suffix}{ix_text(indices)}/v"
        return self.files.write(path, outcome, self.path(node["id"], indices))

    def _record(self, node: Json, indices: Indices, outcome: Outcome) -> None:
        self.store.data[(node["id"], indices)] = self._write(node, "", indices, outcome)

    def _gate(self, gate: Json, indices: Indices) -> str:
        """Tell whether a step is reached. If that cannot be told, its own pod raises what there is to raise."""
        try:
            return "0" if self.replay(gate["slice"], indices) is SKIP else "1"
        except BaseException:
            return "1"

    def _glue(self, node: Json, indices: Indices) -> None:
        if self.files.source((node["id"], indices)):
            return
        try:
            call = self.replay(node["slice"], indices)
            if call is SKIP:
                return
            outcome = Once(call, Operands(**node["operands"]), node.get("reads", "")).evaluate(
                node["text"], node["line"]
            )
        except NotRun:
            return
        except BaseException as error:
            outcome = Raised(error)
        self._record(node, indices, outcome)

    def _call(self, node: Json, indices: Indices) -> None:
        flag = node["flag"]
        self.flags[flag] = "0"
        try:
            call = self.replay(node["slice"], indices)
            if call is SKIP:
                return
            args, kwargs = call()
            bound = bind(self.functions[node["flow"]].function, args, kwargs)
        except NotRun:
            return
        except BaseException as error:
            self._record(node, indices, Raised(error))
            return
        written = self._write(node, "-args", indices, Value(bound))
        if holds_exception(written):
            self._record(node, indices, decode(written))
            return
        self.flags[flag] = "1"

    def _if(self, node: Json, indices: Indices) -> None:
        """Decide a branch: "2" if that raises, or if it is not reached. One that only tells whether it is reached is then entered or not."""
        other = (True, False) if node["guard"] else (None, None)
        try:
            test = self.replay(node["test"], indices)
            test = other[1] if test is SKIP else bool(test)
        except BaseException:
            test = other[0]
        self.flags[node["flag"]] = "2" if test is None else "1" if test else "0"
        if test is not None:
            self.region(node["regions"][0 if test else 1], indices)

    def _try(self, node: Json, indices: Indices) -> None:
        """Find out how the body of a `try` ended: by an exception that handler 0, 1, … takes, by none ("else"), or otherwise ("none")."""
        body, *handlers, orelse, final = node["regions"]
        if node["local"]:
            self.region(body, indices)
        picked: Any = SKIP
        try:
            picked = self._pick(node, indices)
        except BaseException:
            if node["tried"]:
                traceback.print_exc()
            self.uncaught = self.uncaught or (node["tried"] and not node["swallows"])
        chosen = None if picked is SKIP else orelse if picked < 0 else handlers[picked]
        if node["flag"] is not None:
            self.flags[node["flag"]] = "none" if picked is SKIP else "else" if picked < 0 else str(picked)
        if chosen is not None:
            self.region(chosen, indices)
        if node["local"]:
            self.region(final, indices)

    def _pick(self, node: Json, indices: Indices) -> Any:
        """Replay the body. What it lacks when all of it is over is lost, and a handler may take that."""
        while True:
            try:
                return self.replay(node["pick"], indices)
            except NotRun as missing:
                site, at = missing.address
                if not node["tried"] or self.store.find(missing.address) is not None:
                    raise
                path = self.path(site, at)
                lacking = self.nodes[site]
                self._record(lacking, at, Raised(lost(lacking["kind"], lacking.get("name", path), path)))

    def _map(self, node: Json, indices: Indices) -> None:
        try:
            scanned = self.replay(node["scan"], indices)
        except BaseException:
            scanned = SKIP
        found = scanned if isinstance(scanned, Scanned) else Scanned({}, [])
        inner = []
        if found.items:
            self._write(node, "-entry", indices, Value(found.entry))
        for i, item in enumerate(found.items):
            at = (*indices, i)
            self.heads[(node["id"], at)] = found.entry | item
            place = (*indices, i // node["chunk"], i) if "chunk" in node else at
            self._write(node, "-item", place, Value(item))
            outer, self.flags = self.flags, dict(node["item_flags"])
            self.region(node["regions"][0], at)
            inner.append({"i": str(i), **{flag: self.flags[flag] for flag in node["item_flags"]}})
            self.flags = outer
        self.flags[node["flag"]] = json.dumps(inner, separators=(",", ":")) if node["item_flags"] else str(len(inner))

    def _loop(self, node: Json, indices: Indices) -> None:
        try:
            entry = self.replay(node["entry"], indices)
        except NotRun:
            return
        except BaseException as error:
            self._record(node, indices, Raised(error))
            return
        if entry is SKIP:
            return
        if node["limit"] is not None and len(entry[node["items"]]) > node["limit"]:
            self._record(node, indices, Raised(LoopLimit(node["limit"], node["file"], node["line"])))
            return
        self.entries[(node["id"], indices)] = entry
        self._write(node, "-entry", indices, Value(entry))
        carried = {name: entry[name] for name in node["carried"] if name in entry}
        self.proceed(node, indices, 0, carried)

    # -- iterations of serial loops --------------------------------------------------------------------------------------

    def proceed(self, node: Json, outer: Indices, i: int, carried: dict[str, Any]) -> bool:
        """Go on at the head of iteration i, past iterations that need no step; return whether an exception ended the loop.

        What can be evaluated at a head is; if the iteration then lacks an outcome, a step gives it.
        """
        entry = self.entry(node, outer)
        while True:
            if node["items"] is not None and i >= len(entry[node["items"]]):
                return self.leave(node, outer, Value(Done(carried)))
            at = (*outer, i)
            self.heads[(node["id"], at)] = self.state(node, entry, carried, i)
            self.flags.update(node["carried_flags"])
            self.region(node["regions"][0], at)
            try:
                moved = self.replay(node["advance"], at, self.store.own)
            except NotRun as missing:
                if node["local"]:
                    raise InternalError(
                        "a loop without steps lacks an outcome", address=repr(missing.address)
                    ) from None
                break
            except BaseException as error:
                return self.leave(node, outer, Raised(error))
            if not isinstance(moved, Next):
                return self.leave(node, outer, Value(moved))
            i, carried = i + 1, moved.state
        self._write(node, "-head", at, Value(carried))
        self.flags[node["flag"]] = "1"
        self.flags[node["index_flag"]] = str(i)
        return False

    def leave(self, node: Json, outer: Indices, outcome: Outcome) -> bool:
        """Record what a serial loop left; return whether that is an exception."""
        self._record(node, outer, outcome)
        return isinstance(outcome, Raised) or isinstance(outcome.value, Threw)


_HOSTED = {
    "Glue": Hosted._glue,
    "Call": Hosted._call,
    "If": Hosted._if,
    "Try": Hosted._try,
    "Map": Hosted._map,
    "Loop": Hosted._loop,
}
