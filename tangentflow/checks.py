"""What the options of `@step` may be.

They are checked when a function is decorated, so that a wrong one is reported where it stands. Standard library only.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from tangentflow.runtime.policies import seconds

__all__ = ["STEP_OPTIONS", "check_names", "check_step"]


class _Wrong(Exception):
    """What an option should have been; `kind` tells a wrong type from a wrong value."""

    def __init__(self, expected: str, kind: type[Exception] = TypeError) -> None:
        super().__init__(expected)
        self.kind = kind


def check_names(kind: str, given: Iterable[str], known: Collection[str]) -> None:
    """Raise TypeError for an option that there is not; it names the one that is spelled most like it."""
    unknown = [name for name in given if name not in known]
    if not unknown:
        return
    near = difflib.get_close_matches(unknown[0], sorted(known), 1, 0.5)
    plural = "options" if len(unknown) > 1 else "option"
    advice = f" (did you mean {near[0]!r}?)" if near else ""
    raise TypeError(
        f"{kind} has no {plural} {', '.join(map(repr, unknown))}{advice}; it has {', '.join(sorted(known))}"
    )


def check_step(name: str, options: Mapping[str, Any]) -> None:
    """Raise TypeError or ValueError if the options of the step `name` cannot be meant."""
    check_names("@step", options, STEP_OPTIONS)
    for option, value in options.items():
        try:
            STEP_OPTIONS[option](value)
        except _Wrong as wrong:
            raise wrong.kind(f"@step({option}={value!r}) of {name}: {option} must be {wrong}") from None
    for option in ("backoff", "on"):
        if option in options and "retries" not in options:
            raise ValueError(f"@step({option}=...) of {name} says how to try again, but not how often: add retries=")
    if options.get("cache", False) is not False and options.get("pure") is False:
        raise ValueError(f"@step(cache=..., pure=False) of {name}: a cached step is pure; leave one of them out")
    if options.get("env") and options.get("executor") in ("thread", "inline"):
        raise ValueError(
            f"@step(env=..., executor={options['executor']!r}) of {name}: threads share one environment; write executor='process'"
        )


def _flag(value: object) -> None:
    if not isinstance(value, bool):
        raise _Wrong("True or False")


def _count(least: int) -> Callable[[object], None]:
    def check(value: object) -> None:
        expected = f"a whole number, {least} or more"
        if not isinstance(value, int) or isinstance(value, bool):
            raise _Wrong(expected)
        if value < least:
            raise _Wrong(expected, ValueError)

    return check


def _time(zero: bool) -> Callable[[object], None]:
    expected = "a duration: seconds as a number, or a text like '0.2s', '2s', '1m', '1h30m'" + (
        "" if zero else ", above 0"
    )

    def check(value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise _Wrong(expected)
        try:
            found = seconds(value)
        except ValueError:
            raise _Wrong(expected, ValueError) from None
        if not (0 <= found < float("inf")) or (found == 0 and not zero):
            raise _Wrong(expected, ValueError)

    return check


def _cache(value: object) -> None:
    if not isinstance(value, bool):
        try:
            _time(False)(value)
        except _Wrong as wrong:
            raise _Wrong("True, False or the age up to which a value counts, like '12h' or '7d'", wrong.kind) from None


def _exceptions(value: object) -> None:
    expected = "an exception class or a tuple of them, like (IOError, TimeoutError)"
    found = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(item, type) and issubclass(item, BaseException) for item in found):
        raise _Wrong(expected)
    if not found:
        raise _Wrong(expected, ValueError)


def _text(value: object) -> None:
    if not isinstance(value, str):
        raise _Wrong("a text")
    if not value.strip() or value != value.strip():
        raise _Wrong("a text, not empty, without spaces around it", ValueError)


def _one_of(*choices: str) -> Callable[[object], None]:
    def check(value: object) -> None:
        if value not in choices:
            kind = ValueError if isinstance(value, str) else TypeError
            raise _Wrong(f"one of {', '.join(map(repr, choices))}", kind)

    return check


def _quantity(pattern: str, expected: str) -> Callable[[object], None]:
    def check(value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise _Wrong(expected)
        good = re.fullmatch(pattern, value) if isinstance(value, str) else 0 < value < float("inf")
        if not good:
            raise _Wrong(expected, ValueError)

    return check


def _mapping(
    expected: str, key: Callable[[str], object] = bool, value: Callable[[Any], object] = lambda v: isinstance(v, str)
) -> Callable[[object], None]:
    def check(given: object) -> None:
        if not isinstance(given, Mapping):
            raise _Wrong(expected)
        for name, item in given.items():
            if not isinstance(name, str):
                raise _Wrong(expected)
            if not key(name) or not value(item):
                raise _Wrong(f"{expected}; not {name!r}: {item!r}", ValueError if isinstance(item, str) else TypeError)

    return check


def _tolerations(value: object) -> None:
    expected = "a list of mappings as Kubernetes has them, like [{'key': 'gpu', 'operator': 'Exists'}]"
    if (
        not isinstance(value, Sequence)
        or isinstance(value, str)
        or not all(isinstance(item, Mapping) for item in value)
    ):
        raise _Wrong(expected)
    known = {"key", "operator", "value", "effect", "tolerationSeconds"}
    for item in value:
        if not set(item) <= known:
            raise _Wrong(f"{expected}; its keys are {', '.join(sorted(known))}", ValueError)


def _is_variable(name: str) -> bool:
    return bool(name) and not set(name) & {"=", "\0"} and name != "PYTHONHASHSEED"


def _is_scalar(value: object) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool) and "\0" not in str(value)


_LABEL = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_labels = _mapping(
    "a mapping of label names to values of at most 63 letters, digits, '-', '_' and '.'",
    lambda name: name.rpartition("/")[2] and _LABEL.fullmatch(name.rpartition("/")[2]),
    lambda value: isinstance(value, str) and _LABEL.fullmatch(value),
)

STEP_OPTIONS: Mapping[str, Callable[[object], None]] = {
    "retries": _count(0),
    "backoff": _time(True),
    "on": _exceptions,
    "timeout": _time(False),
    "cache": _cache,
    "pure": _flag,
    "ordered": _flag,
    "check": _flag,
    "name": _text,
    "image": _text,
    "executor": _one_of("process", "thread", "inline", "slurm"),
    "chunk": _count(1),
    "max_concurrent": _count(1),
    "cpu": _quantity(r"\d+(\.\d+)?|\d+m", "a number of processors, like 2, 0.5 or '500m'"),
    "memory": _quantity(
        r"\d+(\.\d+)?([kMGTPE]|[KMGTPE]i)?",
        "an amount of memory: bytes as a number, or a text like '512Mi', '2Gi', '2G'",
    ),
    "gpu": _count(0),
    "env": _mapping(
        "a mapping of names of environment variables to texts or numbers (PYTHONHASHSEED is the same for all steps)",
        _is_variable,
        _is_scalar,
    ),
    "secrets": _mapping(
        "a mapping of names of environment variables to 'SECRET/KEY'",
        _is_variable,
        lambda value: isinstance(value, str) and re.fullmatch(r"[^/\s]+/[^/\s]+", value),
    ),
    "volumes": _mapping(
        "a mapping of absolute paths to claims, like {'/data': 'my-claim'} or {'/data': 'my-claim:ro'}",
        lambda path: path.startswith("/"),
        lambda value: isinstance(value, str) and re.fullmatch(r"[-a-z0-9.]+(:ro)?", value),
    ),
    "labels": _labels,
    "annotations": _mapping("a mapping of names to texts"),
    "node_selector": _labels,
    "tolerations": _tolerations,
    "service_account": _text,
    "argo": _mapping("a mapping of fields of an Argo template", bool, lambda value: True),
}
"""Every option of `@step` and its check."""
