"""What the options of `@step` mean, once they are known to be right. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tangentflow.runtime.slurm import Slurm

__all__ = ["Overdue", "Policy", "duration", "seconds"]


class Overdue(Exception):
    """Raised by a step whose work was ended elsewhere since its time was over: who calls it knows its path and its limit."""


@dataclass(frozen=True)
class Policy:
    """How a step is run: what the options say that engines act upon themselves.

    `on` None: every exception is tried again. `backoff` (seconds) is the pause before the second attempt, and doubles from there.
    `expiry` (seconds) bounds the age of a cached value.
    """

    retries: int = 0
    backoff: float = 0.0
    on: tuple[type[BaseException], ...] | None = None
    timeout: float | None = None
    cache: bool = False
    expiry: float | None = None
    executor: str | Slurm | None = None
    max_concurrent: int | None = None
    env: tuple[tuple[str, str], ...] = ()
    check: bool = True

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Policy:
        """Read checked options."""
        on, timeout, cache = options.get("on"), options.get("timeout"), options.get("cache", False)
        return cls(
            retries=options.get("retries", 0),
            backoff=seconds(options.get("backoff", 0.0)),
            on=on if on is None or isinstance(on, tuple) else (on,),
            timeout=None if timeout is None else seconds(timeout),
            cache=cache is not False,
            expiry=None if isinstance(cache, bool) else seconds(cache),
            executor=options.get("executor"),
            max_concurrent=options.get("max_concurrent"),
            env=tuple(sorted((name, str(value)) for name, value in options.get("env", {}).items())),
            check=options.get("check", True),
        )

    def again(self, error: BaseException, attempts: int) -> bool:
        """Whether a step that failed with `error` after so many attempts is to be tried again."""
        return attempts <= self.retries and (self.on is None or isinstance(error, self.on))

    def pause(self, attempts: int) -> float:
        """Return how many seconds to wait after so many attempts."""
        return self.backoff * 2.0 ** (attempts - 1)


# -- durations -------------------------------------------------------------------------------------------------------

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def seconds(value: float | str) -> float:
    """Return a duration in seconds: a number of them, or a text such as "0.2s", "2s", "1m", "1h30m", "7d".

    Raises ValueError for any other text.
    """
    if not isinstance(value, str):
        return float(value)
    if not _DURATION.fullmatch(value):
        raise ValueError(
            f"{value!r} is no duration; write seconds as a number, or a text like '0.2s', '2s', '1m', '1h30m'"
        )
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))


def duration(value: float) -> str:
    """Return seconds in words: `90.0` is "1m30s"."""
    if value < 1:
        return f"{value * 1000:.0f}ms" if value else "0s"
    parts = []
    for unit in ("d", "h", "m"):
        count, value = divmod(value, _UNITS[unit])
        parts += [f"{count:.0f}{unit}"] if count else []
    parts += [f"{value:.3g}s"] if value or not parts else []
    return "".join(parts)
