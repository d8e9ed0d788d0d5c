"""Classes that travel by value: those of scripts, notebooks and functions, which no module has.

cloudpickle gives such a class a random id, by which a process recognises what it has already. Ours have three parts:
module, qualified name, and a hash of the class (random for one made inside a function). So processes agree on a class of
the same script, and a class that a notebook defines anew is a new one.
"""

from __future__ import annotations

import functools
import io
import pickle
import sys
import uuid
from collections.abc import Callable
from typing import Any

__all__ = ["Unpickler", "adopt", "class_id", "travels_by_value"]

_adopted: dict[str, type] = {}


def travels_by_value(cls: type) -> bool:
    """Whether a class is pickled with its attributes, since no module that others can import has it."""
    from cloudpickle import cloudpickle

    return cls not in cloudpickle._BUILTIN_TYPE_NAMES and not cloudpickle._should_pickle_by_reference(cls)


def class_id(cls: type, by_content: bool = False) -> str:
    """Return the id under which a class travels by value; `by_content` makes that of a local class a hash too."""
    from cloudpickle import cloudpickle

    prefix = f"{cls.__module__}:{cls.__qualname__}:"
    by_id, by_class = cloudpickle._DYNAMIC_CLASS_TRACKER_BY_ID, cloudpickle._DYNAMIC_CLASS_TRACKER_BY_CLASS
    known: str | None = by_class.get(cls)
    if known is not None and known.startswith(prefix):
        return known
    suffix = uuid.uuid4().hex
    if by_content or "<locals>" not in cls.__qualname__:
        from tangentflow.runtime.stable import content_hash

        suffix = content_hash(cls)
    with cloudpickle._DYNAMIC_CLASS_TRACKER_LOCK:
        made, count = prefix + suffix, 1
        while by_id.get(made, cls) is not cls:  # a class that looks the same and is another one
            count += 1
            made = f"{prefix}{suffix}.{count}"
        by_id[made] = cls
        by_class[cls] = made
    return made


def adopt(classes: list[type]) -> None:
    """Let values that were written by a process with an older copy of these classes use them."""
    _adopted.update({f"{cls.__module__}:{cls.__qualname__}": cls for cls in classes})


class Unpickler(pickle.Unpickler):
    """Uses a class of this process where the stream has a copy of it, instead of overwriting its attributes.

    `made` lists the classes that it had to make.
    """

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)
        self.known: list[type] = []
        self.made: list[type] = []

    def find_class(self, module: str, name: str, /) -> Any:
        """Find a global; cloudpickle's makers of classes are replaced."""
        found = super().find_class(module, name)
        if module == "cloudpickle.cloudpickle":
            if name in ("_make_skeleton_class", "_make_skeleton_enum"):
                return functools.partial(self._skeleton, found)
            if name == "_class_setstate":
                return functools.partial(self._set_state, found)
        return found

    def _skeleton(self, make: Callable[..., type], *args: Any) -> type:
        # The id is the last argument but one of both functions.
        known = _class_here(args[-2])
        if known is None:
            self.made.append(make(*args))
            return self.made[-1]
        self.known.append(known)
        return known

    def _set_state(self, apply: Callable[..., Any], cls: type, state: Any) -> Any:
        return cls if any(cls is known for known in self.known) else apply(cls, state)


def _class_here(identity: str | None) -> type | None:
    """Return the class of this process that an id stands for, if there is one."""
    from cloudpickle import cloudpickle

    if identity is None:
        return None
    found = cloudpickle._DYNAMIC_CLASS_TRACKER_BY_ID.get(identity)
    if isinstance(found, type):
        return found
    name = identity.rpartition(":")[0]
    module, _, qualname = name.partition(":")
    if "<locals>" in name or not qualname:
        return None
    if name in _adopted:
        return _adopted[name]
    found = sys.modules.get(module) if module == "__main__" else None
    for part in qualname.split("."):
        found = getattr(found, part, None)
    if isinstance(found, type) and (found.__module__, found.__qualname__) == (module, qualname):
        return found
    return None
