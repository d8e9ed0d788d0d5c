"""What the language's compiler refuses before an expression runs: unknown names and types that cannot fit.

Little is known before the run: literals, the texts at the top of the environment, and results of operators. A part
inside another one is unknown, and an unknown operand may be anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tangentflow.simulator.errors import NotSimulated
from tangentflow.simulator.expressions import tree
from tangentflow.simulator.expressions.functions import FUNCTIONS, OVER_ITEMS, go_type
from tangentflow.simulator.expressions.lexer import ExpressionError, locate

__all__ = ["check"]

UNKNOWN = "unknown"
_NUMBERS = frozenset(("int", "float64"))
_INTEGERS = frozenset(("int",))
_TEXTS = frozenset(("string",))
_BOOLEANS = frozenset(("bool",))
_OPERANDS = {
    **dict.fromkeys(("and", "&&", "or", "||"), _BOOLEANS),
    **dict.fromkeys(("<", ">", "<=", ">=", "+"), _NUMBERS | _TEXTS),
    **dict.fromkeys(("-", "*", "/", "**", "^"), _NUMBERS),
    **dict.fromkeys(("%", ".."), _INTEGERS),
    **dict.fromkeys(("matches", "contains", "startsWith", "endsWith"), _TEXTS),
}
_RESULTS = {
    **dict.fromkeys(_OPERANDS, "bool"),
    **dict.fromkeys(("+", "-", "*"), UNKNOWN),
    **dict.fromkeys(("/", "**", "^"), "float64"),
    "%": "int",
    "..": "[]interface {}",
}
_RETURNS = {"int": "int", "len": "int", "float": "float64", **dict.fromkeys(("string", "type", "toBase64"), "string")}


def check(node: tree.Node, text: str, environment: Mapping[str, Any]) -> None:
    """Check an expression.

    Raises:
        ExpressionError: for what the engine's compiler refuses.
        NotSimulated: for a function that the engine has and the simulator has not.
    """
    _Checker(text, environment).type(node, {})


class _Checker:
    def __init__(self, text: str, environment: Mapping[str, Any]) -> None:
        self.text = text
        self.environment = environment

    def fail(self, message: str, node: tree.Node) -> ExpressionError:
        return locate(message, self.text, node.at)

    def type(self, node: tree.Node, bound: Mapping[str, str]) -> str:
        """Return what is known of the type of a node, after a check of all below it."""
        if isinstance(node, tree.Let):
            return self.type(node.body, {**bound, node.name: self.type(node.value, bound)})
        if isinstance(node, tree.Identifier):
            return self.name(node, bound)
        self.function(node)
        types = [self.type(child, bound) for child in tree.children(node)]
        if isinstance(node, tree.Constant):
            return go_type(node.value)
        if isinstance(node, tree.Chain):
            return types[0]
        if isinstance(node, tree.Unary):
            return self.unary(node, types[0])
        if isinstance(node, tree.Binary):
            return self.binary(node, *types)
        if isinstance(node, tree.Conditional):
            if types[0] not in ("bool", UNKNOWN):
                raise self.fail(f"non-bool expression (type {types[0]}) used as condition", node.test)
            return types[1] if types[1] == types[2] else UNKNOWN
        if isinstance(node, tree.Array):
            return "[]interface {}"
        if isinstance(node, tree.Mapping):
            return "map[string]interface {}"
        return _RETURNS.get(node.name, UNKNOWN) if isinstance(node, tree.Builtin) else UNKNOWN

    def name(self, node: tree.Identifier, bound: Mapping[str, str]) -> str:
        if node.name in bound:
            return bound[node.name]
        if node.name not in self.environment:
            raise self.fail(f"unknown name {node.name}", node)
        return "string" if isinstance(self.environment[node.name], str) else UNKNOWN

    def function(self, node: tree.Node) -> None:
        if isinstance(node, tree.Builtin) and node.name not in FUNCTIONS and node.name not in OVER_ITEMS:
            raise NotSimulated("", f"the function {node.name}() of the expression {self.text!r} is not simulated")
        if isinstance(node, tree.Member) and isinstance(node.node, tree.Identifier) and node.node.name == "sprig":
            raise NotSimulated("", f"sprig functions are not simulated: {self.text!r}")

    def unary(self, node: tree.Unary, operand: str) -> str:
        wanted = _BOOLEANS if node.operator in ("not", "!") else _NUMBERS
        if operand != UNKNOWN and operand not in wanted:
            raise self.fail(f"invalid operation: {node.operator} (mismatched type {operand})", node)
        return "bool" if wanted is _BOOLEANS else operand

    def binary(self, node: tree.Binary, left: str, right: str) -> str:
        operator, known = node.operator, {left, right} - {UNKNOWN}
        if operator == "??":
            return right if left == "nil" else left if left == right else UNKNOWN
        if operator in ("==", "!="):
            fits = left == right or known <= _NUMBERS or "nil" in known or UNKNOWN in (left, right)
        elif operator == "in":
            fits = right in (UNKNOWN, "[]interface {}", "map[string]interface {}")
        else:
            fits = known <= _OPERANDS[operator] and (left == right or len(known) < 2 or known <= _NUMBERS)
        if not fits:
            shown = [UNKNOWN if t == "nil" else t for t in (left, right)]
            raise self.fail(f"invalid operation: {operator} (mismatched types {shown[0]} and {shown[1]})", node)
        if operator in ("+", "-", "*") and UNKNOWN not in (left, right):
            return left if left == right else "float64"
        return _RESULTS.get(operator, "bool")
