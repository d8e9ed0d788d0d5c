"""The arguments of step runs in a store: whole where they are small, else in parts, so that what many steps are given lies there once."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from typing import Any

from tangentflow.engine.store import Ref, Store
from tangentflow.runtime.codec import decode, encode
from tangentflow.runtime.outcome import Raised, Value
from tangentflow.runtime.packing import Place

__all__ = ["Inputs", "load_inputs", "parts_of_inputs"]

LARGE = 8 * 1024
"""From so many bytes on, arguments are stored in parts."""
_PARTS = b"tangentflow:inputs\x01"


class Inputs:
    """Stores arguments. Large ones that are the same object are stored once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._known: dict[int, tuple[object, Ref]] = {}

    def note(self, value: object, ref: Ref) -> None:
        """Take note that a large value is in the store already, as an outcome."""
        self._known[id(value)] = value, ref

    def keep(self, payload: bytes, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Ref:
        """Store arguments; `payload` is (args, kwargs) encoded."""
        if len(payload) <= LARGE:
            return self.store.keep(payload)
        parts = [self._part(value) for value in args], {name: self._part(value) for name, value in kwargs.items()}
        return self.store.keep(_PARTS + pickle.dumps(parts, pickle.HIGHEST_PROTOCOL))

    def _part(self, value: object) -> Ref:
        found = self._known.get(id(value))
        if found is not None:
            return found[1]
        data = encode(Value(value), where="", files=True)
        ref = self.store.keep(data)
        if len(data) > LARGE:
            self.note(value, ref)
        return ref


def load_inputs(store: Store, ref: Ref, files: Place | None = None) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return (args, kwargs), with their files in `files`. Raises Damaged if a part of them is."""
    data = store.load(ref)
    if not data.startswith(_PARTS):
        found: tuple[tuple[Any, ...], dict[str, Any]] = _value(data, files)
        return found
    args, kwargs = pickle.loads(data[len(_PARTS) :])

    def part(ref: Ref) -> Any:
        return _value(store.load(ref), files)

    return tuple(map(part, args)), {name: part(value) for name, value in kwargs.items()}


def parts_of_inputs(store: Store, ref: Ref) -> Iterator[str]:
    """Yield the digests of the files in which arguments lie in parts. Raises Damaged if it cannot be known."""
    data = store.load(ref)
    if data.startswith(_PARTS):
        args, kwargs = pickle.loads(data[len(_PARTS) :])
        yield from (part for part in [*args, *kwargs.values()] if isinstance(part, str))


def _value(data: bytes, files: Place | None) -> Any:
    outcome = decode(data, files=files)
    if isinstance(outcome, Raised):
        raise outcome.exception
    return outcome.value
