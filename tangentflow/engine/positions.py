"""Where a step run stands in its program: tuples that sort in program order, loops by iteration."""

from __future__ import annotations

from tangentflow.engine.frames import Frame
from tangentflow.graph.nodes import Flow, Loop, Map, Region, Step
from tangentflow.runtime.exits import LAST, PATH
from tangentflow.runtime.replay import Address

__all__ = ["Positions"]

_Pattern = list[tuple[int, ...]]
"""A position in pieces: between two of them stands the index of an iteration."""


class Positions:
    """The positions of a graph's sites. Made once for a run."""

    def __init__(self) -> None:
        self._patterns: dict[str, dict[str, _Pattern]] = {}
        self._steps: dict[str, dict[str, Step]] = {}

    def of(self, frame: Frame, address: Address) -> tuple[int, ...]:
        """Return the position of a site in a call of a workflow."""
        if frame.parent is None and frame.path != PATH:
            return self._within(frame, address)
        parts = [self._within(frame, address)]
        while frame.parent is not None:  # recursions may be deeper than ours could
            frame, address = frame.parent
            parts.append(self._within(frame, address))
        if frame.path == PATH:
            parts.append((LAST,))
        return tuple([number for part in reversed(parts) for number in part])

    def _within(self, frame: Frame, address: Address) -> tuple[int, ...]:
        """Return the position of a site in its own workflow."""
        site, indices = address
        pattern = (self._patterns.get(frame.flow.key) or self._pattern(frame.flow))[site]
        found = pattern[0]
        for index, part in zip(indices, pattern[1:]):
            found = (*found, index, *part)
        return found

    def steps(self, flow: Flow) -> dict[str, Step]:
        """Return the step nodes of a workflow by their ids."""
        self._pattern(flow)
        return self._steps[flow.key]

    def _pattern(self, flow: Flow) -> dict[str, _Pattern]:
        found = self._patterns.get(flow.key)
        if found is None:
            found = self._patterns[flow.key] = {}
            steps = self._steps[flow.key] = {}
            _number(flow.body, [()], found, steps)
        return found


def _number(region: Region, before: _Pattern, found: dict[str, _Pattern], steps: dict[str, Step]) -> None:
    for number, node in enumerate(region):
        *outer, last = before
        here = [*outer, (*last, number)]
        found[node.id] = here
        if isinstance(node, Step):
            steps[node.id] = node
        for part, inner in enumerate(node.regions):
            *outer, last = here
            index: _Pattern = [()] if isinstance(node, (Map, Loop)) else []
            _number(inner, [*outer, (*last, part), *index], found, steps)
