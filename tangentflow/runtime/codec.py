"""Outcomes as bytes: what steps store and what their consumers load, the same in every executor.

The bytes are a header (magic, version, kind, Python minor, length of the text), the text of an exception for those who
cannot load it, and a pickle stream of `runtime.pickling`. Small values of plain built-in types have a kind of their own, which takes
the standard library's pickle alone and is therefore quick.
"""

from __future__ import annotations

import pickle
import sys
from typing import Any

from tangentflow.errors import NotPicklable, TangentflowError
from tangentflow.runtime import exceptions, pickling
from tangentflow.runtime.digest import digest
from tangentflow.runtime.iterators import iterator_among, refusal
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.packing import Place
from tangentflow.runtime.paths import has_contents
from tangentflow.runtime.traces import remote_traceback

__all__ = [
    "ATOMS", "atom_of", "decode", "digest", "encode", "holds_exception", "holds_files", "remote_traceback", "roundtrip", "with_files",
]  # fmt: skip

_MAGIC = b"tangentflow:outcome\x01"
_KINDS: dict[bytes, type[Value] | type[Raised]] = {b"V": Value, b"P": Value, b"R": Raised}
ATOMS = frozenset({int, float, bool, str, bytes, type(None)})
"""Types of values that nobody can change, and that hold no others."""

_PLAIN_HEAD = _MAGIC + b"P" + bytes([sys.version_info[1]]) + bytes(4)
_SMALL = 16
_START = len(_MAGIC) + 6
_TEXT = 20_000
_COPIED = 1000
"""Up to so many bytes a copy takes less time than a view."""

_RAISED_HEAD = _MAGIC + b"R"


def encode(
    outcome: Outcome, *, where: str, what: str = "the result", path: str = "", files: bool = False
) -> bytes:  # fmt: skip
    """Return `outcome` as bytes that `decode` is known to load.

    With `files`, which is for what a step gets or gives, a path that exists here travels with its content. `where` is the
    step's name, `what` names the value in messages, `path` is that of the step run. Raises NotPicklable if a value
    cannot be pickled or not be loaded again. An exception always can be: one whose args or attributes cannot
    is stored as a NotPicklable that has its type and repr in the message, and its traceback, cause and context.
    """
    if isinstance(outcome, Value):
        value = outcome.value
        if type(value) in ATOMS or _is_plain(value):
            return _PLAIN_HEAD + pickle.dumps(value, pickling.PROTOCOL)
    return _encode(outcome, where, what, path, files, None)[0]


def decode(data: bytes, *, where: str = "", files: Place | None = None) -> Outcome:
    """Return the outcome that `encode` was given; `where` is the step's name for messages.

    The contents of paths are written to `files`; without, the paths are such as glue may have (`pathvalue`).

    Raises TangentflowError if `data` is no outcome, or if this process cannot load it (a module that is missing).
    """
    if data.startswith(_PLAIN_HEAD):
        try:
            return Value(pickle.loads(data[_START:] if len(data) < _COPIED else memoryview(data)[_START:]))
        except Exception as error:
            raise _unreadable(data, where, error) from error
    step = f" of step {where!r}" if where else ""
    if data[: len(_MAGIC)] != _MAGIC:
        raise TangentflowError(
            f"the stored outcome{step} is not one that this version can read: it begins {data[:24]!r}"
        )
    letter = data[len(_MAGIC) : len(_MAGIC) + 1]
    kind = _KINDS.get(letter)
    if kind is None:
        raise TangentflowError(f"the stored outcome{step} has an unknown kind: it begins {data[:24]!r}")
    body = _START + int.from_bytes(data[_START - 4 : _START], "big")
    try:
        rest = memoryview(data)[body:]
        content = pickle.loads(rest) if letter == b"P" else pickling.loads(rest, files)
    except Exception as error:
        raise _unreadable(data, where, error) from error
    return kind(content)


def _unreadable(data: bytes, where: str, error: Exception) -> TangentflowError:
    minor, body = data[_START - 5], _START + int.from_bytes(data[_START - 4 : _START], "big")
    step = f" of step {where!r}" if where else ""
    reason = f"{type(error).__name__}: {error}"
    if minor != sys.version_info[1]:
        reason += f" (written by Python 3.{minor}, this is 3.{sys.version_info[1]})"
    text = data[_START:body].decode()
    note = f"\nit is the exception\n{text}" if text else ""
    return TangentflowError(f"the stored outcome{step} cannot be loaded here: {reason}{note}")


def atom_of(outcome: Outcome) -> Value | None:
    """Return an outcome as it is if it is a value that nobody can change, so that it needs no copies; else None."""
    return outcome if isinstance(outcome, Value) and type(outcome.value) in ATOMS else None


def holds_exception(data: bytes) -> bool:
    """Whether `encode` was given an exception: nothing is loaded to find out."""
    return data.startswith(_RAISED_HEAD)


def holds_files(data: bytes) -> bool:
    """Whether what `encode` was given has paths whose contents travel with it."""
    return has_contents(memoryview(data)[_START + int.from_bytes(data[_START - 4 : _START], "big") :])


def roundtrip(
    outcome: Outcome, *, where: str, what: str = "the result", path: str = "", files: Place | None = None
) -> Outcome:  # fmt: skip
    """Return a copy of `outcome` as another process would see it; with `files`, as a step would. Raises NotPicklable as `encode` does."""
    if isinstance(outcome, Value) and _is_plain(outcome.value):
        return Value(pickle.loads(pickle.dumps(outcome.value, pickling.PROTOCOL)))
    return _encode(outcome, where, what, path, files is not None, files)[1]


def with_files(outcome: Outcome, place: Place) -> Outcome:
    """Return an outcome for users, whose paths are files: those of glue are written to `place`."""
    try:
        data = encode(outcome, where="")
    except NotPicklable:  # then it has not come from a step
        return outcome
    return decode(data, files=place) if holds_files(data) else outcome


def _is_plain(value: Any, depth: int = 3) -> bool:
    """Whether a value is small and of built-in types alone, so that nothing in pickling it can fail."""
    kind = type(value)
    if kind in ATOMS:
        return True
    if (kind is not tuple and kind is not list and kind is not dict) or len(value) > _SMALL:
        return False
    if not value:
        return True
    if not depth:
        return False
    if kind is dict:
        for key in value:
            if type(key) not in ATOMS:
                return False
        value = value.values()
    for part in value:  # noqa: SIM110  # plain loops: this is done for each step run
        if type(part) not in ATOMS and not _is_plain(part, depth - 1):
            return False
    return True


def _encode(
    outcome: Outcome, where: str, what: str, path: str, files: bool, place: Place | None
) -> tuple[bytes, Outcome]:  # fmt: skip
    copy: Outcome
    text = b""
    if isinstance(outcome, Raised):
        kind = b"R"
        text = exceptions.text(outcome.exception)[-_TEXT:].encode("utf-8", "backslashreplace")
        body = _exception(outcome.exception, where, path, files)
        copy = Raised(pickling.loads(body, place))
    else:
        kind = b"V"
        body, loaded = _value(outcome.value, where, what, path, files, place)
        copy = Value(loaded)
    return _MAGIC + kind + bytes([sys.version_info[1]]) + len(text).to_bytes(4, "big") + text + body, copy


def _value(
    value: Any, where: str, what: str, path: str, files: bool, place: Place | None
) -> tuple[bytes, Any]:  # fmt: skip
    found = iterator_among(value)
    if found is not None:
        at, iterator = found
        raise NotPicklable(where, what, refusal(iterator, at), path)
    try:
        body = pickling.dumps(value, files=files)
    except Exception as error:
        raise NotPicklable(where, what, pickling.explain(value, error), path) from error
    try:
        # Loading at once finds what pickles but does not load here, with its step's name, and not in a consumer.
        return body, pickling.loads(body, place)
    except Exception as error:
        reason = f"{pickling.explain(value, error)} (it can be pickled, but not loaded again)"
        raise NotPicklable(where, what, reason, path) from error


def _exception(error: BaseException, where: str, path: str, files: bool) -> bytes:
    try:
        return pickling.dumps(error, lambda failed, reason: _stand_in(failed, reason, where, path), files)
    except (OSError, pickle.PicklingError) as failure:  # of a path that it holds
        return pickling.dumps(_stand_in(error, pickling.plain_reason(failure), where, path))


def _stand_in(exception: BaseException, reason: str, where: str, path: str) -> BaseException:
    shown = pickling.without_addresses(exceptions.describe(exception))
    made = NotPicklable(where, f"the exception {shown}", reason, path)
    made.__cause__, made.__context__ = exception.__cause__, exception.__context__
    made.__suppress_context__ = exception.__suppress_context__
    return made
