"""Calls besides methods of containers that are known to change an operand in place.

Requires the tree of a function. Marks (attribute `in_place`) each call of a function of `heapq` or `bisect`, of a method of a random
generator or an object that the function makes itself, and of a helper that changes its parameter. Gives (attribute `method`) the
function that a method of such an object is, if it changes nothing.

    x = heappop(h)          changes h
    v = rng.random()        changes rng, where `rng = random.Random(seed)` is all that binds it
    n = take(queue)         changes queue, if the source of `take` does so
"""

from __future__ import annotations

import abc
import random
import types
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gast

from tangentflow.language import known, known_results
from tangentflow.language.bindings import bindings
from tangentflow.language.helpers import given_to, through
from tangentflow.language.uses import Operand, bound_names
from tangentflow.language.values import ALONE
from tangentflow.language.verdict import MISSING, PURE, Verdict, dotted, opaque, worst

if TYPE_CHECKING:
    from tangentflow.language.kinds import Kinds

__all__ = ["InPlace", "made", "made_type", "mark_changes"]

Resolve = Callable[[gast.expr], object]


@dataclass(frozen=True)
class InPlace:
    """What is known of a call that changes operands: which ones, and what kind of call it is otherwise.

    `draws`: it is a method of a random generator. `helper`: the Python function that is called.
    """

    operands: tuple[Operand, ...]
    verdict: Verdict = PURE
    draws: bool = False
    helper: types.FunctionType | None = None


def made(tree: Any, params: Collection[str], resolve: Resolve) -> dict[str, object]:
    """Return the local names that nothing but calls of one class or function binds, with that class or function."""
    inner = {name for node in gast.walk(tree) for name in _inner_names(node, tree)}
    found: dict[str, object] = {}
    for name, values in bindings(tree).items():
        called = [resolve(v.func) if isinstance(v, gast.Call) else MISSING for v in values]
        alike = bool(called) and called[0] is not MISSING and all(one is called[0] for one in called)
        if alike and name not in params and name not in inner:
            found[name] = called[0]
    return found


def made_type(maker: object) -> type | None:
    """Return the type of what calling `maker` gives, if it is a class that says so itself."""
    plain = isinstance(maker, type) and type(maker) in (type, abc.ABCMeta)
    if plain and not isinstance(known.attribute(maker, "__new__"), types.FunctionType):
        return maker  # type: ignore[return-value]
    return None


def mark_changes(tree: Any, makers: dict[str, object], resolve: Resolve, kinds: Kinds) -> None:
    """Mark the calls of a function that change an operand in place."""
    for node in gast.walk(tree):
        if isinstance(node, gast.Call) and isinstance(node.func, (gast.Name, gast.Attribute)):
            found = _in_place(node, makers, resolve, kinds)
            if found is not None and found.operands:
                node.in_place = found
            elif found is not None and found.helper is not None:
                node.method = found.helper


def _in_place(node: Any, makers: dict[str, object], resolve: Resolve, kinds: Kinds) -> InPlace | None:
    obj = resolve(node.func)
    if obj is MISSING:
        return _method(node, makers, kinds) if isinstance(node.func, gast.Attribute) else None
    full = known.qualified_name(obj)
    if full in known_results.MUTATES_FIRST and node.args and not isinstance(node.args[0], gast.Starred):
        kept = full.startswith(("heapq.", "bisect."))
        return InPlace((0,), PURE if kept else kinds.live(obj, dotted(node.func), node))
    if isinstance(obj, types.FunctionType) and not kinds.is_site(obj):
        return _by_code(node, obj, kinds)
    return None


def _method(node: Any, makers: dict[str, object], kinds: Kinds) -> InPlace | None:
    receiver, method = node.func.value, node.func.attr
    maker = makers.get(receiver.id, MISSING) if isinstance(receiver, gast.Name) else MISSING
    if maker is random.Random:
        if not isinstance(known.attribute(maker, method), (types.FunctionType, types.MethodDescriptorType)):
            return None
        quiet = method.startswith("_") or method == "getstate"
        return None if quiet else InPlace(("self", 0) if method == "shuffle" else ("self",), draws=True)
    if known.qualified_name(maker) in known.SEEDED:
        return InPlace(("self",), opaque(dotted(node.func)), draws=True)
    function = known.attribute(made_type(maker), method) if made_type(maker) is not None else None
    if isinstance(function, types.FunctionType) and not kinds.is_site(function):
        bound = gast.Call(func=node.func, args=[receiver, *node.args], keywords=node.keywords)
        return _by_code(bound, function, kinds, receiver)
    return None


def _by_code(node: Any, function: types.FunctionType, kinds: Kinds, receiver: Any = None) -> InPlace | None:
    """Judge a helper or a method of the user's own by its source."""
    judged = kinds.helpers.judge(function)
    if not judged.mutates:
        return InPlace((), helper=function) if receiver is not None else None
    changed = given_to(judged.mutates, node, function)
    operands: list[Operand] = [] if receiver is None or receiver not in changed else ["self"]
    args = node.args if receiver is None else node.args[1:]
    operands += [i for i, value in enumerate(args) if value in changed]
    operands += [i for i, keyword in enumerate(node.keywords, len(args)) if keyword.value in changed]
    verdict = through(judged.verdict, function, dotted(node.func))
    others = [value for value in [*node.args, *[k.value for k in node.keywords]] if value not in changed]
    apart = len(operands) == 1 and judged.depth == 1 and all(isinstance(value, gast.Constant) for value in others)
    if not apart or not (judged.result.immutable or judged.result.levels == ALONE):
        verdict = worst([verdict, opaque(dotted(node.func))])  # what holds what afterwards is seen when it has run
    return InPlace(tuple(operands), verdict, helper=function)


def _inner_names(node: Any, tree: Any) -> set[str]:
    if isinstance(node, gast.comprehension):
        return bound_names(node.target)
    if isinstance(node, (gast.Lambda, gast.FunctionDef)) and node is not tree:
        return {n.id for n in gast.walk(node) if isinstance(n, gast.Name) and not isinstance(n.ctx, gast.Load)}
    return set()
