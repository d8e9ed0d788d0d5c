"""What a run on Argo, or a simulated one, has on record, asked for as of any other run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from tangentflow.client.codes import changed_code, met_in
from tangentflow.client.inputs import Inputs, Lost
from tangentflow.client.records import Chain, Record
from tangentflow.decorators import StepFunction
from tangentflow.engine.frames import Frame
from tangentflow.engine.identity import Identity, positional
from tangentflow.engine.machine import Ready
from tangentflow.engine.parameters import bind_to
from tangentflow.engine.reuse import Earlier, Entry
from tangentflow.errors import TangentflowError
from tangentflow.graph.nodes import Glue
from tangentflow.runtime.codec import decode
from tangentflow.runtime.digest import digest
from tangentflow.runtime.outcome import Value
from tangentflow.runtime.podfiles import Indices

__all__ = ["Placed", "PlacedEntry", "chain_of"]


@dataclass(frozen=True)
class PlacedEntry(Entry):
    """An entry of which it is known where it lies: the frame, site and indices in a run."""

    place: tuple[str, str, Indices] = ("", "", ())


class Placed(Earlier):
    """A `Record` as an engine asks it. What steps were given is worked out by the run's own code, which is ended with `close`.

    No exception is taken over: who goes on with a run on Argo wants what failed to be tried again.
    """

    def __init__(self, record: Record, identity: Identity | None = None) -> None:
        super().__init__(record.source.run, False)
        self.record = record
        self.identity = identity or Identity()
        self._inputs: Inputs | None = None

    def of_step(self, ready: Ready) -> PlacedEntry | None:
        """Return what is on record of a step run at the place of this one. Raises ClusterError if the record cannot be read."""
        found = self._found(ready.frame, ready.node.id, ready.indices)
        if found is None:
            return None
        place, code, data = found
        given = _Given(self, place, ready.step, code)
        return PlacedEntry(
            f"{ready.path} of run {self.id}", code["fingerprint"], given.digest, lambda: data, lambda: code.get("parts"), given.by_parameter, given.renewed,
            self.record.is_overridden(*place), place=place,
        )  # fmt: skip

    def of_glue(self, frame: Frame, node: Glue, indices: Indices) -> PlacedEntry | None:
        """Return what is on record of an expression at this place. Raises ClusterError if the record cannot be read."""
        found = self._found(frame, node.id, indices)
        if found is None:
            return None
        place, code, data = found

        def operands() -> str | None:
            try:
                return self.inputs.of(*place)[1].decode()
            except Lost:
                return None

        return PlacedEntry(f"{node.id} of run {self.id}", code["fingerprint"], operands, lambda: data, place=place)

    def _found(
        self, frame: Frame, site: str, indices: Indices
    ) -> tuple[tuple[str, str, Indices], dict[str, Any], bytes] | None:
        at = self.record.frame(chain_of(frame))
        code = self.record.code(at, site) if at is not None else None
        if at is None or code is None:
            return None
        data = self.record.outcome(at, site, indices)
        return None if data is None else ((at, site, indices), code, data)

    @property
    def inputs(self) -> Inputs:
        """What its step runs were given."""
        if self._inputs is None:
            self._inputs = self.record.inputs()
        return self._inputs

    def close(self) -> None:
        """End the process that works out what steps were given."""
        if self._inputs is not None:
            self._inputs.close()


@dataclass
class _Given:
    """What a step run was given. Its code counts as the same only if all of the user's that it has is known to be."""

    earlier: Placed
    place: tuple[str, str, Indices]
    step: StepFunction[..., Any]
    code: Mapping[str, Any]

    @cached_property
    def _arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        try:
            _, data = self.earlier.inputs.of(*self.place)
        except Lost as lost:
            raise TangentflowError(str(lost)) from lost
        return cast("tuple[tuple[Any, ...], dict[str, Any]]", cast(Value, decode(data, where=self.place[1])).value)

    def digest(self) -> str | None:
        """Return their digest as of now; None if nobody knows whether they are the same."""
        try:
            args, kwargs = self._arguments
        except TangentflowError:
            return None
        return None if self.renewed() else self.earlier.identity.inputs(self.step, args, kwargs)

    def by_parameter(self) -> Mapping[str, Any]:
        """Return them by parameter. Raises TangentflowError if that cannot be told."""
        return bind_to(self.code.get("parameters", ""), *self._arguments)

    def renewed(self) -> list[str]:
        """Return the names of the classes and functions in them that are not known to be what they were."""
        met: dict[int, object] = {}
        digest(positional(self.step.function, *self._arguments), met)
        return changed_code(self.earlier.record.plan.content["own"], met_in(met))


def chain_of(frame: Frame) -> Chain:
    """Return the calls that lead to a frame."""
    found = []
    while frame.parent is not None:
        frame, address = frame.parent
        found.append(address)
    return tuple(reversed(found))
