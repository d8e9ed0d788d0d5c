"""Which options of steps a document can say. The others are refused: nothing is left out in silence."""

from __future__ import annotations

from tangentflow.decorators import StepFunction
from tangentflow.errors import UsageError
from tangentflow.graph.nodes import Graph, Step
from tangentflow.runtime.policies import Policy

__all__ = ["refuse_unsaid"]

_SAID = frozenset({"pure", "ordered", "check", "name", "image"})
"""Options that the document, the graph or the pod's own program keeps."""

_LOCAL = frozenset({"executor"})
"""Options that say where a local run executes a step: on Argo every step is a pod."""


def refuse_unsaid(graph: Graph) -> None:
    """Raise UsageError if a step has an option that would be lost."""
    lost: dict[str, str] = {}
    for flow in graph.flows:
        for node in flow.body.walk():
            if isinstance(node, Step):
                step = graph.bindings[node.callee]
                assert isinstance(step, StepFunction)
                for option in step.options_given:
                    if option not in _SAID | _LOCAL and _matters(step, option):
                        place = f"{node.origin.filename}:{node.origin.lineno}"
                        lost.setdefault(f"step {node.name!r} has {option}={step.option(option)!r}", place)
                if step.option("executor") == "slurm":
                    lost.setdefault(
                        f"step {node.name!r} has executor='slurm'", f"{node.origin.filename}:{node.origin.lineno}"
                    )
    if lost:
        told = "; ".join(f"{what} ({place})" for what, place in lost.items())
        raise UsageError(
            f"the Argo document cannot say this yet: {told}. Leave it out, or run the workflow here, with .run()"
        )


def _matters(step: StepFunction[..., object], option: str) -> bool:
    """Whether an option asks for anything: `retries=0` does not."""
    if option in ("backoff", "on"):
        return step.policy.retries > 0
    return bool(step.option(option)) or getattr(step.policy, option, None) != getattr(Policy(), option, None)
