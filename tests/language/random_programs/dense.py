"""Programs of few names in many turns: every path of a loop leaves something in a name that another one reads.

    for x in make(n):
        b = f(a)
        try:
            if b % 3: continue
        finally:
            a = x
        a = 0

What a `Generator` writes has many names, most of them read once; here whatever is bound on one path is read after another.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.language.random_programs.generator import HEADER

__all__ = ["Dense"]

NAMES = ("a", "b", "c")
HANDLED = ("Known", "ZeroDivisionError", "KeyError", "Exception", "(Known, ZeroDivisionError)", "NameError")


class Dense:
    """Writes one program, decided by a seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.lines: list[str] = []
        self.budget = 0
        self.counter = 0

    def program(self) -> str:
        """Return the text of a module whose last workflow is `main`."""
        self.budget = self.rng.randint(5, 12)
        self.lines = ["", "@workflow", "def main(n: int, m: int = 2):"]
        for name in NAMES[: self.rng.choice((2, 3, 3, 3))]:  # the others are unbound at first
            self.put(1, f"{name} = {self.rng.choice(('n', 'm', '0', 'f(n)'))}")
        self.put(1, "out = []")
        while self.budget > 0:
            self.loop(1, "")
        names = ", ".join(NAMES)
        self.put(
            1,
            self.rng.choice(
                ("return out", "return a, out", f"return {names}, out", f"return add({self.name()}, m), out")
            ),
        )
        return HEADER + "\n".join(self.lines) + "\n"

    def put(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def chance(self, part: float) -> bool:
        return self.rng.random() < part

    def name(self) -> str:
        return self.rng.choice(NAMES)

    # --- expressions

    def glue(self, x: str) -> str:
        """Return an int that no step gives; `x` is the item of the loop around."""
        y = self.name()
        return self.rng.choice(
            (x or "n", x or "m", y, y, "0", f"{y} + 1", f"-{y}", f"{y} + {x or 'm'}", y, f"6 // {y}")
        )

    def step(self, x: str) -> str:
        """Return an int that a step gives."""
        y = self.glue(x)
        return self.rng.choice((f"f({y})", f"f({y})", f"half({y})", f"g({y}, {self.name()})", f"fail_if({y}, {self.rng.randint(0, 3)})", f"divide(6, {y})"))  # fmt: skip

    def test(self, x: str) -> str:
        """Return a condition."""
        y = self.rng.choice((x or "n", x or "n", self.name()))
        return self.rng.choice((f"{y} > {self.rng.randint(0, 2)}", f"{y} % 2", f"{y} == {self.name()}", f"odd({y})"))

    # --- statements

    def block(self, depth: int, x: str, jumps: str) -> None:
        """Write one to three statements; nothing after a jump."""
        for _ in range(self.rng.randint(1, 3)):
            if self.statement(depth, x, jumps) or self.budget <= 0:
                break

    def statement(self, depth: int, x: str, jumps: str) -> bool:
        """Write one statement; tell whether control never gets behind it."""
        self.budget -= 1
        kinds: list[tuple[float, Callable[[int, str, str], bool]]] = [
            (6, self.assign), (5, self.assign_step), (2, self.effect), (2, self.collect), (3 if depth < 5 else 0, self.attempt), (1, self.branch),
            (3 if x else 0.3, self.jump), (0.2, self.delete), (0.5 if depth < 4 else 0, self.inner),
        ]  # fmt: skip
        return self.rng.choices([kind for _, kind in kinds], [weight for weight, _ in kinds])[0](depth, x, jumps)

    def assign(self, depth: int, x: str, _jumps: str) -> bool:
        self.put(depth, f"{self.name()} = {self.glue(x)}")
        return False

    def assign_step(self, depth: int, x: str, _jumps: str) -> bool:
        self.put(depth, f"{self.name()} = {self.step(x)}")
        return False

    def effect(self, depth: int, x: str, _jumps: str) -> bool:
        self.put(depth, f"e({self.glue(x)})")
        return False

    def collect(self, depth: int, x: str, _jumps: str) -> bool:
        self.put(depth, f"out.append({self.rng.choice((self.glue, self.step))(x)})")
        return False

    def delete(self, depth: int, _x: str, _jumps: str) -> bool:
        self.put(depth, f"del {self.name()}")
        return False

    def jump(self, depth: int, x: str, jumps: str) -> bool:
        """Write a jump or a `raise`, mostly under a condition."""
        always = self.chance(0.25)
        if not always:
            self.put(depth, f"if {self.test(x)}:")
        y = self.name()
        leave = self.rng.choice(("raise Known(1)", f"raise KeyError({y})", f"return {y}, out"))
        wanted = jumps and self.chance(0.9)
        self.put(depth + (not always), self.rng.choice(jumps.split()) if wanted else leave)
        return always

    def branch(self, depth: int, x: str, jumps: str) -> bool:
        self.put(depth, f"if {self.test(x)}:")
        self.block(depth + 1, x, jumps)
        if self.chance(0.5):
            self.put(depth, "else:")
            self.block(depth + 1, x, jumps)
        return False

    def attempt(self, depth: int, x: str, jumps: str) -> bool:
        self.put(depth, "try:")
        self.block(depth + 1, x, jumps)
        caught = self.rng.sample(HANDLED, self.rng.choice((0, 1, 1, 1, 2)))
        caught.sort(key="Exception".__eq__)
        for kind in caught:
            variable = f" as {self.name()}" if self.chance(0.08) else ""
            self.put(depth, f"except {kind}{variable}:")
            if self.chance(0.1):
                self.put(depth + 1, "raise")
            else:
                self.block(depth + 1, x, jumps)
        if caught and self.chance(0.3):
            self.put(depth, "else:")
            self.block(depth + 1, x, jumps)
        if not caught or self.chance(0.4):
            self.put(depth, "finally:")
            self.block(depth + 1, x, jumps if self.chance(0.35) else "")
        return False

    def inner(self, depth: int, x: str, _jumps: str) -> bool:
        self.loop(depth, x)
        return False

    def loop(self, depth: int, x: str) -> None:
        """Write a loop."""
        self.counter += 1
        var = f"x{self.counter}"
        if self.chance(0.2):
            self.put(depth, f"{var} = 0")
            self.put(depth, f"while {var} < {self.rng.choice(('2', '3', 'f(1)'))}:")
            self.put(depth + 1, f"{var} += 1")
        else:
            items = self.rng.choice(("make(3)", "range(3)", "(2, 0, 1)", "make(f(1))", f"range({x or 'm'})"))
            self.put(depth, f"for {var} in {items}:")
        for _ in range(self.rng.randint(2, 4)):
            if self.statement(depth + 1, var, "continue continue break"):
                break
        if self.chance(0.1):
            self.put(depth, "else:")
            self.block(depth + 1, x, "")
