"""Checks of the values of options: each of them raises `Wrong` with what it would accept. Standard library only."""

from __future__ import annotations

import inspect
import posixpath
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from tangentflow.runtime.policies import seconds
from tangentflow.runtime.slurm import Slurm

__all__ = [
    "Check", "Wrong", "cache", "count", "cpu", "env", "exceptions", "executor", "fields", "flag", "handler", "image", "labels", "mapping",
    "matching", "memory", "notes", "one_of", "quantity", "secrets", "service_account", "text", "time", "tolerations", "volumes",
]  # fmt: skip

Check = Callable[[object], None]

SUBDOMAIN = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)*"
"""Names of most objects of Kubernetes."""

_NAME = re.compile(rf"(?:({SUBDOMAIN})/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?")
_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_SIZE = r"\d+(?:\.\d+)?(?:[kMGTPE]|[KMGTPE]i)?"

MARKS = ("workflows.argoproj.io", "tangentflow.dev")
"""Prefixes of labels and annotations by which Argo and tangentflow know their own."""

LARGEST_ENV = 65_536
"""Bytes that all variables of a step may have: they travel in the description of its pod."""

_RESERVED = frozenset({
    "PYTHONHASHSEED", "TANGENTFLOW_POD_ROOT", "TANGENTFLOW_BRACE", "ARGO_CONTAINER_NAME", "ARGO_CONTAINER_ARGS_FILE", "ARGO_DEADLINE",
    "ARGO_INCLUDE_SCRIPT_OUTPUT", "ARGO_NODE_ID", "ARGO_POD_NAME", "ARGO_POD_UID", "ARGO_PROGRESS_FILE", "ARGO_TEMPLATE",
    "ARGO_WORKFLOW_NAME", "ARGO_WORKFLOW_UID",
})  # fmt: skip
"""Variables that pods have anyway."""


class Wrong(Exception):
    """What an option should have been; `kind` tells a wrong type from a wrong value."""

    def __init__(self, expected: str, kind: type[Exception] = TypeError) -> None:
        super().__init__(expected)
        self.kind = kind


def flag(value: object) -> None:
    """Accept True and False."""
    if not isinstance(value, bool):
        raise Wrong("True or False")


def count(least: int) -> Check:
    """Return a check of a whole number."""

    def check(value: object) -> None:
        expected = f"a whole number, {least} or more"
        if not isinstance(value, int) or isinstance(value, bool):
            raise Wrong(expected)
        if value < least:
            raise Wrong(expected, ValueError)

    return check


def time(zero: bool) -> Check:
    """Return a check of a duration, which may be `zero` or not."""
    expected = "a duration: seconds as a number, or a text like '0.2s', '2s', '1m', '1h30m'" + (
        "" if zero else ", above 0"
    )

    def check(value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise Wrong(expected)
        try:
            found = seconds(value)
        except ValueError:
            raise Wrong(expected, ValueError) from None
        if not (0 <= found < float("inf")) or (found == 0 and not zero):
            raise Wrong(expected, ValueError)

    return check


def cache(value: object) -> None:
    """Accept True, False and a duration."""
    if not isinstance(value, bool):
        try:
            time(False)(value)
        except Wrong as wrong:
            raise Wrong("True, False or the age up to which a value counts, like '12h' or '7d'", wrong.kind) from None


def handler(value: object) -> None:
    """Accept a step or workflow that can be called with a status."""
    expected = "a step or a workflow that can be called with one argument, the status of the finished run: 'Succeeded', 'Failed' or 'Cancelled'"
    function = getattr(value, "function", None)
    if not inspect.isfunction(function) or not hasattr(value, "options_given"):
        raise Wrong(expected)
    try:
        inspect.signature(function).bind("Succeeded")
    except TypeError as error:
        raise Wrong(f"{expected}; {function.__qualname__} cannot: {error}") from None


def exceptions(value: object) -> None:
    """Accept classes of exceptions."""
    expected = "an exception class or a tuple of them, like (IOError, TimeoutError)"
    found = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(item, type) and issubclass(item, BaseException) for item in found):
        raise Wrong(expected)
    if not found:
        raise Wrong(expected, ValueError)


def text(value: object) -> None:
    """Accept a text without blanks around it."""
    matching(r"\S|\S[\s\S]*\S", "a text, not empty, without spaces around it")(value)


def matching(pattern: str, expected: str, longest: int = 1000) -> Check:
    """Return a check of a text by a pattern."""

    def check(value: object) -> None:
        if not isinstance(value, str):
            raise Wrong(expected)
        if not re.fullmatch(pattern, value) or len(value) > longest:
            raise Wrong(expected, ValueError)

    return check


image = matching(r"[\w][\w.:/@+-]*", "the name of an image, like 'python:3.12-slim'")


def one_of(*choices: str) -> Check:
    """Return a check that a text is one of a few."""

    def check(value: object) -> None:
        if value not in choices:
            kind = ValueError if isinstance(value, str) else TypeError
            raise Wrong(f"one of {', '.join(map(repr, choices))}", kind)

    return check


def executor(value: object) -> None:
    """Accept the name of an executor, or `Slurm(...)`."""
    if not isinstance(value, Slurm) and value not in EXECUTORS:
        kind = ValueError if isinstance(value, str) else TypeError
        raise Wrong(f"one of {', '.join(map(repr, EXECUTORS))}, or Slurm(...)", kind)


EXECUTORS = ("process", "thread", "inline", "slurm")


def quantity(pattern: str, expected: str) -> Check:
    """Return a check of an amount: a number above 0, or a text by a pattern."""

    def check(value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise Wrong(expected)
        good = re.fullmatch(pattern, value) if isinstance(value, str) else 0 < value < float("inf")
        if not good:
            raise Wrong(expected, ValueError)

    return check


cpu = quantity(r"\d+(\.\d+)?|\d+m", "a number of processors, like 2, 0.5 or '500m'")
memory = quantity(_SIZE, "an amount of memory: bytes as a number, or a text like '512Mi', '2Gi', '2G'")


def mapping(
    expected: str, key: Callable[[str], object] = bool, value: Callable[[Any], object] = lambda v: isinstance(v, str)
) -> Check:
    """Return a check of a mapping, of its keys and of its values."""

    def check(given: object) -> None:
        if not isinstance(given, Mapping):
            raise Wrong(expected)
        for name, item in given.items():
            if not isinstance(name, str):
                raise Wrong(expected)
            if not key(name) or not value(item):
                raise Wrong(f"{expected}; not {name!r}: {item!r}", ValueError if isinstance(item, str) else TypeError)

    return check


# -- environment ------------------------------------------------------------------------------------------------------


def env(value: object) -> None:
    """Accept variables with texts or numbers."""
    expected = (
        "a mapping of names of environment variables to texts or numbers, without those that all pods have anyway "
        "(PYTHONHASHSEED and what Argo sets)"
    )
    mapping(expected, _is_variable, _is_scalar)(value)
    assert isinstance(value, Mapping)
    size = sum(len(f"{name}={item}".encode()) for name, item in value.items())
    if size > LARGEST_ENV:
        raise Wrong(f"at most {LARGEST_ENV} bytes, not {size}: pass large values as arguments", ValueError)


def _is_variable(name: str) -> bool:
    return bool(_VARIABLE.fullmatch(name)) and name not in _RESERVED


def _is_scalar(value: object) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool) and _is_sound(str(value))


def _is_sound(value: str) -> bool:
    """Whether a text can be an environment variable and stand in a document."""
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)


secrets = mapping(
    "a mapping of names of environment variables to 'SECRET/KEY'",
    _is_variable,
    lambda value: isinstance(value, str) and re.fullmatch(rf"{SUBDOMAIN}/[-._a-zA-Z0-9]{{1,253}}", value),
)

# -- volumes ----------------------------------------------------------------------------------------------------------


def volumes(shared: bool) -> Check:
    """Return a check of mounted volumes: claims, and temporary ones, which are `shared` if all pods of a run have them."""
    more = f"tmp:{_SIZE}(:rwx)?" if shared else f"tmp:{_SIZE}"
    pattern = re.compile(rf"(?!tmp(:ro)?$){SUBDOMAIN}(:ro)?|{more}")
    return mapping(
        "a mapping of absolute paths to volumes: a claim, like {'/data': 'my-claim'} or {'/data': 'my-claim:ro'}, or a temporary one with "
        "its size, like {'/scratch': 'tmp:1Gi'}. The path is written plainly, and does not hide what pods need (/, /tf, /argo, /run)",
        _is_mountable,
        lambda value: isinstance(value, str) and pattern.fullmatch(value),
    )


def _is_mountable(path: str) -> bool:
    plain = re.fullmatch(r"/[^/\0:{}$\s][^\0:{}$\n]*", path) and posixpath.normpath(path) == path
    hidden = any(path == own or path.startswith(f"{own}/") for own in ("/tf", "/argo", "/var/run/argo", "/run/argo"))
    return bool(plain) and not hidden and path not in ("/var", "/var/run", "/run", "/proc", "/dev", "/sys")


# -- where pods run, and what they are marked with --------------------------------------------------------------------


def _is_own_name(name: str) -> bool:
    found = _NAME.fullmatch(name)
    return found is not None and (found[1] or "") not in MARKS


labels = mapping(
    f"a mapping of label names to values of at most 63 letters, digits, '-', '_' and '.'; names of {' and '.join(MARKS)} are taken",
    _is_own_name,
    lambda value: isinstance(value, str) and _VALUE.fullmatch(value),
)

notes = mapping(
    "a mapping of names, made as those of labels, to texts without '{{', which Argo would read as a tag (it knows no way to write it); "
    f"names of {' and '.join(MARKS)} are taken",
    _is_own_name,
    lambda value: isinstance(value, str) and "{{" not in value and _is_sound(value),
)


def tolerations(value: object) -> None:
    """Accept tolerations as Kubernetes has them."""
    expected = "a list of mappings as Kubernetes has them, like [{'key': 'gpu', 'operator': 'Exists'}]"
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise Wrong(expected)
    if not all(isinstance(item, Mapping) for item in value):
        raise Wrong(expected)
    for item in value:
        for key, part in item.items():
            if key == "tolerationSeconds":
                count(0)(part)
            elif key not in _TOLERATION or not isinstance(part, str) or not re.fullmatch(_TOLERATION[key], part):
                raise Wrong(f"{expected}; not {key!r}: {part!r}", ValueError)


_TOLERATION = {
    "key": _NAME.pattern,
    "operator": "Exists|Equal",
    "value": _VALUE.pattern,
    "effect": "NoSchedule|PreferNoSchedule|NoExecute|",
}

service_account = matching(SUBDOMAIN, "the name of a service account, like 'runner'", 253)

# -- fields of Argo's own ---------------------------------------------------------------------------------------------


def fields(what: str, known: Mapping[str, Collection[str] | None], instead: Mapping[str, str]) -> Check:
    """Return a check of fields of Argo that may be given as they are: those in `known`, with their parts where not all of them may be.

    `instead` tells for other fields what to write.
    """
    expected = f"a mapping of fields of {what}, like {{{next(iter(known))!r}: ...}}"

    def check(value: object) -> None:
        if not isinstance(value, Mapping):
            raise Wrong(expected)
        for name, item in value.items():
            if name not in known:
                raise Wrong(f"{expected}; {_refused(str(name), known, instead)}", ValueError)
            parts = known[name]
            if parts is not None:
                if not isinstance(item, Mapping):
                    raise Wrong(f"{expected}; {name!r} is a mapping")
                for part in item:
                    if part not in parts:
                        path = f"{name}.{part}"
                        raise Wrong(f"{expected}; {_refused(path, parts, instead)}", ValueError)
            if not _is_plain(item):
                raise Wrong(f"{expected}, made of mappings, lists, texts, whole numbers, True, False and None")
            if name == "metadata" and _taken(item):
                raise Wrong(f"{expected}; labels and annotations of {' and '.join(MARKS)} are taken", ValueError)

    return check


def _refused(path: str, known: Collection[str], instead: Mapping[str, str]) -> str:
    if path in instead:
        return f"{path!r} would change what the document means: {instead[path]}"
    return f"{path!r} is none of those that may be given: {', '.join(sorted(known))}"


def _taken(metadata: Mapping[str, Any]) -> bool:
    names = [name for part in metadata.values() if isinstance(part, Mapping) for name in part]
    return any(name.partition("/")[0] in MARKS for name in names)


def _is_plain(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, int) or (isinstance(value, str) and _is_sound(value))
