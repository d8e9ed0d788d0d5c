"""Evaluate expressions as the engine does: 64-bit integers, `/` gives a float, a missing key is nil, no truthiness."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping as MappingType
from typing import Any

from tangentflow.simulator.errors import NotSimulated
from tangentflow.simulator.expressions import tree
from tangentflow.simulator.expressions.check import check
from tangentflow.simulator.expressions.functions import FUNCTIONS, OVER_ITEMS, go_text, go_type
from tangentflow.simulator.expressions.lexer import ExpressionError, locate
from tangentflow.simulator.expressions.parser import parse

__all__ = ["evaluate", "identifiers", "unknown_functions"]

Environment = MappingType[str, Any]
PROVIDED = frozenset(("asInt", "asFloat", "jsonpath", "toJson", "sprig"))
"""What Argo adds to the language's own functions."""


def evaluate(text: str, environment: Environment) -> Any:
    """Return the value of an expression: None, bool, int, float, str, list or dict.

    Raises:
        ExpressionError: what the engine says where it cannot parse, compile or run the expression.
        NotSimulated: where the expression uses a function that the engine has and the simulator has not.
    """
    node = parse(text)
    check(node, text, environment)
    return _Evaluator(text, environment).value(node)


def unknown_functions(text: str) -> list[str]:
    """Return the functions that an expression calls and that the engine does not have."""
    calls = [
        n.callee.name
        for n in tree.walk(parse(text))
        if isinstance(n, tree.Call) and isinstance(n.callee, tree.Identifier)
    ]
    return [name for name in calls if name not in PROVIDED]


def identifiers(text: str) -> list[str]:
    """Return the dotted paths that an expression needs, as the engine lists them before it evaluates a tag.

    Paths that `?.` or `??` guards are left out; the bare root of such a path is in the list.
    """
    root = parse(text)
    guarded: set[int] = set()
    for node in tree.walk(root):
        if isinstance(node, tree.Binary) and node.operator == "??":
            guarded.update(id(n) for n in tree.walk(node.left) if isinstance(n, tree.Member))
        if isinstance(node, tree.Member) and node.optional and isinstance(node.node, tree.Member):
            guarded.add(id(node.node))
    found: dict[str, None] = {}
    for node in tree.walk(root):
        if id(node) in guarded:
            continue
        if isinstance(node, tree.Identifier):
            found[node.name] = None
        if isinstance(node, tree.Member):
            path = _path(node)
            if path:
                found[path] = None
    return list(found)


def _path(node: tree.Member) -> str:
    parts: list[str] = []
    current: tree.Node = node
    while isinstance(current, tree.Member):
        if current.optional or not (isinstance(current.key, tree.Constant) and isinstance(current.key.value, str)):
            return ""
        parts.insert(0, current.key.value)
        current = current.node
    return ".".join([current.name, *parts]) if isinstance(current, tree.Identifier) else ""


# -- the run ----------------------------------------------------------------------------------------------------------


class _Nil(Exception):
    """Unwinds a `?.` chain that met nil."""


class _Evaluator:
    def __init__(self, text: str, environment: Environment) -> None:
        self.text = text
        self.environment = environment
        self.bound: dict[str, Any] = {}
        self.items: list[Any] = []

    def fail(self, message: str, node: tree.Node) -> ExpressionError:
        return locate(message, self.text, node.at)

    def value(self, node: tree.Node) -> Any:
        method = getattr(self, "on_" + type(node).__name__.lower())
        return method(node)

    def on_constant(self, node: tree.Constant) -> Any:
        return node.value

    def on_identifier(self, node: tree.Identifier) -> Any:
        return self.bound[node.name] if node.name in self.bound else self.environment[node.name]

    def on_let(self, node: tree.Let) -> Any:
        self.bound[node.name] = self.value(node.value)
        return self.value(node.body)

    def on_array(self, node: tree.Array) -> Any:
        return [self.value(n) for n in node.items]

    def on_mapping(self, node: tree.Mapping) -> Any:
        return {self.value(k): self.value(v) for k, v in node.items}

    def on_chain(self, node: tree.Chain) -> Any:
        try:
            return self.value(node.node)
        except _Nil:
            return None

    def on_member(self, node: tree.Member) -> Any:
        target = self.value(node.node)
        if target is None and node.optional:
            raise _Nil
        key = self.value(node.key)
        if isinstance(target, dict) and isinstance(key, str):
            return target.get(key)
        if isinstance(target, str) and _number(key):
            raise NotSimulated("", f"a character of a text, in the expression {self.text!r}")
        if isinstance(target, list) and isinstance(key, int) and not isinstance(key, bool):
            if -len(target) <= key < len(target):
                return target[key]
            raise self.fail(f"index out of range: {key} (array length is {len(target)})", node)
        raise self.fail(f"cannot fetch {go_text(key)} from {_shown(target)}", node)

    def on_conditional(self, node: tree.Conditional) -> Any:
        test = self.value(node.test)
        if not isinstance(test, bool):
            raise self.fail(f"interface conversion: interface {{}} is {go_type(test)}, not bool", node)
        return self.value(node.yes if test else node.no)

    def on_pointer(self, node: tree.Pointer) -> Any:
        if not self.items:
            raise self.fail("cannot use pointer accessor outside predicate", node)
        return self.items[-1]

    def over_items(self, name: str, node: tree.Builtin) -> Any:
        given, each = node.arguments
        items = self.value(given)
        if not isinstance(items, list):
            raise self.fail(f"builtin {name} takes only array (got {go_type(items)})", node)
        made = []
        for item in items:
            self.items.append(item)
            found = self.value(each)
            self.items.pop()
            if name == "filter" and not isinstance(found, bool):
                raise self.fail(f"predicate should return boolean (got {go_type(found)})", node)
            if name == "map" or found:
                made.append(found if name == "map" else item)
        return made

    def on_builtin(self, node: tree.Builtin) -> Any:
        if node.name in OVER_ITEMS:
            return self.over_items(node.name, node)
        return self.apply(node.name, node.arguments, node)

    def on_call(self, node: tree.Call) -> Any:
        name = node.callee.name if isinstance(node.callee, tree.Identifier) else ""
        if name not in FUNCTIONS:
            raise NotSimulated("", f"the call in the expression {self.text!r} is not simulated")
        return self.apply(name, node.arguments, node)

    def apply(self, name: str, arguments: tuple[tree.Node, ...], node: tree.Node) -> Any:
        least, most, function = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            few = "not enough" if len(arguments) < least else "too many"
            raise self.fail(f"{few} arguments to call {name}", node)
        try:
            return function(*(self.value(a) for a in arguments))
        except (TypeError, ValueError, KeyError) as error:
            raise self.fail(str(error), node) from error

    def on_unary(self, node: tree.Unary) -> Any:
        value = self.value(node.operand)
        if node.operator in ("not", "!"):
            if isinstance(value, bool):
                return not value
        elif _number(value):
            return _wrap(-value) if node.operator == "-" else value
        raise self.fail(f"invalid operation: {node.operator} {_shown(value)}", node)

    def truth(self, value: Any, node: tree.Binary) -> bool:
        if not isinstance(value, bool):
            raise self.fail(f"interface conversion: interface {{}} is {go_type(value)}, not bool", node)
        return value

    def on_binary(self, node: tree.Binary) -> Any:
        operator = node.operator
        left = self.value(node.left)
        if operator == "??":
            return self.value(node.right) if left is None else left
        if operator in ("&&", "and", "||", "or"):
            stops = operator in ("||", "or")
            if self.truth(left, node) is stops:
                return stops
            return self.truth(self.value(node.right), node)
        right = self.value(node.right)
        if operator in ("==", "!="):
            return _equal(left, right) is (operator == "==")
        result = _operate(operator, left, right)
        if result is NotImplemented:
            raise self.fail(f"invalid operation: {_shown(left)} {operator} {_shown(right)}", node)
        if isinstance(result, ExpressionError):
            raise self.fail(str(result), node)
        return result


def _shown(value: object) -> str:
    return "<nil>" if value is None else go_type(value)


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _wrap(value: Any) -> Any:
    """Keep integers within 64 bits, as the engine's overflow."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return (value + 2**63) % 2**64 - 2**63
    return value


def _equal(left: Any, right: Any) -> bool:
    if _number(left) and _number(right):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


def _power(base: float, exponent: float) -> float:
    try:
        return float(base**exponent)
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return math.copysign(math.inf, base)


def _operate(operator: str, left: Any, right: Any) -> Any:
    """Return the result of a binary operator, NotImplemented for types it does not take, or an error to raise."""
    both_numbers = _number(left) and _number(right)
    both_texts = isinstance(left, str) and isinstance(right, str)
    if operator in ("<", ">", "<=", ">=") and (both_numbers or both_texts):
        return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[operator]
    if operator == "+" and (both_numbers or both_texts):
        return _wrap(left + right)
    if operator in ("-", "*") and both_numbers:
        return _wrap(left - right if operator == "-" else left * right)
    if operator == "/" and both_numbers:
        return left / right if right else (math.nan if not left else math.copysign(math.inf, left))
    if operator == "%" and isinstance(left, int) and isinstance(right, int) and both_numbers:
        if right == 0:
            return ExpressionError("integer divide by zero")
        return abs(left) % abs(right) * (1 if left >= 0 else -1)
    if operator in ("**", "^") and both_numbers:
        return _power(float(left), float(right))
    if operator == ".." and isinstance(left, int) and isinstance(right, int) and both_numbers:
        return list(range(left, right + 1))
    if operator == "in" and isinstance(right, (list, dict)):
        return any(_equal(left, item) for item in right)
    if operator in ("contains", "startsWith", "endsWith", "matches") and None in (left, right):
        return False
    if both_texts and operator == "contains":
        return right in left
    if both_texts and operator == "startsWith":
        return left.startswith(right)
    if both_texts and operator == "endsWith":
        return left.endswith(right)
    if both_texts and operator == "matches":
        return re.search(right, left) is not None
    return NotImplemented
