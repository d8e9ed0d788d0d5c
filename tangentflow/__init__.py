"""Plain Python workflows, compiled ahead of time to Argo Workflows.

Write functions, decorate them with `step` and `workflow`, call them. The same program then runs in parallel on this machine
(`wf.run(...)`) or as an Argo document (`wf.graph.yaml()`), with the same value or the same exception.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tangentflow.attempts import attempt
    from tangentflow.client.find import attach, runs
    from tangentflow.commands import CommandFailed, shell
    from tangentflow.compiled import Graph
    from tangentflow.containers import container
    from tangentflow.decorators import step, workflow
    from tangentflow.engine.run import Run, StepRun
    from tangentflow.errors import (
        Cancelled,
        LanguageError,
        LoopLimit,
        MutatedArgument,
        StepFailed,
        StepKilled,
        StepTimeout,
        TangentflowError,
        TooFewSucceeded,
    )
    from tangentflow.merged import merge, shared
    from tangentflow.order import after, parallel, sequential
    from tangentflow.resources import resource
    from tangentflow.runtime.progress import progress
    from tangentflow.runtime.slurm import Slurm
    from tangentflow.waiting import suspend

__version__ = "0.1.0"

_HOMES = {
    "tangentflow.decorators": ("step", "workflow"),
    "tangentflow.attempts": ("attempt",),
    "tangentflow.compiled": ("Graph",),
    "tangentflow.commands": ("CommandFailed", "shell"),
    "tangentflow.containers": ("container",),
    "tangentflow.runtime.progress": ("progress",),
    "tangentflow.runtime.slurm": ("Slurm",),
    "tangentflow.client.find": ("attach", "runs"),
    "tangentflow.merged": ("merge", "shared"),
    "tangentflow.order": ("after", "parallel", "sequential"),
    "tangentflow.engine.run": ("Run", "StepRun"),
    "tangentflow.resources": ("resource",),
    "tangentflow.waiting": ("suspend",),
    "tangentflow.errors": (
        "Cancelled", "LanguageError", "LoopLimit", "MutatedArgument", "StepFailed", "StepKilled", "StepTimeout",
        "TangentflowError", "TooFewSucceeded",
    ),
}  # fmt: skip
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Cancelled",
    "CommandFailed",
    "Graph",
    "LanguageError",
    "LoopLimit",
    "MutatedArgument",
    "Run",
    "Slurm",
    "StepFailed",
    "StepKilled",
    "StepRun",
    "StepTimeout",
    "TangentflowError",
    "TooFewSucceeded",
    "after",
    "attach",
    "attempt",
    "container",
    "merge",
    "parallel",
    "progress",
    "resource",
    "runs",
    "sequential",
    "shared",
    "shell",
    "step",
    "suspend",
    "workflow",
]


def __getattr__(name: str) -> Any:
    """Import a public name at its first use, so that `import tangentflow` stays light."""
    if name not in _HOME:
        raise AttributeError(f"module 'tangentflow' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*globals(), *__all__])
