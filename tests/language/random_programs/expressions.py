"""Expressions: every form that gives an int, a truth value or items to go through, with steps at any depth."""

from __future__ import annotations

from tests.language.random_programs.writer import Scope, Writer

__all__ = ["Expressions"]


class Expressions(Writer):
    """Writes expressions; `depth` bounds how deep steps nest."""

    def name(self, scope: Scope) -> str:
        """Return a name to read: in a handler rather one that may be unbound, as that tells how far the body got."""
        if scope.maybe and self.chance(0.25 if self.handlers else 0.06):
            return self.rng.choice(scope.maybe)
        return self.rng.choice(scope.ints)

    def glue(self, scope: Scope, depth: int = 2) -> str:
        """Return an int without steps."""
        a = self.name(scope)
        r = self.rng.random()
        if depth <= 0 or r < 0.4:
            return a
        if r < 0.53:
            return str(self.digit())
        if r < 0.66:
            return f"({a} {self.pick('+', '-', '*')} {self.glue(scope, depth - 1)}) % 11"
        if r < 0.7 + 0.06 * bool(self.tries):
            return f"12 // ({a} - {self.digit(6)})"
        if r < 0.82 and scope.lists + scope.own:
            return f"len({self.rng.choice(scope.lists + scope.own)})"
        if r < 0.86:
            return f"{self.pick('max', 'min')}({a}, {self.glue(scope, depth - 1)})"
        if r < 0.9 and scope.lists + scope.own:
            return f"{self.rng.choice(scope.lists + scope.own)}[{self.rng.randint(-1, 1)}]"
        if r < 0.94 and scope.dicts:
            return f"{self.rng.choice(scope.dicts)}{self.pick(f'.get({a}, 1)', f'[{a}]')}"
        if r < 0.955 and scope.errors:
            return f"len({self.rng.choice(scope.errors)}.args)"
        if r < 0.97:
            return f"-{a}"
        if r < 0.98:
            return f"min(tick(), {self.digit()})"
        return f"({a} if {self.plain_test(scope)} else {self.glue(scope, depth - 1)})"

    def plain_test(self, scope: Scope) -> str:
        """Return a truth value without steps."""
        return f"{self.name(scope)} {self.pick('<', '>', '==', '!=')} {self.digit()}"

    def step(self, scope: Scope, depth: int = 2) -> str:
        """Return a step call that gives an int."""
        x = self.value(scope, depth - 1)
        r = self.rng.random()
        if r < 0.28:
            return f"f({x})"
        if r < 0.4:
            return f"g({x}, {self.pick('', 'y=')}{self.value(scope, depth - 2)})"
        if r < 0.53:
            return f"add({x}, {self.value(scope, depth - 2)})"
        if r < 0.59:
            return f"p({x})"
        if r < 0.62:
            return f"o({x})"
        if r < 0.67:
            return f"ident({x})"
        if r < 0.77:
            return f"fail_if({x} % 4, {self.digit(3)})"
        if r < 0.8:
            return f"divide(8, {x} % 5 - {self.digit(4)})"
        if r < 0.84:
            return f"half({x})"
        if r < 0.88 and scope.lists + scope.own:
            return f"{self.pick('size', 'total_of')}({self.rng.choice(scope.lists + scope.own)})"
        if r < 0.92 and self.subs:
            return f"{self.rng.choice(self.subs)}(({x}) % 4)[-1]"
        if r < 0.96:
            return f"bump({x})"
        return f"ev({x})"

    def value(self, scope: Scope, depth: int = 2) -> str:
        """Return an int."""
        r = self.rng.random()
        if depth <= 0 or r < 0.4:
            return self.glue(scope, min(depth, 1))
        if r < 0.78:
            return self.step(scope, depth)
        if r < 0.84:
            return (
                f"({self.value(scope, depth - 1)} if {self.test(scope, depth - 1)} else {self.value(scope, depth - 1)})"
            )
        if r < 0.86:
            return f"({self.value(scope, depth - 1)} {self.pick('and', 'or')} {self.value(scope, depth - 1)})"
        if r < 0.87:
            return self._text(scope, depth)
        if r < 0.88 and scope.lists:
            xs = self.rng.choice(scope.lists)
            return f"len(h(*{xs}, {self.value(scope, depth - 1)}, k={self.value(scope, depth - 1)}, **{{'z': 1}})[0])"
        if r < 0.93:
            new = self.fresh("w")
            text = f"({new} := {self.value(scope, depth - 1)})"
            scope.maybe.append(new)
            return text
        if r < 0.95:
            return self._reduced(scope, depth)
        return f"({self.value(scope, depth - 1)} {self.pick('+', '-')} {self.value(scope, depth - 1)})"

    def _text(self, scope: Scope, depth: int) -> str:
        parts = [self.value(scope, depth - 1) for _ in range(2)]
        if any("'" in part or "\\" in part for part in parts):  # before Python 3.12 quotes do not nest
            return parts[0]
        return f"len(f'{{{parts[0]}}} {{{parts[1]}:>3}} {{{self.name(scope)}!r}}')"

    def _reduced(self, scope: Scope, depth: int) -> str:
        """Return a number made of a generator expression that is consumed in place."""
        if self.chance(0.4):
            return self.pick(
                "sum({})", "max({}, default=0)", "next(iter([*{}, 3]))", "len(set({}))", "next({}, 2)"
            ).format(self.lazy(scope))
        return self.comprehended(
            scope,
            depth - 1,
            lambda element, rest: f"sum({element} {rest})",
            "max([0, *[{} {}]])",
            "min(({} {}), default=1)",
            "next(({} {}), 0)",
        )

    def lazy(self, scope: Scope) -> str:
        """Return a `map`, `filter` or generator expression: items that are computed one by one."""
        items, q = self.items(scope, 0), self.fresh("q")
        inner = scope.inner()
        inner.ints.append(q)
        inner.maybe = []
        x = self.name(inner)
        return self.one_of(
            lambda: f"map({self.pick('f', 'half', 'bump', 'abs')}, {items})", lambda: f"filter(odd, {items})",
            lambda: f"map(lambda {q}: add({q}, {x}), {items})", lambda: f"map(add, {items}, {self.items(scope, 0)})",
            lambda: f"map(g, filter(lambda {q}: less({q}, {x}), {items}))", lambda: f"({x} // ({q} - 3) for {q} in {items})",
            lambda: f"(f({q}) for {q} in {items} if {x} < 4)", lambda: f"map(partial(g, y={self.digit()}), {items})",
            lambda: f"chain({items}, map({self.pick('f', 'bump')}, {self.items(scope, 0)}))",
            lambda: f"starmap({self.pick('add', 'less')}, zip({items}, {self.items(scope, 0)}, strict=True))",
            lambda: f"(add({q}, {q}2) for {q}, {q}2 in zip({items}, {self.items(scope, 0)}, strict={self.pick('True', 'False')}))",
        )  # fmt: skip

    def comprehended(self, scope: Scope, depth: int, *forms: object) -> str:
        """Return a comprehension in one of the forms, which take the element and the `for` part."""
        q = self.fresh("q")
        items = self.items(scope, 0)
        inner = scope.inner()
        inner.ints.append(q)
        inner.maybe = []  # in a comprehension, a name that may be unbound is refused
        element = self.step(inner, depth)
        where = f" if {self.test(inner, self.digit(1))}" if self.chance(0.35) else ""
        rest = f"for {q} in {items}{where}"
        if self.chance(0.15):
            q2 = self.fresh("q")
            rest += f" for {q2} in range({q} % 3)"
            element = f"add({q2}, {element})"
        scope.maybe += [name for name in inner.maybe if name not in scope.maybe]
        form = self.rng.choice(forms)
        return str(form(element, rest) if callable(form) else str(form).format(element, rest))

    def test(self, scope: Scope, depth: int = 1) -> str:
        """Return a truth value."""
        r = self.rng.random()
        a = self.value(scope, depth)
        if r < 0.48:
            return f"{a} {self.pick('<', '>', '==', '!=')} {self.digit(6)}"
        if r < 0.58:
            return f"({a}) % 2"
        if r < 0.68:
            return f"odd({a})"
        if r < 0.75:
            return f"{self.digit(3)} < {a} <= {self.value(scope, depth - 1)}"
        if r < 0.83:
            return f"({a} > 2 {self.pick('and', 'or')} {self.value(scope, depth - 1)} < 4)"
        if r < 0.87:
            return f"not ({a})"
        if r < 0.91 and scope.lists:
            xs = self.rng.choice(scope.lists)
            return self.pick(f"any(odd(q) for q in {xs})", f"all(less(q, 3) for q in {xs})", f"{a} in {xs}")
        if r < 0.93 and scope.lists:
            xs = self.rng.choice(scope.lists)
            return self.pick(
                f"{a} in [f(q) for q in {xs}]",
                f"{a} in map(f, {xs})",
                f"any(map(odd, {xs}))",
                f"all(filter(odd, {xs}))",
            )
        if r < 0.95 and scope.own + scope.lists:
            return f"{self.rng.choice(scope.own + scope.lists)}"
        if r < 0.97 and scope.errors:
            return f"isinstance({self.rng.choice(scope.errors)}, {self.pick('Known', 'KeyError', 'ArithmeticError')})"
        return f"less({a}, {self.glue(scope, 0)})"

    def items(self, scope: Scope, depth: int = 1) -> str:
        """Return what a loop goes through."""
        r = self.rng.random()
        if depth and r < 0.02:
            return self.lazy(scope)
        if r < 0.04 and scope.lists:
            return f"{self.pick('walk', 'walk_or_fall', 'bar')}({self.rng.choice(scope.lists)})"
        if r < 0.05:
            return f"table(({self.glue(scope, 1)}) % 3).values()"
        if r < 0.32:
            return f"range({self.pick('3', '2', '(' + self.glue(scope, 1) + ') % 4')})"
        if r < 0.45:
            return f"make(({self.value(scope, depth)}) % 4)"
        if r < 0.62 and scope.lists:
            return self.rng.choice(scope.lists)
        if r < 0.72:
            return f"[{self.value(scope, depth)}, {self.value(scope, depth)}]"
        if r < 0.82 and scope.own:
            return f"{self.pick('list', 'sorted')}({self.rng.choice(scope.own)})"
        if r < 0.86 and scope.dicts:
            return f"list({self.rng.choice(scope.dicts)})"
        return f"range({self.rng.randint(1, 4)})"
