"""The `depends` of a task: which tasks it names, and what it says once they are over."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from tangentflow.simulator.expressions.evaluate import evaluate
from tangentflow.simulator.expressions.lexer import ExpressionError

__all__ = ["RESULTS", "decide", "dependencies", "item_dependencies", "leaves", "wrong_result"]

RESULTS = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned", "AnySucceeded", "AllFailed")
_NAMES = re.compile(r"([a-zA-Z0-9][-a-zA-Z0-9]*?\.[A-Z][a-zA-Z]+)|([a-zA-Z0-9][-a-zA-Z0-9]*)")


@lru_cache(maxsize=4096)
def _read(depends: str) -> tuple[tuple[str, ...], frozenset[str], str]:
    """Return the tasks named, those of them asked about their items, and the text with bare names written out."""
    names: dict[str, None] = {}
    items: set[str] = set()

    def expand(match: re.Match[str]) -> str:
        if match.group(1):
            name, result = match.group(1).split(".")
            names[name] = None
            if result in ("AnySucceeded", "AllFailed"):
                items.add(name)
            return match.group(1)
        name = match.group(2)
        names[name] = None
        return f"({name}.Succeeded || {name}.Skipped || {name}.Daemoned)"

    logic = _NAMES.sub(expand, depends)
    return tuple(names), frozenset(items), logic


def dependencies(task: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the tasks that a task waits for."""
    return _read(task.get("depends", ""))[0]


def item_dependencies(task: Mapping[str, Any]) -> frozenset[str]:
    """Return the tasks that are asked about their items, by AnySucceeded or AllFailed."""
    return _read(task.get("depends", ""))[1]


def leaves(tasks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the tasks that no other task names, sorted: they give the phase of the DAG."""
    named = {name for task in tasks for name in dependencies(task)}
    return sorted({task["name"] for task in tasks} - named)


def wrong_result(task: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the task and the word behind its dot where that word is no phase."""
    for match in re.finditer(r"([a-zA-Z0-9][-a-zA-Z0-9]*?)\.([A-Z][a-zA-Z]+)", task.get("depends", "")):
        if match.group(2) not in RESULTS:
            return match.group(1), match.group(2)
    return None


def decide(task: Mapping[str, Any], results: Mapping[str, Mapping[str, bool]]) -> bool:
    """Return whether the task runs, given the results of all tasks it names.

    Raises:
        ExpressionError: with the message of the node.
    """
    logic = _read(task.get("depends", ""))[2].replace("-", "_")
    names = {name.replace("-", "_"): dict(result) for name, result in results.items()}
    try:
        value = evaluate(logic, names)
    except ExpressionError as error:
        raise ExpressionError(f"unable to evaluate expression '{logic}': {error}") from error
    if not isinstance(value, bool):
        raise ExpressionError(
            f"unable to evaluate expression '{logic}': unable to cast expression result '{value}' to bool"
        )
    return value
