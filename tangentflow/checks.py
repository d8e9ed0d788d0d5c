"""What the options of `@step` and `@workflow` may be.

They are checked when a function is decorated, so that a wrong one is reported where it stands. Standard library only.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from tangentflow import accepts, schedules
from tangentflow.accepts import Check, Wrong
from tangentflow.fields import SPEC, TEMPLATE
from tangentflow.readymade import KINDS, Kind

__all__ = ["STEP_OPTIONS", "WORKFLOW_OPTIONS", "check_names", "check_step", "check_workflow"]


def check_names(kind: str, given: Iterable[str], known: Collection[str]) -> None:
    """Raise TypeError for an option that there is not; it names the one that is spelled most like it."""
    unknown = [name for name in given if name not in known]
    if not unknown:
        return
    near = difflib.get_close_matches(unknown[0], sorted(known), 1, 0.5)
    plural = "options" if len(unknown) > 1 else "option"
    advice = f" (did you mean {near[0]!r}?)" if near else ""
    raise TypeError(
        f"{kind} has no {plural} {', '.join(map(repr, unknown))}{advice}; it has {', '.join(sorted(known))}"
    )


def check_step(name: str, options: Mapping[str, Any], module: str = "", derived: bool = False) -> None:
    """Raise TypeError or ValueError if the options of the step `name` of a module cannot be meant; `derived`: they come from `.options()`."""

    def said(given: str) -> str:
        return f"{name}.options({given})" if derived else f"@step({given}) of {name}"

    kind = KINDS.get(f"{module}.{name}", Kind())
    for option in options:
        if option in kind.refused:
            raise ValueError(f"{said(f'{option}=...')}: {name} has no {option}=, since {kind.refused[option]}")
    own = {**STEP_OPTIONS, **kind.own}
    known = {option: check for option, check in own.items() if option not in kind.refused}
    _check(f"{name}.options()" if derived else "@step", said, options, known)
    for option in ("backoff", "on"):
        if option in options and "retries" not in options:
            raise ValueError(f"{said(f'{option}=...')} says how to try again, but not how often: add retries=")
    if options.get("cache", False) is not False and options.get("pure") is False:
        raise ValueError(f"{said('cache=..., pure=False')}: a cached step is pure; leave one of them out")
    if options.get("env") and options.get("executor") in ("thread", "inline"):
        told = said(f"env=..., executor={options['executor']!r}")
        raise ValueError(f"{told}: threads share one environment; write executor='process'")
    twice = sorted(set(options.get("env", {})) & set(options.get("secrets", {})))
    if twice:
        raise ValueError(f"{said('env=..., secrets=...')}: both set {', '.join(twice)}; leave it out of one of them")


def check_workflow(name: str, options: Mapping[str, Any]) -> None:
    """Raise TypeError or ValueError if the options of the workflow `name` cannot be meant."""
    _check("@workflow", lambda given: f"@workflow({given}) of {name}", options, WORKFLOW_OPTIONS)
    if "timezone" in options and "schedule" not in options:
        raise ValueError(f"@workflow(timezone=...) of {name} says where the clock of a schedule is: add schedule=")


def _check(kind: str, said: Callable[[str], str], options: Mapping[str, Any], known: Mapping[str, Check]) -> None:
    check_names(kind, options, known)
    for option, value in options.items():
        try:
            known[option](value)
        except Wrong as wrong:
            raise wrong.kind(f"{said(f'{option}={value!r}')}: {option} must be {wrong}") from None


_WHERE: Mapping[str, Check] = {
    "name": accepts.text,
    "image": accepts.image,
    "labels": accepts.labels,
    "annotations": accepts.notes,
    "node_selector": accepts.labels,
    "tolerations": accepts.tolerations,
    "service_account": accepts.service_account,
}
"""Options that steps and workflows have alike."""

STEP_OPTIONS: Mapping[str, Check] = {
    **_WHERE,
    "retries": accepts.count(0),
    "backoff": accepts.time(True),
    "on": accepts.exceptions,
    "timeout": accepts.time(False),
    "cache": accepts.cache,
    "pure": accepts.flag,
    "ordered": accepts.flag,
    "check": accepts.flag,
    "executor": accepts.executor,
    "chunk": accepts.count(1),
    "max_concurrent": accepts.count(1),
    "cpu": accepts.cpu,
    "memory": accepts.memory,
    "gpu": accepts.count(0),
    "env": accepts.env,
    "secrets": accepts.secrets,
    "volumes": accepts.volumes(shared=False),
    "argo": TEMPLATE,
}
"""Every option of `@step` and its check."""

WORKFLOW_OPTIONS: Mapping[str, Check] = {
    **_WHERE,
    "max_iterations": accepts.count(1),
    "volumes": accepts.volumes(shared=True),
    "timeout": accepts.time(False),
    "parallelism": accepts.count(1),
    "schedule": schedules.schedule,
    "timezone": schedules.timezone,
    "on_exit": accepts.handler,
    "ttl": accepts.time(True),
    "pod_gc": accepts.one_of("OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess"),
    "argo": SPEC,
}
"""Every option of `@workflow` and its check."""
