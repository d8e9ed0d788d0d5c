"""What to write instead of a change in place that is refused."""

from __future__ import annotations

from typing import Any

import gast

__all__ = ["augmented", "call", "call_of_list", "deleted", "iterated", "stored"]

_LISTS = frozenset({"insert", "pop", "remove", "sort", "reverse", "append", "extend"})
_SETS = frozenset({"add", "discard", "difference_update", "intersection_update", "symmetric_difference_update"})
_DEQUES = frozenset({"appendleft", "popleft", "extendleft", "rotate"})


def call(node: gast.Call) -> str:
    """Return the remedy for `xs.append(e)` and its like."""
    method, receiver = node.func.attr, node.func.value
    name = gast.unparse(receiver)
    if not isinstance(receiver, gast.Name):
        return _deep(receiver)
    args = [gast.unparse(a) for a in node.args]
    simple = len(args) == 1 and not node.keywords
    if simple:
        short = {
            "append": f"{name} = [*{name}, {args[0]}]",
            "extend": f"{name} = [*{name}, *{args[0]}]",
            "add": f"{name} = {{*{name}, {args[0]}}}",
            "discard": f"{name} = {name} - {{{args[0]}}}",
            "appendleft": f"{name} = deque([{args[0]}, *{name}])",
        }.get(method)
        if short:
            return f"write `{short}`"
    if method == "sort":
        return f"write `{name} = sorted({name}{''.join(f', {k.arg}={gast.unparse(k.value)}' for k in node.keywords)})`"
    if method == "reverse":
        return f"write `{name} = {name}[::-1]`"
    if method == "clear":
        return f"assign a new, empty value: `{name} = []`"
    if method == "update" and simple:
        return f"write `{name} = {{**{name}, **{args[0]}}}` (or `{name} | {args[0]}` for sets)"
    make = "list" if method in _LISTS else "set" if method in _SETS else "deque" if method in _DEQUES else "dict"
    return f"copy it first: `{name} = {make}({name})`"


def stored(target: Any, value: Any) -> str:
    """Return the remedy for `d[k] = v` and `o.a = v`."""
    if not isinstance(target.value, gast.Name):
        return _deep(target.value)
    name = target.value.id
    text = gast.unparse(value) if value is not None else "…"
    if isinstance(target, gast.Attribute):
        return f"write `{name} = dataclasses.replace({name}, {target.attr}={text})`, or copy it first: `{name} = copy.copy({name})`"
    if isinstance(target.slice, gast.Constant) and isinstance(target.slice.value, str):
        return f"write `{name} = {{**{name}, {gast.unparse(target.slice)}: {text}}}`, or copy it first: `{name} = dict({name})`"
    return f"copy it first: `{name} = copy.copy({name})`"


def call_of_list(operand: Any) -> str:
    """Return the remedy for a call that changes a list."""
    name = gast.unparse(operand)
    return f"copy it first: `{name} = list({name})`" if isinstance(operand, gast.Name) else _deep(operand)


def deleted(target: Any) -> str:
    """Return the remedy for `del d[k]`."""
    if not isinstance(target.value, gast.Name):
        return _deep(target.value)
    return f"copy it first: `{target.value.id} = dict({target.value.id})`, or `list(…)` for a list"


def augmented(target: Any, op: str, value: Any) -> str:
    """Return the remedy for `x += e`."""
    text, right = gast.unparse(target), gast.unparse(value)
    right = (
        right
        if isinstance(value, (gast.Name, gast.Constant, gast.Call, gast.Subscript, gast.Attribute, gast.List))
        else f"({right})"
    )
    return f"write `{text} = {text} {op} {right}`"


def iterated(name: str) -> str:
    """Return the remedy for changing what a loop goes through."""
    return f"go through a copy: `for … in list({name})`, or collect the changes in a new value"


def _deep(receiver: Any) -> str:
    node = receiver
    while isinstance(node, (gast.Attribute, gast.Subscript)):
        node = node.value
    if isinstance(node, gast.Name):
        return f"copy it first: `{node.id} = copy.deepcopy({node.id})`"
    return "give the value a name of its own, as a copy: `mine = list(…)`"
