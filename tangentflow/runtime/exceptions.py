"""Taking exceptions apart and building them again without calling `__init__`.

An exception is a shell (its class, for a group its members too) plus a state: args, fields of its built-in base, slots,
`__dict__`, cause, context, frames. Shells come first, states later: so chains and cycles of exceptions need no recursion.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from types import BuiltinFunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any

from tangentflow.runtime import traces

__all__ = ["apply_state", "describe", "own_state", "shell", "shell_arguments", "text", "whole_state"]

_BASE = BaseException.__dict__


def shell(cls: type[BaseException], *args: Any) -> BaseException:
    """Return a bare instance of an exception class, made by the `__new__` of its nearest base written in C."""
    base: type = cls
    while not isinstance(base.__dict__.get("__new__"), BuiltinFunctionType):
        assert base.__base__ is not None
        base = base.__base__
    made: BaseException = base.__new__(cls, *args)
    return made


def shell_arguments(exception: BaseException) -> tuple[Any, ...]:
    """Return the arguments of `shell` that make an empty copy of `exception`."""
    if _is_group(exception):
        return type(exception), exception.message, list(exception.exceptions)  # type: ignore[attr-defined]
    return (type(exception),)


def own_state(exception: BaseException) -> dict[str, Any]:
    """Return what belongs to the exception itself: args, built-in fields and slots, `__dict__` (notes included)."""
    return {"args": _BASE["args"].__get__(exception), "fields": dict(_fields(exception)), "dict": {**_dict(exception)}}


def whole_state(exception: BaseException, own: dict[str, Any]) -> dict[str, Any]:
    """Return `own` together with the exception's links to others and its frames."""
    return {
        **own,
        "cause": exception.__cause__,
        "context": exception.__context__,
        "suppress": exception.__suppress_context__,
        "frames": traces.capture(exception),
    }


def apply_state(exception: BaseException, state: dict[str, Any]) -> None:
    """Fill a shell."""
    # Through the descriptors of the base class: a user's class may define __setattr__ or hide these names.
    if "args" in state:
        _BASE["args"].__set__(exception, state["args"])
    for name, value in state.get("fields", {}).items():
        _descriptor(type(exception), name).__set__(exception, value)
    _dict(exception).update(state["dict"])
    _BASE["__cause__"].__set__(exception, state["cause"])
    _BASE["__context__"].__set__(exception, state["context"])
    _BASE["__suppress_context__"].__set__(exception, state["suppress"])
    traces.restore(exception, state["frames"])


def describe(exception: BaseException) -> str:
    """Return type and repr of an exception as text, even if its repr fails."""
    cls = type(exception)
    try:
        shown = repr(exception)
    except Exception as error:
        shown = f"{cls.__qualname__} whose repr raises {type(error).__name__}"
    return f"{cls.__module__}.{cls.__qualname__}: {shown}" if cls.__module__ != "builtins" else shown


def text(exception: BaseException) -> str:
    """Return the exception as Python prints it, causes included, even if its `__str__` fails."""
    found = traces.remote_traceback(exception)
    return found or "".join(traceback.format_exception(type(exception), exception, exception.__traceback__))


def _is_group(exception: BaseException) -> bool:
    return sys.version_info >= (3, 11) and isinstance(exception, BaseExceptionGroup)  # noqa: F821


def _dict(exception: BaseException) -> dict[str, Any]:
    found: dict[str, Any] = _BASE["__dict__"].__get__(exception)
    return found


def _fields(exception: BaseException) -> Iterator[tuple[str, Any]]:
    """Yield fields kept outside `__dict__`: those of classes written in C (`errno`, `code`, `value`) and slots."""
    seen = {"__dict__", "__weakref__"}
    for cls in type(exception).__mro__:
        if cls.__module__ == "builtins" and cls.__name__ in ("object", "BaseException", "BaseExceptionGroup"):
            continue  # links and args have places of their own in the state; a group's shell has its members
        for name, descriptor in cls.__dict__.items():
            if name in seen:
                continue
            if isinstance(descriptor, MemberDescriptorType | GetSetDescriptorType):
                seen.add(name)
                try:
                    value = descriptor.__get__(exception)
                except AttributeError:
                    continue
                # A built-in field that is unset reads as None, and set to None it prints differently. Slots are never unset here.
                if value is not None or _is_slot(cls):
                    yield name, value


def _is_slot(cls: type) -> bool:
    return "__slots__" in cls.__dict__


def _descriptor(cls: type, name: str) -> Any:
    return next(base.__dict__[name] for base in cls.__mro__ if name in base.__dict__)
