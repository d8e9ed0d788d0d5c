"""Which arguments a step has changed in place. Standard library only: pods have it too."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from tangentflow.runtime.digest import digest

__all__ = ["changed_since", "digests_of"]

_IMMUTABLE = frozenset({int, float, complex, str, bytes, bool, type(None)})

Digests = Mapping[int | str, str]
"""Digests of arguments by their position or their name, without those that nothing can change."""


def digests_of(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Digests:
    """Return the digests of the arguments of a call."""
    found: dict[int | str, str] = {}
    for number, value in enumerate(args):
        if type(value) not in _IMMUTABLE:
            found[number] = digest(value)
    for name, value in kwargs.items():
        if type(value) not in _IMMUTABLE:
            found[name] = digest(value)
    return found


def changed_since(
    before: Digests, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> str:
    """Return the names of the parameters whose arguments are not what they were; "" if all are."""
    after = digests_of(args, kwargs)
    keys = [key for key, value in before.items() if after[key] != value]
    return ", ".join(dict.fromkeys(_name(function, key) for key in keys))


def _name(function: Callable[..., Any], key: int | str) -> str:
    parameters = list(inspect.signature(function).parameters.values())
    if isinstance(key, int):
        several = next((p for p in parameters if p.kind is p.VAR_POSITIONAL), None)
        positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        return positional[key].name if key < len(positional) else several.name if several is not None else str(key)
    if any(p.name == key for p in parameters):
        return key
    return next((p.name for p in parameters if p.kind is p.VAR_KEYWORD), key)
