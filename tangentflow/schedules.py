"""Checks of schedules and time zones, by the rules of Argo's own parser of cron texts. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tangentflow.accepts import Wrong
from tangentflow.runtime.policies import seconds

__all__ = ["schedule", "timezone"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("day of the week", 0, 6, {name: number for number, name in enumerate(_DAYS)}),
)
_WORDS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_EXPECTED = (
    "a text of five fields (minute, hour, day of the month, month, day of the week), like '0 3 * * mon-fri', one of "
    f"{', '.join(_WORDS)}, or '@every 1h30m'; or a list of such texts"
)


def schedule(value: object) -> None:
    """Accept a cron text, or several."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
        raise Wrong(_EXPECTED)
    if not texts:
        raise Wrong(_EXPECTED, ValueError)
    for text in texts:
        _check(text)


def _check(text: str) -> None:
    if text in _WORDS:
        return
    every = text.removeprefix("@every ")
    if every != text:
        if not re.fullmatch(r"(\d+(\.\d+)?(h|m|s))+", every) or seconds(every) < 1:
            raise Wrong(f"{_EXPECTED}; not {text!r}, which has no duration of a second or more", ValueError)
        return
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise Wrong(f"{_EXPECTED}; {text!r} has {len(parts)} fields", ValueError)
    for part, (name, least, most, words) in zip(parts, _FIELDS):
        for item in part.split(","):
            if not _is_item(item.lower(), least, most, words):
                raise Wrong(
                    f"{_EXPECTED}; in {text!r} the {name} is {part!r}, where numbers go from {least} to {most}",
                    ValueError,
                )


def _is_item(item: str, least: int, most: int, words: dict[str, int]) -> bool:
    """Whether a text is `*`, a value or a range of them, with a step or without."""
    span, slash, step = item.partition("/")
    if slash and not (re.fullmatch(r"\d{1,4}", step) and int(step) > 0):
        return False
    if span in ("*", "?"):
        return True
    ends = [words.get(end, int(end) if re.fullmatch(r"\d{1,4}", end) else -1) for end in span.split("-")]
    return len(ends) <= 2 and all(least <= end <= most for end in ends) and ends[0] <= ends[-1]


def timezone(value: object) -> None:
    """Accept the name of a time zone, which must be known where this machine knows time zones at all."""
    expected = "the name of a time zone, like 'Europe/Berlin' or 'UTC'"
    if not isinstance(value, str):
        raise Wrong(expected)
    if not re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", value):
        raise Wrong(expected, ValueError)
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(value)
    except Exception:  # unknown, or a file that holds none
        if zoneinfo.available_timezones():
            raise Wrong(f"{expected}; {value!r} is none", ValueError) from None
