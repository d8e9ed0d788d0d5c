"""Decorators for a plain script: which functions become steps and workflows, and the text with nothing else changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import libcst as cst
from libcst import matchers as m
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor
from libcst.metadata import MetadataWrapper, PositionProvider

from tangentflow.errors import UsageError

__all__ = ["Conversion", "convert"]


@dataclass(frozen=True)
class Conversion:
    """A script with decorators: its text, the names of its steps and workflows, and the lines that run when it is imported."""

    text: str
    steps: tuple[str, ...]
    workflows: tuple[str, ...]
    at_import: tuple[int, ...]


@dataclass(frozen=True)
class _Function:
    """A function of the top level: the functions of the file that it calls, in the order of the calls, and its decorators."""

    name: str
    calls: tuple[str, ...]
    decorated: bool


def convert(
    text: str, workflows: Collection[str] = (), steps: Collection[str] = (), plain: Collection[str] = ()
) -> Conversion:
    """Put `@workflow` and `@step` on functions of a script, and the import before them; nothing else is changed.

    Steps are `steps` and what the workflows call, but for the functions in `plain`, which stay helpers, and those that are workflows
    themselves. Without `workflows`, it is the function that calls others and is called by none. Functions that have one of the decorators
    keep it. Raises UsageError for names that the script has not, if it is not clear what the workflow is, and for text that is no Python.
    """
    try:
        wrapper = MetadataWrapper(cst.parse_module(text))
    except cst.ParserSyntaxError as error:
        raise UsageError(f"this is no Python: line {error.raw_line}: {error.message}") from error
    functions = _functions(wrapper.module)
    for name in (*workflows, *steps, *plain):
        if name not in functions:
            raise UsageError(f"the file has no function {name}; it has {', '.join(functions) or 'none at all'}")
    flows = list(workflows) or [_only_root(functions)]
    chosen = dict.fromkeys([name for flow in flows for name in functions[flow].calls] + list(steps))
    picked = [name for name in chosen if name not in flows and name not in plain]
    for name in picked:
        inner = [called for called in functions[name].calls if called in picked]
        if inner:
            raise UsageError(
                f"{name} is to be a step and calls {', '.join(inner)}, which is one too; a step runs as a whole: make {name} a workflow "
                f"(--workflow {name}) or leave {inner[0]} a plain function (--plain {inner[0]})"
            )
    marks = dict.fromkeys(picked, "step") | dict.fromkeys(flows, "workflow")
    marks = {name: mark for name, mark in marks.items() if not functions[name].decorated}
    context = CodemodContext()
    for mark in sorted(set(marks.values())):
        AddImportsVisitor.add_needed_import(context, "tangentflow", mark)
    new = AddImportsVisitor(context).transform_module(wrapper.module.visit(_Decorate(marks)))
    return Conversion(new.code, tuple(picked), tuple(flows), _at_import(wrapper))


def _functions(module: cst.Module) -> dict[str, _Function]:
    own = [stmt for stmt in module.body if isinstance(stmt, cst.FunctionDef)]
    names = {function.name.value for function in own}
    found = {}
    for function in own:
        calls = [
            call.func.value
            for call in m.findall(function.body, m.Call(func=m.Name()))
            if isinstance(call, cst.Call) and isinstance(call.func, cst.Name)
        ]
        passed = [
            arg.value.value
            for arg in m.findall(function.body, m.Arg(value=m.Name()))
            if isinstance(arg, cst.Arg) and isinstance(arg.value, cst.Name)
        ]
        used = [name for name in dict.fromkeys([*calls, *passed]) if name in names and name != function.name.value]
        marked = any(m.matches(d, m.Decorator(decorator=_ours())) for d in function.decorators)
        found[function.name.value] = _Function(function.name.value, tuple(used), marked)
    return found


def _ours() -> m.OneOf[m.BaseExpressionMatchType]:
    name = m.Name("step") | m.Name("workflow") | m.Attribute(attr=m.Name("step") | m.Name("workflow"))
    return name | m.Call(func=name)


def _only_root(functions: dict[str, _Function]) -> str:
    called = {name for function in functions.values() for name in function.calls}
    roots = [name for name, function in functions.items() if function.calls and name not in called]
    if len(roots) != 1:
        what = f"it may be {' or '.join(roots)}" if roots else "no function calls another one"
        raise UsageError(f"which function is the workflow? {what}; say so: --workflow NAME")
    return roots[0]


class _Decorate(cst.CSTTransformer):
    def __init__(self, marks: dict[str, str]) -> None:
        self.marks = marks
        self.depth = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self.depth += 1

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self.depth += 1

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:
        self.depth -= 1
        return updated_node

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        self.depth -= 1
        mark = self.marks.get(original_node.name.value)
        if mark is None or self.depth:
            return updated_node
        decorator = cst.Decorator(cst.Name(mark))
        if not updated_node.decorators:
            return updated_node.with_changes(decorators=[decorator], lines_after_decorators=())
        return updated_node.with_changes(decorators=[decorator, *updated_node.decorators])


def _at_import(wrapper: MetadataWrapper) -> tuple[int, ...]:
    """Return the lines of statements that call something whenever the file is imported."""
    positions = wrapper.resolve(PositionProvider)
    found = []
    for stmt in wrapper.module.body:
        if isinstance(stmt, (cst.FunctionDef, cst.ClassDef)) or _is_main_guard(stmt):
            continue
        if m.matches(stmt, m.SimpleStatementLine(body=[m.Expr(value=m.SimpleString() | m.ConcatenatedString())])):
            continue
        loops = isinstance(stmt, (cst.For, cst.While, cst.With))
        if loops or m.matches(
            stmt, m.SimpleStatementLine(body=[m.ZeroOrMore(), m.Expr(value=m.Call()), m.ZeroOrMore()])
        ):
            found.append(positions[stmt].start.line)
    return tuple(found)


def _is_main_guard(stmt: cst.BaseStatement | cst.BaseSmallStatement) -> bool:
    return isinstance(stmt, cst.If) and bool(m.findall(stmt.test, m.Name("__name__")))
