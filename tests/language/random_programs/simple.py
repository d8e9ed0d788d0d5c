"""Simple statements: assignments of every shape, changes of lists and dicts, calls whose result is dropped, messages, `raise`."""

from __future__ import annotations

from tests.language.random_programs.expressions import Expressions
from tests.language.random_programs.writer import Scope

__all__ = ["Simple"]


class Simple(Expressions):
    """Writes statements of one line."""

    def free(self, scope: Scope) -> list[str]:
        """Return the ints that may be bound anew: not the counters of loops."""
        return [name for name in scope.ints if name not in self.frozen]

    def result(self, scope: Scope) -> str:
        """Return what the workflow gives: a tuple that ends with an int."""
        names = [*scope.ints, *scope.lists, *scope.own, *scope.dicts]
        if scope.maybe and self.chance(0.15):
            names.append(self.rng.choice(scope.maybe))
        chosen = self.rng.sample(names, min(len(names), self.rng.randint(1, 6)))
        return f"({', '.join(chosen)}, {self.value(scope, 1)})"

    def assign(self, scope: Scope, depth: int) -> None:
        """Write an assignment to a name, mostly a new one."""
        value = self.value(scope, 2)
        others = self.free(scope)
        name = self.rng.choice(others) if others and self.chance(0.3) else self.fresh("a")
        self.put(depth, f"{name}{': int' if self.chance(0.04) else ''} = {value}")
        scope.bind(name)
        scope.fresh = [other for other in scope.fresh if other != name]

    def rebind(self, scope: Scope, depth: int) -> None:
        """Write an assignment to a name that is bound, so that loops carry it and handlers see how far the body got."""
        names = self.free(scope)
        if not names:
            return self.assign(scope, depth)
        name = self.rng.choice(names)
        values = (f"{name} + {self.value(scope, 1)}", self.step(scope, 2), f"add({name}, {self.value(scope, 1)})")
        self.put(depth, f"{name} = {self.pick(*values)}")

    def copy(self, scope: Scope, depth: int) -> None:
        """Write an assignment that cannot raise, over a name that is bound: it counts only where the name is read."""
        names = self.free(scope)
        if not names:
            return self.assign(scope, depth)
        name = self.rng.choice(names)
        self.put(
            depth, f"{name} = {self.pick(self.rng.choice(scope.ints), self.rng.choice(scope.ints), str(self.digit()))}"
        )
        scope.fresh = [other for other in scope.fresh if other != name]

    def augment(self, scope: Scope, depth: int) -> None:
        """Write `+=` and its like."""
        if not scope.fresh:
            name = self.fresh("t")
            self.put(depth, f"{name} = {self.digit(3)}")
            scope.bind(name)
            scope.fresh.append(name)
            return
        name = self.rng.choice(scope.fresh)
        self.put(depth, f"{name} {self.pick('+=', '+=', '-=', '*=')} {self.value(scope, 2)}")

    def bound_step(self, scope: Scope, depth: int) -> None:
        """Bind arguments to a step, then call it."""
        name, result = self.fresh("b"), self.fresh("a")
        step = self.pick("add", "g", "divide", "fail_if")
        self.put(depth, f"{name} = partial({step}, {self.value(scope, 1)})")
        if self.chance(0.5):
            self.assign(scope, depth)
        call = self.pick(f"{name}({self.value(scope, 1)})", f"sum(map({name}, {self.items(scope, 0)}))")
        self.put(depth, f"{result} = {call}")
        scope.bind(result)

    def effect(self, scope: Scope, depth: int) -> None:
        """Write a call that is an effect."""
        after = [f"after={self.name(scope)}"] if self.chance(0.05) else []
        self.put(depth, f"e({', '.join([*[self.value(scope, 1) for _ in range(self.digit(2))], *after])})")

    def dropped(self, scope: Scope, depth: int) -> None:
        """Write a call whose result is dropped."""
        self.put(depth, self.one_of(
            lambda: f"f({self.value(scope, 1)})", lambda: f"_ = g({self.value(scope, 1)})", lambda: f"none({self.glue(scope)})",
            lambda: f"p({self.glue(scope)})", lambda: f"fail_if({self.glue(scope, 0)} % 4, {self.digit(3)})", lambda: f"o({self.glue(scope)})",
        ))  # fmt: skip

    def risky(self, scope: Scope, depth: int) -> None:
        """Write something that probably raises."""
        x = self.name(scope)
        self.put(depth, self.one_of(
            lambda: f"fail_if({self.value(scope, 1)} % 3, {self.digit(2)})", lambda: f"fail({x})", lambda: f"odd_error({x})",
            lambda: f"leave({x})", lambda: f"stop({x})", lambda: f"chained({x})", lambda: f"contextual({x})",
            lambda: f"e(12 // ({x} - {self.digit(3)}))", lambda: f"e(bump(None if {self.plain_test(scope)} else {x}))",
            lambda: f"assert {self.test(scope)}, {self.value(scope, 1)}", lambda: f"f({{}}[{x}])", lambda: f"_ = next(iter(make({x} % 2)))",
        ))  # fmt: skip

    def throw(self, scope: Scope, depth: int) -> None:
        """Write a `raise`, mostly under a condition."""
        if self.chance(0.8):
            self.put(depth, f"if {self.test(scope)}:")
            depth += 1
        what = self.pick(
            "Known({})", "Known({})", "KeyError({}, 'k')", "ZeroDivisionError", "SystemExit({})", "Odd({}, hint='h')"
        )
        text = "raise " + what.format(self.value(scope, 1))
        if scope.errors and self.chance(0.5):
            error = self.rng.choice(scope.errors)
            text = self.pick(f"raise {error}", f"{text} from {error}", f"{text} from None")
        elif self.chance(0.15):
            text += " from ValueError(1)"
        self.put(depth, text)

    def again(self, scope: Scope, depth: int) -> None:
        """Write a bare `raise` in a handler."""
        if self.chance(0.6):
            self.put(depth, f"if {self.test(scope)}:")
            depth += 1
        self.put(depth, "raise")

    def caught(self, scope: Scope, depth: int) -> None:
        """Use the exception of a handler."""
        error = self.rng.choice(scope.errors)
        self.put(depth, self.pick(
            f"e(type({error}).__name__, {error}.args)", f"print({error})", f"e({error})", f"e(str({error}))", f"del {error}", f"none({error}.args)",
            f"{self.fresh('kept')} = {error}",
        ))  # fmt: skip
        if self.lines[-1].strip() == f"del {error}":
            scope.errors.remove(error)

    def new_list(self, scope: Scope, depth: int) -> None:
        """Write a list or dict that the workflow may change."""
        if self.chance(0.7):
            name = self.fresh("out")
            self.put(depth, f"{name} = []")
            scope.own.append(name)
        else:
            name = self.fresh("d")
            self.put(depth, f"{name} = {{}}")
            scope.dicts.append(name)

    def change(self, scope: Scope, depth: int) -> None:
        """Change a list or dict in place."""
        if scope.own and self.chance(0.65):
            name = self.rng.choice(scope.own)
            self.put(depth, self.one_of(
                lambda: f"{name}.append({self.value(scope, 2)})", lambda: f"{name}.append({self.step(scope, 1)})",
                lambda: f"{name}.append({self.step(scope, 1)})", lambda: f"{name}.extend(make(({self.value(scope, 1)}) % 3))",
                lambda: f"{name}[{self.rng.randint(-1, 0)}] = {self.value(scope, 1)}", lambda: f"{name} += [{self.value(scope, 1)}]",
                lambda: f"{name}[{self.rng.randint(-1, 0)}] += {self.value(scope, 1)}", lambda: f"{name}.insert(0, {self.value(scope, 1)})",
                lambda: f"del {name}[0]", lambda: f"{name}[:1] = make(2)", lambda: f"{name}.remove({self.glue(scope)})",
                lambda: f"{name}.sort()", lambda: f"{name}.clear()",
            ))  # fmt: skip
        elif scope.dicts:
            name = self.rng.choice(scope.dicts)
            self.put(depth, self.one_of(
                lambda: f"{name}[{self.value(scope, 1)}] = {self.value(scope, 1)}", lambda: f"{name}[{self.glue(scope, 0)}] = {self.step(scope, 1)}",
                lambda: f"{name}[{self.glue(scope, 0)}] += {self.value(scope, 1)}", lambda: f"{name}.update({{{self.value(scope, 1)}: {self.step(scope, 1)}}})",
                lambda: f"{name}.pop({self.glue(scope)}, 0)", lambda: f"del {name}[{self.value(scope, 1)}]",
                lambda: f"{name}.setdefault({self.glue(scope)}, {self.value(scope, 1)})",
                lambda: f"{name} = {{**{name}, {self.value(scope, 1)}: {self.value(scope, 1)}}}",
                lambda: f"{name} = {{k: {self.step(scope, 1)} for k, v in {name}.items()}}",
            ))  # fmt: skip
        else:
            self.new_list(scope, depth)

    def collect(self, scope: Scope, depth: int) -> None:
        """Write a list that comes from a comprehension."""
        name = self.fresh("xs")
        forms = (
            "[{} {}]", "[{} {}]", "[{} {}]", "sorted({} {})", "sorted({{{} {}}})", "list(reversed([{} {}]))",
            "[any({} > 4 {})]", "[all({} < 4 {})]", "[sum({} {})]", "list(tuple({} {}))", "list({{0: {} {}}}.values())",
        )  # fmt: skip
        self.put(depth, f"{name} = {self.comprehended(scope, self.rng.randint(1, 2), *forms)}")
        scope.lists.append(name)

    def read_only(self, scope: Scope, depth: int) -> None:
        """Write a list that is not changed, made of an older one."""
        if scope.lists and self.chance(0.6):
            name = self.rng.choice(scope.lists)
            self.put(depth, self.one_of(
                lambda: f"{name} = [*{name}, {self.value(scope, 2)}][-3:]", lambda: f"{name} = {name}[1:] + make(({self.value(scope, 1)}) % 3)",
                lambda: f"{name} = [{self.value(scope, 1)} for _ in {name}]", lambda: f"{name} = [v for _, v in enumerate({name}) if v != {self.glue(scope)}]"
                if self.chance(0.5) else f"{name} = [a + b for a, b in zip({name}, make(2))]",
            ))  # fmt: skip
        else:
            name = self.fresh("xs")
            self.put(depth, f"{name} = {self.one_of(lambda: 'make(3)', lambda: f'[{self.value(scope, 1)}, {self.value(scope, 1)}]', lambda: '[]')}")  # fmt: skip
            scope.lists.append(name)

    def unpack(self, scope: Scope, depth: int) -> None:
        """Write an assignment to several targets."""
        a, b = self.fresh("a"), self.fresh("b")
        others = self.free(scope)
        self.put(depth, self.one_of(
            lambda: f"{a}, {b} = pair({self.value(scope, 1)})", lambda: f"{a}, {b} = {self.value(scope, 1)}, {self.value(scope, 1)}",
            lambda: f"({a}, {b}), *_ = [pair({self.value(scope, 1)}), {self.step(scope, 1)}]", lambda: f"{a} = {b} = {self.value(scope, 2)}",
            lambda: f"{a}, *{self.fresh('rest')}, {b} = make({self.glue(scope)} % 4)", lambda: f"[{a}, ({b}, _)] = {self.value(scope, 1)}, pair({self.value(scope, 1)})",
        ))  # fmt: skip
        scope.bind(a)
        scope.bind(b)
        if len(others) > 1 and self.chance(0.3):
            a, b = self.rng.sample(others, 2)
            self.put(depth, f"{a}, {b} = {b}, {self.value(scope, 2)}")
            scope.fresh = [name for name in scope.fresh if name not in (a, b)]

    def message(self, scope: Scope, depth: int) -> None:
        """Write a message."""
        self.put(depth, self.one_of(
            lambda: f"print({self.digit(9)}, {self.value(scope, 1)})", lambda: f"print({self.glue(scope, 1)})",
            lambda: f"logging.getLogger('x').warning('%s', {self.value(scope, 1)})", lambda: f"warnings.warn(str({self.glue(scope, 1)}))",
        ))  # fmt: skip

    def delete(self, scope: Scope, depth: int) -> None:
        """Unbind a name."""
        names = [name for name in self.free(scope) if name not in ("n", "m")]
        if not names:
            return self.assign(scope, depth)
        name = self.rng.choice(names)
        self.put(depth, f"del {name}")
        scope.unbind(name)

    def check(self, scope: Scope, depth: int) -> None:
        """Write an `assert`."""
        self.put(depth, f"assert {self.test(scope)}" + (f", {self.value(scope, 1)}" if self.chance(0.3) else ""))

    def call(self, scope: Scope, depth: int) -> None:
        """Call a sub-workflow."""
        sub = self.rng.choice(self.subs)
        argument = f"({self.value(scope, 1)}) % 4"
        if self.chance(0.4):
            self.put(depth, f"{sub}({argument})")
        else:
            name = self.fresh("s")
            self.put(depth, f"{name} = {sub}({argument}{self.pick('', ', m=' + self.value(scope, 1))})[-1]")
            scope.bind(name)

    def inner(self, scope: Scope, depth: int) -> None:
        """Write an inner function and call it."""
        name, result, captured = self.fresh("fn"), self.fresh("r"), self.fresh("c")
        self.put(depth, f"{captured} = {self.value(scope, 1)}")
        if self.chance(0.5):
            self.put(depth, f"{name} = lambda v: v + {captured}")
        else:
            self.put(depth, f"def {name}(v):")
            self.put(depth + 1, f"return v * {captured}")
        self.put(depth, f"{result} = {name}({self.value(scope, 1)})")
        scope.bind(result)

    def odd_receiver(self, scope: Scope, depth: int) -> None:
        """Write an operation on what it may not fit."""
        name = self.fresh("z")
        self.put(depth, f"{name} = {self.pick('none()', f'none({self.glue(scope)})', '[]', 'make(2)')}")
        self.put(depth, self.one_of(
            lambda: f"{name} = {name}.count({self.value(scope, 1)})", lambda: f"{name} = {name}[{self.value(scope, 1)}]",
            lambda: f"{name} = sum({name}, {self.value(scope, 1)})", lambda: f"{name} = no_such_function({self.value(scope, 1)}) if {name} else {self.value(scope, 1)}",
        ))  # fmt: skip
        scope.bind(name)
