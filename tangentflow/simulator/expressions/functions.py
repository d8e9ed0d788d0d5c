"""The functions that expressions may call, and how the engine turns values into text."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

__all__ = ["FUNCTIONS", "OVER_ITEMS", "go_json", "go_text", "go_type"]


def go_type(value: Any) -> str:
    """Return the type name that the engine's messages use."""
    if value is None:
        return "nil"
    names = {bool: "bool", int: "int", float: "float64", str: "string", list: "[]interface {}"}
    return names.get(type(value), "map[string]interface {}")


def go_text(value: Any) -> str:
    """Return the text of a value as `string()` gives it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value, 1e-4, 1e6)
    if isinstance(value, list):
        return "[" + " ".join(go_text(v) for v in value) + "]"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{k}:{go_text(value[k])}" for k in sorted(value)) + "]"
    return str(value)


def _float_text(value: float, smallest: float, largest: float) -> str:
    """Return the shortest digits, with an exponent below `smallest` and from `largest` on."""
    if math.isnan(value) or math.isinf(value):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[repr(value)]
    exact = Decimal(repr(value)).normalize()
    if value == 0 or smallest <= abs(value) < largest:
        return format(exact, "f")
    sign, digits, exponent = exact.as_tuple()
    power = len(digits) + int(exponent) - 1
    text = "".join(map(str, digits))
    mantissa = text[0] + ("." + text[1:] if len(text) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"


def go_json(value: Any, *, html: bool = True) -> str:
    """Return compact JSON with sorted keys, as the engine marshals a value; `<`, `>` and `&` are escaped.

    Raises:
        ValueError: for NaN and infinities.
    """
    text = _json(value)
    if html:
        text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _json(value: Any) -> str:
    if isinstance(value, float):
        if math.isnan(value) or math.isinf(value):
            raise ValueError(f"json: unsupported value: {go_text(value)}")
        return _float_text(value, 1e-6, 1e21).replace("e-0", "e-")
    if isinstance(value, list):
        return "[" + ",".join(_json(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_json(str(k))}:{_json(value[k])}" for k in sorted(value)) + "}"
    return json.dumps(value, ensure_ascii=False)


def _int(value: Any) -> int:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value)
    if (
        isinstance(value, str)
        and value.isascii()
        and value.lstrip("+-").isdigit()
        and len(value.lstrip("+-")) >= len(value) - 1
    ):
        number = int(value)
        if -(2**63) <= number < 2**63:
            return number
    raise ValueError(f"invalid operation: int({value if isinstance(value, str) else go_type(value)})")


def _float(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value.strip() == value and "_" not in value:
        try:
            return float(value)
        except ValueError:
            pass
    raise ValueError(f"invalid operation: float({value if isinstance(value, str) else go_type(value)})")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"invalid argument (type {go_type(value)})")
    return value


def _type(value: Any) -> str:
    if value is None:
        return "nil"
    return {bool: "bool", int: "int", float: "float", str: "string", list: "array"}.get(type(value), "map")


def _len(value: Any) -> int:
    if not isinstance(value, (str, list, dict)):
        raise ValueError(f"invalid argument for len (type {go_type(value)})")
    return len(value)


def _get(target: Any, key: Any) -> Any:
    if isinstance(target, dict):
        return target.get(key)
    if isinstance(target, list) and isinstance(key, int):
        return target[key] if -len(target) <= key < len(target) else None
    if target is None:
        return None
    raise ValueError(f"type {go_type(target)} does not support indexing")


def _number(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"invalid argument (type {go_type(value)})")
        return function(value)

    return apply


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    def apply(*values: Any) -> Any:
        numbers = values[0] if len(values) == 1 and isinstance(values[0], list) else values
        if any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in numbers):
            raise ValueError("invalid argument (not a number)")
        return choose(numbers)

    return apply


def _sum(values: Any) -> Any:
    if not isinstance(values, list) or any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in values):
        raise ValueError(f"invalid argument for sum (type {go_type(values)})")
    return sum(values)


def _from_json(value: Any) -> Any:
    return json.loads(_text(value), parse_int=float)


def _from_base64(value: Any) -> str:
    return base64.b64decode(_text(value), validate=True).decode()


FUNCTIONS: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "int": (1, 1, _int),
    "asInt": (1, 1, _int),
    "float": (1, 1, _float),
    "asFloat": (1, 1, _float),
    "string": (1, 1, go_text),
    "toBase64": (1, 1, lambda v: base64.b64encode(_text(v).encode()).decode()),
    "fromBase64": (1, 1, _from_base64),
    "toJson": (1, 1, go_json),
    "fromJSON": (1, 1, _from_json),
    "type": (1, 1, _type),
    "len": (1, 1, _len),
    "get": (2, 2, _get),
    "abs": (1, 1, _number(abs)),
    "ceil": (1, 1, _number(lambda v: float(math.ceil(v)))),
    "floor": (1, 1, _number(lambda v: float(math.floor(v)))),
    "min": (1, 99, _extreme(min)),
    "max": (1, 99, _extreme(max)),
    "sum": (1, 1, _sum),
    "upper": (1, 1, lambda v: _text(v).upper()),
    "lower": (1, 1, lambda v: _text(v).lower()),
    "trim": (1, 1, lambda v: _text(v).strip()),
    "split": (2, 2, lambda v, by: _text(v).split(_text(by))),
    "join": (1, 2, lambda items, by="": _text(by).join(_text(i) for i in items)),
    "hasPrefix": (2, 2, lambda v, start: _text(v).startswith(_text(start))),
    "hasSuffix": (2, 2, lambda v, end: _text(v).endswith(_text(end))),
}
"""Name of a simulated function -> least and most arguments, function; a ValueError is the engine's message."""

OVER_ITEMS = frozenset(("map", "filter"))
"""Simulated functions that evaluate their second argument for each item of the first one."""
