"""A pickler whose bytes depend on nothing but the objects: not on hash seed, object identity or import order.

Slow (pure Python) and meant for code: functions, classes and what they refer to. It keeps a record of what it met.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import sys
import types
import typing
from collections.abc import Iterable
from typing import Any, ClassVar

from tangentflow.runtime import classes, pickling
from tangentflow.runtime.digest import digest

__all__ = ["StablePickler", "content_hash", "wrapped"]


def content_hash(cls: type) -> str:
    """Return a hash of a class as it would travel by value. Raises whatever pickling raises."""
    stream = io.BytesIO()
    StablePickler(stream, with_ids=False).dump(cls)
    return hashlib.sha256(stream.getvalue()).hexdigest()[:16]


def wrapped(module: str, qualname: str, depth: int) -> Any:
    """Return what lies `depth` times below a decorated function: `__wrapped__` of `__wrapped__` of ..."""
    __import__(module)
    found: Any = sys.modules[module]
    for part in qualname.split("."):
        found = getattr(found, part)
    for _ in range(depth):
        found = found.__wrapped__
    return found


class StablePickler(pickle._Pickler):
    """Pickles as cloudpickle does, by reference where a module has the object, else by value.

    `modules`: names of modules referred to. `codes`: code objects that went by value. `functions`: their functions.
    """

    dispatch: ClassVar[dict[type, Any]] = dict(pickle._Pickler.dispatch)

    def __init__(self, stream: io.BytesIO, with_ids: bool = True) -> None:
        import cloudpickle

        super().__init__(stream, protocol=pickling.PROTOCOL)
        self.with_ids = with_ids
        self.modules: set[str] = set()
        self.codes: list[types.CodeType] = []
        self.functions: list[types.FunctionType] = []
        self.constants: dict[Any, Any] = {}
        self.inner = cloudpickle.Pickler(io.BytesIO(), protocol=pickling.PROTOCOL)
        self.dispatch_table = self.inner.dispatch_table

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        """Save an object; equal constants are one, whether the interpreter happened to share them or not."""
        key = _constant_key(obj)
        if key is not None:
            obj = self.constants.setdefault(key, obj)
        super().save(obj, save_persistent_id)  # type: ignore[misc]

    def save_global(self, obj: Any, name: str | None = None) -> None:
        """Save a reference and note its module."""
        self.modules.add(pickle.whichmodule(obj, name or obj.__qualname__))  # type: ignore[attr-defined]
        super().save_global(obj, name)  # type: ignore[misc]

    def reducer_override(self, obj: Any) -> Any:
        """Reduce as cloudpickle does, with everything in a fixed order."""
        if isinstance(obj, types.ModuleType):
            self.modules.add(obj.__name__)
        elif isinstance(obj, types.CodeType):
            self.codes.append(obj)
        elif isinstance(obj, types.FunctionType):
            return self._function(obj)
        elif isinstance(obj, type):
            return self._class(obj)
        elif isinstance(obj, typing.TypeVar):
            return self._type_variable(obj)
        return NotImplemented

    def _function(self, function: types.FunctionType) -> Any:
        reduced = self.inner.reducer_override(function)
        if reduced is NotImplemented:
            return reduced
        decorated = _below_decorator(function)
        if decorated is not None:
            self.modules.add(function.__module__)
            return wrapped, decorated
        self.functions.append(function)
        reduced[2][1]["_cloudpickle_submodules"].sort(key=lambda module: module.__name__)
        return reduced

    def _class(self, cls: type) -> Any:
        identity = None
        if self.with_ids and classes.travels_by_value(cls):
            identity = classes.class_id(cls, by_content=True)
        reduced = self.inner.reducer_override(cls)
        if reduced is NotImplemented or len(reduced) < 3:
            return reduced
        make, args, (attributes, slots), *rest = reduced
        if "_abc_impl" in attributes:
            attributes["_abc_impl"].sort(key=lambda other: (other.__module__, other.__qualname__))
        if "__static_attributes__" in attributes:
            attributes["__static_attributes__"] = tuple(sorted(attributes["__static_attributes__"]))
        return make, (*args[:-2], identity, args[-1]), (attributes, slots), *rest

    def _type_variable(self, variable: typing.TypeVar) -> Any:
        reduced: Any = self.dispatch_table[typing.TypeVar](variable)
        if reduced[0] is getattr:
            self.modules.add(reduced[1][0].__name__)
            return reduced
        return reduced[0], (*reduced[1][:-1], None)  # without its random id

    def save_set(self, obj: set[Any]) -> None:
        """Save a set in an order that its contents give."""
        self.write(pickle.EMPTY_SET)  # type: ignore[attr-defined]
        self.memoize(obj)  # type: ignore[attr-defined]
        self.write(pickle.MARK)  # type: ignore[attr-defined]
        for item in _ordered(obj):
            self.save(item)
        self.write(pickle.ADDITEMS)  # type: ignore[attr-defined]

    def save_frozenset(self, obj: frozenset[Any]) -> None:
        """Save a frozenset in an order that its contents give."""
        self.write(pickle.MARK)  # type: ignore[attr-defined]
        for item in _ordered(obj):
            self.save(item)
        if id(obj) in self.memo:  # type: ignore[attr-defined]  # it contains itself
            self.write(pickle.POP_MARK + self.get(self.memo[id(obj)][0]))  # type: ignore[attr-defined]
            return
        self.write(pickle.FROZENSET)  # type: ignore[attr-defined]
        self.memoize(obj)  # type: ignore[attr-defined]

    dispatch[types.FunctionType] = save_global
    dispatch[set] = save_set
    dispatch[frozenset] = save_frozenset


def _ordered(items: Iterable[Any]) -> list[Any]:
    return sorted(items, key=digest)


def _constant_key(obj: Any) -> Any:
    """Return a key that equal constants share (`1`, `1.0` and `True` do not), None for what is no constant."""
    kind = type(obj)
    if kind in (str, bytes):
        return kind, obj
    if kind is tuple and obj:
        keys = [_constant_key(item) or _number_key(item) for item in obj]
        return (kind, *keys) if all(keys) else None
    if kind is frozenset:
        keys = [_constant_key(item) or _number_key(item) for item in obj]
        return (kind, frozenset(keys)) if all(keys) else None
    return None


def _number_key(obj: Any) -> Any:
    kind = type(obj)
    if obj is None or obj is ... or kind in (int, bool):
        return kind, obj
    return (kind, repr(obj)) if kind in (float, complex) else None


def _below_decorator(function: types.FunctionType) -> tuple[str, str, int] | None:
    """Return where a function lies whose module has a decorated object under its name."""
    found: Any = sys.modules.get(function.__module__)
    if found is None or function.__module__ == "__main__":
        return None
    for part in function.__qualname__.split("."):
        found = getattr(found, part, None)
    for depth in range(32):
        if found is function:
            return function.__module__, function.__qualname__, depth
        found = getattr(found, "__wrapped__", None)
    return None
