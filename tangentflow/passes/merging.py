"""Several lowered workflows as one: their statements one after the other, with names told apart, and common parts once.

Requires the bound workflows of a `merge`. Provides the `Lowered` of the merged workflow, and what each name from outside means.

    a: x = f(1); return x               x = f(1)
    b: y = f(1); return g(y)            result = x
                                        y = x
                                        g_1 = g(y)
                                        result_2 = g_1
                                        return (result, result_2)

A part whose statements cannot stand there is called instead, as a sub-workflow: one that returns from inside a `try` with a `finally`, and one
of which a name would show under another one.
"""

from __future__ import annotations

import builtins
import inspect
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import gast

from tangentflow.decorators import BoundCall, WorkflowFunction
from tangentflow.errors import Offence, UsageError
from tangentflow.language import core
from tangentflow.language.core import Block
from tangentflow.language.imports import Imported
from tangentflow.language.lowering import Lowered, assignment
from tangentflow.language.naming import Namer
from tangentflow.merged import MergedWorkflow, Name, resolve
from tangentflow.passes.facts import Facts, label, liveness
from tangentflow.passes.renaming import inner_bindings, rename, tree_names
from tangentflow.passes.returns import without_returns
from tangentflow.passes.shared import Shared, share
from tangentflow.runtime.digest import digest
from tangentflow.source.find import FunctionSource
from tangentflow.source.printer import to_text

__all__ = ["Lower", "Merged", "merge_lowered"]

Lower = Callable[[WorkflowFunction[..., Any]], tuple[Lowered | None, list[Offence]]]
"""Lowers one workflow anew: core trees are changed here."""

Called = Callable[[object], bool]
"""Whether calls of a workflow are pure, so that one stands for several with the same arguments."""


@dataclass
class Merged:
    """The outcome: a lowered workflow, what its names mean, and the parts that are common."""

    lowered: Lowered | None
    table: dict[str, Name]
    shared: list[Shared]
    offences: list[Offence]


def merge_lowered(workflow: MergedWorkflow, lower: Lower, pure: Called) -> Merged:
    """Merge the parts of a workflow."""
    merging = _Merging(workflow)
    for number, part in enumerate(workflow.parts):
        lowered, offences = lower(part.workflow)
        if offences:
            merging.offences += [offence for offence in offences if offence not in merging.offences]
        elif lowered is not None and not merging.offences:
            merging.add(number, part, lowered)
    return merging.finish(pure)


@dataclass(eq=False)
class _Merging:
    workflow: MergedWorkflow
    body: Block = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    """Names with a meaning in the parts so far, and all that they contain otherwise."""
    locals: set[str] = field(default_factory=set)
    table: dict[str, Name] = field(default_factory=dict)
    meanings: dict[object, str] = field(default_factory=dict)
    keep: list[object] = field(default_factory=list)
    names: dict[str, object] = field(default_factory=dict)
    callees: dict[str, object] = field(default_factory=dict)
    spelling: dict[str, str] = field(default_factory=dict)
    imports: list[Imported] = field(default_factory=list)
    offences: list[Offence] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    paths: dict[core.Stmt, str] = field(default_factory=dict)
    lanes: int = 0
    first: Lowered | None = None
    namer: Namer = field(default_factory=lambda: Namer({*dir(builtins), "_tf", "copy"}))

    def add(self, number: int, part: BoundCall[Any], lowered: Lowered) -> None:
        """Add a part: its statements, or a call of it."""
        self.first = self.first or lowered
        self.starts.append(len(self.body))
        self.namer.taken |= tree_names(lowered.body) | lowered.locals | {*lowered.params, *lowered.names}
        result = self.namer.fresh("result")
        self.locals.add(result)
        self.results.append(result)
        before = set(self.namer.taken)
        statements = without_returns(lowered.body, result, self.namer)
        self.locals |= self.namer.taken - before
        names = self._names(number, part, lowered)
        if statements is None or names is None:
            self._call(number, part, lowered, result)
            return
        facts = Facts(lowered.locals)
        label(lowered.body)
        liveness(lowered.body, facts)
        for stmt in core.walk(lowered.body):
            if isinstance(stmt, core.Site):
                self.paths[stmt] = stmt.id
            if stmt.lane:
                stmt.lane += self.lanes
        self.lanes = max([self.lanes, *[stmt.lane for stmt in core.walk(statements)]])
        rename(statements, names)
        self.locals |= {names.get(name, name) for name in lowered.locals}
        for parameter in lowered.params:
            self._assign_argument(names.get(parameter, parameter), number, parameter, part, lowered)
        self._take_callees(lowered, statements, names)
        self.body += statements
        self.imports += [each for each in lowered.imports if each not in self.imports]
        self.taken |= self.locals | {name for each in lowered.imports for name in each.names}
        self.namer.taken |= self.taken

    def finish(self, pure: Called) -> Merged:
        """Return the merged workflow."""
        function = self.workflow.function
        first = self.first
        if first is None or self.offences:
            return Merged(None, {}, [], self.offences)
        elements = [_load(name) for name in self.results]
        self.body.append(core.Return(first.origin, gast.Tuple(elts=elements, ctx=gast.Load())))
        found = share(self.body, self.starts, self.locals, self._outer(), self.callees, self.paths, pure)
        (tree,) = gast.parse(f"def {self.workflow.__name__}():\n    pass").body
        source = FunctionSource(
            cast(types.FunctionType, function), self.workflow.__name__, self.workflow.__qualname__, first.source.filename, first.source.text, tree,
        )  # fmt: skip
        lowered = Lowered(
            source, self.body, (), frozenset(self.locals), self.callees, self.spelling, self.names, first.origin,
            tuple(self.imports), tuple(part.workflow for part in self.workflow.parts),
            tuple((one.sites[0], one.sites[1].origin) for one in found),
        )  # fmt: skip
        return Merged(lowered, self.table, found, self.offences)

    # --- names

    def _outer(self) -> set[str]:
        imported = {name for each in self.imports for name in each.names}
        return {*self.table, *dir(builtins), *imported, *self.names}

    def _names(self, number: int, part: BoundCall[Any], lowered: Lowered) -> dict[str, str] | None:
        """Return the new names of a part's variables and globals where they need one; None if one of them would show."""
        imported = {name for each in lowered.imports for name in each.names}
        known = [to_text([each.node]) for each in self.imports]
        fresh_imports = [each for each in lowered.imports if to_text([each.node]) not in known]
        if any(self.taken.intersection(each.names) for each in fresh_imports):
            return None
        names: dict[str, str] = {}
        for name in sorted(lowered.locals):
            if name in self.taken:
                names[name] = self.namer.fresh(name)
        free = sorted((_free(lowered) - lowered.locals) - imported)
        meanings = {name: meaning for name in free if (meaning := self._meaning(number, part, name)) is not None}
        for name, (key, _) in meanings.items():
            wanted = self.meanings.get(key) or (name if name not in self.taken else self.namer.fresh(name))
            if wanted != name:
                names[name] = wanted
        if names.keys() & (_unsure(lowered) | inner_bindings(lowered.body)):
            return None
        for name, (key, place) in meanings.items():
            self._mean(names.get(name, name), key, place, part)
        return names

    def _mean(self, name: str, key: object, place: Name | None, part: BoundCall[Any]) -> None:
        self.meanings.setdefault(key, name)
        self.taken.add(name)
        if place is not None and name not in self.table:
            self.table[name] = place
            self.names[name] = _value(part, place)

    def _meaning(self, number: int, part: BoundCall[Any], name: str) -> tuple[object, Name | None] | None:
        """Return what a name from outside means, so that equal meanings are equal, and where it is; None if it means nothing."""
        function: Any = part.workflow.function
        if name in function.__code__.co_freevars:
            place, space = Name("closure", number, name), None
        elif name in function.__globals__:
            place, space = Name("global", number, name), function.__globals__
        else:
            return (("builtin", name), None) if hasattr(builtins, name) else None
        value = _value(part, place)
        self.keep += [value, space]
        if callable(value) or isinstance(value, types.ModuleType):
            return ("object", id(value)), place
        if space is None:
            return ("closure", id(function.__closure__[function.__code__.co_freevars.index(name)])), place
        return ("global", id(space), name), place

    def _assign_argument(
        self, target: str, number: int, parameter: str, part: BoundCall[Any], lowered: Lowered
    ) -> None:
        value = part.arguments[parameter]
        self.locals.add(target)
        if type(value) in (str, int, bool, bytes, type(None)) or (type(value) is float and math.isfinite(value)):
            written = gast.Constant(value=value, kind=None)
        else:
            self.keep.append(value)
            met: dict[int, object] = {}
            key = ("value", digest(value, met))
            if any(isinstance(kind, type) and issubclass(kind, Path) for kind in met.values()):
                raise UsageError(
                    f"the argument {parameter!r} of {part!r} holds a path, whose files travel with the arguments of a run only, and a merged "
                    "workflow has none; give it as a text, and make the path in the step that reads it"
                )
            name = self.meanings.get(key) or self.namer.fresh(f"given_{parameter}")
            self._mean(name, key, Name("argument", number, parameter), part)
            written = _load(name)
        self.body.append(core.Glue(lowered.origin, assignment(target, written), total=True))

    def _take_callees(self, lowered: Lowered, statements: Block, names: Mapping[str, str]) -> None:
        keys: dict[str, str] = {}
        for key, callee in lowered.callees.items():
            keys[key] = self._callee(key, callee)
            root, dot, rest = lowered.spelling[key].partition(".")
            self.spelling.setdefault(keys[key], names.get(root, root) + dot + rest)
        for stmt in core.walk(statements):
            if isinstance(stmt, core.Site) and stmt.callee:
                stmt.callee = keys[stmt.callee]

    def _callee(self, wish: str, callee: object) -> str:
        known = next((key for key, value in self.callees.items() if value is callee), None)
        key, number = wish, 1
        while known is None and key in self.callees:
            number += 1
            key = f"{wish.partition('#')[0]}#{number}"
        self.callees[known or key] = callee
        return known or key

    def _call(self, number: int, part: BoundCall[Any], lowered: Lowered, result: str) -> None:
        """Call a part as a sub-workflow."""
        workflow = part.workflow
        forms: dict[Any, str] = {_KIND.VAR_POSITIONAL: "*", _KIND.VAR_KEYWORD: "**"}
        arguments = []
        for parameter in inspect.signature(workflow.function, follow_wrapped=False).parameters.values():
            target = self.namer.fresh(parameter.name)
            self._assign_argument(target, number, parameter.name, part, lowered)
            form = parameter.name if parameter.kind is _KIND.KEYWORD_ONLY else forms.get(parameter.kind, "")
            arguments.append(core.Argument(form, _load(target)))
        key = self._callee(f"{workflow.__module__}.{workflow.__qualname__}", workflow)
        name = self.namer.fresh(workflow.__name__)
        self.spelling[key] = name
        self.names[name] = workflow
        site = core.Site(lowered.origin, "call", workflow.__name__, result, key, arguments)
        self.paths[site] = workflow.__name__
        self.body.append(site)
        self.taken |= self.locals | {name}


_KIND = inspect.Parameter


def _load(name: str) -> gast.Name:
    return gast.Name(id=name, ctx=gast.Load(), annotation=None, type_comment=None)


def _free(lowered: Lowered) -> set[str]:
    """Return the names that may be from outside, those with which the source spells its calls included."""
    return tree_names(lowered.body) | {text.partition(".")[0] for text in lowered.spelling.values()}


def _value(part: BoundCall[Any], place: Name) -> object:
    try:
        return resolve((part,), replace(place, part=0))
    except KeyError:
        return None


def _unsure(lowered: Lowered) -> set[str]:
    """Return the variables that may be unbound where they are read: Python's error says their names."""
    facts = Facts(lowered.locals)
    every = [facts.all_uses(stmt) for stmt in lowered.body]
    caught = {h.name for s in core.walk(lowered.body) if isinstance(s, core.Try) for h in s.handlers if h.name}
    return set(facts.frontier(lowered.body)[0]) - set(lowered.params) | caught.union(*[use.deletes for use in every])
