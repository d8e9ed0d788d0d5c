"""A serial loop as a static chain: up to eight iterations in a row, eight of those, and so on, until its bound.

Each iteration tells whether there is another one, its index, and the flags that it begins with; the first one that tells "0" makes the
engine skip the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tangentflow.argo.names import Names
from tangentflow.argo.podplan import LOOP_LIMIT
from tangentflow.graph.nodes import Loop

if TYPE_CHECKING:
    from tangentflow.argo.emit import Template

__all__ = ["WIDTH", "chain", "levels"]

Json = dict[str, Any]
WIDTH = 8


def levels(limit: int) -> list[int]:
    """Return how many tasks each level has, the innermost one first, so that `limit` iterations fit."""
    sizes = [min(limit, WIDTH)]
    reach = WIDTH
    while reach < limit:
        sizes.append(min(-(-limit // reach), WIDTH))
        reach *= WIDTH
    return sizes


def chain(
    loop: Loop, wish: str, work: Template, flags: list[str], passed: list[str], names: Names, metadata: Json
) -> list[Json]:
    """Return the templates of a loop, the outermost level last.

    `flags` are handed from one iteration to the next: whether there is one, its index, what it begins with; `passed` are the same for all.
    """
    limit = min(loop.limit, LOOP_LIMIT) if loop.limit is not None else LOOP_LIMIT
    sizes = levels(limit)
    if loop.limit is not None:
        sizes[-1] += 1  # the iteration that finds the bound passed
    made: list[Json] = []
    for level, size in enumerate(sizes, 1):
        template = work.name if level == 1 else made[-1]["name"]
        takes = work.parameters if level == 1 else tuple(p["name"] for p in made[-1]["inputs"]["parameters"])
        last = level == len(sizes)
        name = names.take(wish if last else f"{wish}-{WIDTH**level}")
        made.append(_level(name, size, template, takes, flags, passed, level == 1, metadata))
    return made


def _level(
    name: str, size: int, template: str, takes: tuple[str, ...], flags: list[str], passed: list[str], innermost: bool, metadata: Json
) -> Json:  # fmt: skip
    go, index, *_ = flags
    parameters = ["up", *passed, *flags[1:]]
    tasks = []
    for number in range(size):
        before = f"t-{number - 1}"
        source = {
            f: f"{{{{tasks.{before}.outputs.parameters.{f}}}}}" if number else f"{{{{inputs.parameters.{f}}}}}"
            for f in flags
        }
        values = {p: f"{{{{inputs.parameters.{p}}}}}" for p in ("up", *passed)} | source
        if innermost:
            values["ix"] = f"{{{{inputs.parameters.up}}}}/{source[index]}"
        task: Json = {"name": f"t-{number}", "template": template}
        if number:
            task["depends"] = f"{before}.Succeeded"
            task["when"] = f"{{{{= tasks['{before}'].outputs.parameters['{go}'] == '1' }}}}"
        task["arguments"] = {"parameters": [{"name": p, "value": values[p]} for p in takes]}
        tasks.append(task)
    end = f"t-{size - 1}"
    outputs = []
    for flag in flags:
        value = f"tasks['{end}'].outputs.parameters['{flag}']"
        text = f"tasks['{end}'].status == 'Succeeded' ? {value} : '0'"
        outputs.append({"name": flag, "valueFrom": {"expression": text}})
    return {
        "name": name, "metadata": metadata, "inputs": {"parameters": [{"name": p} for p in parameters]},
        "outputs": {"parameters": outputs}, "dag": {"failFast": False, "tasks": tasks},
    }  # fmt: skip
