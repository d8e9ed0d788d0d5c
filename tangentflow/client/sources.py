"""Where the outcomes lie that a run takes over, and those that follow from them: what loops left, and what calls gave.

Whatever lies in the earlier run at the address that it has in the new one is loaded from there. The rest travels with the code. What a run
elsewhere recorded travels with it, too, if that is little; else it is put where it would lie in an earlier run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from tangentflow.argo.names import key
from tangentflow.argo.taken import PUT, Place, Source, Taken, head_of
from tangentflow.client.placed import Placed, chain_of
from tangentflow.client.prerun import Found, Prerun, frame_of
from tangentflow.engine.frames import Frame, Recorded
from tangentflow.engine.machine import Machine
from tangentflow.errors import NotPicklable, TangentflowError, UsageError
from tangentflow.graph.nodes import Call, Flow, Graph
from tangentflow.runtime.codec import decode, digest, encode
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.podfiles import Indices, ix_text

__all__ = ["LARGEST_SEEDS", "Sources", "TooMuch", "called_by", "calls_of"]

LARGEST_SEEDS = 300_000
"""So many bytes of outcomes the code of a run may carry."""


LARGEST_HEADS = 10_000
"""So many bytes of the heads of a fan-out; larger ones are listed by a pod."""

LARGEST_CARRIED = 100_000
"""So many bytes of outcomes that lie elsewhere may be carried, too; if they are more, they are put where pods find them."""

_ENTRY = 200
"""So many bytes an outcome takes besides."""


class TooMuch(Exception):
    """A site of which nothing can be taken over after all; the text says why."""

    def __init__(self, site: Place, why: str) -> None:
        super().__init__(why)
        self.site = site


class Sources:
    """The sources of outcomes. `provided` are the loops and calls, by frame, id and indices, whose outcomes pods have without running them.

    `files` are outcomes that are to be put where pods find them, by the key behind the uid of `away`.
    """

    def __init__(self, prerun: Prerun, machine: Machine) -> None:
        self.prerun = prerun
        earlier = prerun.earlier
        self.record = earlier.record if isinstance(earlier, Placed) and prerun.lies_here else None
        self.machine = machine
        self.known = {id(frame): frame for frame in machine.frames()}
        self.frames = {number: frame_of(frame) for number, frame in self.known.items()}
        self.runs: list[Source] = []
        self.seeds: list[bytes] = []
        self.files: dict[str, bytes] = {}
        self.away = Source(PUT, earlier.id) if earlier is not None else None
        self.puts = (
            sum(len(found.data) + _ENTRY for found in prerun.found.values() if found.record is None) > LARGEST_CARRIED
        )
        self.told: dict[str, str] = {}
        self.table: dict[str, dict[str, dict[str, int]]] = {}
        self.of_flow: dict[Place, set[int]] = {}
        self.provided: set[tuple[int, str, Indices]] = set()

    def find(self) -> None:
        """Find the sources of all that is known before the run begins. Raises TooMuch."""
        speaking = {flow.key for flow in _speaking(self.prerun.graph)}
        for (number, site, indices), found in self.prerun.found.items():
            self._take(number, site, indices, found)
        for frame in self.known.values():
            for (site, indices), recorded in frame.outcomes.items():
                if (site, indices) in frame.calls and frame.calls[site, indices].flow.key not in speaking:
                    self._provide(frame, site, indices, recorded.outcome())
            for (site, indices), left in frame.lefts.items():
                self._provide(frame, site, indices, left.outcome() if isinstance(left, Recorded) else Value(left))

    def taken(
        self, done: frozenset[Place], reached: frozenset[Place], arms: Mapping[Place, int],
        items: Mapping[Place, tuple[int, ...]], arguments: Mapping[Place, str], heads: frozenset[Place],
    ) -> Taken:  # fmt: skip
        """Return what is taken over, with what the document does without for it."""
        of_flow = {place: frozenset(sources) for place, sources in self.of_flow.items()}
        runs = [replace(run, uid=PUT + self._digest) if run == self.away else run for run in self.runs]
        return Taken(runs, self.seeds, self.table, self.told, of_flow, done, reached, arms, items, arguments, heads)

    def carry_heads(self, frame: Frame, loop: str, items: Iterable[Indices]) -> bool:
        """Let the code carry the names at the heads of iterations of a fan-out, if they are small; return whether it does."""
        data = {}
        for at in items:
            try:
                data[at] = encode(Value(dict(frame.head((loop, at)))), where=loop)
            except NotPicklable:  # a pod that lists the items says so
                return False
            if sum(map(len, data.values())) > LARGEST_HEADS:
                return False
        numbers = {at: self._seed(found, "") for at, found in data.items()}
        if None in numbers.values():
            return False
        own = self.table.setdefault(self.frames[id(frame)], {}).setdefault(head_of(loop), {})
        own |= {ix_text(at): number for at, number in numbers.items() if number is not None}
        return True

    def _take(self, frame: int, site: str, indices: Indices, found: Found) -> None:
        if found.record is None:
            number = None if self.puts else self._seed(found.data, found.why)
            self._enter(frame, site, indices, number or self._put(frame, site, indices, found.data, found.why))
            return
        where = found.record.where(*found.place)
        here = found.place == (self.frames[frame], site, indices)
        if isinstance(where, Source) and here and not found.overridden:
            self._enter(frame, site, indices, self._source(where, found.why))
            return
        number = self._seed(found.data, found.why)
        if number is None and found.overridden:
            raise UsageError(
                f"the value that {found.record.plan.path(*found.place)} was overridden with has {len(found.data)} bytes, and a "
                f"document carries up to {LARGEST_SEEDS} of such values: override it with a smaller one, or edit the step"
            )
        if number is None:
            raise TooMuch(
                self._place(frame, site),
                f"it lies at another place, and its {len(found.data)} bytes are too many to be carried",
            )
        self._enter(frame, site, indices, number)

    def _provide(self, frame: Frame, site: str, indices: Indices, outcome: Outcome) -> None:
        """Let pods have what a loop left or a call gave, which this machine has worked out: as it lies in the earlier run, if it is the same."""
        at = None if self.record is None else self.record.frame(chain_of(frame))
        number: int | None = None
        if (
            self.record is not None
            and at is not None
            and at == self.frames[id(frame)]
            and self._same(at, site, indices, outcome)
        ):
            where = self.record.where(at, site, indices)
            number = self._source(where, "") if isinstance(where, Source) else None
        if number is None:
            try:
                data = encode(outcome, where=site)
            except NotPicklable:  # a pod that works it out again says so
                return
            number = self._seed(data, "")
            if number is None and self.puts:
                number = self._put(id(frame), site, indices, data, "")
        if number is not None:
            self._enter(id(frame), site, indices, number)
            self.provided.add((id(frame), site, indices))

    def _same(self, at: str, site: str, indices: Indices, outcome: Outcome) -> bool:
        assert self.record is not None
        data = self.record.original(at, site, indices) if site in self.record.flow(at)["nodes"] else None
        if data is None:
            return False
        try:
            before = decode(data, where=site)
        except TangentflowError:
            return False
        if isinstance(before, Raised) or isinstance(outcome, Raised):
            return False
        return digest(before.value) == digest(outcome.value)

    def _source(self, source: Source, why: str) -> int:
        """Return the number of an earlier run; it has several if outcomes are taken over from it for several reasons."""
        for number, known in enumerate(self.runs, 1):
            if known == source and (not why or self.told.setdefault(str(number), why) == why):
                return number
        self.runs.append(source)
        if why:
            self.told[str(len(self.runs))] = why
        return len(self.runs)

    def _seed(self, data: bytes, why: str) -> int | None:
        if sum(map(len, self.seeds)) + len(data) > LARGEST_SEEDS:
            return None
        self.seeds.append(data)
        number = -len(self.seeds)
        if why:
            self.told[str(number)] = why
        return number

    def _put(self, frame: int, site: str, indices: Indices, data: bytes, why: str) -> int:
        """Let an outcome be put where it would lie if the earlier run were one that pods can read."""
        assert self.away is not None
        self.files[f"{self.frames[frame]}/{key(site)}{ix_text(indices)}/v"] = data
        return self._source(self.away, why)

    @cached_property
    def _digest(self) -> str:
        """The digest of what is put: the same outcomes lie there once, and others never in their place."""
        found = hashlib.sha256()
        for name, data in sorted(self.files.items()):
            found.update(f"{name}\0{len(data)}\0".encode("utf-8", "surrogatepass"))
            found.update(data)
        return found.hexdigest()[:40]

    @property
    def put(self) -> dict[str, bytes]:
        """What is to be put into the artifact repository, by key."""
        return {f"{PUT}{self._digest}/{name}": data for name, data in self.files.items()}

    def _enter(self, frame: int, site: str, indices: Indices, number: int) -> None:
        self.table.setdefault(self.frames[frame], {}).setdefault(site, {})[ix_text(indices)] = number
        self.of_flow.setdefault(self._place(frame, site), set()).add(number)

    def _place(self, frame: int, site: str) -> Place:
        return self.known[frame].flow.key, site


def _speaking(graph: Graph) -> Iterator[Flow]:
    """Yield the flows that issue messages, themselves or by a workflow that they call: those are issued by pods of this run."""
    own = {flow.key for flow in graph.flows if "_tf.message(" in flow.result.code}
    for flow in graph.flows:
        if own & {flow.key, *called_by(graph, flow.key)}:
            yield flow


def calls_of(graph: Graph, key: str) -> Iterable[str]:
    """Return the flows that a flow calls."""
    return [node.flow for node in graph.flow(key).body.walk() if isinstance(node, Call)]


def called_by(graph: Graph, key: str) -> set[str]:
    """Return the flows that a flow calls, directly or not."""
    found: set[str] = set()
    todo = [key]
    while todo:
        for called in calls_of(graph, todo.pop()):
            if called not in found:
                found.add(called)
                todo.append(called)
    return found
