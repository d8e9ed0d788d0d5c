"""Steps whose work no pod of ours does: a DAG of what comes before, the work itself, and a pod that records the outcome.

The pod that records is the step's pod in every other respect: it evaluates the arguments, calls the step (which finds in its environment what
the work came to), records the outcome at the step's address, and hosts glue. The pod before is there only if the work needs what a run alone
knows; it evaluates the same arguments. If that raises, there is no work, and the pod that records raises the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tangentflow.argo.calls import UNKNOWN, constant, written
from tangentflow.decorators import StepFunction
from tangentflow.errors import UsageError
from tangentflow.graph.nodes import Step
from tangentflow.runtime.policies import seconds
from tangentflow.waiting import DEFAULT, GIVEN, PART, STATUS, lasting, readable, suspend

__all__ = ["WORK", "Work", "join", "tell", "work_of"]

Json = dict[str, Any]


WORK = "work"
"""The name of the task that does the work."""


@dataclass(frozen=True)
class Work:
    """The work of a step: a template without its name and metadata, and what the pods around it have to do with it.

    `before` are the parameters that the pod before gives the work, if any; `given` are expressions of what the pod behind is given in its
    environment, by name: of the outputs of the task `t-work`. `done` are the phases of the work that the step itself tells from each other.
    """

    template: Json
    word: str
    before: tuple[str, ...] = ()
    given: dict[str, str] = field(default_factory=dict)
    done: tuple[str, ...] = ("Succeeded",)


def work_of(step: Step, function: StepFunction[..., Any]) -> Work | None:
    """Return the work of a step that no pod of ours does; None for all others. Raises UsageError if a document cannot say it."""
    maker = _MAKERS.get(function.__qualname__) if function in (suspend,) else None
    return maker(step) if maker is not None else None


def _refused(step: Step, why: str) -> UsageError:
    place = f"{step.origin.filename}:{step.origin.lineno}"
    return UsageError(f"the Argo document cannot say this {step.name}(...) ({place}): {why}")


# -- suspend ----------------------------------------------------------------------------------------------------------


def _suspended(step: Step) -> Work:
    call = written(step.slice)
    if call is None:
        raise _refused(
            step, "the names of its inputs are known to a run only; write them out, `suspend('...', approve=False)`"
        )
    keywords = dict(call.keywords)
    text = constant(call.args[0] if call.args else keywords.pop("message", None), "")
    limit = _limit(constant(keywords.pop("timeout", None), None))
    keywords.pop("message", None)
    before = text is UNKNOWN or limit is UNKNOWN
    inputs: list[Json] = []
    if before:
        inputs = [{"name": name} for name in ("message", "duration")]
    elif text:
        inputs = [{"name": "message", "value": readable(str(text))}]
    for name, default in keywords.items():
        if not name.isascii():
            raise _refused(step, f"an input of a document has a name of ASCII letters, digits and _, not {name!r}")
        inputs.append(_input(name, constant(default)))
    template: Json = {"inputs": {"parameters": inputs}} if inputs else {}
    if keywords:
        template["outputs"] = {"parameters": [{"name": name, "valueFrom": {"supplied": {}}} for name in keywords]}
    waits: Json = {}
    if before:
        waits = {"duration": "{{inputs.parameters.duration}}"}
    elif limit is not None:
        waits = {"duration": lasting(limit)}
    template["suspend"] = waits
    given = {name: f"toBase64(tasks['t-work'].outputs.parameters['{name}'])" for name in keywords}
    return Work(template, "waits for an answer", ("message", "duration") if before else (), given)


def _limit(timeout: Any) -> Any:
    """Return a constant limit in seconds; one that is wrong is left to the run, which says so."""
    if timeout is None or timeout is UNKNOWN:
        return timeout
    try:
        found = seconds(timeout)
    except ValueError:
        return UNKNOWN
    return found if found >= 0.001 else UNKNOWN


def _input(name: str, default: Any) -> Json:
    """Return an input that somebody may answer. A default that the document cannot show is known to the program."""
    if isinstance(default, bool):
        return {"name": name, "default": "true" if default else "false", "enum": ["true", "false"]}
    text = str(default) if isinstance(default, (str, int, float)) else ""
    plain = text and text.isprintable() and text == text.strip() and "{{" not in text and "}}" not in text
    return {"name": name, "default": text if plain and len(text) < 1000 else DEFAULT}


_MAKERS: dict[str, Callable[[Step], Work]] = {"suspend": _suspended}


# -- the templates ----------------------------------------------------------------------------------------------------


def tell(body: Json, work: Work | None) -> None:
    """Tell a pod which part of a step it does: what comes before (None), or what comes behind some work."""
    environment = body["script"]["env"]
    environment.append({"name": PART, "value": "before" if work is None else "after"})
    if work is None:
        return
    names = ["status", *work.given]
    body["inputs"]["parameters"] += [{"name": f"work_{name}"} for name in names]
    environment.append({"name": STATUS, "value": "{{inputs.parameters.work_status}}"})
    pairs = " ".join(f"{name}={{{{inputs.parameters.work_{name}}}}}" for name in work.given)
    environment.append({"name": GIVEN, "value": pairs})


def join(work: Work, name: str, before: Json | None, template: Json, after: Json) -> Json:
    """Return the DAG of a step: the pod before, its work, and the pod that records. It takes and gives what the pod that records does."""
    own = [p["name"] for p in after["inputs"]["parameters"] if not p["name"].startswith("work_")]
    tasks: list[Json] = []
    waits: Json = {"name": f"t-{WORK}", "template": template["name"]}
    ends = [f"t-work.{'Errored' if phase == 'Error' else phase}" for phase in work.done]
    if before is not None:
        takes = [p["name"] for p in before["inputs"]["parameters"]]
        tasks.append({"name": "t-before", "template": before["name"], **_passed(takes)})
        values = {p: f"{{{{tasks.t-before.outputs.parameters.{p}}}}}" for p in work.before}
        waits |= {
            "depends": "t-before.Succeeded",
            "arguments": {"parameters": [{"name": p, "value": v} for p, v in values.items()]},
        }
        ends = [*ends, "t-before.Failed"]
    record: Json = {"name": "t-record", "template": after["name"], "depends": " || ".join(ends), **_passed(own)}
    arguments = record.setdefault("arguments", {"parameters": []})["parameters"]
    arguments.append({"name": "work_status", "value": "{{= tasks['t-work'].status }}"})
    sure = " || ".join(f"tasks['t-work'].status == '{phase}'" for phase in work.done)
    for given, text in work.given.items():
        value = text if before is None and work.done == ("Succeeded",) else f"{sure} ? {text} : ''"
        arguments.append({"name": f"work_{given}", "value": f"{{{{= {value} }}}}"})
    flags = [p["name"] for p in after.get("outputs", {}).get("parameters", [])]
    shown = [{"name": f, "valueFrom": {"parameter": f"{{{{tasks.t-record.outputs.parameters.{f}}}}}"}} for f in flags]
    return {
        "name": name, "metadata": after["metadata"], "inputs": {"parameters": [{"name": p} for p in own]},
        "outputs": {"parameters": shown} if shown else {}, "dag": {"failFast": False, "tasks": [*tasks, waits, record]},
    }  # fmt: skip


def _passed(names: list[str]) -> Json:
    given = [{"name": name, "value": f"{{{{inputs.parameters.{name}}}}}"} for name in names]
    return {"arguments": {"parameters": given}} if given else {}
