"""Names for what the compiler adds: deterministic, made from the user's own names, never one that the user has."""

from __future__ import annotations

import keyword
from collections.abc import Iterable

__all__ = ["Namer"]


class Namer:
    """Hand out names that are not taken yet."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = set(taken)
        self._last: dict[str, int] = {}

    def fresh(self, wish: str) -> str:
        """Return `wish`, or `wish_2`, `wish_3`, … if it is taken."""
        number = self._last.get(wish, 1)
        name = wish if number == 1 else f"{wish}_{number}"
        while name in self.taken or keyword.iskeyword(name):
            number += 1
            name = f"{wish}_{number}"
        self.taken.add(name)
        self._last[wish] = number
        return name
