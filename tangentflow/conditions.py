"""Conditions on objects of Kubernetes, as Argo reads them: `status.succeeded > 0, status.active != 1`. Standard library only."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Requirement", "found_at", "holds", "requirements"]

_KEY = r"[A-Za-z0-9](?:[-A-Za-z0-9_./]{0,250}[A-Za-z0-9])?"
_VALUE = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_ONE = re.compile(
    rf"\s*(?:(?P<no>!)\s*(?P<lacks>{_KEY})|(?P<key>{_KEY})\s*"
    rf"(?:(?P<set>in|notin)\s*\((?P<values>\s*(?:{_VALUE})?(?:\s*,\s*(?:{_VALUE})?)*\s*)\)|(?P<op>==|=|!=|>|<)\s*(?P<value>{_VALUE}|))?)\s*(?:,|$)"
)


@dataclass(frozen=True)
class Requirement:
    """One part of a condition: a path into the object, an operator (`in`, `notin`, `>`, `<`, `exists`, `!`), and values."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


def requirements(text: str) -> list[Requirement]:
    """Return the parts of a condition. Raises ValueError for a text that is none."""
    found: list[Requirement] = []
    at = 0
    while at < len(text) or not found:
        match = _ONE.match(text, at)
        if match is None or match.end() == at:
            raise ValueError(
                f"{text!r} is no condition: write paths into the object, compared by =, !=, >, <, in (...) or notin (...), with commas between "
                "them, like 'status.succeeded > 0'"
            )
        found.append(_requirement(match))
        at = match.end()
    return found


def _requirement(match: re.Match[str]) -> Requirement:
    if match["no"]:
        return Requirement(match["lacks"], "!")
    if match["set"]:
        return Requirement(match["key"], match["set"], tuple(value.strip() for value in match["values"].split(",")))
    operator = {None: "exists", "=": "in", "==": "in", "!=": "notin"}.get(match["op"], match["op"])
    if operator in ("<", ">") and not match["value"].isdigit():
        raise ValueError(f"a condition compares by {operator} with a whole number: {match[0].strip(' ,')!r}")
    return Requirement(match["key"], operator, () if operator == "exists" else (match["value"],))


def found_at(value: Any, path: str) -> str | None:
    """Return what lies at a path into an object, as text; None if nothing does."""
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, separators=(",", ":"))


def holds(requirement: Requirement, value: Any) -> bool:
    """Whether an object meets a part of a condition."""
    found = found_at(value, requirement.key)
    if requirement.operator in ("!", "notin"):
        return found is None or (requirement.operator == "notin" and found not in requirement.values)
    if found is None or requirement.operator == "exists":
        return found is not None
    if requirement.operator == "in":
        return found in requirement.values
    if not re.fullmatch(r"[-+]?\d+", found):
        return False
    return (
        int(found) > int(requirement.values[0])
        if requirement.operator == ">"
        else int(found) < int(requirement.values[0])
    )
