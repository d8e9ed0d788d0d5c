"""What kind a call of a class is."""

from __future__ import annotations

import dataclasses
import enum
import types
from typing import TYPE_CHECKING, Any

from tangentflow.language import known
from tangentflow.language.verdict import PURE, Verdict, worst

if TYPE_CHECKING:
    from tangentflow.language.helpers import Helpers

__all__ = ["constructor", "plain_data"]


def plain_data(cls: type) -> bool:
    """Whether instances are data with equality by value: dataclasses, named tuples, enums, exceptions."""
    return (
        issubclass(cls, (BaseException, enum.Enum))
        or (issubclass(cls, tuple) and hasattr(cls, "_fields"))
        or dataclasses.is_dataclass(cls)
    )


def constructor(cls: type, name: str, kind: str | None, helpers: Helpers) -> Verdict | None:
    """Return the kind of calling `cls`, whose table entry is `kind`; None if the table decides.

    Plain data of the user is pure if its own `__init__`, `__new__`, `__post_init__` and default factories are. Other
    classes are opaque at best, as their instances need not be equal when they are made twice.
    """
    if not plain_data(cls):
        if kind is not None:
            return None
        made = worst(_own_code(cls, name, helpers))
        return (
            made
            if made.kind in ("impure", "outside", "refused")
            else Verdict("opaque", why=f"`{name}` is not plain data")
        )
    return worst([PURE, *_own_code(cls, name, helpers), *_factories(cls, helpers)])


def _own_code(cls: type, name: str, helpers: Helpers) -> list[Verdict]:
    found = []
    for method in ("__new__", "__init__", "__post_init__"):
        function: Any = known.attribute(cls, method)
        if isinstance(function, types.FunctionType) and helpers.is_user(function):
            found.append(helpers.verdict(function, name, given="own"))
    return found


def _factories(cls: type, helpers: Helpers) -> list[Verdict]:
    if not dataclasses.is_dataclass(cls):
        return []
    fields = [f for f in dataclasses.fields(cls) if f.default_factory is not dataclasses.MISSING]
    return [helpers.reached(f.default_factory, f"{cls.__name__}.{f.name}") for f in fields]
