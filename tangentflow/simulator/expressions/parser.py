"""Read an expression of Argo (the expr language) into a tree, by the precedence of its operators."""

from __future__ import annotations

import re
from functools import lru_cache

from tangentflow.simulator.expressions import tree
from tangentflow.simulator.expressions.functions import OVER_ITEMS
from tangentflow.simulator.expressions.lexer import ExpressionError, Token, locate, tokens

__all__ = ["BUILTINS", "parse"]

_NAMES = """
abs all any bitand bitnand bitnot bitor bitshl bitshr bitushr bitxor ceil concat count date duration filter find
findIndex findLast findLastIndex first flatten float floor fromBase64 fromJSON fromPairs get groupBy hasPrefix hasSuffix
indexOf int join keys last lastIndexOf len lower map max mean median min none now one reduce repeat replace reverse round
sort sortBy split splitAfter string sum take timezone toBase64 toJSON toPairs trim trimPrefix trimSuffix type uniq upper
values
"""
BUILTINS = frozenset(_NAMES.split())
"""Names of the functions that are part of the language itself."""

_UNARY = {"not": 50, "!": 50, "-": 90, "+": 90}
_BINARY = {
    **dict.fromkeys(("or", "||"), 10),
    **dict.fromkeys(("and", "&&"), 15),
    **dict.fromkeys(("==", "!=", "<", ">", "<=", ">=", "in", "matches", "contains", "startsWith", "endsWith"), 20),
    "..": 25,
    **dict.fromkeys(("+", "-"), 30),
    **dict.fromkeys(("*", "/", "%"), 60),
    **dict.fromkeys(("**", "^"), 100),
    "??": 500,
}
_COMPARE = frozenset(("<", ">", "<=", ">="))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.index = 0

    @property
    def current(self) -> Token:
        return self.tokens[self.index]

    def next(self) -> Token:
        token = self.current
        self.index = min(self.index + 1, len(self.tokens) - 1)
        return token

    def sees(self, kind: str, *values: str) -> bool:
        return self.current.kind == kind and (not values or self.current.value in values)

    def expect(self, kind: str, value: str) -> Token:
        if not self.sees(kind, value):
            raise self.unexpected()
        return self.next()

    def unexpected(self) -> ExpressionError:
        return locate(f"unexpected token {self.current}", self.text, self.current.at)

    def whole(self) -> tree.Node:
        node = self.expression(0)
        if not self.sees("EOF"):
            raise self.unexpected()
        return node

    def expression(self, precedence: int) -> tree.Node:
        if precedence == 0 and self.sees("Operator", "let"):
            return self.let()
        if precedence == 0 and self.sees("Operator", "if"):
            return self.if_else()
        left = self.primary()
        previous = ""
        while self.current.kind == "Operator":
            token, negated = self.current, False
            operator = token.value
            if operator == "not" and self.tokens[self.index + 1].value in (
                "in",
                "matches",
                "contains",
                "startsWith",
                "endsWith",
            ):
                operator, negated = self.tokens[self.index + 1].value, True
            level = _BINARY.get(operator)
            if operator == "|":
                raise locate("the pipe operator is not simulated", self.text, token.at)
            if level is None or level < precedence:
                break
            if previous == "??" and operator != "??":
                mixed = "and coalesce expressions (??) cannot be mixed. Wrap either by parentheses."
                raise locate(f"Operator ({operator}) {mixed}", self.text, token.at)
            self.next()
            if negated:
                self.next()
            right = self.expression(level if operator in ("**", "^") else level + 1)
            if operator in _COMPARE and previous in _COMPARE and isinstance(left, tree.Binary):
                # a < b < c is a < b && b < c
                last = left.right if left.operator == "&&" else left
                again = last.right if isinstance(last, tree.Binary) else last
                left = tree.Binary("&&", left, tree.Binary(operator, again, right, token.at), token.at)
            else:
                left = tree.Binary(operator, left, right, token.at)
            if negated:
                left = tree.Unary("not", left, token.at)
            previous = operator
        if precedence == 0:
            left = self.conditional(left)
        return left

    def conditional(self, test: tree.Node) -> tree.Node:
        while self.sees("Operator", "?"):
            at = self.next().at
            if self.sees("Operator", ":"):
                self.next()
                return tree.Conditional(test, test, self.expression(0), at)
            yes = self.expression(0)
            self.expect("Operator", ":")
            test = tree.Conditional(test, yes, self.expression(0), at)
        return test

    def let(self) -> tree.Node:
        at = self.next().at
        if not self.sees("Identifier"):
            raise self.unexpected()
        name = self.next().value
        self.expect("Operator", "=")
        value = self.expression(0)
        self.expect("Operator", ";")
        return tree.Let(name, value, self.expression(0), at)

    def if_else(self) -> tree.Node:
        at = self.next().at
        test = self.expression(0)
        parts: list[tree.Node] = []
        for word in ("", "else"):
            if word:
                self.expect("Operator", word)
                if self.sees("Operator", "if"):
                    return tree.Conditional(test, parts[0], self.if_else(), at)
            self.expect("Bracket", "{")
            parts.append(self.expression(0))
            self.expect("Bracket", "}")
        return tree.Conditional(test, parts[0], parts[1], at)

    def primary(self) -> tree.Node:
        token = self.current
        if token.kind == "Operator" and token.value in _UNARY:
            self.next()
            operand = self.expression(_UNARY[token.value])
            return self.postfix(tree.Unary(token.value, operand, token.at))
        if self.sees("Bracket", "("):
            self.next()
            node = self.expression(0)
            self.expect("Bracket", ")")
            return self.postfix(node)
        node = self.secondary()
        plain = isinstance(node, tree.Constant) and not isinstance(node.value, str)
        return node if plain else self.postfix(node)

    def secondary(self) -> tree.Node:
        token = self.current
        if token.kind == "Identifier":
            self.next()
            constant = {"true": True, "false": False, "nil": None}
            if token.value in constant:
                return tree.Constant(constant[token.value], token.at)
            if self.sees("Bracket", "("):
                if token.value in BUILTINS:
                    over_items = token.value in OVER_ITEMS
                    return tree.Builtin(token.value, self.arguments(over_items), token.at)
                return tree.Call(tree.Identifier(token.value, token.at), self.arguments(), token.at)
            return tree.Identifier(token.value, token.at)
        if token.kind == "Number":
            self.next()
            value = token.value
            if value.startswith("0x"):
                return tree.Constant(int(value, 16), token.at)
            return tree.Constant(float(value) if re.search(r"[.eE]", value) else int(value), token.at)
        if token.kind == "String":
            self.next()
            return tree.Constant(token.value, token.at)
        if self.sees("Operator", "#"):
            return tree.Pointer(self.next().at)
        if self.sees("Bracket", "["):
            self.next()
            return tree.Array(self.items("]"), token.at)
        if self.sees("Bracket", "{"):
            return self.mapping()
        raise self.unexpected()

    def items(self, end: str) -> tuple[tree.Node, ...]:
        found: list[tree.Node] = []
        while not self.sees("Bracket", end):
            if found:
                self.expect("Operator", ",")
                if self.sees("Bracket", end):
                    break
            found.append(self.expression(0))
        self.expect("Bracket", end)
        return tuple(found)

    def arguments(self, over_items: bool = False) -> tuple[tree.Node, ...]:
        self.expect("Bracket", "(")
        return self.over_items() if over_items else self.items(")")

    def over_items(self) -> tuple[tree.Node, ...]:
        """Return a list and what is evaluated for each of its items, which may stand in braces."""
        items = self.expression(0)
        self.expect("Operator", ",")
        braces = self.sees("Bracket", "{")
        if braces:
            self.next()
        each = self.expression(0)
        if braces:
            self.expect("Bracket", "}")
        self.expect("Bracket", ")")
        return items, each

    def mapping(self) -> tree.Node:
        at = self.next().at
        pairs: list[tuple[tree.Node, tree.Node]] = []
        while not self.sees("Bracket", "}"):
            if pairs:
                self.expect("Operator", ",")
            token = self.next()
            if token.kind not in ("Identifier", "String", "Number"):
                raise locate(f"unexpected token {token}", self.text, token.at)
            self.expect("Operator", ":")
            pairs.append((tree.Constant(token.value, token.at), self.expression(0)))
        self.next()
        return tree.Mapping(tuple(pairs), at)

    def postfix(self, node: tree.Node) -> tree.Node:
        while self.sees("Operator", ".", "?.") or self.sees("Bracket", "["):
            token = self.next()
            optional = token.value == "?."
            if token.value == "[" or (optional and self.sees("Bracket", "[")):
                if optional:
                    token = self.next()
                node = tree.Member(node, self.expression(0), optional, token.at)
                self.expect("Bracket", "]")
                if optional:
                    node = tree.Chain(node, token.at)
                continue
            name = self.next()
            if name.kind not in ("Identifier", "Operator") or not re.match(r"[A-Za-z_$]", name.value):
                raise locate("expected name", self.text, name.at)
            chained = optional or isinstance(node, tree.Chain)
            if isinstance(node, tree.Chain):
                node = node.node
            node = tree.Member(node, tree.Constant(name.value, name.at), optional, name.at)
            if self.sees("Bracket", "("):
                node = tree.Call(node, self.arguments(), name.at)
            if chained:
                node = tree.Chain(node, name.at)
        return node


@lru_cache(maxsize=4096)
def parse(text: str) -> tree.Node:
    """Return the tree of an expression.

    Raises:
        ExpressionError: where the text is not an expression.
    """
    return _Parser(text).whole()
