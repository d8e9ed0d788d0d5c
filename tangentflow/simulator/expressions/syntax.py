"""Read an expression of Argo (the expr language) into a tree: lexer, operator precedence, positions for messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

__all__ = [
    "Array",
    "Binary",
    "Builtin",
    "Call",
    "Chain",
    "Conditional",
    "Constant",
    "ExpressionError",
    "Identifier",
    "Let",
    "Mapping",
    "Member",
    "Node",
    "Unary",
    "children",
    "locate",
    "parse",
    "walk",
]

BUILTINS = frozenset(
    [
        "abs",
        "all",
        "any",
        "bitand",
        "bitnand",
        "bitnot",
        "bitor",
        "bitshl",
        "bitshr",
        "bitushr",
        "bitxor",
        "ceil",
        "concat",
        "count",
        "date",
        "duration",
        "filter",
        "find",
        "findIndex",
        "findLast",
        "findLastIndex",
        "first",
        "flatten",
        "float",
        "floor",
        "fromBase64",
        "fromJSON",
        "fromPairs",
        "get",
        "groupBy",
        "hasPrefix",
        "hasSuffix",
        "indexOf",
        "int",
        "join",
        "keys",
        "last",
        "lastIndexOf",
        "len",
        "lower",
        "map",
        "max",
        "mean",
        "median",
        "min",
        "none",
        "now",
        "one",
        "reduce",
        "repeat",
        "replace",
        "reverse",
        "round",
        "sort",
        "sortBy",
        "split",
        "splitAfter",
        "string",
        "sum",
        "take",
        "timezone",
        "toBase64",
        "toJSON",
        "toPairs",
        "trim",
        "trimPrefix",
        "trimSuffix",
        "type",
        "uniq",
        "upper",
        "values",
    ]
)
"""Names of the functions that are part of the language itself."""

_WORD_OPERATORS = frozenset(
    ["not", "in", "and", "or", "matches", "contains", "startsWith", "endsWith", "let", "if", "else"]
)
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
_COMPARE = frozenset(("==", "!=", "<", ">", "<=", ">="))
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<number>0x[0-9a-fA-F]+|(?:\d+\.(?!\.)\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)
    |(?P<word>[A-Za-z_$][A-Za-z0-9_$]*)
    |(?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`[^`]*`)
    |(?P<bracket>[()\[\]{}])
    |(?P<operator>\?\.|\?\?|\*\*|\.\.|==|!=|<=|>=|&&|\|\||[-+*/%^<>!?:,.;|\#=])
    """,
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class ExpressionError(Exception):
    """A syntax error, an unknown name or a failing operation; the text is the engine's own, position included."""


@dataclass(frozen=True)
class Constant:
    """A literal: None, bool, int, float or str."""

    value: object
    at: int


@dataclass(frozen=True)
class Identifier:
    """A name of the environment, or one that `let` binds."""

    name: str
    at: int


@dataclass(frozen=True)
class Member:
    """`node.name`, `node['name']`, `node[0]`; optional with `?.`."""

    node: Node
    key: Node
    optional: bool
    at: int


@dataclass(frozen=True)
class Chain:
    """A run of members with a `?.` in it: as a whole it is nil as soon as one link is."""

    node: Node
    at: int


@dataclass(frozen=True)
class Call:
    """A call of a function that the environment provides."""

    callee: Node
    arguments: tuple[Node, ...]
    at: int


@dataclass(frozen=True)
class Builtin:
    """A call of a function of the language itself."""

    name: str
    arguments: tuple[Node, ...]
    at: int


@dataclass(frozen=True)
class Unary:
    """`not x`, `!x`, `-x`, `+x`."""

    operator: str
    operand: Node
    at: int


@dataclass(frozen=True)
class Binary:
    """Two operands and an operator, word operators included."""

    operator: str
    left: Node
    right: Node
    at: int


@dataclass(frozen=True)
class Conditional:
    """`test ? yes : no`."""

    test: Node
    yes: Node
    no: Node
    at: int


@dataclass(frozen=True)
class Array:
    """`[a, b]`."""

    items: tuple[Node, ...]
    at: int


@dataclass(frozen=True)
class Mapping:
    """`{a: b}`."""

    items: tuple[tuple[Node, Node], ...]
    at: int


@dataclass(frozen=True)
class Let:
    """`let name = value; body`."""

    name: str
    value: Node
    body: Node
    at: int


Node = Union[
    Constant, Identifier, Member, Chain, Call, Builtin, Unary, Binary, Conditional, Array, Mapping, Let
]  # fmt: skip


def children(node: Node) -> tuple[Node, ...]:
    """Return the direct operands of a node, in the order of the text."""
    if isinstance(node, Member):
        return node.node, node.key
    if isinstance(node, Chain):
        return (node.node,)
    if isinstance(node, Call):
        return (node.callee, *node.arguments)
    if isinstance(node, Builtin):
        return node.arguments
    if isinstance(node, Unary):
        return (node.operand,)
    if isinstance(node, Binary):
        return node.left, node.right
    if isinstance(node, Conditional):
        return node.test, node.yes, node.no
    if isinstance(node, Array):
        return node.items
    if isinstance(node, Mapping):
        return tuple(part for pair in node.items for part in pair)
    if isinstance(node, Let):
        return node.value, node.body
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield every node below and including `node`, operands first."""
    for child in children(node):
        yield from walk(child)
    yield node


def locate(message: str, text: str, at: int) -> ExpressionError:
    """Return an error with the position and the excerpt that the engine prints."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)].replace("\t", " ")
    column = at - start
    return ExpressionError(
        f"{message} ({text.count(chr(10), 0, at) + 1}:{column + 1})\n | {line}\n | {'.' * column}^"
    )  # fmt: skip


@dataclass(frozen=True)
class _Token:
    kind: str
    value: str
    at: int

    def __str__(self) -> str:
        return f'{self.kind}("{self.value}")' if self.value else self.kind


def _lex(text: str) -> list[_Token]:
    tokens, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise locate(f"unrecognized character: U+{ord(text[at]):04X} '{text[at]}'", text, at)
        kind, value = str(match.lastgroup), match.group()
        if kind == "word":
            tokens.append(_Token("Operator" if value in _WORD_OPERATORS else "Identifier", value, at))
        elif kind == "string":
            tokens.append(_Token("String", _unquote(value, text, at), at))
        elif kind != "space":
            tokens.append(_Token(kind.capitalize(), value, at))
        at = match.end()
    tokens.append(_Token("EOF", "", max(len(text) - 1, 0)))
    return tokens


def _unquote(literal: str, text: str, at: int) -> str:
    body = literal[1:-1]
    if literal[0] == "`":
        return body

    def replace(match: re.Match[str]) -> str:
        code = match.group(1)
        if code[0] in "xuU":
            return chr(int(code[1:], 16))
        if code in "\\'\"`":
            return code
        if code in _ESCAPES:
            return _ESCAPES[code]
        raise locate("invalid syntax: unable to unescape string", text, at)

    return re.sub(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", replace, body)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _lex(text)
        self.index = 0

    @property
    def current(self) -> _Token:
        return self.tokens[self.index]

    def next(self) -> _Token:
        token = self.current
        self.index = min(self.index + 1, len(self.tokens) - 1)
        return token

    def sees(self, kind: str, *values: str) -> bool:
        return self.current.kind == kind and (not values or self.current.value in values)

    def expect(self, kind: str, value: str) -> _Token:
        if not self.sees(kind, value):
            raise self.unexpected()
        return self.next()

    def unexpected(self) -> ExpressionError:
        return locate(f"unexpected token {self.current}", self.text, self.current.at)

    def whole(self) -> Node:
        node = self.expression(0)
        if not self.sees("EOF"):
            raise self.unexpected()
        return node

    def expression(self, precedence: int) -> Node:
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
                raise locate(
                    "Operator (??) and coalesce expressions (||) cannot be mixed. Wrap either by parentheses."
                    if operator == "||"
                    else f'unexpected token Operator("{operator}")',
                    self.text,
                    token.at,
                )
            self.next()
            if negated:
                self.next()
            right = self.expression(level if operator in ("**", "^") else level + 1)
            left = self.combine(operator, left, right, token.at)
            if negated:
                left = Unary("not", left, token.at)
            previous = operator
        if precedence == 0:
            left = self.conditional(left)
        return left

    def combine(self, operator: str, left: Node, right: Node, at: int) -> Node:
        """Make `a < b < c` into `a < b && b < c`, as the language does."""
        if operator in _COMPARE:
            last = left.right if isinstance(left, Binary) and left.operator == "&&" else left
            if isinstance(last, Binary) and last.operator in _COMPARE:
                return Binary("&&", left, Binary(operator, last.right, right, at), at)
        return Binary(operator, left, right, at)

    def conditional(self, test: Node) -> Node:
        while self.sees("Operator", "?"):
            at = self.next().at
            if self.sees("Operator", ":"):
                self.next()
                return Conditional(test, test, self.expression(0), at)
            yes = self.expression(0)
            self.expect("Operator", ":")
            test = Conditional(test, yes, self.expression(0), at)
        return test

    def let(self) -> Node:
        at = self.next().at
        if not self.sees("Identifier"):
            raise self.unexpected()
        name = self.next().value
        self.expect("Operator", "=")
        value = self.expression(0)
        self.expect("Operator", ";")
        return Let(name, value, self.expression(0), at)

    def if_else(self) -> Node:
        at = self.next().at
        test = self.expression(0)
        parts = []
        for word in ("", "else"):
            if word:
                self.expect("Operator", word)
                if self.sees("Operator", "if"):
                    return Conditional(test, parts[0], self.if_else(), at)
            self.expect("Bracket", "{")
            parts.append(self.expression(0))
            self.expect("Bracket", "}")
        return Conditional(test, parts[0], parts[1], at)

    def primary(self) -> Node:
        token = self.current
        if token.kind == "Operator" and token.value in _UNARY:
            self.next()
            operand = self.expression(_UNARY[token.value])
            return self.postfix(Unary(token.value, operand, token.at))
        if self.sees("Bracket", "("):
            self.next()
            node = self.expression(0)
            self.expect("Bracket", ")")
            return self.postfix(node)
        return self.postfix(self.secondary())

    def secondary(self) -> Node:
        token = self.current
        if token.kind == "Identifier":
            self.next()
            constant = {"true": True, "false": False, "nil": None}
            if token.value in constant:
                return Constant(constant[token.value], token.at)
            if self.sees("Bracket", "("):
                if token.value in BUILTINS:
                    return Builtin(token.value, self.arguments(), token.at)
                return Call(Identifier(token.value, token.at), self.arguments(), token.at)
            return Identifier(token.value, token.at)
        if token.kind == "Number":
            self.next()
            value = token.value
            if value.startswith("0x"):
                return Constant(int(value, 16), token.at)
            return Constant(float(value) if re.search(r"[.eE]", value) else int(value), token.at)
        if token.kind == "String":
            self.next()
            return Constant(token.value, token.at)
        if self.sees("Bracket", "["):
            self.next()
            return Array(self.items("]"), token.at)
        if self.sees("Bracket", "{"):
            return self.mapping()
        raise self.unexpected()

    def items(self, end: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self.sees("Bracket", end):
            if found:
                self.expect("Operator", ",")
                if self.sees("Bracket", end):
                    break
            found.append(self.expression(0))
        self.expect("Bracket", end)
        return tuple(found)

    def arguments(self) -> tuple[Node, ...]:
        self.expect("Bracket", "(")
        return self.items(")")

    def mapping(self) -> Node:
        at = self.next().at
        pairs: list[tuple[Node, Node]] = []
        while not self.sees("Bracket", "}"):
            if pairs:
                self.expect("Operator", ",")
            token = self.next()
            if token.kind not in ("Identifier", "String", "Number"):
                raise locate(f"unexpected token {token}", self.text, token.at)
            self.expect("Operator", ":")
            pairs.append((Constant(token.value, token.at), self.expression(0)))
        self.next()
        return Mapping(tuple(pairs), at)

    def postfix(self, node: Node) -> Node:
        chained = False
        while True:
            token = self.current
            if self.sees("Operator", ".", "?."):
                self.next()
                chained = chained or token.value == "?."
                if token.value == "?." and self.sees("Bracket", "["):
                    self.next()
                    key = self.expression(0)
                    self.expect("Bracket", "]")
                    node = Member(node, key, True, token.at)
                    continue
                name = self.next()
                if name.kind not in ("Identifier", "Operator") or not re.match(r"[A-Za-z_$]", name.value):
                    raise locate("expected name", self.text, name.at)
                node = Member(node, Constant(name.value, name.at), token.value == "?.", name.at)
                if self.sees("Bracket", "("):
                    node = Call(node, self.arguments(), name.at)
            elif self.sees("Bracket", "["):
                self.next()
                key = self.expression(0)
                self.expect("Bracket", "]")
                node = Member(node, key, False, token.at)
            else:
                return Chain(node, node.at) if chained else node


def parse(text: str) -> Node:
    """Return the tree of an expression.

    Raises:
        ExpressionError: where the text is not an expression.
    """
    return _Parser(text).whole()
