"""What a class is made of, member by member."""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["members"]

_MACHINERY = frozenset(
    {
        "__dict__", "__weakref__", "__module__", "__qualname__", "__doc__", "__firstlineno__", "__static_attributes__",
        "__annotate__", "__annotate_func__", "__annotations_cache__", "__slotnames__", "__abstractmethods__", "_abc_impl",
        "__parameters__", "__match_args__", "__dataclass_fields__", "__orig_bases__",
        # pydantic: made of the fields, the annotations and the decorators, which count
        "__pydantic_complete__", "__pydantic_core_schema__", "__pydantic_serializer__", "__pydantic_validator__", "__pydantic_parent_namespace__",
        "__pydantic_fields_complete__", "__pydantic_setattr_handlers__", "__pydantic_decorators__",
    }
)  # fmt: skip
"""What Python and its libraries note in a class, made of what else is in it."""
_OPTIONS = ("init", "repr", "hash", "compare", "kw_only")


def members(cls: type, text: Callable[[Any], str]) -> Iterator[str]:
    """Yield a line for each member of a class: names matter here, since attributes and exceptions are found by name."""
    if issubclass(cls, enum.Enum):
        yield from (f"{name} = {member.name} {text(member.value)}" for name, member in cls.__members__.items())
    if "__dataclass_fields__" in vars(cls):
        for made in dataclasses.fields(cls):  # in their order
            options = [(name, getattr(made, name)) for name in _OPTIONS]
            default = made.default_factory if made.default is dataclasses.MISSING else made.default
            yield f"field {made.name} {options} {'' if default is dataclasses.MISSING else text(default)}"
    for name, member in sorted(vars(cls).items()):
        if name not in _MACHINERY and not (issubclass(cls, enum.Enum) and _of_enum(cls, name, member)):
            yield f"{name}: {', '.join(_member(member, text))}"


def _of_enum(cls: type[enum.Enum], name: str, member: Any) -> bool:
    """Whether a member of an enum is one of its values, or what `enum` notes itself."""
    noted = name.startswith("_") and name.endswith("_")
    is_code = isinstance(member, (types.FunctionType, staticmethod, classmethod, property))
    return name in cls.__members__ or (noted and not is_code)


def _member(member: Any, text: Callable[[Any], str]) -> Iterator[str]:
    kind = type(member).__name__
    if isinstance(member, (staticmethod, classmethod)):
        yield f"{kind} {text(member.__func__)}"
    elif isinstance(member, property):
        yield from (f"{kind} {text(part)}" for part in (member.fget, member.fset, member.fdel))
    elif isinstance(member, functools.cached_property):
        yield f"{kind} {text(member.func)}"
    elif isinstance(member, (types.MemberDescriptorType, types.GetSetDescriptorType)):
        yield "slot"
    elif kind == "_DataclassParams":
        yield repr(member)
    else:
        yield text(member)
