"""What a run on Argo has on record: where the outcome of each step run lies, of which code it is, and what the step was given."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from typing import Any

from tangentflow.argo.names import key
from tangentflow.argo.taken import SEEDS, Source
from tangentflow.client.inputs import Inputs
from tangentflow.client.plan import Plan
from tangentflow.errors import UsageError
from tangentflow.runtime.podfiles import Indices, ix_text

__all__ = ["MAIN", "Chain", "Record"]

Json = dict[str, Any]
MAIN = "main"
"""The frame of the main workflow."""

Chain = tuple[tuple[str, Indices], ...]
"""The calls that lead to a step run, from the main workflow on: of each its id and the indices of the loops around it."""

Read = Callable[[Source, str], bytes | None]


class Record:
    """The record of one run. `read` gives a file of it, or of a run that it has taken outcomes over from, by the key behind the run's uid.

    `overridden` are outcomes that were changed by hand, by the paths of their step runs.
    """

    def __init__(self, plan: Plan, source: Source, read: Read, overridden: Mapping[str, bytes]) -> None:
        self.plan = plan
        self.source = source
        self.overridden = overridden
        self.taken: Json = plan.content.get("taken", {})
        self.sources = [Source(*found) for found in self.taken.get("sources", ())]
        self._read = read
        self._files: dict[tuple[str, str], bytes | None] = {}
        if "codes" not in plan.content:
            raise UsageError(
                f"the run {source.run} does not tell of which code its steps were, so nothing of it can be reused: it was not submitted by "
                "tangentflow, or by an earlier version"
            )

    def inputs(self) -> Inputs:
        """Return what its step runs were given; to be closed."""
        return Inputs(self.plan, self.original, self.parameters, self.source.run)

    def parameters(self) -> dict[str, str]:
        """Return the arguments of the main workflow, as its pods got them."""
        return self.plan.parameters(partial(self.file, self.source))

    def flow(self, frame: str) -> Json:
        """Return the flow of a call."""
        flow: Json = self.plan.flow
        for part in frame.split("/.")[1:]:
            call = flow["calls"][part.partition("/")[0]]
            flow = self.plan.content["flows"][flow["nodes"][call]["flow"]]
        return flow

    def frame(self, chain: Chain) -> str | None:
        """Return the frame of a call; None if the program of this run has no such call."""
        frame, flow = MAIN, self.plan.flow
        for call, indices in chain:
            number = next((number for number, found in flow["calls"].items() if found == call), None)
            if number is None:
                return None
            frame += f"/.{number}{ix_text(indices)}"
            flow = self.plan.content["flows"][flow["nodes"][call]["flow"]]
        return frame

    def code(self, frame: str, site: str) -> Json | None:
        """Return the code of a step or expression: its fingerprint, and digests of its parts; None if the program has no such site."""
        flow = self.flow(frame)
        node = flow["nodes"].get(site)
        if node is None:
            return None
        name = node["callee"] if node["kind"] == "Step" else f"{flow['key']}:{site}"
        found: Json | None = self.plan.content["codes"].get(name)
        return found

    def number(self, frame: str, site: str, indices: Indices) -> int:
        """Return the source of an outcome that this run has taken over, 0 for its own."""
        return int(self.taken.get("table", {}).get(frame, {}).get(site, {}).get(ix_text(indices), 0))

    def where(self, frame: str, site: str, indices: Indices) -> Source | int:
        """Return where an outcome lies: in which run, or in which seed of this one (below 0)."""
        source = self.number(frame, site, indices)
        if source < 0:
            return source
        return self.sources[source - 1] if source else self.source

    def original(self, frame: str, site: str, indices: Indices) -> bytes | None:
        """Return the outcome that this run had at a place, None if there is none."""
        where = self.where(frame, site, indices)
        if isinstance(where, int):
            return self._seed(-where)
        return self.file(where, f"{frame}/{key(site)}{ix_text(indices)}/v")

    def outcome(self, frame: str, site: str, indices: Indices) -> bytes | None:
        """Return the outcome at a place, as it was overridden if it was; None if there is none."""
        found = self.overridden.get(self.plan.path(frame, site, indices)) if self.overridden else None
        return found if found is not None else self.original(frame, site, indices)

    def is_overridden(self, frame: str, site: str, indices: Indices) -> bool:
        """Whether an outcome was changed by hand."""
        return bool(self.overridden) and self.plan.path(frame, site, indices) in self.overridden

    def file(self, source: Source, name: str) -> bytes | None:
        """Return a file of a run."""
        asked = source.uid, name
        if asked not in self._files:
            self._files[asked] = self._read(source, name)
        return self._files[asked]

    def _seed(self, number: int) -> bytes:
        with zipfile.ZipFile(BytesIO(self.plan.bundle)) as archive:
            return archive.read(f"{SEEDS}/{number}")
