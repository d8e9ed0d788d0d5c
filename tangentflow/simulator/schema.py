"""Checks of values that can be put together: what a field must be, with the sentences of the API server."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tangentflow.simulator.errors import NotSimulated

__all__ = [
    "Check",
    "anything",
    "boolean",
    "integer",
    "integer_or_string",
    "list_of",
    "map_of",
    "name",
    "object_of",
    "one_of",
    "scalar",
    "string",
]

Check = Callable[[Any, str, list[str]], None]
"""Looks at a value at a path and appends what the API server would refuse."""

_KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


def _typed(expected: str, *types: type) -> Check:
    """Return a check of the type; a boolean is no number."""

    def check(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            kind = _KINDS.get(type(value), "null")
            problems.append(f'{path}: Invalid value: "{kind}": {path} in body must be of type {expected}: "{kind}"')

    return check


string = _typed("string", str)
boolean = _typed("boolean", bool)
integer = _typed("integer", int)
integer_or_string = _typed("integer", int, str)
scalar = _typed("string", str, int, float, bool)
_array = _typed("array", list)
_mapping = _typed("object", dict)


def anything(value: Any, path: str, problems: list[str]) -> None:
    """Accept what only says where pods run and how long things are kept: it changes nothing in a simulation."""


def name(pattern: str, longest: int = 0) -> Check:
    """Return a check of a text by a pattern and a length in bytes."""

    def check(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, str):
            string(value, path, problems)
        elif longest and len(value.encode()) > longest:
            problems.append(f"{path}: Too long: may not be more than {longest} bytes")
        elif not re.match(pattern, value):
            problems.append(f"{path}: Invalid value: \"{value}\": {path} in body should match '{pattern}'")

    return check


def one_of(*choices: str) -> Check:
    """Return a check that a text is one of a few."""

    def check(value: Any, path: str, problems: list[str]) -> None:
        if value not in choices:
            listed = ", ".join(f'"{c}"' for c in choices)
            problems.append(f'{path}: Unsupported value: "{value}": supported values: {listed}')

    return check


def list_of(item: Check, most: int = 0) -> Check:
    """Return a check of a list and of each element."""

    def check(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, list):
            _array(value, path, problems)
        elif most and len(value) > most:
            problems.append(f"{path}: Too many: {len(value)}: must have at most {most} items")
        else:
            for index, element in enumerate(value):
                item(element, f"{path}[{index}]", problems)

    return check


def map_of(item: Check) -> Check:
    """Return a check of a mapping with any keys and of each value."""

    def check(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, dict):
            _mapping(value, path, problems)
            return
        for key, element in value.items():
            item(element, f"{path}.{key}", problems)

    return check


def object_of(fields: Mapping[str, Check], *required: str) -> Check:
    """Return a check of an object with these fields and no others.

    The check raises `NotSimulated` for a field that is not among them.
    """

    def check(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, dict):
            _mapping(value, path, problems)
            return
        for key, element in value.items():
            below = f"{path}.{key}" if path else str(key)
            if key not in fields:
                raise NotSimulated(
                    below, f"a field that the simulator does not know; known here: {', '.join(sorted(fields))}"
                )
            fields[key](element, below, problems)
        problems += [f"{path}.{key}: Required value" for key in required if key not in value]

    return check
