"""Steps whose work no pod of ours does: `suspend`, `container` and `resource`, with options of whatever kind.

Their options are for what does the work. The pods around it are of the workflow, and have of them the marks alone.
"""

from __future__ import annotations

from typing import Any

from tangentflow.containers import container
from tangentflow.decorators import StepFunction
from tangentflow.resources import resource
from tangentflow.waiting import suspend

__all__ = ["around", "is_elsewhere"]

_WORKS: frozenset[StepFunction[..., Any]] = frozenset((container, resource, suspend))
_OF_ALL_PODS = ("labels", "annotations", "check")


def is_elsewhere(step: object) -> bool:
    """Whether no pod of ours does the work of a step."""
    return isinstance(step, StepFunction) and step.base in _WORKS


def around(step: StepFunction[..., Any]) -> StepFunction[..., Any]:
    """Return a step with those of its options that are for the pod that calls it."""
    if not is_elsewhere(step):
        return step
    return StepFunction(step.function, {name: step.option(name) for name in _OF_ALL_PODS if name in step.options_given})
