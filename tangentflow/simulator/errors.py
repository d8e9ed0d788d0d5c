"""What a simulation refuses: documents that the API server would not take, and what the simulator does not do."""

from __future__ import annotations

from collections.abc import Sequence

from tangentflow.errors import TangentflowError

__all__ = ["DocumentRefused", "NotSimulated", "SimulationError"]


class SimulationError(TangentflowError):
    """Base of everything that `simulate` raises. What goes wrong inside a workflow is its result, never one of these."""


class DocumentRefused(SimulationError):
    """The API server would refuse this document; `problems` has one sentence for each reason, with its path."""

    def __init__(self, problems: Sequence[str], name: str = "") -> None:
        self.problems = tuple(problems)
        head = f"The Workflow {name} is invalid: " if name else "The Workflow is invalid: "
        super().__init__(head + (problems[0] if len(problems) == 1 else "".join(f"\n* {p}" for p in problems)))


class NotSimulated(SimulationError):
    """The document asks for something that this simulator does not know; `path` says where in the document."""

    def __init__(self, path: str, what: str) -> None:
        self.path = path
        self.what = what
        super().__init__(f"{path}: {what}" if path else what)
