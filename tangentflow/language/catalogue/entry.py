"""What an entry of the catalogue holds."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

__all__ = ["PRELUDE", "Entry"]

PRELUDE = """\
from tangentflow import sequential, step, workflow

@step
def load(n):
    return list(range(n))

@step
def fit(x):
    return x * x

@step
def score(x, y):
    return x - y
"""
"""What stands above every program of the catalogue."""


@dataclass(frozen=True)
class Entry:
    """A code, what it is about, and why; a program that is refused with it, and what to write instead.

    Both programs stand below `PRELUDE` and define one workflow, `wf`, whose parameters have defaults. In the refused one, a comment
    below an offence marks its columns: `# ^^^^^ TF110`. `since` is the first Python that can read it.
    """

    code: str
    title: str
    why: str
    bad: str
    good: str
    since: tuple[int, int] = (3, 10)

    def __post_init__(self) -> None:
        for name in ("bad", "good"):
            object.__setattr__(self, name, textwrap.dedent(getattr(self, name)).strip("\n") + "\n")
