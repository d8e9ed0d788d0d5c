"""A step whose work no pod of ours does: a DAG of what comes before, the work itself, and a pod that records the outcome.

The pod that records is the step's pod in every other respect: it evaluates the arguments, calls the step (which finds in its environment what
the work came to), records the outcome at the step's address, and hosts glue. The pod before is there only if the work needs what a run alone
knows; it evaluates the same arguments. If that raises, there is no work, and the pod that records raises the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tangentflow.argo.pods import artifact
from tangentflow.parts import AFTER, BEFORE, GIVEN, LEFT, PART, STATUS

__all__ = ["WORK", "Work", "hand_over", "join", "tell"]

Json = dict[str, Any]


WORK = "work"
"""The name of the task that does the work."""


@dataclass(frozen=True)
class Work:
    """The work of a step: a template without its name and metadata, and what the pods around it have to do with it.

    `before` are the parameters that the pod before gives the work, if any; `given` are expressions of what the pod behind is given in its
    environment, by name: of the task `t-work`. `leaves` are paths of files that the work leaves for the pod behind, by name, `finds` those that the
    pod before leaves for it; those that are `packed` are directories, and of those in `each` every attempt leaves one of its own. `done` are the
    phases of the work that the step itself tells from each other; `fails` has the exceptions that it raises for one, each with the expression by
    which the engine knows that.
    """

    template: Json
    word: str
    before: tuple[str, ...] = ()
    given: dict[str, str] = field(default_factory=dict)
    leaves: dict[str, str] = field(default_factory=dict)
    finds: dict[str, str] = field(default_factory=dict)
    packed: frozenset[str] = frozenset()
    each: frozenset[str] = frozenset()
    done: tuple[str, ...] = ("Succeeded",)
    fails: tuple[tuple[type[BaseException], str], ...] = ()


# -- the templates ----------------------------------------------------------------------------------------------------


def tell(body: Json, work: Work | None) -> None:
    """Tell a pod which part of a step it does: what comes before (None), or what comes behind some work."""
    environment = body["script"]["env"]
    environment.append({"name": PART, "value": BEFORE if work is None else AFTER})
    if work is None:
        return
    names = ["status", *work.given]
    body["inputs"]["parameters"] += [{"name": f"work_{name}"} for name in names]
    environment.append({"name": STATUS, "value": "{{inputs.parameters.work_status}}"})
    pairs = " ".join(f"{name}={{{{inputs.parameters.work_{name}}}}}" for name in work.given)
    environment.append({"name": GIVEN, "value": pairs})


def hand_over(
    work: Work, before: Json | None, template: Json, after: Json, address: tuple[str, str], own: list[str]
) -> None:  # fmt: skip
    """Let the pod before leave its files for the work, and the work those for the pod behind it.

    `address` is what stands before and behind the name of a file there, `own` are the parameters in it.
    """
    if work.leaves or work.finds:
        known = template.setdefault("inputs", {}).setdefault("parameters", [])
        known += [{"name": name} for name in own if {"name": name} not in known]
    for name, path in work.finds.items():
        assert before is not None
        where = f"{address[0]}{name}{address[1]}"
        saved, found = artifact(name, f"/tf/out/{name}", where, False), artifact(name, path, where, False)
        if name in work.packed:
            del saved["archive"], found["archive"]
            found["mode"] = 0o777
        before["outputs"].setdefault("artifacts", []).append(saved)
        template["inputs"].setdefault("artifacts", []).append(found)
    for name, path in work.leaves.items():
        where = f"{address[0]}{name}{address[1]}"
        saved, found = artifact(name, path, where, False), artifact(name, LEFT.format(name=name), where, True)
        if name in work.each:
            folder = where.removesuffix("/v")
            saved = artifact(name, path, f"{folder}/{{{{pod.name}}}}", False)
            found = artifact(name, LEFT.format(name=name), folder, True)
        if name in work.packed:
            del saved["archive"], found["archive"]
        template.setdefault("outputs", {}).setdefault("artifacts", []).append(saved)
        after["inputs"].setdefault("artifacts", []).append(found)


def join(work: Work, name: str, before: Json | None, template: Json, after: Json) -> Json:
    """Return the DAG of a step: the pod before, its work, and the pod that records. It takes and gives what the pod that records does."""
    own = [p["name"] for p in after["inputs"]["parameters"] if not p["name"].startswith("work_")]
    tasks: list[Json] = []
    wanted = {p["name"] for p in template.get("inputs", {}).get("parameters", [])}
    waits: Json = {"name": f"t-{WORK}", "template": template["name"], **_passed([p for p in own if p in wanted])}
    ends = [f"t-work.{'Errored' if phase == 'Error' else phase}" for phase in work.done]
    if before is not None:
        takes = [p["name"] for p in before["inputs"]["parameters"]]
        tasks.append({"name": "t-before", "template": before["name"], **_passed(takes)})
        values = {p: f"{{{{tasks.t-before.outputs.parameters.{p}}}}}" for p in work.before}
        waits.setdefault("arguments", {"parameters": []})["parameters"] += [
            {"name": p, "value": v} for p, v in values.items()
        ]
        waits["depends"] = "t-before.Succeeded"
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
