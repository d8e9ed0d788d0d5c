"""The fence: refuses every node that no rule lowers, and uses of known nodes that cannot keep Python's meaning.

Requires a lowering that has not begun. Notes all offences of the function.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Iterator

import gast

from tangentflow.decorators import StepFunction, WorkflowFunction, step, workflow
from tangentflow.language.lowering import Lowering, body_of
from tangentflow.language.ordering import only_orders
from tangentflow.language.partials import is_step
from tangentflow.language.patterns import named
from tangentflow.language.registry import EXPRESSIONS, PARTS, REFUSALS, STATEMENTS

__all__ = ["fence"]


_ENTERED: tuple[type[gast.AST], ...] = (
    gast.With,
    gast.AsyncWith,
    gast.AsyncFor,
    gast.Await,
    gast.Yield,
    gast.YieldFrom,
)
if hasattr(gast, "TryStar"):
    _ENTERED += (gast.TryStar,)
"""Refused constructs whose parts are checked all the same: they stay when the construct goes."""

_KEEPING = frozenset({"append", "appendleft", "add", "insert", "setdefault"})


def fence(lowering: Lowering) -> None:
    """Note the offences of a function."""
    called: set[int] = set()
    if isinstance(lowering.source.tree, gast.AsyncFunctionDef):
        _refuse_known(lowering, lowering.source.tree)
    for node in _inner_nodes(lowering.source.tree):
        kind = type(node)
        foreign = isinstance(node, gast.With) and not only_orders(lowering, node)
        if _makes_step(lowering, node):
            continue
        if (kind in STATEMENTS and not foreign) or kind in EXPRESSIONS or kind in PARTS:
            if isinstance(node, gast.Call):
                called.add(id(node.func))
                before = len(lowering.offences)
                lowering.kind(node)  # refuses what may not be called, in lambdas and inner functions too
                if any(offence.code in ("TF115", "TF310") for offence in lowering.offences[before:]):
                    named_already = [*node.args, *[k.value for k in node.keywords], getattr(node.func, "value", None)]
                    called |= {id(value) for value in named_already if value is not None}
            _check(lowering, node, called)
            continue
        if kind in REFUSALS:
            _refuse_known(lowering, node)
        elif hasattr(node, "lineno"):
            what = f"`{kind.__name__}` in a workflow"
            lowering.refuse(node, "TF100", what, "the language has no rule for it", "use it inside a step")


def _refuse_known(lowering: Lowering, node: gast.AST) -> None:
    known = REFUSALS[type(node)]
    lowering.refuse(node, known.code, f"{known.construct} in a workflow", known.why, known.instead)


def _inner_nodes(tree: gast.AST) -> Iterator[gast.AST]:
    """Yield what stands in the body of a function, but not inside constructs that are refused as a whole."""
    todo: list[gast.AST] = list(reversed(body_of(tree)))
    while todo:
        node = todo.pop()
        yield node
        if type(node) in REFUSALS and not isinstance(node, _ENTERED):
            continue
        inner = [] if hasattr(node, "binds_step") else list(gast.iter_child_nodes(node))
        if isinstance(node, gast.AnnAssign):
            inner = [part for part in inner if part is not node.annotation]  # never evaluated in a function
        todo.extend(reversed(inner))


def _makes_step(lowering: Lowering, node: gast.AST) -> bool:
    """Refuse a step or workflow that is made here; tell whether the node is the call that makes it."""
    called = isinstance(node, gast.Call)
    makers = [node.func] if called else node.decorator_list if isinstance(node, gast.FunctionDef) else []
    for maker in makers:
        found = lowering.resolve(maker)
        if found is not step and found is not workflow:
            continue
        word = "step" if found is step else "workflow"
        lowering.refuse(
            node if called else maker, "TF139", f"`{word}` in the body of a workflow",
            "which steps there are must be known before the run, and this function is made anew in it",
            f"define it at module level, and make what it takes from here parameters of the {word}",
        )  # fmt: skip
        return called
    return False


def _check(lowering: Lowering, node: gast.AST, called: set[int]) -> None:
    if isinstance(node, gast.Compare):
        operands = [node.left, *node.comparators]
        for op, left, right in zip(node.ops, operands, operands[1:]):
            if isinstance(op, (gast.Is, gast.IsNot)) and not (
                _singleton(lowering, left) or _singleton(lowering, right)
            ):
                word = "is" if isinstance(op, gast.Is) else "is not"
                lowering.refuse(
                    node, "TF110", f"`{word}` between values", "a value that a step has had is a copy: equal, not identical",
                    f"write `{'==' if word == 'is' else '!='}`",
                )  # fmt: skip
    elif isinstance(node, (gast.ListComp, gast.SetComp, gast.DictComp, gast.GeneratorExp)):
        if any(generator.is_async for generator in node.generators):
            lowering.refuse(
                node, "TF105", "`async for` in a comprehension", "a workflow has no event loop", "write a plain `for`"
            )  # fmt: skip
    elif isinstance(node, gast.NamedExpr):
        lowering.no_iterator(node.value)
    elif isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute) and node.func.attr in _KEEPING:
        for argument in node.args:
            lowering.no_iterator(argument)
    elif isinstance(node, gast.Lambda):
        for call in gast.walk(node):
            if isinstance(call, gast.Call) and isinstance(
                lowering.resolve(call.func), (StepFunction, WorkflowFunction)
            ):
                lowering.refuse(
                    call, "TF133", "a step call inside a lambda", "the steps of a function are known only if it is a workflow",
                    "write a function at module level and decorate it with @workflow",
                )  # fmt: skip
    elif isinstance(node, gast.Name) and node.id.startswith("_tf"):
        lowering.refuse(node, "TF113", f"the name '{node.id}'", "the compiler uses names that begin so", "rename it")
    elif (name := named(node)) is not None and name.startswith("_tf"):
        lowering.refuse(node, "TF113", f"the name '{name}'", "the compiler uses names that begin so", "rename it")
    elif isinstance(node, (gast.Name, gast.Attribute)) and isinstance(node.ctx, gast.Load):
        if id(node) not in called and not hasattr(node, "taken_apart") and is_step(lowering.resolve(node)):
            name = gast.unparse(node)
            kind = "workflow" if isinstance(lowering.resolve(node), WorkflowFunction) else "step"
            lowering.refuse(
                node, "TF111", f"the {kind} '{name}' used as a value", "which steps run must be known before the run",
                f"call it where it is needed: `{name}(…)`",
            )  # fmt: skip
        verdict = lowering.kinds.read(node)
        if verdict.code:
            lowering.refuse(
                node, verdict.code, f"an iterator is kept: `{gast.unparse(node)}`", verdict.why, verdict.instead
            )
        elif verdict.kind != "pure":
            lowering.refuse(
                node, "TF112", "a read of the environment", verdict.why, "read it in a @step, or pass it as an argument"
            )  # fmt: skip


def _singleton(lowering: Lowering, node: gast.AST) -> bool:
    """Whether an expression can only be something of which there is one in every process."""
    if isinstance(node, gast.Constant):
        return node.value is None or node.value is True or node.value is False or node.value is ...
    value = lowering.resolve(node)
    return inspect.isclass(value) or isinstance(value, enum.Enum)
