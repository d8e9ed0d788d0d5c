"""Values of earlier runs on Argo for steps that are cached: the same code with the same inputs, wherever the step was called."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tangentflow.client.codes import changed_code, met_in
from tangentflow.client.inputs import Inputs, Lost
from tangentflow.client.records import Record
from tangentflow.decorators import StepFunction
from tangentflow.engine.identity import Identity, positional
from tangentflow.engine.machine import Ready
from tangentflow.engine.run import StepRun
from tangentflow.errors import ClusterError, TangentflowError
from tangentflow.graph.nodes import Graph, Step
from tangentflow.runtime.codec import decode
from tangentflow.runtime.digest import digest
from tangentflow.runtime.outcome import Raised, Value
from tangentflow.runtime.podfiles import Indices

__all__ = ["Cache", "Candidate", "Hit", "is_cached"]

Place = tuple[str, str, Indices]


@dataclass(frozen=True)
class Hit:
    """A value that is used again: where it lies in which run, and why in words."""

    record: Record
    place: Place
    data: bytes
    why: str


@dataclass
class Candidate:
    """An earlier run and the step runs of it that gave a value themselves."""

    record: Record
    runs: Iterable[StepRun]

    @cached_property
    def by_code(self) -> dict[str, list[StepRun]]:
        """Its step runs by the fingerprint of their code."""
        found: dict[str, list[StepRun]] = {}
        for run in self.runs:
            code = self.record.code(*run.place[:2]) if run.place is not None else None
            if code is not None and run.place is not None and not self.record.number(*run.place):
                found.setdefault(code["fingerprint"], []).append(run)
        return found


def is_cached(graph: Graph, mode: bool | None) -> bool:
    """Whether values of any step of a graph are used again. `mode` says which: None those that say so, True all, False none."""
    steps = [node for flow in graph.flows for node in flow.body.walk() if isinstance(node, Step)]
    functions = [graph.bindings[node.callee] for node in steps]
    wanted = [step for step in functions if isinstance(step, StepFunction) and (mode or step.policy.cache)]
    return mode is not False and bool(wanted)


@dataclass
class Cache:
    """The cache as one submission uses it; a context manager. `candidates` are earlier runs, newest first; `notes` says what is not cached."""

    candidates: Iterable[Candidate]
    identity: Identity
    mode: bool | None
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stack = ExitStack()
        self._seen: list[Candidate] = []
        self._left = iter(self.candidates)
        self._inputs: dict[int, Inputs] = {}
        self._digests: dict[tuple[int, Place], str | None] = {}

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        self._inputs.clear()

    def find(self, ready: Ready) -> Hit | None:
        """Return the value of an earlier step run with the same code and inputs, if this step is cached."""
        policy = ready.step.policy
        if self.mode is False or not (self.mode or policy.cache):
            return None
        code = self.identity.code(ready.step)
        unseen = code.unseen or self.identity.unseen.get(self.identity.inputs(ready.step, ready.args, ready.kwargs))
        if unseen:
            note = f"{ready.node.name} is not cached: {'; '.join(unseen)}"
            self.notes += [note] if note not in self.notes else []
            return None
        try:
            return self._found(ready, code.fingerprint)
        except ClusterError as error:  # the step runs; only that is lost
            self.notes.append(f"values of cached steps cannot be looked for: {error}")
            self.mode = False
            return None

    def _found(self, ready: Ready, fingerprint: str) -> Hit | None:
        met: dict[int, object] = {}
        wanted = digest(positional(ready.step.function, ready.args, ready.kwargs), met)
        own = met_in(met)
        for candidate in self._all():
            runs = candidate.by_code.get(fingerprint, [])
            if not runs or changed_code(candidate.record.plan.content["own"], own):
                continue
            for run in sorted(runs, key=lambda run: run.path != ready.path):
                hit = self._hit(candidate, run, ready, wanted)
                if hit is not None:
                    return hit
        return None

    def _all(self) -> Iterator[Candidate]:
        """Yield the candidates; those that were not asked for yet are looked up now."""
        yield from list(self._seen)
        for candidate in self._left:
            self._seen.append(candidate)
            yield candidate

    def _hit(self, candidate: Candidate, run: StepRun, ready: Ready, wanted: str) -> Hit | None:
        assert run.place is not None
        age = time.time() - (run.started or 0.0)
        expiry = ready.step.policy.expiry
        if (expiry is not None and age > expiry) or self._digest(candidate, run, ready) != wanted:
            return None
        data = candidate.record.original(*run.place)
        try:
            if data is None or isinstance(decode(data, where=run.path), Raised):
                return None
        except TangentflowError:
            return None
        return Hit(candidate.record, run.place, data, f"same code and inputs in run {candidate.record.source.run}")

    def _digest(self, candidate: Candidate, run: StepRun, ready: Ready) -> str | None:
        assert run.place is not None
        known = id(candidate), run.place
        if known not in self._digests:
            self._digests[known] = self._replayed(candidate, run.place, ready)
        return self._digests[known]

    def _replayed(self, candidate: Candidate, place: Place, ready: Ready) -> str | None:
        if id(candidate) not in self._inputs:
            self._inputs[id(candidate)] = self._stack.enter_context(candidate.record.inputs())
        try:
            _, data = self._inputs[id(candidate)].of(*place)
            given: Any = decode(data, where=ready.path)
        except (Lost, TangentflowError):
            return None
        assert isinstance(given, Value)
        return digest(positional(ready.step.function, *given.value))
