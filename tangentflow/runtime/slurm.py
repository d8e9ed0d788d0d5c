"""`Slurm`: how a job of a step is submitted. Standard library only: pods import modules that name it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Slurm"]


@dataclass(frozen=True)
class Slurm:
    """An executor: each attempt of a step is a job of a Slurm cluster. `executor="slurm"` is one with the cluster's own defaults.

    `partition`, `account`, `qos`, `constraint` and `nodes` are those of `sbatch`, `n` is the number of tasks on a node (the step runs in the first,
    and may start others with `srun`). `time` bounds a job: seconds, or a text like "2h". `header` has any other options of `sbatch` by their long
    names: `{"exclude": "node7", "exclusive": True}`. `setup` are lines of shell before Python starts: `["module load python"]`; `python` is the command
    that starts it (default: this Python). The `cpu`, `memory`, `gpu` and `env` of a step count, too.
    """

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    nodes: int = 1
    n: int = 1
    time: float | str | None = None
    header: Mapping[str, Any] = field(default_factory=dict)
    setup: tuple[str, ...] = ()
    python: str | None = None

    def __post_init__(self) -> None:
        for name in ("partition", "account", "qos", "constraint", "python"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value):
                raise TypeError(f"Slurm({name}={value!r}): a text is expected")
        for name in ("nodes", "n"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"Slurm({name}={value!r}): a whole number of at least 1 is expected")
        if self.time is not None and not self.seconds:
            raise ValueError(f"Slurm(time={self.time!r}): some time is needed")
        if isinstance(self.setup, str) or not all(isinstance(line, str) for line in self.setup):
            raise TypeError(f"Slurm(setup={self.setup!r}): a list of lines of shell is expected")
        if not isinstance(self.header, Mapping) or not all(isinstance(name, str) for name in self.header):
            raise TypeError(f"Slurm(header={self.header!r}): options of sbatch by their long names are expected")
        taken = sorted({name.lstrip("-").replace("_", "-") for name in self.header} & _TAKEN)
        if taken:
            raise ValueError(
                f"Slurm(header=...): {', '.join(taken)} is set by the engine, or has an argument of its own"
            )
        object.__setattr__(self, "setup", tuple(self.setup))
        object.__setattr__(self, "header", dict(self.header))

    def __hash__(self) -> int:
        return hash(repr(self))

    @property
    def seconds(self) -> float | None:
        """`time` in seconds."""
        from tangentflow.runtime.policies import seconds

        return None if self.time is None else seconds(self.time)


_TAKEN = frozenset({
    "partition", "account", "qos", "constraint", "nodes", "ntasks-per-node", "time", "job-name", "output", "error", "open-mode", "array", "wrap",
    "signal", "chdir", "export", "requeue",
})  # fmt: skip
"""Options that a header must not set."""
