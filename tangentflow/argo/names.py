"""Names in a document: templates, tasks, flags, and the parts of artifact keys, all made of the user's own names."""

from __future__ import annotations

import hashlib
import re

__all__ = ["Names", "Wishes", "key", "slug"]

LONGEST = 40


def slug(text: str) -> str:
    """Return a text as `[a-z0-9-]`, beginning with a letter, short enough for the name of a pod."""
    made = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if not made or not made[0].isalpha():
        made = f"n-{made}".rstrip("-")
    if len(made) > LONGEST or not text.isascii():
        made = f"{made[: LONGEST - 7].rstrip('-')}-{_digest(text)[:6]}"
    return made


def key(site: str) -> str:
    """Return a site's part of artifact keys: its id where that is short and plain, else a shortened form with a hash."""
    if re.fullmatch(r"[A-Za-z0-9_.]{1,100}", site):
        return site
    return f"{re.sub('[^A-Za-z0-9_.]+', '', site)[:60]}-{_digest(site)[:10]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Wishes:
    """Gives each wish a name that no other has: `fit`, `fit-2`."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def take(self, wish: str) -> str:
        """Return the wish itself if it was not given before, else with the first number that makes it new."""
        name, number = wish, self._taken.get(wish, 1)
        while name in self._taken:
            number += 1
            name = f"{wish}-{number}"
        self._taken[name] = 1
        self._taken[wish] = number
        return name


class Names(Wishes):
    """Gives names of templates and flags, made of wishes that need not be names."""

    def take(self, wish: str) -> str:
        """Return a name like the wish that was not given before."""
        return super().take(slug(wish))
