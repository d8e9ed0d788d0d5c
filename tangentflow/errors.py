"""Every exception type that users may meet.

Standard library only: pods import this module too. All types survive `pickle` and `copy` with their attributes; their
state lives in `__dict__`, so that they can be rebuilt without calling `__init__`.
"""

from __future__ import annotations

import sys
import textwrap
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Cancelled",
    "ClusterError",
    "InternalError",
    "LanguageError",
    "LateRefusal",
    "LoopLimit",
    "MutatedArgument",
    "NotPicklable",
    "Offence",
    "StepFailed",
    "StepKilled",
    "StepTimeout",
    "TangentflowError",
    "TooFewSucceeded",
    "UsageError",
]


class TangentflowError(Exception):
    """Base of all exceptions that this package raises on its own account."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, dict(self.__dict__))


def _rebuild(cls: type[TangentflowError], args: tuple[Any, ...], state: dict[str, Any]) -> TangentflowError:
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(state)
    return error


# -- refused source --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Offence:
    """One refused place of a source file: what it is, why it is refused and what to write instead.

    Lines and offsets are 1-based, offsets count characters, `end_offset` is exclusive (all as in `SyntaxError`).
    `text` is the source line without its line break, or None where the source is not known.
    """

    code: str
    what: str
    why: str
    instead: str
    filename: str
    lineno: int
    offset: int = 1
    end_lineno: int | None = None
    end_offset: int | None = None
    text: str | None = None

    @property
    def msg(self) -> str:
        """The headline: code and what."""
        return f"{self.code}: {self.what}"

    @property
    def position(self) -> tuple[str, int, int, int, int]:
        """The sort key: file, start, end."""
        return self.filename, self.lineno, self.offset, self.end_lineno or 0, self.end_offset or 0

    def details(self) -> str:
        """The reason and the replacement, as indented lines (empty if neither is given)."""
        parts = [("why", self.why), ("instead", self.instead)]
        return "\n".join(_labelled(label, text) for label, text in parts if text)

    def __str__(self) -> str:
        return self.shown(_cell(self.filename) or self.filename)

    def shown(self, file: str) -> str:
        """Return place, headline, marked source line and details, the file named as told."""
        lines = [f"{file}:{self.lineno}:{self.offset}: {self.msg}"]
        if self.text is not None:
            lines += [f"    {line}" for line in _underlined(self)]
        if self.why or self.instead:
            lines.append(self.details())
        return "\n".join(lines)


@dataclass(frozen=True)
class Note(Offence):
    """A place that is accepted and does what Python does, but may not be what was meant: `Graph.notes`, `tangentflow lint`."""


class LanguageError(TangentflowError, SyntaxError):
    """A function uses something that the language has not; `offences` holds every place, sorted by position.

    A `SyntaxError`, so that interpreters, notebooks and editors show file, line and caret range of the first offence;
    `filename lineno offset end_lineno end_offset text code why instead` are those of the first one. `msg` is what
    Python prints below the caret: the first offence's reason and replacement, then the other offences.
    """

    offences: tuple[Offence, ...]
    code: str
    why: str
    instead: str

    def __init__(self, *offences: Offence) -> None:
        if not offences:
            raise ValueError("a LanguageError needs at least one offence")
        ordered = tuple(sorted(dict.fromkeys(offences), key=lambda o: (*o.position, o.code)))
        first = ordered[0]
        place = (first.filename, first.lineno, first.offset, first.text, first.end_lineno, first.end_offset)
        super().__init__(_message(ordered), place)
        self.offences = ordered
        self.code, self.why, self.instead = first.code, first.why, first.instead

    @classmethod
    def from_offences(cls, offences: Iterable[Offence]) -> LanguageError:
        """Return one error for all `offences` (at least one, any order, duplicates dropped)."""
        return cls(*offences)

    def __str__(self) -> str:
        return "\n\n".join(str(offence) for offence in self.offences)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.offences, dict(self.__dict__)


def _cell(filename: str) -> str | None:
    """Return how a notebook names the cell that it has stored under a file name: `Cell In[3]`."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    named = shell.compile.format_code_name(filename) if shell is not None else None
    return None if named is None else " ".join(named)


def _message(offences: tuple[Offence, ...]) -> str:
    first, rest = offences[0], offences[1:]
    head = "\n".join(part for part in (first.msg, first.details()) if part)
    if not rest:
        return head
    count = "1 more place" if len(rest) == 1 else f"{len(rest)} more places"
    return "\n\n".join([head, f"{count}:", *(str(offence) for offence in rest)])


def _labelled(label: str, text: str) -> str:
    prefix = f"  {label}: "
    if "\n" not in text:
        return prefix + text
    return f"  {label}:\n" + textwrap.indent(text.strip("\n"), "      ")


def _underlined(offence: Offence) -> list[str]:
    """Return the source line without its indentation and the line of carets below it."""
    text = (offence.text or "").rstrip()
    start = min(max(offence.offset - 1, 0), len(text))
    on_one_line = offence.end_lineno in (None, offence.lineno)
    end = len(text) if not on_one_line else min((offence.end_offset or offence.offset + 1) - 1, len(text))
    margin = min(len(text) - len(text.lstrip()), start)
    # Tabs stay tabs, so that the carets stand below their characters however wide a tab is.
    padding = "".join(char if char == "\t" else " " * _width(char) for char in text[margin:start])
    carets = "^" * max(sum(_width(char) for char in text[start:end]), 1)
    return [text[margin:], padding + carets]


def _width(char: str) -> int:
    """Return the number of terminal cells that `char` takes."""
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


# -- failures that plain Python has not ------------------------------------------------------------------------------


class StepFailed(TangentflowError):
    """A step gave neither a value nor an exception of its own. `step` is its name, `path` that of the step run."""

    step: str
    path: str

    def __init__(self, message: str, step: str = "", path: str = "") -> None:
        super().__init__(message)
        self.step, self.path = step, path


class StepTimeout(StepFailed, TimeoutError):
    """A step ran longer than its `timeout=`."""


class StepKilled(StepFailed):
    """The process or pod of a step ended without recording an outcome (killed, evicted, out of memory)."""


class Cancelled(StepFailed):
    """The run was cancelled before this step ended."""

    def __init__(self, message: str = "the run was cancelled", step: str = "", path: str = "") -> None:
        super().__init__(message, step, path)


class LoopLimit(StepFailed):
    """A `while` loop ran into its bound of `limit` iterations; it stands at `filename`:`lineno`."""

    limit: int
    filename: str
    lineno: int

    def __init__(self, limit: int, filename: str, lineno: int, path: str = "") -> None:
        advice = "raise the bound with @workflow(max_iterations=...)"
        super().__init__(f"the loop at {filename}:{lineno} did not end within {limit} iterations; {advice}", "", path)
        self.limit, self.filename, self.lineno = limit, filename, lineno


class TooFewSucceeded(TangentflowError):
    """Too many calls of an `attempt` failed: `succeeded` of `total`. `failed` has (index of the item, name of the exception's type).

    Its cause is the exception of the first item that failed.
    """

    succeeded: int
    total: int
    failed: list[tuple[int, str]]

    def __init__(self, step: str, succeeded: int, total: int, failed: list[tuple[int, str]]) -> None:
        shown = ", ".join(f"{kind} at {index}" for index, kind in failed[:10]) + (", …" if len(failed) > 10 else "")
        told = f"; it raised {shown}" if failed else ""
        super().__init__(f"attempt({step}, …) succeeded for {succeeded} of {total} items, which is not enough{told}")
        self.succeeded, self.total, self.failed = succeeded, total, failed


class NotPicklable(StepFailed):
    """A value cannot leave or reach a step. `value` names it ("argument 'f'", "the result"), `reason` is pickle's."""

    value: str
    reason: str

    def __init__(self, step: str, value: str, reason: str = "", path: str = "") -> None:
        tail = f": {reason}" if reason else ""
        super().__init__(f"{value} of step {step!r} cannot be pickled{tail}", step, path)
        self.value, self.reason = value, reason


class MutatedArgument(TangentflowError):
    """A step changed one of its arguments in place; `line` is that of the step's definition or call, if known.

    Glue may change only what the workflow made and one name alone holds. `in_glue`: a call in a workflow changed something else, or
    (`holder`) its result or another operand holds a part of what the workflow changes later. `returned`: a step returned the argument, and it was
    changed after that, where a run would have had a copy.
    """

    step: str
    argument: str
    line: int | None

    def __init__(
        self,
        step: str,
        argument: str,
        line: int | None = None,
        *,
        in_glue: bool = False,
        holder: str = "",
        returned: bool = False,
    ) -> None:
        place = "" if line is None else f" (line {line})"
        text = f"step {step!r} changed its argument {argument!r} in place{place}"
        advice = "copy the argument and return the copy, or declare @step(check=False)"
        if in_glue:
            first = argument.partition(",")[0]
            advice = f"copy it first, `{first} = copy.deepcopy({first})`, or call it in a @step"
            text = f"`{step}` changed {argument!r} in place{place}; glue may change only what the workflow made and one name holds"
        if holder:
            text = f"{holder} holds a part of {argument!r} after `{step}`{place}, which the workflow changes later"
            advice = (
                f"copy it: `copy.deepcopy({step})`" if holder == "its result" else "give the call a copy of one of them"
            )
        if returned:
            text = f"step {step!r}{place} returned its argument {argument!r}, which has been changed since"
            advice = "in a run the result is a copy: let the step return one, `copy.deepcopy(...)`"
        super().__init__(f"{text}; {advice}")
        self.step, self.argument, self.line = step, argument, line


# -- clusters ------------------------------------------------------------------------------------------------------------


class ClusterError(TangentflowError):
    """A cluster cannot be reached, or refuses what it is asked for. `status` is the HTTP status, None if there was no answer.

    `run` is the id of the run that it is about, empty if there is none yet. The run itself goes on whatever happens to its client.
    """

    status: int | None
    run: str

    def __init__(self, message: str, status: int | None = None, run: str = "") -> None:
        super().__init__(message)
        self.status, self.run = status, run

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed a little later."""
        return self.status is None or self.status == 429 or self.status >= 500


# -- misuse and bugs -------------------------------------------------------------------------------------------------


class UsageError(TangentflowError):
    """The package was called in a way that cannot work: an unknown option, a value out of range, a missing file."""


class LateRefusal(UsageError):
    """What a workflow does could not be refused before it was run. No handler of the workflow catches it."""


class InternalError(TangentflowError):
    """Something happened that must never happen: a bug of this package. `context` holds what a report should contain."""

    context: dict[str, str]

    def __init__(self, message: str, **context: object) -> None:
        shown = {key: value if isinstance(value, str) else repr(value) for key, value in context.items()}
        lines = [f"{message} (a bug in tangentflow: please report it with everything below)"]
        lines += [_labelled(key, value) for key, value in shown.items()]
        super().__init__("\n".join(lines))
        self.context = shown
