"""The tree of an expression: one small class for each form."""

from __future__ import annotations

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
    "Identifier",
    "Let",
    "Mapping",
    "Member",
    "Node",
    "Pointer",
    "Unary",
    "children",
    "walk",
]


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
class Pointer:
    """`#`: the item at hand of `map` and `filter`."""

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


Node = Union[  # noqa: UP007 - evaluated at run time, on Python 3.10 too
    Constant,
    Identifier,
    Member,
    Chain,
    Call,
    Builtin,
    Pointer,
    Unary,
    Binary,
    Conditional,
    Array,
    Mapping,
    Let,
]


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
