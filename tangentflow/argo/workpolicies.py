"""What the options of a step make of the template of its work, which no pod of ours does.

The engine itself makes further attempts, by what it knows of one: its phase, its exit code and its message. So it tells the exceptions apart
that the pod behind the work would raise.
"""

from __future__ import annotations

import json
import math
from typing import Any

from tangentflow.argo.options import make_work, merged
from tangentflow.argo.parts import Work
from tangentflow.argo.policies import strategy
from tangentflow.decorators import StepFunction
from tangentflow.errors import StepKilled, StepTimeout
from tangentflow.parts import BEGAN, ENDED, LIMIT
from tangentflow.runtime.policies import Policy

__all__ = ["covers", "impose", "times"]

Json = dict[str, Any]

_LATE = "lastRetry.message contains 'longer than the specified deadline'"
_LOST = "lastRetry.status == 'Error' || asInt(lastRetry.exitCode) < 0"


def times(policy: Policy) -> dict[str, str]:
    """Return the expressions by which the pod behind some work learns whether its time was over."""
    if policy.timeout is None:
        return {}
    return {
        LIMIT: f"toBase64('{_limit(policy)}')",
        BEGAN: "toBase64(tasks['t-work']?.startedAt ?? '')",
        ENDED: "toBase64(tasks['t-work']?.finishedAt ?? '')",
    }


def _limit(policy: Policy) -> int:
    return math.ceil(policy.timeout or 0.0)


def impose(template: Json, step: StepFunction[..., Any], work: Work, lock: Json | None, own: list[str]) -> Json:
    """Return the template of some work with the options of its step. `own` are the parameters that its locks may be told by."""
    policy = step.policy
    if policy.timeout is not None:
        template["activeDeadlineSeconds"] = _limit(policy)
    again = _again(policy, work) if policy.retries else ""
    if again:
        template["retryStrategy"] = strategy(policy, again)
    if lock is not None:
        template["synchronization"] = lock
        known = template.setdefault("inputs", {}).setdefault("parameters", [])
        missing = [name for name in own if f"inputs.parameters['{name}']" in json.dumps(lock)]
        known += [{"name": name} for name in missing if {"name": name} not in known]
    make_work(template, step)
    found: Json = merged(template, step.option("argo", {}))
    return found


def _again(policy: Policy, work: Work) -> str:
    """Return the expression that tells whether another attempt is to be made; empty if none ever is."""
    late = policy.timeout is not None
    told = [text for kind, text in work.fails if covers(policy, kind)]
    if covers(policy, StepKilled):
        told.append(_LOST)
    if late and not covers(policy, StepTimeout):
        told = [f"({text}) && not ({_LATE})" for text in told]
    elif late:
        told.append(_LATE)
    return " || ".join(told)


def covers(policy: Policy, kind: type[BaseException]) -> bool:
    """Whether an exception of a type is one after which a step is tried again."""
    return policy.on is None or issubclass(kind, policy.on)
