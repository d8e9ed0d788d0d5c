"""The files of a pod: where its inputs lie, what it writes, and the outcomes that its replays may look up.

All paths stand below the value of TANGENTFLOW_POD_ROOT, which a simulation sets; in a real pod it is empty.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tangentflow.errors import NotPicklable, StepKilled
from tangentflow.runtime.codec import decode, encode
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.replay import Address, Done, NotRun, Returned, Threw, throw

__all__ = [
    "FOLDER",
    "RUNS",
    "Files",
    "Indices",
    "Outcomes",
    "Own",
    "chunk_items",
    "ix_text",
    "lost",
    "parse_ix",
    "spell",
]

Indices = tuple[int, ...]

FOLDER = "/work"
"""The working directory of a command in a container: an empty one of its own."""

RUNS = "-runs"
"""The end of the key at which a pod that ran several iterations tells of them: attempts, beginning and end of each, as JSON."""


def root() -> str:
    """Return what stands before every absolute path."""
    return os.environ.get("TANGENTFLOW_POD_ROOT", "")


def parse_ix(text: str) -> Indices:
    """Return the indices of a text such as `/2/7`."""
    return tuple(int(part) for part in text.split("/") if part)


def ix_text(indices: Indices) -> str:
    """Return the text of indices: `/2/7` of (2, 7)."""
    return "".join(f"/{index}" for index in indices)


def chunk_items(chunk: int, size: int, count: int) -> range:
    """Return the iterations that one pod runs of `count`, if each runs `size`."""
    return range(chunk * size, min((chunk + 1) * size, count))


def spell(site: str, indices: Indices) -> str:
    """Return the path of a step run: each loop in the site's name with its index, `loop[3].fit`."""
    *loops, last = site.split(".")
    parts = [f"{loop}[{index}]" for loop, index in zip(loops, indices)]
    if len(indices) > len(loops):
        last = f"{last}[{indices[len(loops)]}]"
    return ".".join([*parts, last])


def lost(kind: str, name: str, path: str) -> StepKilled:
    """Return the exception for a step, call or loop that ended without an outcome."""
    told = {
        "Call": f"the call {path} ended without recording an outcome: a pod was lost, or calls are nested too deep for the engine (100)",
        "Loop": f"a pod of {path} ended without recording an outcome",
    }
    return StepKilled(told.get(kind, f"the pod of {path} ended without recording an outcome"), name, path)


class Files:
    """The files of one pod.

    `inputs` maps what is loaded (`out:fit`, `all:loop.fit`, `head:loop`) to the name of its input, and how many indices its address has.
    Outcomes that are taken over from earlier runs: `earlier` are inputs by the number of the run, `table` has by site and text of indices the
    source of each: such a number, or that of a seed in the code, below 0.
    """

    def __init__(
        self,
        inputs: Mapping[str, tuple[str, int]],
        earlier: Mapping[str, Mapping[str, tuple[str, int]]] = MappingProxyType({}),
        table: Mapping[str, Mapping[str, int]] = MappingProxyType({}),
    ) -> None:
        self.inputs = inputs
        self.earlier = earlier
        self.table = table
        self.base = root()
        self.out = Path(self.base + "/tf/out")
        self.scratch = f"{self.base}/tmp" if self.base else None
        for folder in ("flags", "hosted"):
            (self.out / folder).mkdir(parents=True, exist_ok=True)

    def path(self, what: str, rest: Indices = (), source: int = 0) -> Path | None:
        """Return the file of an input; `rest` leads to an item of a gather. None if it was not loaded or does not exist."""
        inputs = self.inputs_of(source)
        if what not in inputs:
            return None
        path = Path(self.base + f"/tf/in/{inputs[what][0]}" + ix_text(rest)) / "v"
        return path if path.is_file() and path.stat().st_size else None

    def inputs_of(self, source: int) -> Mapping[str, tuple[str, int]]:
        """Return the inputs that lie in this run (0) or in an earlier one."""
        return self.earlier.get(str(source), {}) if source else self.inputs

    def source(self, address: Address) -> int:
        """Return the source of an outcome that is taken over, 0 for one of this run."""
        return self.table.get(address[0], {}).get(ix_text(address[1]), 0)

    def seed(self, source: int) -> bytes:
        """Return a seed."""
        return Path(f"{self.base}/tf/code/tangentflow-taken/{-source}").read_bytes()

    def load(self, what: str, rest: Indices = ()) -> Any:
        """Return the value of an input file; None if there is none."""
        path = self.path(what, rest)
        if path is None:
            return None
        outcome = decode(path.read_bytes(), where=what)
        return outcome.value if isinstance(outcome, Value) else None

    def flag(self, name: str, text: str) -> None:
        """Write a flag."""
        (self.out / "flags" / name).write_text(text)

    def encoded(self, outcome: Outcome, where: str, files: bool = False) -> bytes:
        """Return the bytes of an outcome; one that cannot be pickled becomes NotPicklable. `files`: it is that of a step, whose paths are contents."""
        try:
            return encode(outcome, where=where, files=files)
        except NotPicklable as error:
            return encode(Raised(error), where=where)

    def write(self, path: str, outcome: Outcome, where: str) -> bytes:
        """Write an outcome below the folder of outputs; one that cannot be pickled becomes NotPicklable. Returns what was written."""
        data = self.encoded(outcome, where)
        self.put(path, data)
        return data

    def put(self, path: str, data: bytes) -> None:
        """Write bytes below the folder of outputs, whole or not at all."""
        target = self.out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        part.write_bytes(data)
        part.replace(target)


class Own:
    """A store of what this pod recorded itself, in the form in which another process would load it. It issues no messages."""

    def __init__(self) -> None:
        self.data: dict[Address, bytes] = {}

    def find(self, address: Address) -> bytes | None:
        """Return the bytes of an outcome; None if there is none."""
        return self.data.get(address)

    def outcome(self, address: Address, own: bool) -> Any:
        """Return the value of a site or raise its exception; each time a new copy. Raises NotRun if it is not recorded."""
        data = self.find(address)
        if data is None:
            raise NotRun(address)
        outcome = decode(data, where=address[0])
        if isinstance(outcome, Raised):
            throw(outcome.exception)
        return outcome.value

    def left(self, address: Address) -> Done | Returned | Threw:
        """Return what a serial loop left, or raise its exception. Raises NotRun if it has not ended."""
        left: Done | Returned | Threw = self.outcome(address, False)
        return left

    def message(self, call: Callable[[], object]) -> None:
        """Issue nothing."""


class Outcomes(Own):
    """The store of a pod's replays: what it recorded itself, and its input files. `indices` are those of the pod."""

    def __init__(self, files: Files, indices: Indices) -> None:
        super().__init__()
        self.files = files
        self.indices = indices
        self.own = _Sure(self)
        self.issue = False

    def find(self, address: Address) -> bytes | None:
        """Return the bytes of an outcome from memory or from an input."""
        if address in self.data:
            return self.data[address]
        source = self.files.source(address)
        return self.files.seed(source) if source < 0 else self._loaded(address, source)

    def taken(self, address: Address) -> bytes | None:
        """Return the bytes of an outcome that is taken over from an earlier run; None for all others."""
        return self.find(address) if self.files.source(address) else None

    def _loaded(self, address: Address, source: int) -> bytes | None:
        site, indices = address
        for what in (f"out:{site}", f"all:{site}"):
            depth = self.files.inputs_of(source).get(what, ("", 0))[1]
            rest = indices[depth:]
            if bool(rest) is (what[0] == "a") and indices[:depth] == self.indices[:depth]:
                path = self.files.path(what, rest, source)
                if path is not None:
                    return path.read_bytes()
        return None

    def message(self, call: Callable[[], object]) -> None:
        """Issue a message in the one replay that is to issue them."""
        if self.issue:
            call()


class _Sure(Own):
    """What a pod recorded itself, and what is taken over from earlier runs: it is there before anything of this run is."""

    def __init__(self, outcomes: Outcomes) -> None:
        super().__init__()
        self.data = outcomes.data
        self.outcomes = outcomes

    def find(self, address: Address) -> bytes | None:
        """Return the bytes of an outcome; None if there is none."""
        return self.data[address] if address in self.data else self.outcomes.taken(address)
