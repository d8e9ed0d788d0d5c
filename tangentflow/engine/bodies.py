"""A handler starts when the body of its `try` has finished: values in the body that ran ahead of the exception included.

Slices alone would let it start as soon as the exception is known, while steps of the body still run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import TYPE_CHECKING

from tangentflow.graph.edges import places
from tangentflow.graph.nodes import Flow, Graph, Try

if TYPE_CHECKING:
    from tangentflow.engine.fans import Fan
    from tangentflow.engine.machine import Ready

__all__ = ["Bodies"]

_Part = tuple[str, int, int]
"""A `try`, the number of loops around it, and how late a part of it runs: body 0, handlers and `else` 1, `finally` 2."""


class Bodies:
    """Which step runs stand in which part of a `try`, and those held back until earlier parts are idle.

    `any`: there is a `try` at all; if not, nothing needs to be noted.
    """

    def __init__(self, graph: Graph) -> None:
        self.any = any(isinstance(node, Try) for flow in graph.flows for node in flow.body.walk())
        self._parts: dict[str, dict[str, list[_Part]]] = {}
        self._busy: Counter[Hashable] = Counter()
        self._held: list[Ready] = []

    def admit(self, ready: Ready) -> bool:
        """Note a step run that could start; return whether it may, or is held back."""
        found = self._around(ready)
        self._busy.update(found)
        if found and self._must_wait(found):
            self._held.append(ready)
            return False
        return True

    def enter(self, fan: Fan) -> None:
        """Note a fan-out with iterations that are not open yet: the part that it stands in is not idle before they have run."""
        self._busy.update(self._around(fan))

    def settle(self, ready: Ready | Fan) -> list[Ready]:
        """Note that a step run has ended, or that all iterations of a fan-out are open; return those that may start now."""
        found = self._around(ready)
        if not found:
            return []
        self._busy.subtract(found)
        free = [held for held in self._held if not self._must_wait(self._around(held))]
        self._held = [held for held in self._held if held not in free]
        return free

    def _must_wait(self, around: list[tuple[Hashable, int]]) -> bool:
        return any(self._busy[(where, earlier)] > 0 for where, late in around for earlier in range(late))

    def _around(self, ready: Ready | Fan) -> list[tuple[Hashable, int]]:
        """Return the parts that a step run stands in, those of the calls around it included."""
        found: list[tuple[Hashable, int]] = []
        frame, site, indices = ready.frame, ready.node.id, ready.indices
        while True:
            for name, loops, late in self._of(frame.flow).get(site, ()):
                found.append(((id(frame), name, indices[:loops]), late))
            if frame.parent is None:
                return found
            frame, (site, indices) = frame.parent

    def _of(self, flow: Flow) -> dict[str, list[_Part]]:
        """Return, for each node inside a `try`, the parts that it stands in."""
        if flow.key not in self._parts:
            found: dict[str, list[_Part]] = {}
            at = None
            for node in flow.body.walk():
                if isinstance(node, Try):
                    at = at or places(flow)
                    last = len(node.regions) - 1
                    for number, region in enumerate(node.regions):
                        late = 0 if number == 0 else 2 if number == last else 1
                        for inner in region.walk():
                            found.setdefault(inner.id, []).append((node.id, len(at.loops(node.id)), late))
            self._parts[flow.key] = found
        return self._parts[flow.key]
