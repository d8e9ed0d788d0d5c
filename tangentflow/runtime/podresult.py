"""The outcome of a run that no pod recorded, replayed beside the cluster by the run's own code.

That is the case where a pod was lost, and where a workflow returns a constant. Standard library only.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from tangentflow.runtime.bundle import load
from tangentflow.runtime.codec import encode
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.podfiles import Files, Outcomes, ix_text, lost, root
from tangentflow.runtime.podreplay import Json, Replays
from tangentflow.runtime.replay import Address, NotRun

__all__ = ["MAIN", "main"]

MAIN = "main"
"""The frame of the main workflow."""


class _Asked(Outcomes):
    """A store that asks whoever started this process, on one line: the number of the earlier run that has it (0: none) and the key, `0:main/fit/v`;
    the answer is the length of the file (-1: none) and its bytes.
    """

    def __init__(self, files: Files, nodes: Mapping[str, Json], questions: BinaryIO, answers: BinaryIO) -> None:
        super().__init__(files, ())
        self.nodes = nodes
        self.questions, self.answers = questions, answers
        self.known: dict[Address, bytes | None] = {}

    def find(self, address: Address) -> bytes | None:
        """Return the bytes of an outcome; None if there is none."""
        if address not in self.known:
            site, indices = address
            source = self.files.source(address)
            if source < 0:
                return self.files.seed(source)
            self.questions.write(f"{source}:{MAIN}/{self.nodes[site]['key']}{ix_text(indices)}/v\n".encode())
            self.questions.flush()
            length = int(self.answers.readline())
            self.known[address] = self.answers.read(length) if length >= 0 else None
        return self.known[address]


def main(bundle: str, plan: str, parameters: str, target: str) -> None:
    """Replay the result: `bundle` is the file of the code, `plan` its member with the plan, `parameters` a file of those of a pod, as JSON.

    Writes the encoded outcome to `target`. What user code prints goes to standard error.
    """
    with os.fdopen(os.dup(1), "wb") as questions, os.fdopen(os.dup(0), "rb") as answers:
        os.dup2(2, 1)
        functions = load(bundle, root() + "/tf/code")
        found = json.loads((Path(root() + "/tf/code") / plan).read_text())
        flow = found["flows"][found["root"]]
        files = Files({}, {}, found.get("taken", {}).get("table", {}).get(MAIN, {}))
        replays = Replays(flow, {}, files, functions, json.loads(Path(parameters).read_text()))
        replays.store = _Asked(files, flow["nodes"], questions, answers)
        Path(target).write_bytes(encode(_outcome(replays, flow), where=flow["name"]))
    sys.stdout.flush()


def _outcome(replays: Replays, flow: Json) -> Outcome:
    try:
        return Value(replays.replay(flow["result"], ()))
    except NotRun as missing:
        site, indices = missing.address
        node, path = flow["nodes"][site], replays.path(site, indices)
        return Raised(lost(node["kind"], node.get("name", path), path))
    except BaseException as error:
        return Raised(error)
