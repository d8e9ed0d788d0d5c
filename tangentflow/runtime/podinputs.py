"""What step runs of a recorded run were given, replayed beside the cluster by the run's own code. Standard library only.

Whoever starts the process asks on its standard input, a line of JSON each: frame, site and indices. Meanwhile the process asks for the files of
the run: a line of JSON with frame, site and indices, answered by the length of the file (-1: none) and its bytes. Its answer is a line with what
it is ("inputs" of a step, the "operands" digest of an expression, "nothing") and its length, and the bytes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from tangentflow.runtime.bundle import load
from tangentflow.runtime.codec import encode
from tangentflow.runtime.once import Once
from tangentflow.runtime.operands import Operands
from tangentflow.runtime.outcome import Value
from tangentflow.runtime.pod import call_path
from tangentflow.runtime.podfiles import Files, Indices, Own, parse_ix, root
from tangentflow.runtime.podreplay import Json, Replays
from tangentflow.runtime.replay import SKIP, Address, Next, NotRun, Scanned
from tangentflow.runtime.slices import bind

__all__ = ["main"]


class _Asked(Own):
    """The outcomes of one call, asked for where they are looked up."""

    def __init__(self, frame: str, channel: tuple[BinaryIO, BinaryIO]) -> None:
        super().__init__()
        self.frame = frame
        self.questions, self.answers = channel
        self.known: dict[Address, bytes | None] = {}

    def find(self, address: Address) -> bytes | None:
        """Return the bytes of an outcome; None if there is none."""
        if address not in self.known:
            self.questions.write(json.dumps(["read", self.frame, address[0], address[1]]).encode() + b"\n")
            self.questions.flush()
            length = int(self.answers.readline())
            self.known[address] = self.answers.read(length) if length >= 0 else None
        return self.known[address]


class _Call(Replays):
    """One call of a workflow. Heads of loops and arguments are replayed, whatever pods recorded of them."""

    def __init__(self, session: _Session, frame: str, flow: Json, caller: tuple[_Call, str, Indices] | None) -> None:
        super().__init__(flow, {}, session.files, session.functions, session.parameters, call_path(session.plan, frame))
        self.store = _Asked(frame, session.channel)  # type: ignore[assignment]
        self.caller = caller
        self.scans: dict[tuple[str, Indices], Scanned] = {}

    def _read_args(self) -> dict[str, Any]:
        if self.caller is None:
            return super()._read_args()
        caller, call, indices = self.caller
        args, kwargs = caller.replay(caller.nodes[call]["slice"], indices)()
        return bind(self.function(), args, kwargs)

    def _map_head(self, node: Json, indices: Indices) -> dict[str, Any]:
        key = node["id"], indices[:-1]
        if key not in self.scans:
            scanned = self.replay(node["scan"], indices[:-1])
            if not isinstance(scanned, Scanned):
                raise NotRun((node["id"], indices))
            self.scans[key] = scanned
        return self.scans[key].entry | self.scans[key].items[indices[-1]]

    def _loop_head(self, node: Json, indices: Indices) -> dict[str, Any]:
        outer, last = indices[:-1], indices[-1]
        entry = self.entry(node, outer)
        carried = {name: entry[name] for name in node["carried"] if name in entry}
        for i in range(last):
            here, following = (node["id"], (*outer, i)), (node["id"], (*outer, i + 1))
            if following not in self.heads:
                self.heads.setdefault(here, self.state(node, entry, carried, i))
                moved = self.replay(node["advance"], here[1])
                if not isinstance(moved, Next):
                    raise NotRun(following)
                self.heads[following] = self.state(node, entry, moved.state, i + 1)
        return self.heads[node["id"], indices] if last else self.state(node, entry, carried, 0)

    def entry(self, node: Json, outer: Indices) -> dict[str, Any]:
        """Return the state before the first iteration of a serial loop."""
        key = node["id"], outer
        if key not in self.entries:
            found = self.replay(node["entry"], outer)
            if found is SKIP:
                raise NotRun(key)
            self.entries[key] = found
        return self.entries[key]


class _Session:
    def __init__(
        self, bundle: str, plan: str, parameters: Mapping[str, str], channel: tuple[BinaryIO, BinaryIO]
    ) -> None:
        self.functions = load(bundle, root() + "/tf/code")
        self.plan: Json = json.loads((Path(root() + "/tf/code") / plan).read_text())
        self.parameters = parameters
        self.channel = channel
        self.files = Files({})
        self.calls: dict[str, _Call] = {}

    def call(self, frame: str) -> _Call:
        """Return the call that stands behind a frame: `main/.0/3` is that of the first call of the main workflow, at index 3."""
        if frame not in self.calls:
            outer, _, last = frame.rpartition("/.")
            if not outer:
                self.calls[frame] = _Call(self, frame, self.plan["flows"][self.plan["root"]], None)
            else:
                caller = self.call(outer)
                number, _, ix = last.partition("/")
                call = caller.flow["calls"][number]
                flow = self.plan["flows"][caller.nodes[call]["flow"]]
                self.calls[frame] = _Call(self, frame, flow, (caller, call, parse_ix(ix)))
        return self.calls[frame]

    def answer(self, frame: str, site: str, indices: Indices) -> tuple[str, bytes]:
        """Return what a step run was given, or the digest of what an expression was evaluated on."""
        try:
            call = self.call(frame)
            node = call.nodes[site]
            made = call.replay(node["slice"], indices)
            if made is SKIP:
                return "nothing", b""
            if node["kind"] == "Glue":
                return "operands", Once(made, Operands(**node["operands"])).digest().encode()
            return "inputs", encode(Value(made()), where=node["name"], what="an argument", files=True)
        except (KeyboardInterrupt, MemoryError):
            raise
        except BaseException as error:
            return "nothing", f"{type(error).__name__}: {error}".encode(errors="replace")


def main(bundle: str, plan: str, parameters: str) -> None:
    """Answer until nobody asks any more. What user code prints goes to standard error."""
    with os.fdopen(os.dup(1), "wb") as questions, os.fdopen(os.dup(0), "rb") as answers:
        os.dup2(2, 1)
        session = _Session(bundle, plan, json.loads(Path(parameters).read_text()), (questions, answers))
        while line := answers.readline():
            frame, site, indices = json.loads(line)
            kind, data = session.answer(frame, site, tuple(indices))
            questions.write(json.dumps([kind, len(data)]).encode() + b"\n" + data)
            questions.flush()
