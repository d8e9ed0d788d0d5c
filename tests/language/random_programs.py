"""Random programs of the accepted language, checked against the contract.

    python tests/language/random_programs.py --count 1000 --seed 7 [--large] [--shrink]

prints each program that breaks the contract, made smaller first, with its arguments, schedule and difference.
"""

from __future__ import annotations

import argparse
import ast
import linecache
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gast

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tangentflow.decorators import WorkflowFunction
from tangentflow.errors import LanguageError
from tangentflow.language import statements  # noqa: F401 (registers the rules of statements)
from tangentflow.language.registry import STATEMENTS
from tests.corpus.steps import Plan
from tests.language.contract import Call, Schedule, check_call, check_source, compiled

HEADER = """from tangentflow import sequential, workflow
from tests.corpus.library import bump
from tests.corpus.steps import (
    Known, add, divide, e, ev, f, fail_if, g, h, half, ident, less, make, none, o, odd, p, pair, show, size, table, total_of
)

"""

TRY = gast.Try in STATEMENTS
"""Whether the language has `try`."""


@dataclass
class Scope:
    """Names that the program may read: ints, lists that it reads only, lists and dicts that it may change."""

    ints: list[str] = field(default_factory=list)
    maybe: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    dicts: list[str] = field(default_factory=list)
    fresh: set[str] = field(default_factory=set)

    def inner(self) -> Scope:
        """Return the scope of a block that may not run."""
        return Scope([*self.ints], [*self.maybe], [*self.lists], [*self.own], [*self.dicts], set(self.fresh))


class Generator:
    """Writes one program."""

    def __init__(self, seed: int, large: bool = False) -> None:
        self.rng = random.Random(seed)
        self.large = large
        self.lines: list[str] = []
        self.counter = 0
        self.subs: list[str] = []
        self.budget = 0
        self.loops: list[str] = []
        self.handled = 0
        self.frozen: list[str] = []

    def program(self) -> str:
        """Return the text of a module whose last workflow is `main`."""
        for i in range(self.rng.choice([0, 0, 1, 2])):
            self.function(f"_sub{i}", self.rng.randint(2, 6))
            self.subs.append(f"_sub{i}")
        if self.chance(0.12):
            self.function("_again", self.rng.randint(2, 5), recursive=True)
            self.subs.append("_again")
        self.function("main", self.rng.randint(10, 40) if self.large else self.rng.randint(3, 14))
        return HEADER + "\n".join(self.lines) + "\n"

    def function(self, name: str, budget: int, recursive: bool = False) -> None:
        self.budget = budget
        self.counter = 0
        self.handled = 0
        self.lines += ["", "@workflow", f"def {name}(n: int, m: int = 2):"]
        scope = Scope(ints=["m"] if recursive else ["n", "m"])
        if recursive:  # nothing else assigns n, so that the recursion ends
            self.put(1, f"if n <= {self.rng.randint(0, 1)}:")
            self.put(2, f"return (n, {self.value(scope, 1)})")
            self.block(scope, 1)
            self.put(
                1,
                self.pick(
                    "r = _again(n - 1)[-1]",
                    "r = _again(n - 1, m=f(m))[-1] + n",
                    "_again(n - 1)",
                    "r = add(_again(n - 1)[-1], _again(0)[-1])",
                ),
            )
            if self.lines[-1].strip().startswith("r ="):
                scope.ints.append("r")
        self.block(scope, 1, top=not recursive)
        if self.rng.random() < 0.95:
            self.put(1, f"return {self.result(scope)}")

    # --- parts

    def put(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def fresh(self, wish: str) -> str:
        self.counter += 1
        return f"{wish}{self.counter}"

    def pick(self, *options: Any) -> Any:
        return self.rng.choice(options)

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def result(self, scope: Scope) -> str:
        names = [*scope.ints, *scope.lists, *scope.own, *scope.dicts]
        if scope.maybe and self.chance(0.15):
            names.append(self.rng.choice(scope.maybe))
        chosen = self.rng.sample(names, min(len(names), self.rng.randint(1, 6)))
        return f"({', '.join(chosen)}, {self.value(scope, 1)})"

    def name(self, scope: Scope) -> str:
        if scope.maybe and self.chance(0.08):
            return self.rng.choice(scope.maybe)
        return self.rng.choice(scope.ints)

    def glue(self, scope: Scope, depth: int = 2) -> str:
        """Return an int expression without steps."""
        a = self.name(scope)
        r = self.rng.random()
        if depth <= 0 or r < 0.4:
            return a
        if r < 0.55:
            return str(self.rng.randint(0, 5))
        if r < 0.7:
            return f"({a} {self.pick('+', '-', '*')} {self.glue(scope, depth - 1)}) % 11"
        if r < 0.78:
            return f"12 // ({a} - {self.rng.randint(0, 6)})"
        if r < 0.84 and scope.lists + scope.own:
            return f"len({self.rng.choice(scope.lists + scope.own)})"
        if r < 0.9:
            return f"max({a}, {self.glue(scope, depth - 1)})"
        if r < 0.94 and scope.lists + scope.own:
            return f"{self.rng.choice(scope.lists + scope.own)}[{self.rng.randint(-1, 1)}]"
        if r < 0.97 and scope.dicts:
            return f"{self.rng.choice(scope.dicts)}.get({a}, 1)"
        return f"({a} if {self.test(scope, 0)} else {self.glue(scope, depth - 1)})"

    def step(self, scope: Scope, depth: int = 2) -> str:
        """Return a step call that gives an int."""
        x = self.value(scope, depth - 1)
        r = self.rng.random()
        if r < 0.3:
            return f"f({x})"
        if r < 0.45:
            return f"g({x}, {self.value(scope, depth - 2)})"
        if r < 0.6:
            return f"add({x}, {self.value(scope, depth - 2)})"
        if r < 0.66:
            return f"p({x})"
        if r < 0.69:
            return f"o({x})"
        if r < 0.75:
            return f"ident({x})"
        if r < 0.79:
            return f"fail_if({x} % 7, {self.rng.randint(0, 6)})"
        if r < 0.82:
            return f"divide(8, {x} % 5 - {self.rng.randint(0, 4)})"
        if r < 0.86:
            return f"half({x})"
        if r < 0.9 and scope.lists + scope.own:
            return f"size({self.rng.choice(scope.lists + scope.own)})"
        if r < 0.93 and self.subs:
            return f"{self.rng.choice(self.subs)}(({x}) % 4)[-1]"
        if r < 0.96:
            return f"bump({x})"
        return f"ev({x})"

    def value(self, scope: Scope, depth: int = 2) -> str:
        """Return an int expression."""
        r = self.rng.random()
        if depth <= 0 or r < 0.4:
            return self.glue(scope, min(depth, 1))
        if r < 0.8:
            return self.step(scope, depth)
        if r < 0.86:
            return (
                f"({self.value(scope, depth - 1)} if {self.test(scope, depth - 1)} else {self.value(scope, depth - 1)})"
            )
        if r < 0.865:
            return f"({self.value(scope, depth - 1)} {self.pick('and', 'or')} {self.value(scope, depth - 1)})"
        if r < 0.87:
            parts = [self.value(scope, depth - 1) for _ in range(2)]
            if not any("'" in part for part in parts):  # Python 3.11 nests no quotes
                return f"len(f'{{{parts[0]}}} {{{parts[1]}:>3}}')"
            return parts[0]
        if r < 0.88 and scope.lists:
            return f"len(h(*{self.rng.choice(scope.lists)}, {self.value(scope, depth - 1)}, k={self.value(scope, depth - 1)})[0])"
        if r < 0.94:
            new = self.fresh("w")
            text = f"({new} := {self.value(scope, depth - 1)})"
            scope.maybe.append(new)
            return text
        return f"({self.value(scope, depth - 1)} + {self.value(scope, depth - 1)})"

    def test(self, scope: Scope, depth: int = 1) -> str:
        r = self.rng.random()
        a = self.value(scope, depth)
        if r < 0.5:
            return f"{a} {self.pick('<', '>', '==', '!=')} {self.rng.randint(0, 6)}"
        if r < 0.6:
            return f"({a}) % 2"
        if r < 0.7:
            return f"odd({a})"
        if r < 0.78:
            return f"{self.rng.randint(0, 3)} < {a} <= {self.value(scope, depth - 1)}"
        if r < 0.86:
            return f"({a} > 2 {self.pick('and', 'or')} {self.value(scope, depth - 1)} < 4)"
        if r < 0.9:
            return f"not ({a})"
        if r < 0.94 and scope.lists:
            return f"any(odd(q) for q in {self.rng.choice(scope.lists)})"
        if r < 0.97 and scope.own + scope.lists:
            return f"{self.rng.choice(scope.own + scope.lists)}"
        return f"less({a}, {self.glue(scope, 0)})"

    def items(self, scope: Scope) -> str:
        r = self.rng.random()
        if r < 0.06:
            return (
                f"sequential({self.items(scope)})"
                if self.chance(0.5)
                else f"table(({self.glue(scope, 1)}) % 3).values()"
            )
        if r < 0.35:
            return f"range({self.pick('3', '2', '(' + self.glue(scope, 1) + ') % 4')})"
        if r < 0.5:
            return f"make(({self.value(scope, 1)}) % 4)"
        if r < 0.65 and scope.lists:
            return self.rng.choice(scope.lists)
        if r < 0.75:
            return f"[{self.value(scope, 1)}, {self.value(scope, 1)}]"
        if r < 0.85 and scope.own:
            return f"list({self.rng.choice(scope.own)})"
        return f"range({self.rng.randint(1, 4)})"

    # --- statements

    def block(self, scope: Scope, depth: int, top: bool = False) -> None:
        """Write some statements; the last line of the block is never missing."""
        before = len(self.lines)
        count = self.budget if top else self.rng.randint(1, 4)
        for _ in range(count):
            if self.budget <= 0:
                break
            self.budget -= 1
            self.statement(scope, depth)
            if self.lines[-1].strip() in ("break", "continue") or self.lines[-1].strip().startswith(
                ("return", "raise")
            ):
                if len(self.lines[-1]) - len(self.lines[-1].lstrip()) == 4 * depth:
                    break
        if len(self.lines) == before:
            self.put(depth, f"e({self.glue(scope, 0)})" if self.chance(0.5) else "pass")

    def statement(self, scope: Scope, depth: int) -> None:
        kinds = [
            (20, self.assign), (6, self.reassign), (5, self.augment), (9, self.effect), (4, self.dropped), (7, self.store),
            (12 if depth < 5 else 0, self.branch), (9 if depth < 4 else 0, self.for_loop), (5 if depth < 4 else 0, self.while_loop),
            (6 if self.loops else 0, self.jump), (3, self.leave), (5, self.collect), (4, self.new_list), (2, self.unpack),
            (2, self.message), (1, self.delete), (2, self.check), (4 if self.subs else 0, self.call), (1, self.inner),
            (2, self.chained), (2, self.exchange), (3, self.list_state), (2, self.item), (1, self.odd_receiver),
            (7 if TRY and depth < 5 else 0, self.attempt), (2 if self.handled else 0, self.again),
            (6 if depth < 4 else 0, self.cases),
        ]  # fmt: skip
        weights = [w for w, _ in kinds]
        self.rng.choices([k for _, k in kinds], weights)[0](scope, depth)

    def bind(self, scope: Scope, name: str) -> None:
        if name not in scope.ints:
            scope.ints.append(name)
        if name in scope.maybe:
            scope.maybe.remove(name)

    def assign(self, scope: Scope, depth: int) -> None:
        value = self.value(scope, 2)
        others = [n for n in scope.ints if n not in self.frozen]
        name = self.rng.choice(others) if others and self.chance(0.3) else self.fresh("a")
        self.put(depth, f"{name} = {value}")
        self.bind(scope, name)
        scope.fresh.discard(name)

    def reassign(self, scope: Scope, depth: int) -> None:
        names = [n for n in scope.ints if n not in self.frozen]
        if not names:
            return self.assign(scope, depth)
        name = self.rng.choice(names)
        self.put(
            depth,
            f"{name} = {self.pick(f'{name} + ' + self.value(scope, 1), self.step(scope, 2), self.value(scope, 2))}",
        )

    def augment(self, scope: Scope, depth: int) -> None:
        if not scope.fresh:
            name = self.fresh("t")
            self.put(depth, f"{name} = {self.rng.randint(0, 3)}")
            self.bind(scope, name)
            scope.fresh.add(name)
            return
        name = self.rng.choice(sorted(scope.fresh))
        self.put(depth, f"{name} {self.pick('+=', '+=', '-=', '*=')} {self.value(scope, 2)}")

    def effect(self, scope: Scope, depth: int) -> None:
        self.put(depth, f"e({', '.join(self.value(scope, 1) for _ in range(self.rng.randint(0, 2)))})")

    def dropped(self, scope: Scope, depth: int) -> None:
        self.put(depth, self.pick(f"f({self.value(scope, 1)})", f"_ = g({self.value(scope, 1)})", f"none({self.glue(scope)})",
                                  f"p({self.glue(scope)})", f"fail_if({self.glue(scope, 0)} % 5, 3)"))  # fmt: skip

    def store(self, scope: Scope, depth: int) -> None:
        if scope.own and self.chance(0.6):
            name = self.rng.choice(scope.own)
            self.put(depth, self.pick(f"{name}.append({self.value(scope, 2)})", f"{name}.append({self.step(scope, 1)})",
                                      f"{name}.extend(make(({self.value(scope, 1)}) % 3))", f"{name}[{self.rng.randint(-1, 0)}] = {self.value(scope, 1)}"))  # fmt: skip
        elif scope.dicts:
            name = self.rng.choice(scope.dicts)
            self.put(depth, f"{name}[{self.value(scope, 1)}] = {self.value(scope, 1)}")
        else:
            self.new_list(scope, depth)

    def new_list(self, scope: Scope, depth: int) -> None:
        if self.chance(0.7):
            name = self.fresh("out")
            self.put(depth, f"{name} = []")
            scope.own.append(name)
        else:
            name = self.fresh("d")
            self.put(depth, f"{name} = {{}}")
            scope.dicts.append(name)

    def collect(self, scope: Scope, depth: int) -> None:
        name, q = self.fresh("xs"), self.fresh("q")
        inner = scope.inner()
        inner.maybe = []
        inner.ints.append(q)
        element = self.step(inner, 2)
        for w in set(inner.maybe):
            element = element.replace(f"{w} :=", f"{w} :=")
        items = self.items(inner)
        condition = f" if {self.test(inner, self.rng.randint(0, 1))}" if self.chance(0.4) else ""
        if ":=" in items:
            items = "make(2)"
        kind = self.rng.random()
        if kind < 0.6:
            text = f"[{element} for {q} in {items}{condition}]"
        elif kind < 0.7:
            text = f"list({{{element} for {q} in {items}{condition}}})"
            text = f"sorted({element} for {q} in {items}{condition})"
        elif kind < 0.8:
            text = f"[{self.pick('any', 'all')}({element} > 4 for {q} in {items}{condition}), sum({element} for {q} in {items})]"
        elif kind < 0.9:
            q2 = self.fresh("q")
            inner.ints.append(q2)
            text = f"[add({q}, {q2}) for {q} in {items}{condition} for {q2} in range({q} % 3)]"
        else:
            text = f"list({{{q}: {element} for {q} in {items}{condition}}}.values())"
        self.put(depth, f"{name} = {text}")
        scope.maybe += [w for w in inner.maybe if w not in scope.maybe]
        scope.lists.append(name)

    def unpack(self, scope: Scope, depth: int) -> None:
        a, b = self.fresh("a"), self.fresh("b")
        self.put(depth, self.pick(f"{a}, {b} = pair({self.value(scope, 1)})", f"{a}, {b} = {self.value(scope, 1)}, {self.value(scope, 1)}",
                                  f"({a}, {b}), *_ = [pair({self.value(scope, 1)}), {self.step(scope, 1)}]"))  # fmt: skip
        self.bind(scope, a)
        self.bind(scope, b)

    def message(self, scope: Scope, depth: int) -> None:
        self.put(depth, f"print({self.rng.randint(0, 9)}, {self.value(scope, 1)})")

    def delete(self, scope: Scope, depth: int) -> None:
        names = [n for n in scope.ints if n not in self.frozen and n not in ("n", "m")]
        if names:
            name = self.rng.choice(names)
            self.put(depth, f"del {name}")
            scope.ints.remove(name)
            scope.fresh.discard(name)
            scope.maybe.append(name)
        else:
            self.assign(scope, depth)

    def check(self, scope: Scope, depth: int) -> None:
        if self.chance(0.5):
            self.put(depth, f"assert {self.test(scope)}" + (f", {self.value(scope, 1)}" if self.chance(0.3) else ""))
        else:
            self.put(depth, f"if {self.test(scope)}:")
            self.put(
                depth + 1, f"raise Known({self.value(scope, 1)})" + (" from ValueError(1)" if self.chance(0.2) else "")
            )

    def call(self, scope: Scope, depth: int) -> None:
        sub = self.rng.choice(self.subs)
        argument = f"({self.value(scope, 1)}) % 4"
        if self.chance(0.4):
            self.put(depth, f"{sub}({argument})")
        else:
            name = self.fresh("s")
            self.put(depth, f"{name} = {sub}({argument}{self.pick('', ', m=' + self.value(scope, 1))})[-1]")
            self.bind(scope, name)

    def inner(self, scope: Scope, depth: int) -> None:
        name, result = self.fresh("fn"), self.fresh("r")
        captured = self.fresh("c")
        self.put(depth, f"{captured} = {self.value(scope, 1)}")
        self.put(depth, f"{name} = lambda v: v + {captured}")
        self.put(depth, f"{result} = {name}({self.value(scope, 1)})")
        self.bind(scope, result)

    def chained(self, scope: Scope, depth: int) -> None:
        a, b = self.fresh("a"), self.fresh("b")
        self.put(depth, f"{a} = {b} = {self.value(scope, 2)}")
        self.bind(scope, a)
        self.bind(scope, b)

    def exchange(self, scope: Scope, depth: int) -> None:
        names = [n for n in scope.ints if n not in self.frozen]
        if len(names) < 2:
            return self.assign(scope, depth)
        a, b = self.rng.sample(names, 2)
        self.put(depth, f"{a}, {b} = {b}, {self.value(scope, 2)}")
        scope.fresh -= {a, b}

    def list_state(self, scope: Scope, depth: int) -> None:
        if scope.lists and self.chance(0.6):
            name = self.rng.choice(scope.lists)
            self.put(depth, self.pick(f"{name} = [*{name}, {self.value(scope, 2)}][-3:]", f"{name} = {name}[1:] + make(({self.value(scope, 1)}) % 3)",
                                      f"{name} = [{self.value(scope, 1)} for _ in {name}]"))  # fmt: skip
        else:
            name = self.fresh("xs")
            self.put(
                depth, f"{name} = {self.pick('make(3)', f'[{self.value(scope, 1)}, {self.value(scope, 1)}]', '[]')}"
            )
            scope.lists.append(name)

    def item(self, scope: Scope, depth: int) -> None:
        if not scope.dicts:
            return self.new_list(scope, depth)
        name = self.rng.choice(scope.dicts)
        self.put(depth, self.pick(f"{name} = {{**{name}, {self.value(scope, 1)}: {self.value(scope, 1)}}}", f"{name}.pop({self.glue(scope)}, 0)",
                                  f"del {name}[{self.value(scope, 1)}]", f"{name} = {{k: {self.step(scope, 1)} for k, v in {name}.items()}}"))  # fmt: skip

    def odd_receiver(self, scope: Scope, depth: int) -> None:
        name = self.fresh("z")
        self.put(depth, f"{name} = {self.pick('none()', f'none({self.glue(scope)})', '[]', 'make(2)')}")
        self.put(depth, self.pick(f"{name} = {name}.count({self.value(scope, 1)})", f"{name} = {name}[{self.value(scope, 1)}]", f"{name} = sum({name}, {self.value(scope, 1)})",
                                  f"{name} = no_such_function({self.value(scope, 1)}) if {name} else {self.value(scope, 1)}"))  # fmt: skip
        self.bind(scope, name)

    def attempt(self, scope: Scope, depth: int) -> None:
        self.put(depth, "try:")
        body = scope.inner()
        self.block(body, depth + 1)
        arms = [body]
        handlers = self.rng.choice([0, 1, 1, 1, 2])
        caught = self.rng.sample(
            ["ValueError", "Known", "ZeroDivisionError", "(KeyError, LookupError)", "Exception"], handlers
        )
        if handlers and self.chance(0.1):
            caught[-1] = self.pick("", "BaseException")
        caught.sort(key=lambda name: (name == "", name in ("Exception", "BaseException")))
        for name in caught:
            arm = self.reached(scope, body)
            variable = self.fresh("x") if name and self.chance(0.4) else ""
            self.put(depth, f"except{' ' + name if name else ''}{' as ' + variable if variable else ''}:")
            if variable and self.chance(0.7):
                self.put(
                    depth + 1,
                    self.pick(f"e(type({variable}).__name__, {variable}.args)", f"print({variable})", f"e({variable})"),
                )
            self.handled += 1
            self.block(arm, depth + 1)
            self.handled -= 1
            arms.append(arm)
        if caught and self.chance(0.25):
            self.put(depth, "else:")
            self.block(body, depth + 1)
        self.merge(scope, arms)
        if not caught or self.chance(0.25):
            self.put(depth, "finally:")
            last = self.reached(scope, body)
            if self.chance(0.9):
                self.loops, kept = [], self.loops
                before = len(self.lines)
                self.block(last, depth + 1)
                self.loops = kept
                del before
            else:
                self.block(last, depth + 1)
            scope.maybe += [n for n in [*last.ints, *last.maybe] if n not in scope.ints and n not in scope.maybe]

    def reached(self, scope: Scope, body: Scope) -> Scope:
        """Return the scope of a handler: what the body binds may be bound."""
        arm = scope.inner()
        arm.ints = [n for n in arm.ints if n in body.ints]
        arm.maybe += [n for n in [*scope.ints, *body.ints, *body.maybe] if n not in arm.ints and n not in arm.maybe]
        return arm

    def again(self, scope: Scope, depth: int) -> None:
        self.put(depth, f"if {self.test(scope)}:")
        self.put(depth + 1, "raise")

    def branch(self, scope: Scope, depth: int) -> None:
        self.put(depth, f"if {self.test(scope, self.rng.randint(0, 2))}:")
        first = scope.inner()
        self.block(first, depth + 1)
        arms = [first]
        if self.chance(0.2):
            arm = scope.inner()
            self.put(depth, f"elif {self.test(scope, 1)}:")
            self.block(arm, depth + 1)
            arms.append(arm)
        if self.chance(0.5):
            arm = scope.inner()
            self.put(depth, "else:")
            self.block(arm, depth + 1)
            arms.append(arm)
        else:
            arms.append(scope.inner())
        self.merge(scope, arms)

    def cases(self, scope: Scope, depth: int) -> None:
        """A `match` over ints, pairs, lists or dicts; what a pattern captures is bound after it if every way there binds it."""
        kind = self.pick("int", "pair", "pair", "list", "dict")
        parts = [self.value(scope, 1), self.value(scope, 1)]
        subject = {
            "int": parts[0], "pair": self.pick(f"pair({parts[0]})", f"{parts[0]}, {parts[1]}"),
            "list": self.pick(f"make(({parts[0]}) % 4)", *scope.lists, *scope.own), "dict": f"table(({parts[0]}) % 4)",
        }[kind]  # fmt: skip
        self.put(depth, f"match {subject}:")
        arms, tried = [], scope.inner()
        count = self.rng.randint(1, 3)
        for number in range(count):
            pattern, names = self.pattern(kind, scope)
            arm = Scope(
                *[[*part] for part in (tried.ints, tried.maybe, tried.lists, tried.own, tried.dicts)], set(tried.fresh)
            )
            for name in names:
                self.bind(arm, name)
            guard = f" if {self.test(arm, self.rng.randint(0, 1))}" if self.chance(0.4) else ""
            last = number == count - 1 and self.chance(0.5)
            if last:
                pattern, names, guard = (
                    self.pick(("_", [], ""), (f"[{pattern}, *_] | _", [], "")) if not names else ("_", [], "")
                )
                arm = tried.inner()
            self.put(depth + 1, f"case {pattern}{guard}:")
            tried.maybe += [n for n in {*names, *arm.maybe} if n not in tried.ints + tried.maybe]
            self.block(arm, depth + 2)
            arms.append(arm)
            if last:
                break
        else:
            arms.append(tried)
        self.merge(scope, arms)

    def pattern(self, kind: str, scope: Scope) -> tuple[str, list[str]]:
        """Return a pattern for such a subject, and the names of ints that it captures."""
        a, b = self.fresh("p"), self.fresh("p")
        reused = [n for n in scope.ints if n not in self.frozen]
        if reused and self.chance(0.3):
            a = self.rng.choice(reused)
        low = self.rng.randint(0, 4)
        if kind == "int":
            return self.pick(
                (str(low), []),
                (f"{low} | {low + 2} as {a}", [a]),
                (f"int({a})", [a]),
                (f"int() as {a}", [a]),
                ("None | True", []),
            )
        if kind == "pair":
            return self.pick(
                (f"{a}, {b}", [a, b]), (f"[{low}, {a}]", [a]), (f"({a}, {low + 10})", [a]), (f"{a}, {low + 10} | {low + 11} as {b}", [a, b]),
                (f"{low}, _", []), (f"{a}, *_", [a]),
            )  # fmt: skip
        if kind == "list":
            return self.pick(
                ("[]", []),
                (f"[{a}]", [a]),
                (f"[{a}, *_, {b}]", [a, b]),
                (f"[{low}, {a}] | [{a}, *_]", [a]),
                (f"[_, {low}, *_]", []),
            )
        return self.pick(
            (f"{{'k{low}': {a}}}", [a]),
            (f"{{'k0': {a}, 'k1': {low}, **_r}}", [a]),
            ("{}", []),
            (f"{{'k1': {low}}}", []),
        )

    def merge(self, scope: Scope, arms: list[Scope]) -> None:
        everywhere = set.intersection(*[set(arm.ints) for arm in arms])
        anywhere = set().union(*[{*arm.ints, *arm.maybe} for arm in arms])
        known = {*scope.ints}
        scope.ints = [n for n in scope.ints if n in everywhere] + sorted(everywhere - known)
        scope.maybe = sorted(anywhere - everywhere | {n for n in scope.maybe if n not in everywhere})
        scope.fresh &= everywhere
        for names in (scope.own, scope.lists, scope.dicts):
            names[:] = [n for n in names if all(n in [*arm.own, *arm.lists, *arm.dicts] for arm in arms)]

    def loop_body(self, scope: Scope, depth: int, inner: Scope) -> None:
        self.block(inner, depth + 1)
        self.loops.pop()
        after = Scope([*inner.ints], [*inner.maybe], inner.lists, inner.own, inner.dicts, inner.fresh)
        self.merge(scope, [scope.inner(), after])

    def for_loop(self, scope: Scope, depth: int) -> None:
        var = self.fresh("i")
        items = self.items(scope)
        inner = scope.inner()
        if self.chance(0.15):
            other = self.fresh("j")
            self.put(depth, f"for {other}, {var} in enumerate({items}):")
            inner.ints.append(other)
        else:
            self.put(depth, f"for {var} in {items}:")
        inner.ints.append(var)
        self.loops.append("for")
        self.loop_body(scope, depth, inner)
        self.orelse(scope, depth)

    def while_loop(self, scope: Scope, depth: int) -> None:
        c = self.fresh("c")
        self.frozen.append(c)
        self.put(depth, f"{c} = 0")
        extra = self.pick("", "", f" and {self.test(scope)}")
        style = self.rng.random()
        if style < 0.75:
            self.put(depth, f"while {c} < {self.rng.randint(1, 3)}{extra}:")
        elif style < 0.9:
            self.put(depth, f"while f({c}) < {self.rng.randint(2, 4)}{extra}:")
        else:
            self.put(depth, "while True:")
            self.put(depth + 1, f"if {c} >= {self.rng.randint(1, 3)}:")
            self.put(depth + 2, "break")
        self.put(depth + 1, f"{c} = {self.pick(f'{c} + 1', f'{c} + 1', f'f({c})')}")
        inner = scope.inner()
        inner.ints.append(c)
        self.loops.append("while")
        self.loop_body(scope, depth, inner)
        self.bind(scope, c)
        self.orelse(scope, depth)

    def orelse(self, scope: Scope, depth: int) -> None:
        if self.chance(0.15):
            self.put(depth, "else:")
            inner = scope.inner()
            self.block(inner, depth + 1)
            self.merge(scope, [scope.inner(), inner])

    def jump(self, scope: Scope, depth: int) -> None:
        self.put(depth, f"if {self.test(scope, self.rng.randint(0, 1))}:")
        self.put(depth + 1, self.pick("break", "continue", "continue", f"return {self.result(scope)}"))

    def leave(self, scope: Scope, depth: int) -> None:
        self.put(depth, f"if {self.test(scope)}:")
        self.put(depth + 1, f"return {self.result(scope)}")


# --- checking


def load(text: str, label: str) -> WorkflowFunction[..., Any]:
    """Run a module's text; return its `main`."""
    filename = f"<random program {label}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    space: dict[str, Any] = {"__name__": f"random_program_{label}"}
    exec(compile(text, filename, "exec", dont_inherit=True), space)
    return space["main"]  # type: ignore[no-any-return]


@dataclass
class Report:
    """What a check found: "" or the first problem, and whether the language refused the program."""

    problem: str = ""
    refused: str = ""


def check(text: str, label: str, seed: int, calls: int = 2) -> Report:
    """Check one program under several schedules and faults."""
    workflow = load(text, label)
    try:
        graph = compiled(workflow)
    except LanguageError as error:
        return Report(refused=f"{error.offences[0].code} {error.offences[0].what}")
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return Report(problem=f"compile: {type(error).__name__}: {error}")
    plans = [Plan(seed, 0.12), Plan(seed + 1, 0.4)]
    schedules = [
        Schedule("first"), Schedule("last"), Schedule("random", seed), *[Schedule("random", seed + i, plan) for i, plan in enumerate(plans)],
        Schedule("last", 0, plans[0]), Schedule("first", 0, Plan(seed + 2, 0.2)),
    ]  # fmt: skip
    chosen = [Call((n,)) for n in (seed % 4, 3, 0, 1, 5)[:calls]]
    problems = check_source(workflow, graph, chosen, [Plan(), *plans])
    if not problems:
        for call in chosen:
            problems = check_call(workflow, graph, call, schedules)
            if problems:
                break
    return Report(problem=problems[0] if problems else "")


def kind_of(problem: str) -> str:
    """Return what sort of problem it is, for shrinking without changing it."""
    text = problem.split("): ")[-1] if problem.startswith("(") else problem
    return text.split("\n")[0].split(":")[0][:20] + ("crash" if "'crash'" in problem else "")


def shrink(text: str, fails: Callable[[str], bool], limit: float = 60.0) -> str:
    """Return a smaller program that still fails: statements are taken out one after the other while it does."""
    end = time.time() + limit
    again = True
    while again and time.time() < end:
        again = False
        for index in range(2000):
            smaller = _without(text, index)
            if smaller is None or time.time() > end:
                break
            if smaller != text and fails(smaller):
                text, again = smaller, True
    return text


def _without(text: str, index: int) -> str | None:
    """Return the text without its statement number `index`, or with a compound statement replaced by its body."""
    tree = ast.parse(text)
    seen = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Match) and len(node.cases) > 1:
            for case in node.cases:
                if seen == index:
                    node.cases.remove(case)
                    return ast.unparse(tree) + "\n"
                seen += 1
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if not isinstance(block, list) or not block or not isinstance(block[0], ast.stmt):
                continue
            for i, stmt in enumerate(block):
                if isinstance(stmt, (ast.ImportFrom, ast.Import)) or (
                    isinstance(stmt, ast.FunctionDef) and stmt.name == "main"
                ):
                    continue
                choices: list[list[ast.stmt]] = [[], *[case.body for case in getattr(stmt, "cases", [])]]
                if isinstance(stmt, (ast.If, ast.For, ast.While)):
                    choices += [stmt.body, stmt.orelse] if stmt.orelse else [stmt.body]
                for choice in choices:
                    if seen == index:
                        block[i : i + 1] = choice
                        if not block and name == "body":
                            block.append(ast.Pass())
                        return ast.unparse(tree) + "\n"
                    seen += 1
    return None


class TimeUp(KeyboardInterrupt):
    """A check takes too long; no replay takes it for an exception of the program."""


def in_time(function: Callable[[], Report], seconds: int) -> Report:
    """Call a function; raise TimeUp if it takes longer."""

    def ring(*_: object) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        return function()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main() -> None:
    """Hunt."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--show", action="store_true", help="only print the program of --seed")
    parser.add_argument("--no-shrink", action="store_true")
    parser.add_argument("--timeout", type=int, default=60, help="seconds for one program")
    parser.add_argument("--stop-after", type=int, default=10, help="mismatches")
    options = parser.parse_args()
    if options.show:
        print(Generator(options.seed, options.large).program())
        return
    refused: Counter[str] = Counter()
    bad = 0
    started = time.time()
    for seed in range(options.seed, options.seed + options.count):
        text = Generator(seed, options.large).program()
        try:
            report = in_time(lambda: check(text, str(seed), seed), options.timeout)
        except TimeUp:
            print(f"=== seed {seed}: not checked within {options.timeout} s", flush=True)
            continue
        if report.refused:
            refused[report.refused.split("`")[0]] += 1
        if report.problem:
            bad += 1
            small = text
            if not options.no_shrink:
                kind = kind_of(report.problem)

                def fails(candidate: str) -> bool:
                    try:
                        problem = in_time(lambda: check(candidate, "shrunk", seed), 10).problem
                    except BaseException as error:
                        if isinstance(error, KeyboardInterrupt) and not isinstance(error, TimeUp):
                            raise
                        return False
                    return bool(problem) and kind_of(problem) == kind

                small = shrink(text, fails)
                report = check(small, "shrunk", seed) if small != text else report
            print(f"=== seed {seed}\n{small.replace(HEADER.strip(), '').strip()}\n--- {report.problem}\n", flush=True)
            if bad >= options.stop_after:
                break
        linecache.cache.clear()
    print(
        f"{seed - options.seed + 1} programs, {bad} mismatches, {sum(refused.values())} refused {dict(refused)}, {time.time() - started:.0f} s"
    )


if __name__ == "__main__":
    main()
