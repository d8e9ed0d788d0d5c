"""What the engine hands to its executors, and what they report back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

from tangentflow.decorators import StepFunction
from tangentflow.engine.identity import Code
from tangentflow.engine.journal import Receipt
from tangentflow.engine.machine import Ready
from tangentflow.engine.run import StepRun
from tangentflow.engine.store import Ref
from tangentflow.engine.worker import Finished
from tangentflow.errors import NotPicklable
from tangentflow.runtime.codec import decode, encode
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.policies import Policy
from tangentflow.runtime.slurm import Slurm

__all__ = ["Began", "Died", "Ended", "Executor", "Output", "Progressed", "Report", "Shipped", "Task"]

_keys = count(1)


class Shipped:
    """A step function as bytes, made once in a run. `error` is the encoded outcome of each of its steps if it cannot be pickled."""

    def __init__(self, step: StepFunction[..., Any]) -> None:
        self.key = next(_keys)
        self.error: bytes | None = None
        self.data = b""
        self._loaded: Outcome | None = None
        try:
            self.data = encode(Value(step.function), where=step.__name__, what="the function")
        except NotPicklable as error:
            self.error = encode(Raised(error), where=step.__name__)

    def loaded(self) -> Outcome:
        """Return the function as another process would load it."""
        if self._loaded is None:
            self._loaded = decode(self.data)
        return self._loaded


@dataclass(eq=False, slots=True)
class Task:
    """A step run on its way: what to call, where, and under which policy.

    `header` says how a job of Slurm is submitted (None: as the cluster does). `payload` are the arguments as bytes; none are needed where the
    step runs in this process and its arguments are `direct`: nobody can change them. `attempt` is the number of the current one; `deadline` (of the monotonic clock) is when it is stopped. `code` and `digest` (of the
    inputs) tell what it is, `key` is that of its value in the cache (None: it is not cached), `receipt` is what is on record of it. `failed` is what
    the last attempt gave, if there is to be another one; `stored` is where the arguments are in the store, if they are there already.
    """

    ready: Ready
    step: StepRun
    policy: Policy
    where: str
    header: Slurm | None = None
    shipped: Shipped | None = None
    payload: bytes = b""
    direct: bool = False
    attempt: int = 0
    deadline: float | None = None
    code: Code | None = None
    digest: str = ""
    key: tuple[str, str] | None = None
    receipt: Receipt | None = None
    failed: Finished | None = None
    stored: Ref | None = None


@dataclass(frozen=True)
class Began:
    """An attempt has begun in its process."""

    task: Task
    attempt: int


@dataclass(slots=True)  # one for each step run, and frozen ones take their time
class Ended:
    """An attempt gave an outcome."""

    task: Task
    attempt: int
    finished: Finished


@dataclass(frozen=True)
class Died:
    """The process of an attempt ended before it gave one; `how` says how. `begun` is False if the attempt had not begun."""

    task: Task
    attempt: int
    how: str
    begun: bool


@dataclass(frozen=True)
class Output:
    """Text that an attempt wrote to "stdout" or "stderr"."""

    task: Task
    attempt: int
    stream: str
    text: str


@dataclass(frozen=True)
class Progressed:
    """An attempt says how far it has come; `total` None: nobody knows of how much."""

    task: Task
    attempt: int
    done: int
    total: int | None


Report = Began | Ended | Died | Output | Progressed
Collect = Callable[[Report], None]


class Executor(Protocol):
    """Runs attempts. `report` of its constructor takes what happens to them, in the thread of the engine."""

    def start(self, task: Task) -> None:
        """Start an attempt of a task."""

    def stop(self, task: Task) -> None:
        """Stop an attempt, or leave it to itself where it cannot be stopped; nothing more is reported of it."""

    def look(self) -> None:
        """Look after attempts of which nothing has been heard for a moment."""

    def close(self) -> None:
        """Stop everything."""
