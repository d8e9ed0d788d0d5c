"""Regenerated Python: the lowered workflow as a program that runs by itself and gives the same result."""

from __future__ import annotations

import ast

import gast

from tangentflow.language import core
from tangentflow.language.core import Block, Stmt
from tangentflow.language.lowering import Lowered
from tangentflow.language.uses import changed_operands, root_name
from tangentflow.passes.distribute import Planner
from tangentflow.passes.facts import sites
from tangentflow.source.printer import pretty, to_ast

__all__ = ["listing"]

_NOTE = "tf-note: "


def listing(lowered: Lowered, planner: Planner) -> str:
    """Return the text of the lowered function. Comments name the source line of each call and say how each loop runs."""
    tree = lowered.source.tree
    names = {id(value): key for key, value in lowered.callees.items()}
    body = _block(lowered.body, lowered, planner, names) or [ast.Pass()]
    arguments = _arguments(tree)
    function = ast.FunctionDef(
        name=lowered.source.name if lowered.source.name.isidentifier() else "workflow",
        args=arguments, body=body, decorator_list=[], returns=None, type_comment=None,
    )  # fmt: skip
    if "type_params" in ast.FunctionDef._fields:
        vars(function)["type_params"] = []
    return _comments(pretty(ast.unparse(ast.fix_missing_locations(ast.Module(body=[function], type_ignores=[])))))


def _arguments(tree: gast.AST) -> ast.arguments:
    arguments = to_ast(tree).args
    for argument in ast.walk(arguments):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    assert isinstance(arguments, ast.arguments)
    positional = [*arguments.posonlyargs, *arguments.args]
    arguments.defaults = [_default(a, d) for a, d in zip(positional[-len(arguments.defaults) :], arguments.defaults)]
    arguments.kw_defaults = [d and _default(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults)]
    return arguments


def _default(argument: ast.arg, default: ast.expr) -> ast.expr:
    """Return a constant as written; anything else was evaluated when the function was defined, and is a binding."""
    return default if isinstance(default, ast.Constant) else _load(f"_tf_default_{argument.arg}")


def _comments(text: str) -> str:
    """Turn the marker statements into comments."""
    out = []
    for line in text.splitlines():
        bare = line.strip().strip("'\"")
        out.append(
            f"{line[: len(line) - len(line.lstrip())]}# {bare[len(_NOTE) :]}" if bare.startswith(_NOTE) else line
        )
    return "\n".join(out) + "\n"


def _note(text: str) -> ast.stmt:
    return ast.Expr(value=ast.Constant(value=f"{_NOTE}{text}"))


def _block(block: Block, lowered: Lowered, planner: Planner, names: dict[int, str]) -> list[ast.stmt]:
    out: list[ast.stmt] = []
    for stmt in block:
        out += _stmt(stmt, lowered, planner, names)
    return out


def _stmt(stmt: Stmt, lowered: Lowered, planner: Planner, names: dict[int, str]) -> list[ast.stmt]:
    def inner(block: Block) -> list[ast.stmt]:
        return _block(block, lowered, planner, names)

    if isinstance(stmt, (core.Glue, core.Site)):
        written = _glue(stmt) if isinstance(stmt, core.Glue) else _site(stmt, lowered)
        return _generator(written) if stmt.stops == "generator" else written
    if isinstance(stmt, core.If):
        return [ast.If(test=to_ast(stmt.test), body=inner(stmt.body) or [ast.Pass()], orelse=inner(stmt.orelse))]
    if isinstance(stmt, core.For):
        loop = ast.For(
            target=_store(stmt.var), iter=_load(stmt.items), body=inner(stmt.body) or [ast.Pass()], orelse=[]
        )
        return [*_how(stmt, planner), *(_generator([loop]) if stmt.generator else [loop])]
    if isinstance(stmt, core.While):
        test = inner(stmt.test)
        if not test:
            return [
                *_how(stmt, planner),
                ast.While(test=to_ast(stmt.condition), body=inner(stmt.body) or [ast.Pass()], orelse=[]),
            ]
        leave = ast.If(test=ast.UnaryOp(op=ast.Not(), operand=to_ast(stmt.condition)), body=[ast.Break()], orelse=[])
        return [
            *_how(stmt, planner),
            ast.While(test=ast.Constant(value=True), body=[*test, leave, *inner(stmt.body)], orelse=[]),
        ]
    if isinstance(stmt, core.Try):
        handlers = [
            ast.ExceptHandler(
                type=_caught(h),
                name=h.name,
                body=inner(h.body) or [ast.Pass()],
            )
            for h in stmt.handlers
        ]
        body, final = inner(stmt.body) or [ast.Pass()], inner(stmt.final)
        if not handlers and not final:
            return [*body, *inner(stmt.orelse)]
        return [ast.Try(body=body, handlers=handlers, orelse=inner(stmt.orelse), finalbody=final)]
    if isinstance(stmt, core.Return):
        return [ast.Return(value=to_ast(stmt.value))]
    return [ast.Break() if isinstance(stmt, core.Break) else ast.Continue()]


def _caught(handler: core.Handler) -> ast.expr | None:
    if handler.type is None:
        return _load("BaseException") if handler.name else None
    kind = to_ast(handler.type)
    assert isinstance(kind, ast.expr)
    return kind


def _glue(stmt: core.Glue) -> list[ast.stmt]:
    changed = _changed(stmt)
    return [*([_note(f"changes {', '.join(changed)}")] if changed else []), to_ast(stmt.node)]


def _generator(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return statements with the rule of generator expressions, that StopIteration out of one is an error."""
    text = (
        "try:\n    pass\nexcept StopIteration as _tf_error:\n"
        "    raise RuntimeError('generator raised StopIteration') from _tf_error"
    )
    attempt = ast.parse(text).body[0]
    assert isinstance(attempt, ast.Try)
    attempt.body = body
    return [attempt]


def _how(stmt: Stmt, planner: Planner) -> list[ast.stmt]:
    if not sites(stmt):
        return []
    plan = planner.plans[stmt]
    if not plan.serial:
        return [_note("parallel")]
    if isinstance(stmt, core.While):
        return [_note("in order: a while")]
    assert isinstance(stmt, core.For)
    if stmt.forced:
        return [_note("in order: sequential")]
    fed = ", ".join(sorted({f"{name!r} comes from {site} (line {line})" for name, site, line in plan.why}))
    return [_note(f"in order: {fed}")]


def _site(stmt: core.Site, lowered: Lowered) -> list[ast.stmt]:
    if stmt.kind in ("step", "call"):
        arguments = ", ".join(_argument(a) for a in stmt.args)
        text = f"{lowered.spelling[stmt.callee]}({arguments})"
    else:
        text = ast.unparse(to_ast(stmt.expr))
    source = f"{stmt.target} = {text}" if stmt.target else text
    changes = f", changes {', '.join(stmt.operands.changes)}" if stmt.operands.changes else ""
    return [_note(f"{stmt.id}, line {stmt.origin.lineno}{changes}"), *ast.parse(source).body]


def _changed(stmt: core.Glue) -> list[str]:
    """Return the names that calls in a statement change in place, but for methods whose names say so."""
    calls = [node for node in gast.walk(stmt.node) if isinstance(node, gast.Call)]
    return sorted({str(root_name(operand)) for call in calls for operand in changed_operands(call)})


def _argument(argument: core.Argument) -> str:
    value = ast.unparse(to_ast(argument.value))
    if argument.form in ("*", "**"):
        return f"{argument.form}{value}"
    return f"{argument.form}={value}" if argument.form else value


def _load(name: str) -> ast.Name:
    return ast.Name(id=name, ctx=ast.Load())


def _store(name: str) -> ast.Name:
    return ast.Name(id=name, ctx=ast.Store())
