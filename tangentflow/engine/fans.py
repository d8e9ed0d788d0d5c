"""Fan-outs whose iterations are opened as the engine comes to them.

Of a hundred thousand items only those that are under way need what a step run needs: arguments, a task, a place in a queue.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import count

from tangentflow.engine.frames import Frame
from tangentflow.engine.positions import Positions
from tangentflow.graph.nodes import Map

__all__ = ["Fan", "Fans"]


@dataclass(eq=False, slots=True)
class Fan:
    """A fan-out of `count` iterations; `following` is the next one that is to be opened."""

    frame: Frame
    node: Map
    indices: tuple[int, ...]
    count: int
    following: int = 0


class Fans:
    """The fan-outs with iterations that are not open yet. They are opened in program order, those of inner loops before the next one around."""

    def __init__(self) -> None:
        self._positions = Positions()
        self._heap: list[tuple[tuple[int, ...], int, Fan]] = []
        self._numbers = count()

    def __bool__(self) -> bool:
        return bool(self._heap)

    def add(self, fan: Fan) -> None:
        """Take a fan-out that has iterations."""
        if len(self._heap) == 1:  # its place was left as it was, while there was none beside it
            (*before, _), number, only = self._heap[0]
            self._heap[0] = ((*before, only.following), number, only)
        position = self._positions.of(fan.frame, (fan.node.id, fan.indices))
        heapq.heappush(self._heap, ((*position, 0, fan.following), next(self._numbers), fan))

    def take(self) -> tuple[Fan, int]:
        """Return the iteration that is to be opened next: its fan-out and its index."""
        position, number, fan = self._heap[0]
        index = fan.following
        fan.following += 1
        if fan.following == fan.count:
            heapq.heappop(self._heap)
        elif len(self._heap) > 1:
            heapq.heapreplace(self._heap, ((*position[:-1], fan.following), number, fan))
        return fan, index
