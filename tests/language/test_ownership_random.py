"""What the ownership analysis accepts means the same if every name holds a copy of its own.

Random programs are run twice: as they are, and with each read of a name replaced by a deep copy of its value. They may differ
only where the analysis refuses.
"""

from __future__ import annotations

import copy
import random

import gast
import pytest

from tests.language.test_ownership import analyse

NAMES = "abcd"


class Copied(gast.NodeTransformer):
    """Replaces every read of a variable by a copy, but for the value that a statement changes."""

    def visit_Name(self, node):
        if isinstance(node.ctx, gast.Load) and node.id in NAMES + "vw":
            return gast.parse(f"COPY({node.id})", mode="eval").body
        return node

    def visit_Lambda(self, node):
        """A function holds copies of what it captures."""
        return gast.parse(f"(lambda held: lambda: held)(COPY({node.body.id}))", mode="eval").body

    def place(self, node):
        """Visit what is changed: its root stays."""
        if isinstance(node, gast.Subscript):
            node.value, node.slice = self.place(node.value), self.visit(node.slice)
        elif isinstance(node, gast.Call):
            node.func.value = self.place(node.func.value)
            node.args = [self.visit(a) for a in node.args]
        return node

    def visit_Subscript(self, node):
        return self.place(node) if not isinstance(node.ctx, gast.Load) else self.generic_visit(node)

    def visit_Call(self, node):
        if isinstance(node.func, gast.Attribute) and node.func.attr in (
            "append",
            "pop",
            "setdefault",
            "extend",
            "insert",
            "update",
        ):
            return self.place(node)
        return self.generic_visit(node)


class Programs:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def name(self):
        return self.random.choice(NAMES)

    def expression(self):
        x, y = self.name(), self.name()
        return self.random.choice(
            [
                "[]", "[1]", "[[1], [2]]", "7", x, x, f"[{x}]", f"[{x}, {y}]", f"{x} + {y}", f"list({x})", f"{x}[0]", f"{x}[-1]",
                f"{x}[:1]", f"{x} or {y}", f"({x} if {y} else [])", f"[v for v in {x}]", f"[[v] for v in {x}]", f"[*{x}, {y}]",
                f"{x}.pop()", f"{x}.copy()", f"len({x})", f"({x}, {y})", "[[]] * 2", f"sorted({x}, key=repr)", f"max({x}, {y}, key=repr)",
                f"same({x})", f"pair({x}, {y})", f"fresh({x})", f"dict(k={x})", f"{x}.setdefault(0, [])", f"({x} := {y})",
                f"{{0: {x}}}", f"{x}.get(0)", f"list({x}.values())", f"list(enumerate({x}))", f"next(iter({x}))",
                f"opaque_array({x})", f"opaque_array({x})", "f()", "f()", f"(lambda: {x})()", f"[{x}, f()]", f"max({x}, default={y})",
                f"dict({x}, k={y})", f"{x}.pop(0, {y})",
            ]
        )  # fmt: skip

    def statement(self, depth):
        x, y, e = self.name(), self.name(), self.expression()
        simple = [
            f"{x} = {e}", f"{x} = {e}", f"{x} = {e}", f"{x}.append({e})", f"{x}.append({e})", f"{x}[0].append({e})", f"{x}[0] = {e}",
            f"{x} += {e}", f"{x} += [{y}]", f"{x}, {y} = {y}, {x}", f"{x}.extend({e})", f"log.append(repr({x}))", f"{x} = {y} = {e}",
            f"{x}, {y} = {e}", f"{x}.setdefault(0, []).append({e})", f"{x}[0][0] = {e}", f"del {x}[0]", f"{x}[0] += {e}",
            f"{x}, *{y} = {e}", f"{x}.insert(0, {e})", f"f = lambda: {x}", f"f = lambda: {x}", f"{x}.update(k={e})",
        ]  # fmt: skip
        if depth and self.random.random() < 0.35:
            body = self.block(depth - 1)
            kind = self.random.choice(["if", "for", "for", "else", "while"])
            if kind == "if":
                return [f"if {x}:", *body]
            if kind == "for":
                return [
                    f"for {self.random.choice('vwa')} in {y}:",
                    *body,
                    *self.random.choice([[], ["    if a: break"]]),
                ]
            if kind == "while":
                return ["n = 0", "while n < 2:", "    n = n + 1", *body]
            return [f"if {x}:", *body, "else:", *self.block(depth - 1)]
        return [self.random.choice(simple)]

    def block(self, depth):
        return ["    tick()"] + [
            f"    {line}" for _ in range(self.random.randint(1, 3)) for line in self.statement(depth)
        ]

    def program(self):
        """Return a program that raises nothing: statements that do are left out."""
        lines = [f"{name} = {self.random.choice(['[]', '[[1]]', '[[1], [2]]', '[1, 2]', '{}'])}" for name in NAMES] + [
            "f = lambda: a"
        ]
        for _ in range(self.random.randint(4, 9)):
            more = self.statement(2)
            if not isinstance(outcome(self.text([*lines, *more], NAMES), False), str):
                lines += more
        return self.text(lines, self.random.sample(NAMES, self.random.randint(1, 3)))

    def text(self, lines, result):
        return "\n    ".join(["def f():", "log = []", *lines, f"return log, {', '.join(result)}"])


def same(x):
    return x


def pair(x, y):
    return [x, [y]]


def fresh(x):
    return [len(repr(x))]


def outcome(text, copies):
    tree = gast.parse(text)
    if copies:
        tree = gast.fix_missing_locations(Copied().visit(tree))
    count = [0]

    def tick():
        count[0] += 1
        if count[0] > 12:
            raise OverflowError

    space = {"COPY": copy.deepcopy, "same": same, "opaque_array": same, "pair": pair, "fresh": fresh, "tick": tick}
    code = compile(gast.gast_to_ast(tree), "f.py", "exec")
    try:
        exec(code, space)
        return [repr(space["f"]())]
    except Exception as error:
        return type(error).__name__


@pytest.mark.parametrize("start", range(0, 80, 40))
def test_accepted_programs_mean_the_same_with_copies(start):
    accepted = differing = 0
    for seed in range(start, start + 40):
        text = Programs(seed).program()
        plain, copied = outcome(text, False), outcome(text, True)
        offences, _ = analyse(text)
        accepted += not offences
        differing += plain != copied
        assert offences or plain == copied, f"seed {seed}\n{text}\n{plain}\n{copied}"
    assert accepted > 5 and differing > 5
