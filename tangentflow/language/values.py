"""What is known of the value that a local name holds: may it change, and who else holds it or a part of it."""

from __future__ import annotations

import enum
import types
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from typing import Any

import gast

__all__ = [
    "ALONE",
    "IMMUTABLE",
    "Env",
    "Reads",
    "Value",
    "annotated",
    "annotation_of",
    "join",
    "join_envs",
    "live_value",
]

LATER = 1_000_000_000  # the place of reads in an inner function: it may be called at any later time
ALONE = 9
"""Levels of a value no part of which is held by anything else."""


@dataclass(frozen=True)
class Value:
    """The value of a name.

    `levels` counts how deep nothing else holds it: 0 is shared, 1 means the value alone but not its elements, ALONE all of
    it. An `immutable` value may be held by anything. `flat` says that its elements are immutable. `origin` is "parameter",
    "alias", "element", "global" or "function" of a shared value, `why` the clause for a message; `aliased`: a parameter that the
    workflow itself has put elsewhere too. `fields` tells which items
    of a tuple are immutable, `parts` the same of each of its elements, which are tuples. `captures` are the names
    that a function reads from around it, `related` those that an opaque call may have made share something with it,
    `stale` why it must not be read any more, `iterated` the loops that go through it. `sources` are the recorded calls
    that gave it or a part of it; a `foreign` value came from such a call or a step. `verified`, if not -1, are its levels if the results of recorded calls are seen to have no part of it. `sure`: bound on every path. `loop`: the innermost loop it was bound in, by
    the statement `born`.
    """

    immutable: bool = False
    levels: int = 0
    flat: bool = False
    type: str = ""
    origin: str = ""
    why: str = ""
    root: str = ""
    aliased: bool = False
    sure: bool = True
    loop: int = 0
    born: int = -1
    fields: tuple[bool, ...] = ()
    parts: tuple[bool, ...] = ()
    captures: frozenset[str] = frozenset()
    related: frozenset[str] = frozenset()
    sources: frozenset[Any] = frozenset()
    foreign: bool = False
    verified: int = -1
    stale: str = ""
    iterated: frozenset[int] = frozenset()

    def shared(self, origin: str, why: str, root: str = "") -> Value:
        """Return the value as one that something else holds too; the first reason stays."""
        if self.immutable or self.levels == 0:
            return replace(self, verified=-1) if self.verified >= 0 else self
        return replace(self, levels=0, origin=origin, why=why, root=root, verified=-1)

    @property
    def reach(self) -> int:
        """Levels if the results of recorded calls have no part of it; ALONE if nothing inside can be changed."""
        levels = max(self.levels, self.verified)
        return ALONE if self.immutable or (self.flat and levels > 0) else levels

    @property
    def kept_levels(self) -> int:
        """Levels below the top of a container that holds nothing else but this value."""
        return ALONE if self.immutable else self.levels


IMMUTABLE = Value(immutable=True, levels=ALONE, flat=True)
Env = dict[str, Value]


def join(a: Value, b: Value) -> Value:
    """Return what holds of a value that is one or the other."""
    if a is b:
        return a
    worse = min(a, b, key=lambda v: (v.levels, v.immutable))
    verified = min(max(v.levels, v.verified) for v in (a, b))
    return Value(
        a.immutable and b.immutable,
        min(a.levels, b.levels),
        a.flat and b.flat,
        a.type if a.type == b.type else "",
        worse.origin,
        worse.why,
        worse.root,
        a.aliased or b.aliased,
        a.sure and b.sure,
        a.loop if a.loop == b.loop else -1,
        a.born if a.born == b.born else -1,
        a.fields if a.fields == b.fields else (),
        a.parts if a.parts == b.parts else (),
        a.captures | b.captures,
        a.related | b.related,
        a.sources | b.sources,
        a.foreign or b.foreign,
        verified if verified > worse.levels else -1,
        a.stale or b.stale,
        a.iterated | b.iterated,
    )


def join_envs(envs: Iterable[Env | None]) -> Env | None:
    """Return what holds after one of several paths; None is a path that does not get there."""
    alive = [env for env in envs if env is not None]
    if not alive:
        return None
    first, *rest = alive
    found = dict(first)
    for env in rest:
        for name in found.keys() | env.keys():
            if name in found and name in env:
                found[name] = join(found[name], env[name])
            else:
                found[name] = replace(found.get(name) or env[name], sure=False)
    return found


_ATOMS = {
    int,
    float,
    str,
    bool,
    bytes,
    complex,
    type(None),
    type(...),
    range,
    slice,
    PurePath,
    date,
    time,
    timedelta,
    tzinfo,
}
_ATOMS |= {Decimal, Fraction, enum.Enum, type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType}
_IMMUTABLE_TYPES = tuple(_ATOMS)
_IMMUTABLE_NAMES = frozenset(
    (
        *("int", "float", "complex", "str", "bytes", "bool", "None", "NoneType", "LiteralString", "range", "Decimal"),
        *("Fraction", "Path", "PurePath", "datetime", "date", "time", "timedelta", "UUID"),
    )
)
_CONTAINERS = {"list": "list", "List": "list", "set": "set", "Set": "set", "dict": "dict", "Dict": "dict"}
_CONTAINERS |= {"Sequence": "", "Iterable": "", "Collection": "", "Mapping": "", "frozenset": "", "deque": ""}


def live_value(obj: object) -> Value:
    """Return what is known of a global."""
    immutable = isinstance(obj, _IMMUTABLE_TYPES)
    if isinstance(obj, (tuple, frozenset)) and not immutable:
        immutable = all(live_value(element).immutable for element in obj)
    return IMMUTABLE if immutable else Value(origin="global")


def annotated(node: Any) -> Value:
    """Return what an annotation says: `immutable`, or `flat` for containers of immutable values; a shared value else."""
    if isinstance(node, gast.Constant):
        if node.value is None:
            return IMMUTABLE
        return annotation_of(node.value) if isinstance(node.value, str) else Value()
    if isinstance(node, (gast.Name, gast.Attribute)):
        name = node.id if isinstance(node, gast.Name) else node.attr
        return IMMUTABLE if name in _IMMUTABLE_NAMES else Value(type=_CONTAINERS.get(name, ""))
    if isinstance(node, gast.BinOp):
        return join(annotated(node.left), annotated(node.right))
    if isinstance(node, gast.Subscript):
        return _generic(node)
    return Value()


def _generic(node: Any) -> Value:
    name = node.value.id if isinstance(node.value, gast.Name) else getattr(node.value, "attr", "")
    parts = node.slice.elts if isinstance(node.slice, gast.Tuple) else [node.slice]
    inner = [annotated(part) for part in parts if not (isinstance(part, gast.Constant) and part.value is ...)]
    immutable = all(value.immutable for value in inner)
    if name == "Literal":
        return IMMUTABLE
    if name in ("Annotated", "Final", "Optional"):
        return inner[0] if inner else Value()
    if name == "Union":
        found = inner[0] if inner else Value()
        for value in inner[1:]:
            found = join(found, value)
        return found
    if name in ("tuple", "Tuple", "frozenset", "FrozenSet"):
        return IMMUTABLE if immutable else Value(type="tuple" if name.lower() == "tuple" else "")
    return Value(flat=immutable and name in _CONTAINERS, type=_CONTAINERS.get(name, ""))


def annotation_of(text: object) -> Value:
    """Return what an annotation says that is a live object or a text."""
    if text is None:
        return IMMUTABLE
    if isinstance(text, type) and not isinstance(text, types.GenericAlias):
        if issubclass(text, _IMMUTABLE_TYPES):
            return IMMUTABLE
        text = text.__name__
    try:
        return annotated(gast.parse(str(text), mode="eval").body)
    except SyntaxError:  # an annotation can be any object; most say nothing
        return Value()


@dataclass
class Reads:
    """Where names are read: statements are numbered in program order."""

    numbers: dict[int, int] = field(default_factory=dict)
    at: dict[str, list[int]] = field(default_factory=dict)

    def number(self, stmt: object, expressions: Iterable[gast.AST]) -> None:
        """Number a statement, given the trees that it holds itself; statements inside them get numbers of their own."""
        self.numbers[id(stmt)] = len(self.numbers)
        here = self.numbers[id(stmt)]
        for tree in expressions:
            self._visit(tree, here)

    def _visit(self, node: Any, here: int) -> None:
        if isinstance(node, gast.stmt) and id(node) not in self.numbers:
            self.numbers[id(node)] = here = len(self.numbers)
        if isinstance(node, (gast.Lambda, gast.FunctionDef)):
            here = LATER
        if isinstance(node, gast.Name) and not isinstance(node.ctx, (gast.Store, gast.Param)):
            self.at.setdefault(node.id, []).append(here)
        elif isinstance(node, gast.AugAssign) and isinstance(node.target, gast.Name):
            self.at.setdefault(node.target.id, []).append(here)
        for child in gast.iter_child_nodes(node):
            inner = isinstance(child, gast.stmt) and here != LATER
            self._visit(child, here if not inner else self.numbers.get(id(child), here))

    def last(self, name: str, stmt: int, born: int, in_loop: bool) -> bool:
        """Whether a read in statement `stmt` is the last one of the value that the name got in statement `born`."""
        places = self.at.get(name, [])
        return (
            places.count(stmt) == 1
            and all(place <= stmt for place in places)
            and not (in_loop and any(place <= born for place in places))
        )
