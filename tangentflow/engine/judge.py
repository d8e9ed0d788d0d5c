"""The judge: an interpreter of graphs that schedules adversarially.

It runs one step at a time, picked by a seeded policy among all that the graph allows; every value is pickled at every boundary; it
can make steps fail at will. A graph is right if every schedule gives what the plain call gives.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tangentflow.engine.machine import Machine, Ready
from tangentflow.graph.nodes import Graph
from tangentflow.runtime.codec import decode, encode, with_files
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.packing import Room, exports

__all__ = ["Verdict", "judge"]

FAIR = 50
"""Every so many picks the oldest step goes first: else what runs ahead without end could starve what the result waits for."""

OPENING = 0.4
"""How probable it is that one more iteration is opened before a step is picked."""

Fault = Callable[[Ready], BaseException | None]


@dataclass
class Verdict:
    """What one schedule gave: the outcome, and the step runs in the order in which they ran, with their arguments."""

    outcome: Outcome
    ran: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)


def judge(
    graph: Graph, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None, *,
    seed: int = 0, policy: str = "random", fault: Fault | None = None, messages: bool = False,
) -> Verdict:  # fmt: skip
    """Run a graph under one schedule. `policy` is "first", "last" or "random"; `fault` may give an exception for a step run.

    With every other `seed` the iterations of fan-outs are opened one by one, at random moments.
    """
    choose = random.Random(seed)
    machine = Machine(graph, args, kwargs or {}, always_copy=True, messages=messages, lazy=seed % 2 == 1)
    verdict = Verdict(Value(None))
    while not machine.done:
        while (not machine.ready or choose.random() < OPENING) and machine.more():
            pass
        machine.check_alive()
        if machine.done:
            break
        index = {"first": 0, "last": len(machine.ready) - 1}.get(policy, choose.randrange(len(machine.ready)))
        if len(verdict.ran) % FAIR == FAIR - 1:
            index = 0
        ready = machine.take(index)
        verdict.ran.append(ready.path)
        if ready.node.effect:
            verdict.effects.append(ready.path)
        machine.settle(ready, _run(ready, fault))
    assert machine.result is not None
    verdict.outcome = with_files(machine.result, exports())
    return verdict


def _run(ready: Ready, fault: Fault | None) -> bytes:
    planned = fault(ready) if fault else None
    if planned is not None:
        return encode(Raised(planned), where=ready.path)
    data = encode(Value((ready.args, ready.kwargs)), where=ready.path, what="an argument", files=True)
    with Room() as room:
        copied = decode(data, files=room)
        if isinstance(copied, Raised):
            return encode(copied, where=ready.path, files=True)
        args, kwargs = copied.value
        try:
            outcome: Outcome = Value(ready.step.function(*args, **kwargs))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            outcome = Raised(error)
        return encode(outcome, where=ready.path, files=True)
