"""A digest of a value's structure: equal before and after unless the value was changed.

Independent of identity, sharing, hash seed and process. Dicts keep their order, sets have none. A path counts by what it holds.
"""

from __future__ import annotations

import copyreg
import functools
import sys
import threading
import types
from collections.abc import Generator, Iterable
from hashlib import blake2b as _blake2b
from pathlib import Path
from typing import Any

from tangentflow.runtime.contents import path_digest
from tangentflow.runtime.pathvalue import PathValue

__all__ = ["digest"]

_ATOMS = frozenset({int, float, bool, complex, str, bytes, type(None), type(...), type(NotImplemented)})
_CONTAINERS = frozenset({list, tuple, dict, set, frozenset, bytearray})
_SIZE = 32
_SHORT = 1024
_CACHE = type(functools.lru_cache(len))
_VIEWS = frozenset({type({}.keys()), type({}.values()), type({}.items())})
_PATH = type(Path())
_SAFE = frozenset({type(threading.Lock()), type(threading.RLock())})
"""What cannot be pickled and hides nothing."""

_Walk = Generator[object, bytes, bytes]
"""Yields parts, is sent their digests, returns its own."""


def digest(
    value: object, code: dict[int, object] | None = None, hidden: list[object] | None = None, files: bool = True
) -> str:
    """Return the structural digest of `value` as hex text.

    `code` collects the functions, classes and modules met in it, and the classes of what is met, by their ids: they count by name or
    bytecode here, and who needs more looks into them. `hidden` collects what cannot be looked into (a connection, a generator).

    With `files`, which is for what a step is given, a path counts by what it holds; without, one that no step gave is its text.

    Never raises for what cannot be pickled: such a part counts by its type and attributes. Values that functools caches
    in attributes (`cached_property`) do not count.
    """
    if type(value) is tuple:  # the arguments of a step, most often: in less time than a walk takes
        plain = _plain_sequence("tuple", value)
        if plain is not None:
            return plain.hex()
    return _Walker(code, hidden, files).run(value).hex()


class _Walker:
    """One walk: digests known by object id, and the objects under way (for cycles)."""

    def __init__(self, code: dict[int, object] | None, hidden: list[object] | None, files: bool) -> None:
        self.code = code
        self.files = files
        self.hidden: list[object] = [] if hidden is None else hidden
        self.done: dict[int, bytes] = {}
        self.open: dict[int, int] = {}
        self.keep: list[object] = []  # ids must stay taken

    def run(self, value: object) -> bytes:
        """Walk without recursion: a stack of generators, so that depth has no limit."""
        stack: list[tuple[int, _Walk]] = []
        result = self.enter(value, stack)
        while stack:
            identity, walk = stack[-1]
            try:
                part = next(walk) if result is None else walk.send(result)
            except StopIteration as stop:
                stack.pop()
                result = stop.value
                self.open.pop(identity, None)
                self.done[identity] = stop.value
            else:
                result = self.enter(part, stack)
        assert result is not None
        return result

    def enter(self, value: object, stack: list[tuple[int, _Walk]]) -> bytes | None:
        """Return the digest of `value` if that is known at once, else put its walk on the stack."""
        if type(value) in _ATOMS:
            return _atom(value)
        identity = id(value)
        if identity in self.done:
            return self.done[identity]
        if identity in self.open:
            return _hash(b"cycle", str(len(self.open) - self.open[identity]).encode())
        self.keep.append(value)
        if self.code is not None and type(value) not in _CONTAINERS:
            met = value if isinstance(value, (type, types.FunctionType, types.ModuleType)) else type(value)
            self.code[id(met)] = met
        self.open[identity] = len(self.open)
        stack.append((identity, _walk(value, self.hidden, self.files)))
        return None


def _hash(tag: bytes, *parts: bytes) -> bytes:
    if len(parts) == 1 and len(parts[0]) < _SHORT:  # most often: the same bytes in one call
        return _blake2b(tag + len(parts[0]).to_bytes(8, "big") + parts[0], digest_size=_SIZE).digest()
    hasher = _blake2b(tag, digest_size=_SIZE)
    for part in parts:
        hasher.update(len(part).to_bytes(8, "big"))
        hasher.update(part)
    return hasher.digest()


def _atom(value: Any) -> bytes:
    kind = type(value)
    if kind is str:
        return _hash(b"str", value.encode("utf-8", "surrogatepass"))
    if kind is bytes:
        return _hash(b"bytes", value)
    if kind is int:
        return _hash(b"int", hex(value).encode())  # unlike repr without a limit on digits
    return _hash(kind.__name__.encode(), repr(value).encode())


def _walk(value: Any, hidden: list[object], files: bool) -> _Walk:
    kind = type(value)
    if kind in (list, tuple):
        return _sequence(kind.__name__, value)
    if kind is dict:
        return _mapping(value)
    if kind in (set, frozenset):
        return _unordered(kind.__name__, value)
    if kind in (bytearray, memoryview):
        return _leaf(kind.__name__, bytes(value))
    if isinstance(value, (types.BuiltinFunctionType, types.MethodWrapperType)) and not _is_function(value):
        return _parts(f"method {value.__name__}", [value.__self__])
    if isinstance(value, type | types.BuiltinFunctionType | types.ModuleType):
        return _leaf(
            "name", f"{getattr(value, '__module__', '')}:{getattr(value, '__qualname__', value.__name__)}".encode()
        )
    if isinstance(value, types.FunctionType):
        return _function(value)
    if isinstance(value, types.CodeType):
        return _parts("code", [value.co_code, value.co_consts, value.co_names, value.co_varnames, value.co_freevars])
    if isinstance(value, types.CellType):
        return _cell(value)
    if kind is types.MappingProxyType:
        return _mapping(dict(value))
    if kind in _VIEWS:
        return _parts(kind.__name__, list(value))
    if kind in (staticmethod, classmethod):
        return _parts(kind.__name__, [value.__func__])
    if kind is property:
        return _parts("property", [value.fget, value.fset, value.fdel])
    if kind is _CACHE:
        return _parts("cache", [value.__wrapped__])  # pickle knows it by name alone
    if "numpy" in sys.modules and kind is sys.modules["numpy"].ndarray:
        return _array(value)
    if kind is PathValue:
        return _leaf("path", value.content_digest().encode())
    if kind is _PATH and files:
        return _leaf("path", path_digest(str(value)).encode())
    return _object(value, hidden)


def _is_function(value: Any) -> bool:
    """Whether a built-in method is a function to its users: one of a module or class, or one that a module gives a name, as `random.random`."""
    owner = value.__self__
    home = sys.modules.get(type(owner).__module__)
    return _is_plain(owner) or getattr(home, value.__name__, None) == value


def _sequence(name: str, values: Any) -> _Walk:
    plain = _plain_sequence(name, values)
    return plain if plain is not None else (yield from _parts(name, values))


def _plain_sequence(name: str, values: Any) -> bytes | None:
    """Return the digest of a sequence of atoms; None for any other."""
    if not _ATOMS.issuperset(map(type, values)):
        return None
    try:
        return _hash(name.encode() + b"!", repr(values).encode())
    except ValueError:  # an integer with more digits than repr gives
        return None


def _mapping(values: dict[Any, Any]) -> _Walk:
    if set(map(type, values)) <= _ATOMS and set(map(type, values.values())) <= _ATOMS:
        try:
            return _hash(b"dict!", repr(values).encode())
        except ValueError:
            pass
    return (yield from _parts("dict", [part for item in list(values.items()) for part in item]))


def _parts(name: str, values: Iterable[object]) -> _Walk:
    digests = []
    for value in values:
        digests.append((yield value))
    return _hash(name.encode(), *digests)


def _unordered(name: str, values: Iterable[object]) -> _Walk:
    digests = []
    for value in values:
        digests.append((yield value))
    return _hash(name.encode(), *sorted(digests))


def _leaf(name: str, data: bytes) -> _Walk:
    return _hash(name.encode(), data)
    yield  # makes this a generator, like its siblings


def _function(value: types.FunctionType) -> _Walk:
    name = f"{value.__module__}:{value.__qualname__}"
    parts = [value.__code__, value.__defaults__, value.__kwdefaults__, value.__closure__, value.__dict__]
    return (yield from _parts("function " + name, parts))


def _cell(value: types.CellType) -> _Walk:
    try:
        contents = [value.cell_contents]
    except ValueError:  # not bound yet
        contents = []
    return (yield from _parts("cell", contents))


def _array(value: Any) -> _Walk:
    head = f"{value.dtype.str} {value.shape}"
    if value.dtype.hasobject:
        return (yield from _parts(f"ndarray {head}", value.ravel().tolist()))
    if value.dtype.names is not None:
        head += f" {value.dtype.descr}"
    return _hash(f"ndarray {head}".encode(), value.tobytes())


def _is_plain(owner: object) -> bool:
    """Whether a built-in method is a function of a module, or of a class."""
    return owner is None or isinstance(owner, (types.ModuleType, type))


def _object(value: Any, hidden: list[object]) -> _Walk:
    """Walk any other object as pickle would: by what its reduction gives."""
    kind = type(value)
    name = f"object {kind.__module__}:{kind.__qualname__}"
    reduced: Any
    try:
        reducer = copyreg.dispatch_table.get(kind)
        reduced = value.__reduce_ex__(4) if reducer is None else reducer(value)
    except Exception:
        # Cannot be pickled (a lock, a file, a generator), which is for the codec to refuse.
        if kind not in _SAFE:
            hidden.append(value)
        return (yield from _parts(name + " attributes", [_attributes(value, getattr(value, "__dict__", {}))]))
    if isinstance(reduced, str):
        return _hash(name.encode(), reduced.encode())
    function, args, state, items, pairs = (*reduced, None, None, None)[:5]
    # By name: the code of helpers such as copyreg's differs from one Python to the next.
    name += f" by {getattr(function, '__module__', '')}:{getattr(function, '__qualname__', '')}"
    if isinstance(state, dict):
        state = _attributes(value, state)
    elif isinstance(state, tuple) and len(state) == 2 and isinstance(state[0], dict):
        state = (_attributes(value, state[0]), state[1])
    parts = [args, state, None if items is None else list(items), None if pairs is None else list(pairs)]
    return (yield from _parts(name, parts))


def _attributes(value: object, state: dict[str, Any]) -> dict[str, Any]:
    kind = type(value)
    return {
        name: part
        for name, part in state.items()
        if not isinstance(getattr(kind, str(name), None), functools.cached_property)
    }
