"""What a machine asks of a program: for each site and loop, which slices it runs, and what these need before they can be run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tangentflow.engine.frames import Frame
from tangentflow.graph.nodes import Flow, If, Loop, Map, Node, Region, Slice, Try
from tangentflow.runtime.once import failed
from tangentflow.runtime.replay import Address

__all__ = ["Poll", "Question", "Questions"]


@dataclass(frozen=True, eq=False, slots=True)
class Question:
    """What a slice of a node answers.

    `kind` says which: "site" (of a Step, Glue or Call: what is called, with which arguments), "scan" (of a Map: its iterations), "entry" and
    "advance" (of a Loop: the state at its head, what an iteration makes of it), "result" (of a Flow). `needed` are the outcomes that the slice
    may look up in its own iteration: the site, the number of loops around it, and whether it is looked up on every way through the slice. (In one
    with a `try` only such count: the way through it may leave out a step that has begun ahead of an exception.)
    """

    kind: str
    node: Any
    needed: tuple[tuple[str, int, bool], ...]


@dataclass(eq=False, slots=True)
class Poll:
    """A question about one iteration, to be asked when what it needs is recorded. `waits_for_one`: that is one outcome, and nothing else is needed."""

    question: Question
    frame: Frame
    indices: tuple[int, ...]
    waits_for_one: bool = False

    def missing(self) -> Address | None:
        """Return an outcome that the slice would surely look up and not find; None if none is known without running it.

        What it looks up under a condition counts if it is the only one that is missing, the step run or call has begun, and no other one is an
        exception: the condition is that of the site, so the slice comes to the same look-up.
        """
        frame, begun, only = self.frame, None, True
        for site, loops, required in self.question.needed:
            address = (site, self.indices[:loops])
            recorded = frame.outcomes.get(address)
            if recorded is not None:
                only = only and not (recorded.raised or failed(recorded.value))
            elif required:
                if address not in frame.lefts and address not in frame.skipped:
                    return address
                only = False
            elif only and begun is None and (address in frame.begun or address in frame.calls):
                begun = address
            else:
                only = False
        return begun if only else None


class Questions:
    """The questions of a graph, each made once."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, str], Question] = {}
        self._regions: dict[int, tuple[Question, ...]] = {}

    def of(self, node: Node | Flow, kind: str) -> Question:
        """Return a question about a node."""
        made = self._made.get((id(node), kind))
        if made is None:
            made = self._made[(id(node), kind)] = Question(kind, node, tuple(_needed(node, kind)))
        return made

    def of_region(self, region: Region) -> tuple[Question, ...]:
        """Return what is asked about everything in a region that is reached once its loops are, the last one first."""
        found = self._regions.get(id(region))
        if found is None:
            found = self._regions[id(region)] = tuple([self.of(node, kind) for kind, node in _reached(region)][::-1])
        return found


def _needed(node: Node | Flow, kind: str) -> Iterator[tuple[str, int, bool]]:
    if kind == "result":  # it is run all the same: it issues messages on the way
        return
    slice_: Slice = getattr(node, "slice" if kind == "site" else kind)
    tries = "try:" in slice_.code
    for wanted in slice_.inputs:
        if not wanted.every and (wanted.required or not tries):
            yield wanted.site, wanted.site.count("."), wanted.required


def _reached(region: Region) -> Iterator[tuple[str, Node]]:
    for node in region:
        if isinstance(node, (If, Try)):
            for inner in node.regions:
                yield from _reached(inner)
        else:
            yield "scan" if isinstance(node, Map) else "entry" if isinstance(node, Loop) else "site", node
