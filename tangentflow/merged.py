"""`merge`: several workflows as one. Called plainly it calls them one after the other; compiled, it is one graph with common parts once.

A merged workflow has no source of its own: its graph is made of theirs. Names that mean different things in them have different names in
it, so it needs a namespace in which each of these finds what it means. This module is also loaded inside pods, so it imports only the
standard library.
"""

from __future__ import annotations

import builtins
import inspect
import sys
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from tangentflow.decorators import BoundCall, WorkflowFunction

__all__ = ["Common", "MergedWorkflow", "Name", "Unknown", "merge", "shared"]


def merge(*parts: BoundCall[Any] | WorkflowFunction[..., Any], name: str | None = None) -> MergedWorkflow:
    """Return one workflow out of several, without parameters: its value is the tuple of theirs.

    A part is `workflow.bind(arguments)`, or a workflow itself if all of its parameters have defaults. Called plainly, the parts are called in
    order, and the first exception is that of all. In the graph, steps that are declared `pure` or `cache` and get the same inputs stand
    once: same code, same options, same sources of their arguments, and surely reached in the earlier part. So do branches, loops and calls of
    other workflows that are made of such steps alone. Everything else runs as often as the parts say, and effects of a part come before those
    of the next one.

    `name` is that of the new workflow; it is made of theirs otherwise. Raises TypeError for what is no workflow or does not fit its
    parameters, ValueError for workflows whose options differ (`max_iterations` counts for each part, and `name` not at all).
    """
    if not parts:
        raise TypeError("merge() needs at least one workflow: merge(a.bind(1), b.bind(2))")
    if name is not None and not (isinstance(name, str) and name.isidentifier()):
        raise ValueError(f"the name of a merged workflow is a Python name, not {name!r}")
    caller = sys._getframe(1).f_globals.get("__name__")  # where `both = merge(…, name="both")` can be imported from
    bound = tuple(map(_bound, parts))
    return MergedWorkflow(bound, name, caller, _common_options(bound))


class Common(str):
    """A call that is common to several workflows: its path in the first of them. `places` has the workflow, the path there and `file:line`
    for each time that it is written.
    """

    places: tuple[tuple[str, str, str], ...]

    def __new__(cls, path: str, places: tuple[tuple[str, str, str], ...]) -> Common:
        """Make a name with its places."""
        made = super().__new__(cls, path)
        made.places = places
        return made

    @property
    def name(self) -> str:
        """The path in the first workflow."""
        return str(self)

    def __getnewargs__(self) -> tuple[str, tuple[tuple[str, str, str], ...]]:  # type: ignore[override]
        return str(self), self.places


@dataclass(frozen=True)
class Unknown:
    """The argument of a parameter that is not bound: the same for all parameters of this name."""

    name: str


def shared(*parts: BoundCall[Any] | WorkflowFunction[..., Any]) -> tuple[Common, ...]:
    """Name the calls that a `merge` of these workflows has once for several of them, in program order.

    A part is `workflow.bind(arguments)`, or a workflow: then a parameter without a default counts as the same as one of that name in another
    part. Nothing is run. Raises TypeError for what is no workflow, LanguageError for one that the language refuses.
    """
    from tangentflow.compile import common_parts

    return common_parts(MergedWorkflow(tuple(map(_supposed, parts))))


def _supposed(part: object) -> BoundCall[Any]:
    if not isinstance(part, WorkflowFunction):
        return _bound(part)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for parameter in inspect.signature(part.function, follow_wrapped=False).parameters.values():
        value = Unknown(parameter.name) if parameter.default is parameter.empty else parameter.default
        if parameter.kind is parameter.KEYWORD_ONLY:
            kwargs[parameter.name] = value
        elif parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            args.append(value)
    return BoundCall(part, tuple(args), kwargs)


def _bound(part: object) -> BoundCall[Any]:
    if isinstance(part, BoundCall):
        return part
    if not isinstance(part, WorkflowFunction):
        raise TypeError(
            f"merge() takes workflows, not {part!r}; write `workflow.bind(arguments)`, not `workflow(arguments)`"
        )
    try:
        return BoundCall(part)
    except TypeError as error:
        raise TypeError(f"{error}: merge() needs its arguments, {part.__name__}.bind(…)") from None


@dataclass(frozen=True)
class Name:
    """What a name of a merged workflow means: in the part of this number a global, a closure variable, or an argument, by its name there."""

    kind: str
    part: int
    name: str


class MergedWorkflow(WorkflowFunction[..., tuple[Any, ...]]):
    """Several workflows as one, which has no parameters. `table` says what the names of its graph mean, once there is one."""

    def __init__(
        self, parts: tuple[BoundCall[Any], ...], name: str | None = None, module: str | None = None,
        options: Mapping[str, Any] | None = None, table: Mapping[str, Name] | None = None,
    ) -> None:  # fmt: skip
        self.parts = parts
        self.space = _Space(parts, dict(table or {}))
        super().__init__(_function(parts, name or _joined(parts), module, self.space), options or {})

    def __reduce__(self) -> Any:
        return MergedWorkflow, (self.parts, self.__name__, self.__module__, self._options, dict(self.space.table))

    def __repr__(self) -> str:
        return f"merge({', '.join(map(repr, self.parts))})"

    def name_it_knows(self, table: Mapping[str, Name]) -> None:
        """Take over what the names of the graph mean."""
        self.space.table.update(table)


def _common_options(parts: tuple[BoundCall[Any], ...]) -> dict[str, Any]:
    """Return the options that all parts have alike. Raises ValueError for one that they have not."""
    names = {name for part in parts for name in part.workflow.options_given} - {"name", "max_iterations"}
    for name in sorted(names):
        values = [part.workflow.option(name) for part in parts]
        if any(value != values[0] for value in values):
            given = ", ".join(f"{part.workflow.__qualname__}: {part.workflow.option(name)!r}" for part in parts)
            raise ValueError(
                f"workflows with different options cannot be merged: {name} ({given}); give all of them the same one, or none"
            )
    return {name: parts[0].workflow.option(name) for name in sorted(names)}


def _joined(parts: tuple[BoundCall[Any], ...]) -> str:
    names = [part.workflow.__name__.strip("<>") for part in parts]
    shown = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3}_more"]
    return "_".join(["merge", *shown])


def _function(parts: tuple[BoundCall[Any], ...], name: str, module: str | None, space: _Space) -> types.FunctionType:
    """Return the function that calls the parts, in the namespace of the merged workflow."""

    def merged() -> tuple[Any, ...]:
        return _tf_call()

    def _tf_call() -> tuple[Any, ...]:
        return tuple([part() for part in parts])  # a generator would change StopIteration

    made = types.FunctionType(merged.__code__, space, name, None, merged.__closure__)
    made.__qualname__ = name
    made.__module__ = module or parts[0].workflow.__module__
    made.__doc__ = f"Run {', '.join(part.workflow.__qualname__ for part in parts)} as one workflow; return a tuple."
    made.__annotations__ = {}
    return made


class _Space(dict[str, Any]):
    """The globals of a merged workflow: each name of the table is looked up where its part would find it, when it is read."""

    def __init__(self, parts: tuple[BoundCall[Any], ...], table: dict[str, Name]) -> None:
        first = _function_of(parts[0]).__globals__
        own: dict[str, Any] = {
            name: value for name, value in first.items() if name in ("__name__", "__package__", "__file__")
        }
        super().__init__(own, __builtins__=builtins)
        self.parts = parts
        self.table = table

    def __missing__(self, key: str) -> Any:
        return resolve(self.parts, self.table[key])

    def __contains__(self, key: object) -> bool:
        return self.get(cast(str, key), self) is not self

    def get(self, key: str, default: Any = None) -> Any:
        try:
            return self[key]
        except KeyError:
            return default

    def __iter__(self) -> Iterator[str]:
        yield from super().__iter__()
        yield from self.table

    def keys(self) -> Any:
        return [*iter(self)]

    def __len__(self) -> int:
        return super().__len__() + len(self.table)


def _function_of(part: BoundCall[Any]) -> types.FunctionType:
    return cast(types.FunctionType, part.workflow.function)


def resolve(parts: tuple[BoundCall[Any], ...], name: Name) -> Any:
    """Return what a name means now. Raises KeyError if it means nothing any more."""
    part = parts[name.part]
    if name.kind == "argument":
        return part.arguments[name.name]
    function = _function_of(part)
    if name.kind == "global":
        return function.__globals__[name.name]
    try:
        return function.__closure__[function.__code__.co_freevars.index(name.name)].cell_contents  # type: ignore[index]
    except ValueError:  # an empty cell
        raise KeyError(name.name) from None
