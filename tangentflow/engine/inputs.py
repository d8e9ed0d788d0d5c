"""The arguments of step runs in a store: whole where they are small, else in parts, so that what many steps are given lies there once."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

from tangentflow.engine.store import Ref, Store, user_files
from tangentflow.runtime.codec import decode, encode
from tangentflow.runtime.outcome import Raised, Value

__all__ = ["Inputs", "load_inputs"]

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


def load_inputs(store: Store, ref: Ref) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return (args, kwargs). Raises Damaged if a part of them is."""
    data = store.load(ref)
    if not data.startswith(_PARTS):
        found: tuple[tuple[Any, ...], dict[str, Any]] = _value(store, data)
        return found
    args, kwargs = pickle.loads(data[len(_PARTS) :])
    return tuple(_value(store, store.load(part)) for part in args), {
        n: _value(store, store.load(part)) for n, part in kwargs.items()
    }


def _value(store: Store, data: bytes) -> Any:
    outcome = decode(data, files=user_files(store.folder))
    if isinstance(outcome, Raised):
        raise outcome.exception
    return outcome.value
