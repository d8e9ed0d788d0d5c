"""Iterables that compute their items while the loop goes on. Loops read their iterable before the first iteration, so these are refused:

for y in (x + t for x in xs): t += f(y)       the next item depends on what the loop did
for y in map(parse, lines): break             the items after the break would be computed, and might raise
for k, group in groupby(xs): f(list(group))   a group is empty once the next one is read
"""

from __future__ import annotations

import collections
import inspect
import io
from typing import TYPE_CHECKING, Any

import gast

from tangentflow.language import known
from tangentflow.language.uses import captured_names, uses

if TYPE_CHECKING:
    from tangentflow.language.lowering import Lowering

__all__ = ["GROUPS", "check_lazy", "checks", "computes", "is_groupby", "read_by"]

GROUPS = "write a helper function, `def groups(xs): return [(key, list(group)) for key, group in groupby(xs)]`, and loop over what it returns"


_CALLING = frozenset(
    f"itertools.{name}" for name in ("accumulate", "dropwhile", "filterfalse", "groupby", "starmap", "takewhile")
) | {"builtins.map", "builtins.filter"}


_READERS = (
    list,
    tuple,
    set,
    frozenset,
    dict,
    sorted,
    sum,
    collections.Counter,
    collections.OrderedDict,
    collections.deque,
)
"""What reads its first argument to the end."""


def check_lazy(
    lowering: Lowering, iterable: gast.expr, writes: set[str], ends_early: bool, knows_its_end: bool = False
) -> None:
    """Refuse an iterable of which a loop that writes these names, and may end before the last item, needs each item in its turn.

    A loop that `knows_its_end` raises what the iterable raises behind the last item only if it came so far.
    """
    if isinstance(iterable, gast.GeneratorExp) and lowering.has_site(iterable):
        return  # refused as such
    if _groups(lowering, iterable):
        lowering.refuse(
            iterable, "TF138", f"groups that share one iterator: `{gast.unparse(iterable)}`",
            "the items of a loop are read before it starts, and reading the next group empties the one before", GROUPS,
        )  # fmt: skip
        return
    if isinstance(iterable, gast.Name) and iterable.id in _buffers(lowering):
        lowering.refuse(
            iterable, "TF120", f"the lines of a buffer: `{iterable.id}`", "reading them moves it on, and a copy of it would not move",
            f"`{iterable.id}.getvalue().splitlines(True)`",
        )  # fmt: skip
        return
    lazily, reads = _lazy(lowering, iterable)
    lazily = lazily or (not knows_its_end and checks(lowering, iterable))
    changed = sorted(reads & writes)
    text = gast.unparse(iterable)
    listed = f"list({text[1:-1] if isinstance(iterable, gast.GeneratorExp) else text})"
    if changed:
        lowering.refuse(
            iterable, "TF136", f"the loop changes '{changed[0]}', which its iterable reads for each item",
            "the items of a loop are read before it starts", f"make it a list before the loop, `items = {listed}`, or write a `while`",
        )  # fmt: skip
    elif lazily and ends_early:
        lowering.refuse(
            iterable, "TF137", "a loop that may end early over items that are computed one by one",
            "the items of a loop are read before it starts, those after its end too", f"make it a list: `{listed}`",
        )  # fmt: skip
    elif not ends_early:
        _read(lowering, iterable, "each", writes)


def read_by(lowering: Lowering, call: gast.Call) -> None:
    """Mark the recorded calls whose results a call like `list` reads to their ends."""
    callee = lowering.resolve(call.func)
    reads = any(callee is reader for reader in _READERS)
    reads = reads or (len(call.args) == 1 and any(callee is extreme for extreme in (min, max)))
    reads = reads or (isinstance(call.func, gast.Attribute) and call.func.attr in ("extend", "join"))
    if reads and call.args:
        _read(lowering, call.args[0], "all", set())


def _read(lowering: Lowering, node: Any, how: str, writes: set[str]) -> None:
    """Mark the recorded calls of which each item is read, if what they are made of is not among `writes`."""
    if isinstance(node, gast.IfExp):
        _read(lowering, node.body, how, writes)
        _read(lowering, node.orelse, how, writes)
    elif isinstance(node, gast.Call) and lowering.kind(node) in ("opaque", "impure"):
        in_turn = how == "each" and lowering.makes_iterator(
            node
        )  # it calls what it was given for each item in its turn
        if not in_turn and not uses(node).reads & writes:
            node.reads = how
    elif isinstance(node, gast.Call) and node.args:
        callee = lowering.resolve(node.func)
        if callee is enumerate:
            _read(lowering, node.args[0], how, writes)
        elif (callee is map or callee is filter) and len(node.args) == 2:
            _read(lowering, node.args[1], how, writes)


def _buffers(lowering: Lowering) -> set[str]:
    """Return the names that hold a `StringIO` or `BytesIO` which the workflow makes."""
    return {
        target.id
        for node in gast.walk(lowering.source.tree)
        if isinstance(node, gast.Assign) and isinstance(node.value, gast.Call)
        for target in node.targets
        if isinstance(target, gast.Name) and lowering.resolve(node.value.func) in (io.StringIO, io.BytesIO)
    }


_DISPLAYS = (gast.List, gast.Tuple, gast.Set, gast.Dict, gast.ListComp, gast.SetComp, gast.DictComp)


def _is_container(lowering: Lowering, node: Any) -> bool:
    """Whether an expression gives what can surely be gone through."""
    return isinstance(node, _DISPLAYS) or (isinstance(node, gast.Name) and node.id in lowering.lists & lowering.bound)


def _groups(lowering: Lowering, node: Any) -> bool:
    """Whether an iterable hands on the groups of `itertools.groupby` one by one."""
    if isinstance(node, gast.GeneratorExp):
        return _groups(lowering, node.generators[0].iter)
    if isinstance(node, (gast.IfExp, gast.BoolOp)):
        parts = [node.body, node.orelse] if isinstance(node, gast.IfExp) else node.values
        return any(_groups(lowering, part) for part in parts)
    if not isinstance(node, gast.Call) or not lowering.makes_iterator(node):
        return False
    return is_groupby(lowering, node) or any(_groups(lowering, part) for part in node.args)


def is_groupby(lowering: Lowering, call: gast.Call) -> bool:
    """Whether a call makes an `itertools.groupby`."""
    return known.qualified_name(lowering.resolve(call.func)) == "itertools.groupby"


def checks(lowering: Lowering, node: Any) -> bool:
    """Whether an iterable may raise behind an item, though nobody's code computes its items."""
    if isinstance(node, (gast.IfExp, gast.BoolOp)):
        parts = [node.body, node.orelse] if isinstance(node, gast.IfExp) else node.values
        return any(checks(lowering, part) for part in parts)
    if isinstance(node, gast.GeneratorExp):
        return checks(lowering, node.generators[0].iter)
    if not isinstance(node, gast.Call) or not lowering.makes_iterator(node):
        return False
    callee = lowering.resolve(node.func)
    full, parts = known.qualified_name(callee), node.args
    strict = any(not isinstance(k.value, gast.Constant) or k.value.value for k in node.keywords)
    if full == "heapq.merge" or (strict and full in ("builtins.zip", "itertools.batched")):
        return True
    if full == "itertools.chain.from_iterable":
        parts = node.args[0].elts if node.args and isinstance(node.args[0], (gast.List, gast.Tuple)) else [None]
    if full.startswith("itertools.chain") and not all(_is_container(lowering, part) for part in parts):
        return True
    return any(checks(lowering, part) for part in node.args)


def computes(lowering: Lowering, iterable: gast.expr) -> bool:
    """Whether user code computes the items of an iterable one by one."""
    return _lazy(lowering, iterable)[0]


def _lazy(lowering: Lowering, node: Any) -> tuple[bool, set[str]]:
    """Tell whether user code computes the items one by one, and which local names it reads then."""
    if isinstance(node, gast.GeneratorExp):
        inner, below = _lazy(lowering, node.generators[0].iter)
        simple = isinstance(node.elt, (gast.Name, gast.Constant)) and not any(g.ifs for g in node.generators)
        return inner or not simple or len(node.generators) > 1, below | uses(node).reads
    if isinstance(node, (gast.IfExp, gast.BoolOp)):
        parts = [node.body, node.orelse] if isinstance(node, gast.IfExp) else node.values
        found = [_lazy(lowering, part) for part in parts]
        return any(one for one, _ in found), set().union(*[more for _, more in found])
    if not isinstance(node, gast.Call) or not lowering.makes_iterator(node):
        return False, set()
    callee = lowering.resolve(node.func)
    lazily = inspect.isgeneratorfunction(callee)
    reads: set[str] = set()
    for value in [*node.args, *[k.value for k in node.keywords]]:
        if isinstance(value, gast.Lambda):
            lazily, reads = True, reads | captured_names(value)
        elif isinstance(value, gast.Name) and value.id in lowering.inner_functions:
            lazily, reads = True, reads | lowering.inner_functions[value.id]
        else:
            inner, more = _lazy(lowering, value)
            lazily, reads = lazily or inner, reads | more
            if isinstance(value, gast.Name):
                reads.add(value.id)
    full = known.qualified_name(callee)
    plain = bool(node.args) and isinstance(node.args[0], gast.Constant)
    return lazily or (full in _CALLING and not plain), reads
