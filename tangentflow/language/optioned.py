"""Steps with other options, in the body of a workflow: `step.options(…)` becomes a name of its own for the step that it gives.

fit.options(cpu=16)(x)     becomes     fit_2(x), and the name `fit_2` means that step

The options are worked out when the workflow is compiled: they are constants, or made of constants and names from outside the function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gast

from tangentflow.attempts import attempt
from tangentflow.decorators import StepFunction
from tangentflow.language.partials import located
from tangentflow.language.verdict import MISSING

if TYPE_CHECKING:
    from tangentflow.language.lowering import Lowering

__all__ = ["name_optioned"]

_CALL_A_STEP = (attempt, map, filter)
_SIGNS = {gast.USub: lambda value: -value, gast.UAdd: lambda value: +value}


def name_optioned(lowering: Lowering, body: list[gast.stmt]) -> None:
    """Name the steps with other options that statements call, in place. Refuses those that they do not call where they stand."""
    namer = _Namer(lowering)
    for stmt in body:
        namer.visit(stmt)


class _Unknown(Exception):
    """Options that only a run knows; the text is the part of them."""


class _Namer(gast.NodeTransformer):  # type: ignore[misc]
    def __init__(self, lowering: Lowering) -> None:
        self.lowering = lowering
        self.known: dict[tuple[int, str], str] = {}

    def visit_Call(self, node: gast.Call) -> Any:
        step = self._optioned(node)
        if step is not None:
            self.lowering.refuse(
                node, "TF118", f"`{gast.unparse(node)}`, a step with options that is not called where it stands",
                "which steps run must be known before the run",
                f"call it there, `{gast.unparse(node)}(…)`, or bind it to a name outside of the workflow",
            )  # fmt: skip
            return located(gast.Constant(value=None, kind=None), node)
        node.func = self._named(node.func)
        if node.args and self.lowering.resolve(node.func) in _CALL_A_STEP:
            node.args[0] = self._named(node.args[0])
        return self.generic_visit(node)

    def _optioned(self, node: Any) -> StepFunction[..., Any] | None:
        """Return the step whose options an expression changes; None if it does not."""
        if not (isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute) and node.func.attr == "options"):
            return None
        inner = self._optioned(node.func.value)
        found = inner if inner is not None else self.lowering.resolve(node.func.value)
        return found if isinstance(found, StepFunction) else None

    def _named(self, node: Any) -> Any:
        """Return a name for the step that an expression gives by changing options; another expression as it is."""
        step = self._optioned(node)
        if step is None:
            return node
        text = gast.unparse(node)
        key = id(step), text
        if key not in self.known:
            name = self.known[key] = self.lowering.namer.fresh(step.__name__)
            self.lowering.derived[name] = self._made(node)
            self.lowering.written[name] = node
        return located(gast.Name(id=self.known[key], ctx=gast.Load(), annotation=None, type_comment=None), node)

    def _made(self, node: Any) -> StepFunction[..., Any]:
        """Return the step that an expression gives. Refuses one that only a run knows, or that there cannot be."""
        owner = node.func.value
        step: Any = self._made(owner) if self._optioned(owner) is not None else self.lowering.resolve(owner)
        try:
            if node.args or any(keyword.arg is None for keyword in node.keywords):
                raise _Unknown("`*` or `**`" if not node.args else gast.unparse(node.args[0]))
            options = {keyword.arg: self._value(keyword.value) for keyword in node.keywords}
        except _Unknown as unknown:
            self.lowering.refuse(
                node, "TF118", f"`{gast.unparse(node)}`, options of a step that are not constants: {unknown}",
                "how a step is scheduled must be known before the run", "write constants, or names from outside of the workflow",
            )  # fmt: skip
            return step  # type: ignore[no-any-return]
        try:
            return step.options(**options)  # type: ignore[no-any-return]
        except (TypeError, ValueError) as error:
            self.lowering.refuse(
                node, "TF118", f"`{gast.unparse(node)}`, options that a step cannot have", str(error), "give it others, or leave them out"
            )  # fmt: skip
            return step  # type: ignore[no-any-return]

    def _value(self, node: Any) -> Any:
        if isinstance(node, gast.Constant):
            return node.value
        if isinstance(node, gast.UnaryOp) and type(node.op) in _SIGNS and isinstance(node.operand, gast.Constant):
            return _SIGNS[type(node.op)](node.operand.value)
        if isinstance(node, (gast.Tuple, gast.List)):
            items = [self._value(item) for item in node.elts]
            return tuple(items) if isinstance(node, gast.Tuple) else items
        if isinstance(node, gast.Dict) and None not in node.keys:
            return {self._value(key): self._value(value) for key, value in zip(node.keys, node.values, strict=True)}
        found = self.lowering.resolve(node) if isinstance(node, (gast.Name, gast.Attribute)) else MISSING
        if found is MISSING:
            raise _Unknown(f"`{gast.unparse(node)}`")
        return found
