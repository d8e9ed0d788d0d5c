"""Compound statements and whole programs: everything nested in everything, jumps and `return` anywhere."""

from __future__ import annotations

from tests.language.random_programs.simple import Simple
from tests.language.random_programs.writer import Scope

__all__ = ["HEADER", "Generator"]

HEADER = """import logging
import warnings
from functools import partial
from itertools import chain, starmap

from tangentflow import after, parallel, sequential, workflow
from tests.corpus.library import bar, bump, tick, walk, walk_or_fall
from tests.corpus.steps import (
    Known, Odd, add, chained, contextual, divide, e, ev, f, fail, fail_if, g, h, half, ident, leave, less, make, none, o, odd, odd_error,
    p, pair, show, size, stop, table, total_of
)

"""

HANDLED = (
    "ValueError", "Known", "ZeroDivisionError", "ArithmeticError", "(KeyError, LookupError)", "(Known, SystemExit)", "SystemExit", "Odd",
    "NameError", "(ArithmeticError, (TypeError, LookupError))", "RuntimeError", "StopIteration", "AssertionError", "Exception", "Exception",
)  # fmt: skip


class Generator(Simple):
    """Writes one program; `large` makes it long."""

    def __init__(self, seed: int, large: bool = False) -> None:
        super().__init__(seed)
        self.large = large

    def program(self) -> str:
        """Return the text of a module whose last workflow is `main`."""
        for i in range(self.pick(0, 0, 1, 2)):
            self.function(f"_sub{i}", self.rng.randint(2, 6))
            self.subs.append(f"_sub{i}")
        if self.chance(0.15):
            self.function("_again", self.rng.randint(2, 5), again="_again")
            self.subs.append("_again")
        if self.chance(0.08):  # each calls the other
            self.function("_ping", self.rng.randint(2, 4), again="_pong")
            self.function("_pong", self.rng.randint(2, 4), again="_ping")
            self.subs.append(self.pick("_ping", "_pong"))
        self.function("main", self.rng.randint(12, 35) if self.large else self.rng.randint(3, 14))
        return HEADER + "\n".join(self.lines) + "\n"

    def function(self, name: str, budget: int, again: str = "") -> None:
        """Write a workflow; a recursive one calls `again`, itself or another one that calls it."""
        self.budget = budget
        self.counter = 0
        self.lines += ["", "@workflow", f"def {name}(n: int, m: int = 2):"]
        scope = Scope(ints=["m"] if again else ["n", "m"])
        if again:  # nothing else assigns n, so that the recursion ends
            self.put(1, f"if n <= {self.digit(1)}:")
            self.put(2, f"return (n, {self.value(scope, 1)})")
            self.block(scope, 1)
            self._recursion(scope, again)
        self.block(scope, 1, top=not again)
        if self.chance(0.95):
            self.put(1, f"return {self.result(scope)}")

    def _recursion(self, scope: Scope, again: str) -> None:
        calls = (
            f"{again}(n - 1)[-1]",
            f"{again}(n - 1, m=f({self.name(scope)}))[-1] + n",
            f"add({again}(n - 1)[-1], {again}(0)[-1])",
        )
        depth = 1
        if self.chance(0.4):
            self.put(1, "try:")
            depth = 2
        if self.chance(0.25):
            self.put(depth, f"{again}(n - 1)")
        else:
            self.put(depth, f"r = {self.pick(*calls)}")
            scope.maybe.append("r")
        if depth == 2:
            self.handlers_of(scope, scope.inner(), 1)
        elif "r" in scope.maybe:
            scope.bind("r")

    # --- blocks

    def block(self, scope: Scope, depth: int, top: bool = False) -> None:
        """Write some statements, at least one line."""
        before = len(self.lines)
        for _ in range(self.budget if top else self.rng.randint(1, 4)):
            if self.budget <= 0:
                break
            self.budget -= 1
            self.statement(scope, depth)
            last = self.lines[-1]
            ended = last.strip().split("(")[0].split(" ")[0] in ("break", "continue", "return", "raise")
            if ended and len(last) - len(last.lstrip()) == 4 * depth:
                break
        if len(self.lines) == before:
            self.put(depth, self.pick(f"e({self.glue(scope, 0)})", f"a = f({self.glue(scope, 0)})", "pass"))

    def statement(self, scope: Scope, depth: int) -> None:
        """Write one statement."""
        kinds = [
            (18, self.assign), (8, self.rebind), (5, self.augment), (8, self.effect), (4, self.dropped), (9, self.change),
            (12 if depth < 5 else 0, self.branch), (9 if depth < 4 else 0, self.for_loop), (6 if depth < 4 else 0, self.while_loop),
            (12 if depth < 5 else 0, self.attempt), (9 if self.tries else 1, self.risky), (4 if self.tries else 1, self.throw),
            (6 if self.handlers else 0, self.again), (6 if scope.errors else 0, self.caught), (7 if self.loops else 0, self.jump),
            (2 + 2 * bool(self.tries), self.leave), (5, self.collect), (4, self.new_list), (3, self.unpack), (3, self.read_only), (3, self.message),
            (2, self.delete), (1, self.check), (4 if self.subs else 0, self.call), (1, self.inner), (1, self.odd_receiver),
            (3 if depth < 5 else 0, self.match), (2 if depth < 5 else 0, self.ordered),
            (2, self.bound_step), (6, self.copy),
        ]  # fmt: skip
        self.rng.choices([kind for _, kind in kinds], [weight for weight, _ in kinds])[0](scope, depth)

    # --- branches

    def branch(self, scope: Scope, depth: int) -> None:
        """Write an `if`."""
        self.put(depth, f"if {self.test(scope, self.digit(2))}:")
        arms = [scope.inner()]
        self.block(arms[0], depth + 1)
        if self.chance(0.2):
            arms.append(scope.inner())
            self.put(depth, f"elif {self.test(scope, 1)}:")
            self.block(arms[-1], depth + 1)
        arms.append(scope.inner())
        if self.chance(0.5):
            self.put(depth, "else:")
            self.block(arms[-1], depth + 1)
        scope.merge(arms)

    def match(self, scope: Scope, depth: int) -> None:
        """Write a `match` over an int, a pair, a list or a dict. What a pattern captures is bound even if its guard says no."""
        kind = self.pick("int", "pair", "pair", "list", "dict")
        x = self.value(scope, 1)
        subject = {
            "int": x, "pair": self.pick(f"pair({x})", f"({x}, {self.name(scope)})"), "dict": f"table(({x}) % 4)",
            "list": self.pick(f"make(({x}) % 4)", *scope.lists, *scope.own),
        }[kind]  # fmt: skip
        self.put(depth, f"match {subject}:")
        arms, tried = [], scope.inner()
        for _ in range(self.rng.randint(1, 3)):
            pattern, names = self.pattern(kind, scope)
            arm = tried.inner()
            for name in names:
                arm.bind(name)
            guard = f" if {self.test(arm, self.digit(1))}" if self.chance(0.4) else ""
            self.put(depth + 1, f"case {pattern}{guard}:")
            tried.maybe += [n for n in dict.fromkeys([*names, *arm.maybe]) if n not in tried.ints + tried.maybe]
            self.block(arm, depth + 2)
            arms.append(arm)
        if self.chance(0.5):
            self.put(depth + 1, "case _:")
            self.block(tried, depth + 2)
        scope.merge([*arms, tried])

    def pattern(self, kind: str, scope: Scope) -> tuple[str, list[str]]:
        """Return a pattern for such a subject, and the names of ints that it captures."""
        a, b, low = self.fresh("p"), self.fresh("p"), self.digit(4)
        if self.free(scope) and self.chance(0.3):
            a = self.rng.choice(self.free(scope))
        ab, just_a, none = [a, b], [a], list[str]()
        found: tuple[str, list[str]] = self.rng.choice({
            "int": [(f"{low}", none), (f"{low} | {low + 2} as {a}", just_a), (f"int({a})", just_a), (f"int() as {a}", just_a), ("None | True", none)],
            "pair": [(f"{a}, {b}", ab), (f"[{low}, {a}]", just_a), (f"({a}, {low + 10})", just_a), (f"{a}, {low + 10} | {low + 11} as {b}", ab),
                     (f"{low}, _", none), (f"{a}, *_", just_a)],
            "list": [("[]", none), (f"[{a}]", just_a), (f"[{a}, *_, {b}]", ab), (f"[{low}, {a}] | [{a}, *_]", just_a), (f"[_, {low}, *_]", none)],
            "dict": [(f"{{'k{low}': {a}}}", just_a), (f"{{'k0': {a}, 'k1': {low}, **_r}}", just_a), ("{}", none), (f"{{'k1': {low}}}", none)],
        }[kind])  # fmt: skip
        if found[0] == "{}":
            return f"{{'k2': {a}}}", just_a
        return found

    # --- order

    def ordered(self, scope: Scope, depth: int) -> None:
        """Write a `with` that orders steps, or frees them."""
        self.put(
            depth,
            f"with {self.one_of(lambda: 'parallel()', lambda: 'parallel()', lambda: f'after({self.name(scope)})')}:",
        )
        self.block(scope, depth + 1)

    # --- try

    def attempt(self, scope: Scope, depth: int) -> None:
        """Write a `try`: any handlers, an `else`, a `finally`."""
        self.put(depth, "try:")
        body = scope.inner()
        self.tries += 1
        self.block(body, depth + 1)
        self.tries -= 1
        self.handlers_of(scope, body, depth)

    def handlers_of(self, scope: Scope, body: Scope, depth: int) -> None:
        """Write what follows the body of a `try`."""
        arms = [body]
        caught = self.rng.sample(HANDLED, self.pick(0, 1, 1, 1, 2, 2, 3))
        caught.sort(key=lambda name: name == "Exception")
        if caught and self.chance(0.12):
            caught[-1] = self.pick("", "BaseException")
        elif caught and self.chance(0.08):
            caught[0] = self.one_of(
                lambda: f"(Known if {self.plain_test(scope)} else KeyError)", lambda: f"(Known, ValueError)[{self.name(scope)} % 3]",
                lambda: self.name(scope),
            )  # fmt: skip
        reached = scope.reached(body)
        for name in caught:
            arms.append(self._handler(scope, reached.inner(), name, depth))
        if caught and self.chance(0.3):
            self.put(depth, "else:")
            self.block(body, depth + 1)
        if not caught or self.chance(0.3):
            self.put(depth, "finally:")
            last = reached.inner()
            for arm in arms[1:]:
                last = last.reached(arm)
            kept = self.loops, self.handlers, self.tries
            self.handlers = 0
            if self.chance(0.7):
                self.loops = []
            self.block(last, depth + 1)
            self.loops, self.handlers, self.tries = kept
            scope.merge(arms)
            scope.maybe += [n for n in [*last.ints, *last.maybe] if n not in scope.ints and n not in scope.maybe]
            for name in [name for name in scope.ints if name in last.maybe]:
                scope.ints.remove(name)
                scope.maybe.append(name)
            for names, left in ((scope.own, last.own), (scope.dicts, last.dicts), (scope.lists, last.lists)):
                names[:] = [
                    name for name in names if name in left or name in arms[0].own + arms[0].dicts + arms[0].lists
                ]
        else:
            scope.merge(arms)

    def _handler(self, scope: Scope, arm: Scope, name: str, depth: int) -> Scope:
        """Write one handler. Its variable may be a name of the program's, which is unbound after it."""
        variable = ""
        if name and self.chance(0.5):
            others = [other for other in self.free(arm) if other not in ("n", "m")]
            variable = self.rng.choice(others) if others and self.chance(0.12) else self.fresh("x")
        self.put(depth, f"except{' ' + name if name else ''}{' as ' + variable if variable else ''}:")
        if variable in arm.ints:
            arm.unbind(variable)
            arm.maybe.remove(variable)
        if variable:
            arm.errors.append(variable)
        kept, self.handlers = self.handlers, self.handlers + 1
        if variable and self.chance(0.4):
            self.caught(arm, depth + 1)
        self.block(arm, depth + 1)
        self.handlers = kept
        if variable in scope.ints and variable not in arm.maybe:
            arm.maybe.append(variable)
        return arm

    # --- loops

    def loop_body(self, scope: Scope, inner: Scope, depth: int, kind: str) -> None:
        """Write the body of a loop and perhaps its `else`."""
        self.loops.append(kind)
        self.block(inner, depth + 1)
        self.loops.pop()
        scope.merge([scope.inner(), inner])
        if self.chance(0.18):
            self.put(depth, "else:")
            last = scope.inner()
            self.block(last, depth + 1)
            scope.merge([scope.inner(), last])

    def for_loop(self, scope: Scope, depth: int) -> None:
        """Write a `for`."""
        i, items, inner = self.fresh("i"), self.items(scope), scope.inner()
        form = self.rng.random()
        target = i
        if form < 0.12:
            other = self.fresh("j")
            target, items = f"{other}, {i}", f"enumerate({items})"
            inner.ints.append(other)
        elif form < 0.2:
            other = self.fresh("j")
            target, items = f"{i}, {other}", f"zip({items}, make(3))"
            inner.ints.append(other)
        elif form < 0.32:
            items = f"sequential({items})"
        self.put(depth, f"for {target} in {items}:")
        inner.ints.append(i)
        self.loop_body(scope, inner, depth, "for")

    def while_loop(self, scope: Scope, depth: int) -> None:
        """Write a `while` with a counter that nothing else changes."""
        c = self.fresh("c")
        self.frozen.append(c)
        self.put(depth, f"{c} = 0")
        scope.bind(c)
        extra = self.one_of(str, str, lambda: f" and {self.test(scope)}")
        style = self.rng.random()
        if style < 0.65:
            self.put(depth, f"while {c} < {self.rng.randint(1, 3)}{extra}:")
        elif style < 0.8:
            self.put(depth, f"while f({c}) < {self.rng.randint(2, 4)}{extra}:")
        else:
            self.put(depth, "while True:")
            self.put(depth + 1, f"if {c} >= {self.rng.randint(1, 3)}:")
            self.put(depth + 2, "break")
        self.put(depth + 1, f"{c} = {self.pick(f'{c} + 1', f'{c} + 1', f'f({c})')}")
        self.loop_body(scope, scope.inner(), depth, "while")

    def jump(self, scope: Scope, depth: int) -> None:
        """Write `break`, `continue` or `return`, mostly under a condition."""
        if self.chance(0.75):
            self.put(depth, f"if {self.test(scope, self.digit(1))}:")
            depth += 1
        self.put(depth, self.one_of(lambda: "break", lambda: "continue", lambda: "continue", lambda: f"return {self.result(scope)}"))  # fmt: skip

    def leave(self, scope: Scope, depth: int) -> None:
        """Write a `return`."""
        if self.chance(0.85):
            self.put(depth, f"if {self.test(scope)}:")
            depth += 1
        self.put(depth, f"return {self.result(scope)}")
