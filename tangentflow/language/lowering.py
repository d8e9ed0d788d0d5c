"""From an accepted gast tree to the core tree.

Requires the source of one function. Provides `Lowered`: its core tree, in which each step call stands alone, and all offences of
the function. The order of evaluation is Python's: what stands before a call in the same expression is evaluated
before it, into a temporary.

    r = (1 // n) + f(n)      becomes      left = 1 // n
                                          f_1 = f(n)
                                          r = left + f_1
"""

from __future__ import annotations

import builtins
import functools
import importlib
import inspect
import re
import types
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import gast

from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.errors import InternalError, Offence
from tangentflow.language import core, known, known_results
from tangentflow.language.imports import Imported, imports_of
from tangentflow.language.in_place import made, made_type, mark_changes
from tangentflow.language.kinds import MISSING, Kinds, dotted, mutates
from tangentflow.language.lazy import GROUPS, is_groupby
from tangentflow.language.mapping import spell_out
from tangentflow.language.meanings import Meanings
from tangentflow.language.mending import Mended, mend
from tangentflow.language.missing_keys import mark_adding_reads
from tangentflow.language.naming import Namer
from tangentflow.language.partials import is_step
from tangentflow.language.patterns import named
from tangentflow.language.registry import EXPRESSIONS, STATEMENTS
from tangentflow.language.uses import all_names, bound_names, root_name, uses
from tangentflow.source.find import FunctionSource
from tangentflow.source.origin import Origin

__all__ = ["Lowered", "Lowering", "load_rules", "lower"]

_METHODS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    classmethod,
    staticmethod,
    StepFunction,
    WorkflowFunction,
)

RECORDED = frozenset({"step", "call", "opaque", "impure", "message"})
"""Kinds of calls that become sites."""


@dataclass
class Lowered:
    """A lowered function: its source, core tree, parameters, all local names, and the step and workflow objects it calls.

    Of a merged workflow `parts` are what it was made of, and `shared` the places of calls for which another one stands.
    """

    source: FunctionSource
    body: core.Block
    params: tuple[str, ...]
    locals: frozenset[str]
    callees: dict[str, object]
    spelling: dict[str, str]
    names: dict[str, object]
    origin: Origin
    imports: tuple[Imported, ...] = ()
    parts: tuple[WorkflowFunction[..., Any], ...] = ()
    shared: tuple[tuple[core.Site, Origin], ...] = ()
    meanings: Meanings | None = None


class Lowering:
    """The state of lowering one function; the rules of the registry are functions of it."""

    def __init__(self, source: FunctionSource, max_iterations: int) -> None:
        self.source = source
        self.max_iterations = max_iterations
        self.offences: list[Offence] = []
        self.mended = Mended()
        self.written: dict[str, gast.expr] = {}  # what the user wrote for a temporary
        self.out: core.Block = []
        self.params = _parameters(source.tree)
        self.namer = Namer(
            all_names(source.tree) | set(dir(builtins)) | {"_tf", "copy"}
        )  # remedies name the module `copy`
        self.inner_targets = _inner_targets(source.tree)
        # steps made of others where they are called (`attempt`, `options`), by names of their own
        self.derived: dict[str, object] = {}
        self.meanings = Meanings(source.fn)
        self.imports = imports_of(source, self.params, body_of(source.tree))
        self.locals = (set(self.params) | uses(*body_of(source.tree)).binds) - set(self.imports.meaning)
        self.makers = made(source.tree, self.params, self.resolve)
        self.kinds = Kinds(
            self.resolve, lambda value: isinstance(value, (StepFunction, WorkflowFunction)), self._type_of
        )
        self.speller = spell_out(self)
        own = uses(*body_of(source.tree))
        self.locals = (set(self.params) | own.binds) - set(self.imports.meaning)
        self.locals |= {n.target.id for n in _inner_statements(body_of(source.tree)) if _only_declares(n)}
        self.bound = set(self.params)
        self.dead = False
        self.broke: str | None = None
        self.pending = False  # inside a `try` of the innermost loop, so a `break` may be given up
        self.final = False  # inside a `finally` of the innermost loop, so a `break` may be on its way
        self.caught: Caught | None = None
        self.after: list[str] = []  # names that steps here wait for
        self.stops = ""  # what StopIteration means here
        self.lanes = 0
        self.callees: dict[str, object] = {}
        self.consumed: Counter[int] = Counter()
        self.spelling: dict[str, str] = {}
        self.origin = Origin.of(source.tree, source)
        self.temps: set[str | None] = set()
        self.lists = _always_lists(source.tree, self.params)
        self.outer_reads = own.reads
        self.inner_functions = _inner_functions(source.tree)
        mark_adding_reads(source.tree, self.resolve)
        mark_changes(source.tree, self.makers, self.resolve, self.kinds)
        # Keyed by identity; the node is kept with the answer so that its identity is not used again.
        self._contains: dict[int, tuple[gast.AST, bool]] = {}
        self._kinds: dict[int, tuple[gast.AST, str]] = {}

    def _type_of(self, name: str) -> type | None:
        """Return the class that a parameter is annotated with, or that all values of a name are made by."""
        if name in self.makers:
            return made_type(self.makers[name])
        given = self.source.tree.args
        for parameter in [*given.posonlyargs, *given.args, *given.kwonlyargs]:
            if parameter.id == name and parameter.annotation is not None:
                annotation = self.resolve(parameter.annotation)
                return annotation if inspect.isclass(annotation) else None
        return None

    # --- offences

    def refuse(self, node: gast.AST, code: str, what: str, why: str, instead: str) -> None:
        """Note an offence; compilation goes on to find the others."""
        if self.mended.follows(node):
            return
        what, instead = self._in_own_words(what), self._in_own_words(instead)
        compound = isinstance(getattr(node, "body", None), list) or isinstance(node, gast.Match)
        place = Origin.of_header if compound else Origin.of
        at = place(node, self.source) if getattr(node, "lineno", None) else self.origin
        offence = at.offence(self.source, code=code, what=what, why=why, instead=instead)
        covered = any(known.code.startswith("TF3") and known.lineno == offence.lineno for known in self.offences)
        follows = code.startswith("TF2") or code == "TF130"  # may only follow from a call that is refused itself
        if offence not in self.offences and not (covered and follows):
            self.offences.append(offence)

    def _in_own_words(self, text: str) -> str:
        """Return a text in whose quoted code stands what the user wrote, in place of temporaries."""
        for name, value in reversed(self.written.items()):
            if name in text:
                own = gast.unparse(value)
                whole = isinstance(value, (gast.Call, gast.Name, gast.Constant, gast.List))
                parts = text.split("`")
                parts[1::2] = [_in_place_of(name, own if whole else f"({own})", code) for code in parts[1::2]]
                text = "`".join(parts)
        return text

    # --- names

    def resolve(self, node: gast.AST) -> object:
        """Return the object that a name or dotted name outside the function means now, or MISSING."""
        if isinstance(node, gast.Name):
            if node.id in self.locals:
                return MISSING
            closure = self.source.closure
            for space in (self.derived, self.imports.meaning, closure, self.source.globals, vars(builtins)):
                if node.id in space:
                    if space is closure or space is self.source.globals:
                        self.meanings.note(node.id, space[node.id])
                    elif space is vars(builtins):
                        self.meanings.note(node.id)
                    return self._outer(node, space[node.id])
            self.meanings.note(node.id)
            return MISSING
        if isinstance(node, gast.Attribute):
            owner = self.resolve(node.value)
            if owner is MISSING:
                return MISSING
            if inspect.ismodule(owner):
                found = getattr(owner, node.attr, MISSING)
                name = dotted(node)
                if name.partition(".")[0] in self.meanings.names:
                    self.meanings.note(name, found)
                return found
            if inspect.isclass(owner):
                return getattr(owner, node.attr, MISSING)
            if type(owner) is functools.partial and node.attr == "func":
                return owner.func
            found = inspect.getattr_static(owner, node.attr, MISSING)  # runs no code of a property
            if isinstance(found, _METHODS):
                return getattr(owner, node.attr, MISSING)
            return found if node.attr in getattr(owner, "__dict__", ()) else MISSING
        return MISSING

    def _outer(self, node: gast.Name, value: object) -> object:
        if node.id not in self.inner_targets:
            return value
        if isinstance(value, (StepFunction, WorkflowFunction)):
            self.refuse(
                node, "TF125", f"'{node.id}' is a step here and a variable of a comprehension or lambda",
                "which of them is called would depend on the place", f"rename the variable '{node.id}'",
            )  # fmt: skip
        return MISSING

    def callee_key(self, value: StepFunction[..., Any] | WorkflowFunction[..., Any], func: gast.expr) -> str:
        """Return the key under which a step or workflow is known in the graph."""
        wish = key = f"{value.__module__}.{value.__qualname__}"
        number = 1
        while self.callees.setdefault(key, value) is not value:
            number += 1
            key = f"{wish}#{number}"
        self.spelling.setdefault(key, gast.unparse(func))
        return key

    # --- what stands in an expression

    def kind(self, call: gast.Call) -> str:
        """Return the kind of a call: a kind of site, or "pure". Refuses calls that may not stand in a workflow."""
        if id(call) not in self._kinds:
            self._kinds[id(call)] = (call, self._kind(call))
        return self._kinds[id(call)][1]

    def same_kinds(self, old: gast.AST, new: gast.AST) -> None:
        """Let a renamed copy of a tree have the kinds of the original, in which no name was mistaken for a global."""
        for a, b in zip(gast.walk(old), gast.walk(new)):
            if isinstance(a, gast.Call):
                self._kinds[id(b)] = (b, self.kind(a))

    def same_kind(self, old: gast.Call, new: gast.Call) -> None:
        """Let a lowered call have the kind of the original, of which it may call a temporary, and what it changes in place."""
        self._kinds[id(new)] = (new, self.kind(old))
        for mark in ("in_place", "method"):
            if hasattr(old, mark):
                setattr(new, mark, getattr(old, mark))

    def forget(self, mended: Mended) -> None:
        """Go on with a tree in which refused constructs are replaced: names may mean something else there."""
        self.mended = mended
        self.locals |= mended.names
        self._kinds.clear()
        self._contains.clear()

    def _kind(self, call: gast.Call) -> str:
        callee = self.resolve(call.func)
        if isinstance(callee, StepFunction):
            return "step"
        if isinstance(callee, WorkflowFunction):
            return "call"
        if callee is functools.partial and call.args and is_step(self.resolve(call.args[0])):
            self.refuse(
                call, "TF115", "a step bound with partial() that has no name of its own", "which steps run must be known before the run",
                f"bind it to one name, `bound = {gast.unparse(call)}`, and call that: `bound(…)`",
            )  # fmt: skip
            return "pure"
        if isinstance(callee, types.MethodType) and isinstance(callee.__func__, (StepFunction, WorkflowFunction)):
            owner, name = gast.unparse(call.func.value), callee.__func__.__qualname__
            self.refuse(
                call, "TF114", f"`{dotted(call.func)}(…)`, a step that is a method", "the object would be no visible argument of it",
                f"call it through its class: `{name}({owner}, …)`",
            )  # fmt: skip
            return "pure"
        if mutates(call, self.resolve):
            return "pure"
        verdict = self.kinds.call(call)
        if verdict.kind in ("outside", "refused"):
            self.refuse(call, verdict.code, f"`{dotted(call.func)}(…)` in a workflow", verdict.why, verdict.instead)
            return "pure"
        return verdict.kind

    def has_site(self, node: gast.AST | None) -> bool:
        """Whether a call that becomes a site stands in it (lambdas and inner functions do not count)."""
        if node is None or isinstance(node, (gast.Lambda, gast.FunctionDef)):
            return False
        if id(node) not in self._contains:
            own = isinstance(node, gast.Call) and self.kind(node) in RECORDED
            self._contains[id(node)] = (node, any([own, *map(self.has_site, gast.iter_child_nodes(node))]))
        return self._contains[id(node)][1]

    # --- emission

    def emit(self, stmt: core.Stmt) -> None:
        """Append a core statement to the current block."""
        if isinstance(stmt, core.If) and uses(stmt.test).writes:
            stmt.test = self.temp(stmt.test, "test")
        self.out.append(stmt)
        if self.stops and _may_stop(stmt):
            stmt.stops = self.stops
        if isinstance(stmt, core.If):
            stmt.total = self.kinds.decides(stmt.test, self.bound)
        if isinstance(stmt, core.Glue):
            effect = uses(stmt.node)
            self.bound |= effect.kills
            self.bound -= effect.deletes
            self.locals |= effect.kills
        elif isinstance(stmt, core.Site) and stmt.target:
            self.bound.add(stmt.target)
            self.locals.add(stmt.target)

    def glue(self, node: gast.stmt, total: bool = False, jumps: frozenset[str] = frozenset()) -> None:
        """Emit a statement of user code."""
        self.emit(core.Glue(self.origin, node, total, jumps))

    def assign(self, name: str, value: gast.expr) -> None:
        """Emit `name = value`."""
        self.glue(assignment(name, value), total=self.kinds.total(value, self.bound))

    def temp(self, value: gast.expr, wish: str) -> gast.Name:
        """Evaluate an expression into a new name."""
        name = self.namer.fresh(wish)
        self.written[name] = value
        self.assign(name, value)
        return load(name)

    # --- expressions

    def expr(self, node: gast.expr) -> gast.expr:
        """Emit what must run before; return an expression without sites that gives the value."""
        if not self.has_site(node):
            return node
        return EXPRESSIONS[type(node)].lower(self, node)

    def operands(self, nodes: Sequence[gast.expr], changed: Collection[gast.expr] = ()) -> list[gast.expr]:
        """Lower expressions that are evaluated one after the other, keeping their order.

        Those in `changed` are changed in place after that: they stay what they are, so that their root sees it.
        """
        last = max((i for i, node in enumerate(nodes) if self.has_site(node)), default=-1)
        lowered: list[gast.expr] = []
        for i, node in enumerate(nodes):
            value = self.expr(node)
            if i < last and not self.stable(value, nodes[i + 1 :]):
                if node in changed and root_name(node) and not uses(*nodes[i + 1 :]).writes & uses(node).reads:
                    self.glue(gast.Expr(value=value))  # Python's own error, before the others are evaluated
                else:
                    value = self.hoist(value, "part")
            lowered.append(value)
        return lowered

    def hoist(self, value: gast.expr, wish: str) -> gast.expr:
        """Evaluate an operand into a new name; `*value` is unpacked now, since it may turn out not to be iterable."""
        if isinstance(value, gast.Starred):
            return starred(self.temp(gast.List(elts=[value], ctx=gast.Load()), wish))
        return self.temp(value, wish)

    def stable(self, value: gast.expr, later: Sequence[gast.expr]) -> bool:
        """Whether a value can be read after the later operands instead of before them."""
        if isinstance(value, gast.Constant):
            return True
        return isinstance(value, gast.Name) and value.id in self.bound and value.id not in uses(*later).writes

    def atom(self, node: gast.expr, wish: str) -> gast.expr:
        """Return an expression that cannot raise for an already lowered one, evaluating it into a name if needed."""
        self.no_iterator(node)
        if (
            isinstance(node, gast.Name)
            and node.id not in self.bound
            and (node.id in self.locals or self.resolve(node) is MISSING)
        ):
            self.glue(gast.Expr(value=node))  # Python's own error, at the place where Python has it
            return node
        if isinstance(node, gast.Name) or (self.kinds.total(node, self.bound) and not uses(node).writes):
            return node
        return self.temp(node, wish)

    def no_iterator(self, node: gast.expr) -> None:
        """Refuse an iterator that would be kept, by itself or inside a display: it could not cross a step."""
        if isinstance(node, (gast.Tuple, gast.List, gast.Set, gast.Dict, gast.IfExp, gast.BoolOp, gast.NamedExpr)):
            for part in gast.iter_child_nodes(node):
                if not isinstance(node, gast.IfExp) or part is not node.test:
                    self.no_iterator(part)
        elif isinstance(node, gast.GeneratorExp) or (isinstance(node, gast.Call) and self.makes_iterator(node)):
            text = gast.unparse(node)
            listed = f"make it a list: `list({text.strip('()') if isinstance(node, gast.GeneratorExp) else text})`"
            grouped = isinstance(node, gast.Call) and is_groupby(self, node)
            self.refuse(
                node, "TF120", f"an iterator is kept: `{text}`", "an iterator cannot cross from one step to another", GROUPS if grouped else listed,
            )  # fmt: skip

    def makes_iterator(self, call: gast.Call) -> bool:
        """Whether a call gives an iterator, which is used up by reading it."""
        callee = self.resolve(call.func)
        if callee is MISSING:
            return isinstance(call.func, gast.Attribute) and call.func.attr in ("__iter__", "__reversed__", "finditer")
        full = known.qualified_name(callee)
        return full in known_results.ITERATORS or full.startswith("itertools.") or inspect.isgeneratorfunction(callee)

    # --- statements

    def block(self, nodes: Sequence[gast.stmt]) -> core.Block:
        """Lower statements into a block of their own."""
        outer, self.out = self.out, []
        for node in nodes:
            self.statement(node)
        block, self.out = self.out, outer
        return block

    def statement(self, node: gast.stmt) -> None:
        """Lower one statement by its rule."""
        self.consumed[id(node)] += 1
        outer, self.origin = self.origin, Origin.of(node, self.source)
        with self.stopping(getattr(node, "stops", "")):
            STATEMENTS[type(node)].lower(self, node)
        self.origin = outer

    @contextmanager
    def stopping(self, stops: str) -> Iterator[None]:
        """Lower what StopIteration out of means more than that: it is what a `map` calls, or an item of a generator."""
        outer, self.stops = self.stops, stops or self.stops
        yield
        self.stops = outer

    @contextmanager
    def branch(self) -> Iterator[_Branch]:
        """Lower something that may not run: afterwards only what was bound before is bound; the branch keeps its own end."""
        before, dead, branch = set(self.bound), self.dead, _Branch()
        self.dead = False
        yield branch
        branch.bound, branch.dead = self.bound, self.dead
        self.bound, self.dead = before, dead

    def join(self, *branches: _Branch) -> None:
        """Go on after branches of which exactly one ran."""
        alive = [b.bound for b in branches if not b.dead]
        if alive:
            self.bound = set.intersection(*alive)
        else:
            self.dead = True


@dataclass
class Caught:
    """The exception that the handler around has caught: the name that holds it for loops, and whether we are in one."""

    name: str
    looping: bool = False


@dataclass
class _Branch:
    bound: set[str] = field(default_factory=set)
    dead: bool = False


def _in_place_of(name: str, own: str, code: str) -> str:
    return re.sub(rf"\b{name}\b", lambda _: own, code)


def _may_stop(stmt: core.Stmt) -> bool:
    """Whether StopIteration may come out of a statement: only out of calls, as good as always."""
    if isinstance(stmt, core.Glue):
        return any(isinstance(node, gast.Call) for node in gast.walk(stmt.node))
    return isinstance(stmt, core.Site)


def load(name: str) -> gast.Name:
    """Return the expression that reads a name."""
    return gast.Name(id=name, ctx=gast.Load(), annotation=None, type_comment=None)


def store(name: str) -> gast.Name:
    """Return the target that binds a name."""
    return gast.Name(id=name, ctx=gast.Store(), annotation=None, type_comment=None)


def starred(value: gast.expr) -> gast.Starred:
    """Return `*value`."""
    return gast.Starred(value=value, ctx=gast.Load())


def assignment(name: str, value: gast.expr) -> gast.Assign:
    """Return the statement `name = value`."""
    return gast.Assign(targets=[store(name)], value=value, type_comment=None)


def _only_declares(node: gast.stmt) -> bool:
    """Whether a statement is `x: int`, which makes the name local and binds nothing."""
    return isinstance(node, gast.AnnAssign) and node.value is None and isinstance(node.target, gast.Name)


def _parameters(tree: gast.AST) -> tuple[str, ...]:
    given = tree.args
    every = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
    return tuple(name.id for name in every if name is not None)


def body_of(tree: gast.AST) -> list[gast.stmt]:
    if isinstance(tree, gast.Lambda):
        return [gast.copy_location(gast.Return(value=tree.body), tree.body)]
    return list(tree.body)


def _always_lists(tree: gast.AST, params: tuple[str, ...]) -> set[str]:
    """Return the names that are bound to nothing but list displays and list comprehensions: their methods are there."""
    lists: set[str] = set()
    others = set(params)
    for node in gast.walk(tree):
        if isinstance(node, gast.Assign) and isinstance(node.value, (gast.List, gast.ListComp)):
            plain = {target.id for target in node.targets if isinstance(target, gast.Name)}
            lists |= plain
            others |= {name for target in node.targets for name in bound_names(target)} - plain
        elif isinstance(node, (gast.Assign, gast.AnnAssign, gast.For, gast.NamedExpr, gast.Delete, gast.AugAssign)):
            targets = node.targets if isinstance(node, (gast.Assign, gast.Delete)) else [node.target]
            others |= {
                n.id
                for t in targets
                for n in gast.walk(t)
                if isinstance(n, gast.Name) and not isinstance(n.ctx, gast.Load)
            }
        elif (name := named(node)) is not None:
            others.add(name)
    return lists - others


def _inner_targets(tree: gast.AST) -> set[str]:
    """Return the names that comprehensions and lambdas of the function bind for themselves."""
    names: set[str] = set()
    for node in gast.walk(tree):
        if isinstance(node, gast.comprehension):
            names |= bound_names(node.target)
        elif isinstance(node, (gast.Lambda, gast.FunctionDef)) and node is not tree:
            names |= bound_names(node.args)
    return names


def _inner_functions(tree: gast.AST) -> dict[str, set[str]]:
    """Return the names that are bound to inner functions and lambdas, with what these read from around them."""
    found: dict[str, set[str]] = {}
    for node in gast.walk(tree):
        if isinstance(node, gast.FunctionDef) and node is not tree:
            found.setdefault(node.name, set()).update(uses(node).reads)
        elif isinstance(node, gast.Assign) and isinstance(node.value, gast.Lambda):
            for name in {n for target in node.targets for n in bound_names(target)}:
                found.setdefault(name, set()).update(uses(node.value).reads)
    return found


def load_rules() -> None:
    """Import the modules of the rules, each of which registers its own."""
    for name in ("calls", "comprehensions", "expressions", "matching", "ordering", "statements", "trying"):
        importlib.import_module(f"tangentflow.language.{name}")


def lower(source: FunctionSource, max_iterations: int = 32_768) -> tuple[Lowered, list[Offence]]:
    """Return a function's core tree and all its offences. With offences the tree only serves to find what it calls."""
    from tangentflow.language import ownership

    load_rules()
    from tangentflow.language.fence import fence

    lowering = Lowering(source, max_iterations)
    for node, *offence in lowering.imports.offences:
        lowering.refuse(node, "TF108", *offence)
    fence(lowering)
    if lowering.offences:
        lowering.forget(mend(source.tree))
        lowering.mended.spread(source.tree, lambda call: lowering.kind(call) in ("step", "call"))
    statements_of = body_of(source.tree)
    body = lowering.block(statements_of)
    for node in _inner_statements(statements_of):
        if lowering.consumed[id(node)] != 1 and not lowering.offences:
            count = lowering.consumed[id(node)]
            raise InternalError(f"{Origin.of(node, source)}: a statement was lowered {count} times instead of once")
    ownership.check(
        body, lowering.params, lowering.resolve, lowering.refuse, tree=source.tree, callees=lowering.callees
    )  # fmt: skip
    if not lowering.offences:
        _no_hidden_calls(lowering, body)
    lowered = Lowered(
        source, body, lowering.params, frozenset(lowering.locals), lowering.callees, lowering.spelling,
        _outer_names(lowering), Origin.of_header(source.tree, source), tuple(lowering.imports.statements),
        meanings=lowering.meanings,
    )  # fmt: skip
    return lowered, lowering.offences


def _no_hidden_calls(lowering: Lowering, body: core.Block) -> None:
    """Raise InternalError if a step call was left in glue, where nobody would schedule it."""
    for stmt in core.walk(body):
        parts = (
            [stmt.node] if isinstance(stmt, core.Glue) else [getattr(stmt, "test", None), getattr(stmt, "value", None)]
        )
        for node in (n for part in parts if isinstance(part, gast.AST) for n in gast.walk(part)):
            if isinstance(node, gast.Call) and isinstance(
                lowering.resolve(node.func), (StepFunction, WorkflowFunction)
            ):
                raise InternalError(f"{stmt.origin}: a step call is left in glue", code=gast.dump(node))


def _outer_names(lowering: Lowering) -> dict[str, object]:
    """Return the globals and closure variables that the function reads, with their objects."""
    found: dict[str, object] = {}
    own = lowering.locals | set(lowering.imports.meaning)
    for node in gast.walk(gast.Module(body=body_of(lowering.source.tree), type_ignores=[])):
        if isinstance(node, gast.Name) and node.id not in own:
            for space in (lowering.derived, lowering.source.closure, lowering.source.globals):
                if node.id in space:
                    found.setdefault(node.id, space[node.id])
    for parameter in inspect.signature(lowering.source.fn, follow_wrapped=False).parameters.values():
        if parameter.default is not parameter.empty:
            found[f"_tf_default_{parameter.name}"] = parameter.default
    return found


def _inner_statements(nodes: Sequence[gast.stmt]) -> Iterator[gast.stmt]:
    """Yield the statements of the workflow itself: inner functions are one statement each."""
    for node in nodes:
        yield node
        if isinstance(node, gast.FunctionDef):
            continue
        for name in ("body", "orelse", "finalbody"):
            yield from _inner_statements(getattr(node, name, []) or [])
        for part in [*getattr(node, "handlers", []), *getattr(node, "cases", [])]:
            yield from _inner_statements(part.body)
