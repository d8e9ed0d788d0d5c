"""What every part of the generator shares: the lines written so far, chance, and the names that may be read."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, fields
from typing import Any

__all__ = ["Scope", "Writer"]


@dataclass
class Scope:
    """Names by what they hold.

    `ints` are bound, `maybe` may be unbound; `lists` are read only, `own` lists and `dicts` may be changed; `fresh` ints may be augmented;
    `errors` are exceptions.
    """

    ints: list[str] = field(default_factory=list)
    maybe: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    dicts: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def inner(self) -> Scope:
        """Return the scope of a block that may not run, or not to its end."""
        return Scope(**{kind.name: [*getattr(self, kind.name)] for kind in fields(self)})

    def reached(self, body: Scope) -> Scope:
        """Return the scope of a handler or `finally`: what the body binds may be bound, what it deletes may be unbound."""
        arm = self.inner()
        arm.ints = [name for name in arm.ints if name in body.ints]
        seen = [*self.ints, *body.ints, *body.maybe]
        arm.maybe += [name for name in dict.fromkeys(seen) if name not in arm.ints and name not in arm.maybe]
        for names, left in (
            (arm.lists, body.lists),
            (arm.own, body.own),
            (arm.dicts, body.dicts),
            (arm.fresh, body.fresh),
        ):
            names[:] = [name for name in names if name in left]
        return arm

    def merge(self, arms: list[Scope]) -> None:
        """Go on after one of these blocks."""
        everywhere = set.intersection(*[set(arm.ints) for arm in arms])
        anywhere = set().union(*[{*arm.ints, *arm.maybe} for arm in arms])
        known = {*self.ints}
        self.ints = [name for name in self.ints if name in everywhere] + sorted(everywhere - known)
        self.maybe = sorted(anywhere - everywhere | {name for name in self.maybe if name not in everywhere})
        self.fresh = [name for name in self.fresh if all(name in arm.fresh for arm in arms)]
        for names in (self.own, self.lists, self.dicts):
            names[:] = [name for name in names if all(name in [*arm.own, *arm.lists, *arm.dicts] for arm in arms)]

    def bind(self, name: str) -> None:
        """Note that an int is bound."""
        if name not in self.ints:
            self.ints.append(name)
        if name in self.maybe:
            self.maybe.remove(name)

    def unbind(self, name: str) -> None:
        """Note that an int was deleted."""
        self.ints.remove(name)
        if name in self.fresh:
            self.fresh.remove(name)
        self.maybe.append(name)


class Writer:
    """Writes lines of a program, decided by a seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.lines: list[str] = []
        self.counter = 0
        self.subs: list[str] = []
        self.budget = 0
        self.loops: list[str] = []
        self.tries = 0
        self.handlers = 0
        self.frozen: list[str] = []

    def put(self, depth: int, text: str) -> None:
        """Write a line."""
        self.lines.append("    " * depth + text)

    def fresh(self, wish: str) -> str:
        """Return a name that the function has not used."""
        self.counter += 1
        return f"{wish}{self.counter}"

    def pick(self, *options: Any) -> Any:
        """Return one of the options."""
        return self.rng.choice(options)

    def one_of(self, *options: Any) -> Any:
        """Return what one of the functions gives; the others are not called, so they leave no names behind."""
        return self.rng.choice(options)()

    def chance(self, p: float) -> bool:
        """Return True with this probability."""
        return self.rng.random() < p

    def digit(self, most: int = 5) -> int:
        """Return a small number."""
        return self.rng.randint(0, most)
