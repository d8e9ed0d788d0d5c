"""Five workflows that are killed at any moment: all that a run may be in the middle of, and what it must give in the end.

Each step notes its name and its arguments first; no two step runs of a workflow note the same, but for cached ones.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tangentflow import sequential, step, workflow
from tangentflow.runtime.codec import digest
from tests.engine.stored_steps import note, notes

__all__ = ["PROGRAMS", "Program", "line"]

FAILURES = 2
"""How often `flaky` fails."""


def line(name: str, given: dict[str, Any]) -> str:
    """Return what a step with these arguments notes. Large values are named by their digest."""
    parts = [repr(value) for key, value in given.items() if key not in ("path", "pause")]
    return " ".join([name, *[part if len(part) < 200 else digest(part) for part in parts]])


def _note(path: str, name: str, **given: Any) -> None:
    note(path, line(name, given))


@step
def work(path, key, pause=0.0):
    _note(path, "work", key=key)
    time.sleep(pause)
    return len(str(key)) + 1


@step
def add(path, x, y):
    _note(path, "add", x=x, y=y)
    return x + y


@step
def blow(path, size):
    _note(path, "blow", size=size)
    return [size] * size


@step
def measure(path, values, more):
    _note(path, "measure", values=values, more=more)
    return len(values) + more


@step(cache=True)
def keep(path, x):
    _note(path, "keep", x=x)
    return x * x


@step(retries=FAILURES, on=(OSError,), backoff="3ms")
def flaky(path, i):
    _note(path, "flaky", i=i)
    if notes(path).count(f"flaky {i}") <= FAILURES:
        raise OSError("not yet", i)
    return -i


@step
def broken(path, i):
    _note(path, "broken", i=i)
    raise ValueError("broken", i)


@step
def effect(path, *what):
    _note(path, "effect", what=what)


@workflow
def chain(path, n, pause):
    """Values in a row, small and large ones; expressions that are evaluated once."""
    stamp, draw = time.time(), random.random()
    first = work(path, "first", pause)
    many = blow(path, 500 * n)
    size = measure(path, many, first)
    other = work(path, (size, "other"), pause)  # never as long as "first": no two calls of measure are equal
    again = measure(path, many, other)
    same = add(path, stamp, 0)
    drawn = add(path, draw, 1)
    last = work(path, (again, "last"), pause)
    return size, again, last, same == stamp, drawn == draw + 1


@workflow
def fan_out(path, n, pause):
    """Many at a time, some tried again, some equal to others and cached."""
    done = [work(path, i, pause) for i in range(n)]
    kept = [keep(path, i % 3) for i in range(n)]
    tried = [flaky(path, i) for i in range(3)]
    sums = [add(path, a, i) for i, a in enumerate(done)]
    return sum(sums), kept, tried


@workflow
def in_order(path, n, pause):
    """One after the other: a state that goes from step to step, and effects."""
    state, seen = 0, []
    while state < n:
        state = add(path, state, 1)
        if state % 3 == 0:
            seen.append(work(path, state, pause))
    for i in sequential(range(3)):
        effect(path, "in order", i)
    return state, seen, flaky(path, state)


@workflow
def trying(path, n, pause):
    """Failures that are handled, and effects whatever happens."""
    kept, done = 0, []
    effect(path, "open")
    try:
        for i in range(n):
            done.append(work(path, i, pause))
        broken(path, n)
        effect(path, "never")
    except ValueError as error:
        effect(path, "handled", error.args[1])
        kept = work(path, (error.args[1], "handled"), pause)
    finally:
        effect(path, "close")
    try:
        try:
            flaky(path, 7)
        finally:
            effect(path, "inner")
        broken(path, -1)
    except ValueError as error:
        kept += error.args[1]
    return kept, sum(done), work(path, "after", pause)


@workflow
def part(path, k, n, pause):
    found = [work(path, (k, i), pause) for i in range(n)]
    last = keep(path, k % 2)
    return add(path, 100 * k, sum(found) + last)


@workflow
def halves(path, low, high):
    if high - low <= 1:
        return work(path, low)
    middle = (low + high) // 2
    return add(path, halves(path, low, middle) * 1000 + low, halves(path, middle, high) * 1000)


@workflow
def inside(path, n, pause):
    """Workflows that call workflows, in a fan-out and recursively."""
    parts = [part(path, k, 3, pause) for k in range(n // 2)]
    effect(path, "between", len(parts))
    return parts, halves(path, 50, 50 + n // 3)


@dataclass(frozen=True)
class Program:
    """A workflow, what it gives, and its effects in the order in which they must first happen."""

    workflow: Any
    result: Callable[[int], Any]
    effects: Callable[[int], list[str]] = lambda n: []


def _chain(n: int) -> Any:
    size = 500 * n + 6
    again = 500 * n + len(str((size, "other"))) + 1
    return size, again, len(str((again, "last"))) + 1, True, True


def _halves(low: int, high: int) -> int:
    if high - low <= 1:
        return len(str(low)) + 1
    middle = (low + high) // 2
    return _halves(low, middle) * 1000 + low + _halves(middle, high) * 1000


PROGRAMS = (
    Program(chain, _chain),
    Program(
        fan_out, lambda n: (sum(len(str(i)) + 1 + i for i in range(n)), [(i % 3) ** 2 for i in range(n)], [0, -1, -2])
    ),
    Program(
        in_order, lambda n: (n, [len(str(i)) + 1 for i in range(3, n + 1, 3)], -n),
        lambda n: [f"effect ('in order', {i})" for i in range(3)],
    ),
    Program(
        trying, lambda n: (len(str((n, "handled"))), sum(len(str(i)) + 1 for i in range(n)), 6),
        lambda n: ["effect ('open',)", f"effect ('handled', {n})", "effect ('close',)", "effect ('inner',)"],
    ),
    Program(
        inside,
        lambda n: ([100 * k + sum(len(str((k, i))) + 1 for i in range(3)) + k % 2 for k in range(n // 2)], _halves(50, 50 + n // 3)),
        lambda n: [f"effect ('between', {n // 2})"],
    ),
)  # fmt: skip
