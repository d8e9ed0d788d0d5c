"""Names for what the compiler adds: deterministic, made from the user's own names, never one that the user has."""

from __future__ import annotations

import keyword
from collections.abc import Iterable

__all__ = ["Namer"]


class Namer:
    """Hand out names that are not taken yet."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = set(taken)

    def fresh(self, wish: str) -> str:
        """Return `wish`, or `wish_2`, `wish_3`, … if it is taken."""
        name, number = wish, 1
        while name in self.taken or keyword.iskeyword(name):
            number += 1
            name = f"{wish}_{number}"
        self.taken.add(name)
        return name
