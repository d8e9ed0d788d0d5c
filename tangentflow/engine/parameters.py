"""The parameters of a step as a line of text, so that recorded arguments get their names back without the step."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

__all__ = ["bind_to", "spelled"]

_KINDS = inspect.Parameter
_PREFIX: dict[Any, str] = {_KINDS.VAR_POSITIONAL: "*", _KINDS.VAR_KEYWORD: "**"}
_SUFFIX: dict[Any, str] = {_KINDS.POSITIONAL_ONLY: "/", _KINDS.KEYWORD_ONLY: "="}


@functools.lru_cache(maxsize=1024)
def spelled(function: Any) -> str:
    """Return the parameters of a function: `a/ b *rest c= **options`."""
    parameters = inspect.signature(function).parameters.values()
    return " ".join(_PREFIX.get(p.kind, "") + p.name + _SUFFIX.get(p.kind, "") for p in parameters)


def bind_to(text: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments by parameter; by position and name where they do not fit."""
    try:
        return dict(_signature(text).bind(*args, **kwargs).arguments)
    except TypeError:
        return {str(i): value for i, value in enumerate(args)} | dict(kwargs)


@functools.lru_cache(maxsize=1024)
def _signature(text: str) -> inspect.Signature:
    return inspect.Signature([_parameter(part) for part in text.split()])


def _parameter(text: str) -> inspect.Parameter:
    if text.startswith("*"):
        kind = _KINDS.VAR_KEYWORD if text.startswith("**") else _KINDS.VAR_POSITIONAL
        return inspect.Parameter(text.lstrip("*"), kind)
    if text.endswith("/"):
        return inspect.Parameter(text[:-1], _KINDS.POSITIONAL_ONLY, default=None)
    if text.endswith("="):
        return inspect.Parameter(text[:-1], _KINDS.KEYWORD_ONLY, default=None)
    return inspect.Parameter(text, _KINDS.POSITIONAL_OR_KEYWORD, default=None)
