"""Pickles as steps exchange them: protocol 5, cloudpickle where it is there, exceptions taken apart.

A stream is the pickle of the object, then one `(exception, state)` for each exception met so far, then None. All share
one memo, so exceptions keep their identity and may form cycles.
"""

from __future__ import annotations

import functools
import io
import pickle
import re
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tangentflow.runtime import exceptions
from tangentflow.runtime.classes import Unpickler, class_id, travels_by_value
from tangentflow.runtime.iterators import is_made_for_reading, refusal
from tangentflow.runtime.packing import Place
from tangentflow.runtime.paths import Collector, LoadedPaths, path_at, split

__all__ = [
    "PROTOCOL",
    "StandIn",
    "attempt",
    "dumps",
    "explain",
    "loads",
    "plain_reason",
    "without_addresses",
]

PROTOCOL = 5

StandIn = Callable[[BaseException, str], BaseException]
"""Given an exception that cannot be pickled and the reason, returns the one to store in its place."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def dumps(value: object, stand_in: StandIn | None = None, files: bool = False) -> bytes:
    """Return the pickle of `value`, behind the contents of its paths if it has any.

    With `files`, a path that exists here is its content; without, its text, as the paths that glue has made are until a step gets them.
    An exception that cannot be pickled is replaced by what `stand_in` gives; without one it is an error like any other.
    Raises whatever pickling raises.
    """
    stream = io.BytesIO()
    paths = Collector(files)
    pickler = _pickler_class(_pickler_base())(stream, stand_in, paths)
    pickler.dump(value)
    for exception, source, own in pickler.pending:  # grows while it is read
        pickler.dump((exception, exceptions.whole_state(source, own)))
    pickler.dump(None)
    return b"".join([*paths.prefix(), stream.getvalue()])


def loads(data: bytes | memoryview, files: Place | None = None) -> Any:
    """Return the object that `dumps` was given. Raises whatever unpickling raises.

    The contents of its paths are written to `files`; without, the paths are such as glue may have.
    """
    packed, body = split(data)
    source = _Unpickler(io.BytesIO(body), LoadedPaths(packed, files))
    value = source.load()
    while (entry := source.load()) is not None:
        exceptions.apply_state(*entry)
    return value


def plain_reason(error: BaseException) -> str:
    """Return why pickling failed, in words that are the same in every process."""
    text = str(error) or type(error).__name__
    if not isinstance(error, pickle.PicklingError | TypeError):
        text = f"{type(error).__name__}: {text}"
    return without_addresses(text)


def explain(value: object, error: BaseException) -> str:
    """Return which part of `value` is to blame for a failure of pickling, and why."""
    place = blame(value)
    return f"{place}: {plain_reason(error)}" if place else plain_reason(error)


def without_addresses(text: str) -> str:
    """Return `text` without memory addresses, which differ from process to process."""
    return _ADDRESS.sub("", text)


def attempt(value: object, files: bool = True) -> Exception | None:
    """Return why `value` cannot be pickled and loaded again, None if it can. Exceptions in it are taken as they are.

    With `files`, a path that exists is its content, which is only looked at.
    """
    stream = io.BytesIO()
    try:
        _pickler_class(_pickler_base())(stream, None, Collector(files, trial=True)).dump(value)
        _Unpickler(io.BytesIO(stream.getvalue()), LoadedPaths(None, None)).load()
    except Exception as error:
        return error
    return None


def blame(value: object, depth: int = 4) -> str:
    """Return where in `value` the first part lies that cannot be pickled: `['model'].lock`, empty for `value` itself."""
    if depth:
        for name, part in _parts(value):
            if attempt(part) is not None:
                return name + blame(part, depth - 1)
    return ""


def _parts(value: object) -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [(f"[{key!r}]", part) for key, part in list(value.items())[:1000]]
    if isinstance(value, list | tuple):
        return [(f"[{index}]", part) for index, part in enumerate(value[:1000])]
    if isinstance(value, set | frozenset):
        return [("{...}", part) for part in list(value)[:1000]]
    if isinstance(value, type):
        return []
    parts = [(f".{name}", part) for name, part in getattr(value, "__dict__", {}).items()]
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        names = [slots] if isinstance(slots, str) else slots
        parts += [(f".{name}", getattr(value, name)) for name in names if hasattr(value, name)]
    code, cells = getattr(value, "__code__", None), getattr(value, "__closure__", None)
    if code is not None:
        for name, cell in zip(code.co_freevars, cells or (), strict=False):
            parts.append((f" (variable {name!r} of the enclosing function)", _contents(cell)))
        namespace = getattr(value, "__globals__", {})
        parts += [(f" (global {name!r})", namespace[name]) for name in code.co_names if name in namespace]
    return parts


def _contents(cell: Any) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not bound yet
        return None


class _Unpickler(Unpickler):
    """Loads paths, too."""

    def __init__(self, stream: io.BytesIO, paths: LoadedPaths) -> None:
        super().__init__(stream)
        self.paths = paths

    def find_class(self, module: str, name: str, /) -> Any:
        """Find a global; the maker of paths is replaced."""
        found = super().find_class(module, name)
        return self.paths.path_at if found is path_at else found


# -- pickling --------------------------------------------------------------------------------------------------------


def _pickler_base() -> Any:
    try:
        import cloudpickle
    except ImportError:
        return pickle.Pickler
    return cloudpickle.Pickler


@functools.cache
def _pickler_class(base: Any) -> Any:
    return type("StepPickler", (_Mixin, base), {})


class _Mixin:
    """What is added to a pickler: exceptions by shell and state, names for classes that travel by value."""

    def __init__(self, stream: io.BytesIO, stand_in: StandIn | None, paths: Collector) -> None:
        super().__init__(stream, protocol=PROTOCOL)  # type: ignore[call-arg]
        self.stand_in = stand_in
        self.paths = paths
        self.pending: list[tuple[BaseException, BaseException, dict[str, Any]]] = []

    def reducer_override(self, obj: Any) -> Any:
        """Reduce exceptions; leave the rest to cloudpickle."""
        if isinstance(obj, BaseException):
            return (type(None), ()) if self.paths.trial else self._reduce_exception(obj)
        if isinstance(obj, Path):
            reduced = self.paths.reduce(obj)
            if reduced is not None:
                return reduced
        if is_made_for_reading(obj):
            raise pickle.PicklingError(refusal(obj))
        if isinstance(obj, io.TextIOWrapper | memoryview) and obj is not sys.stdout and obj is not sys.stderr:
            # cloudpickle would send an open file as a StringIO and a memoryview as bytes.
            raise TypeError(f"cannot pickle {type(obj).__qualname__!r} object")
        inherited = getattr(super(), "reducer_override", None)
        if inherited is None:
            return NotImplemented
        if isinstance(obj, type) and travels_by_value(obj):
            class_id(obj)
        return inherited(obj)

    def _reduce_exception(self, exception: BaseException) -> Any:
        source, own = exception, _portable_state(exception)
        failure = attempt((type(source), own), self.paths.files)
        if failure is not None:
            declared = _declared_reduction(exception)
            if declared is not None:
                make, args, own = declared
                self.pending.append((exception, exception, own))
                return make, args
            reason = f"{_blame_state(own)}{plain_reason(failure)}"
            if self.stand_in is None:
                raise pickle.PicklingError(f"exception {type(exception).__qualname__}: {reason}")
            source = self.stand_in(exception, reason)
            source.__traceback__ = exception.__traceback__
            own = exceptions.own_state(source)
        self.pending.append((exception, source, own))
        return exceptions.shell, exceptions.shell_arguments(source)


def _declared_reduction(exception: BaseException) -> tuple[Any, tuple[Any, ...], dict[str, Any]] | None:
    """Return how the class itself says that its instances are rebuilt, if it says so and that works."""
    cls = type(exception)
    methods = (cls.__reduce__, cls.__reduce_ex__)
    if not any(isinstance(method, types.FunctionType) for method in methods):
        return None
    try:
        reduced = exception.__reduce_ex__(PROTOCOL)
    except Exception:
        return None  # the caller reports why its state cannot be pickled
    if not isinstance(reduced, tuple) or attempt(reduced[:2]) is not None:
        return None
    state = reduced[2] if len(reduced) > 2 else None
    if not isinstance(state, dict | None) or attempt(state) is not None:
        return None
    return reduced[0], reduced[1], {"dict": state or {}}


def _blame_state(own: dict[str, Any]) -> str:
    """Return a prefix that names the part of an exception's state that cannot be pickled."""
    for index, value in enumerate(own["args"]):
        if attempt(value) is not None:
            return f"args[{index}]{blame(value)}: "
    for name, value in {**own["fields"], **own["dict"]}.items():
        if attempt(value) is not None:
            return f".{name}{blame(value)}: "
    return ""


def _portable_state(exception: BaseException) -> dict[str, Any]:
    """Return the exception's own state without the object that an AttributeError points to, if that cannot travel."""
    own = exceptions.own_state(exception)
    if isinstance(exception, AttributeError) and attempt(own["fields"].get("obj")) is not None:
        own["fields"].pop("obj")
    return own
