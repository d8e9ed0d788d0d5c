"""The table of constructs: every node of Python's syntax, what it is lowered to, and the programs that show it."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import gast

from tangentflow.decorators import WorkflowFunction
from tangentflow.language.lowering import load_rules
from tangentflow.language.registry import EXPRESSIONS, PARTS, REFUSALS, STATEMENTS

__all__ = ["HEAD", "nodes", "rows"]

load_rules()
TESTS = Path(__file__).parents[1] / "tests"
HEAD = ("syntax node", "construct", "lowered to", "programs that use it", "plain = judge = source", "`run`", "document")

LOWERED = {
    "AnnAssign": "glue; a call in it becomes a site",
    "Assert": "glue that may raise; with a step in its message, an `If`",
    "Assign": "glue; a call in it becomes a site",
    "Attribute": "glue",
    "AugAssign": "a read of the target, then glue",
    "BinOp": "glue over temporaries, left first",
    "BoolOp": "an `If` for each operand that holds a call, else glue",
    "Break": "`Break`; with a loop `else`, a flag besides",
    "Call": "`Step`, `Call` or recorded `Glue`; pure calls stay in the glue around them",
    "Compare": "as `and` where a later operand holds a call, else glue",
    "Constant": "glue",
    "Continue": "`Continue`",
    "Delete": "glue",
    "Dict": "glue over temporaries",
    "DictComp": "`Map` or `Loop` that fills a dict",
    "Expr": "an effect, a message, or glue",
    "For": "a list of the items, then `Map` or `Loop`",
    "FunctionDef": "glue",
    "GeneratorExp": "`Map` or `Loop`, consumed in place; `any` and `all` break out of it",
    "If": "`If` with a region for each arm",
    "IfExp": "`If` if a side holds a call, else glue",
    "Import": "glue that is run again where its name is needed",
    "ImportFrom": "glue that is run again where its name is needed",
    "JoinedStr": "glue over temporaries",
    "Lambda": "glue",
    "List": "glue over temporaries",
    "ListComp": "`Map` or `Loop` that appends",
    "Match": "glue that binds captures, then an `If` for each case",
    "Name": "a local of the slice, or looked up outside",
    "NamedExpr": "glue that binds before what follows",
    "Pass": "nothing",
    "Raise": "glue that raises",
    "Return": "`Return` of a name or constant",
    "Set": "glue over temporaries",
    "SetComp": "`Map` or `Loop` that adds",
    "Slice": "glue",
    "Starred": "glue; unpacked where it stands",
    "Subscript": "glue over temporaries",
    "Try": "`Try` with a region for each part; slices keep the `try`",
    "Tuple": "glue over temporaries",
    "UnaryOp": "glue",
    "While": "`Loop`, its test evaluated at each head",
    "With": "marks on the sites inside",
}
"""What a construct with a rule becomes in the core tree."""

ABSTRACT = frozenset({"AST", "mod", "stmt", "expr", "expr_context", "boolop", "operator", "unaryop", "cmpop", "excepthandler",
                      "pattern", "type_ignore", "type_param", "slice"})  # fmt: skip
OUTSIDE = {
    "Expression": "the root of an expression", "FunctionType": "a type comment", "Interactive": "the root of an interactive input",
    "Module": "the root of a file", "Suite": "no longer made", "TypeIgnore": "a comment", "Param": "a parameter", "alias": "a part of an import",
    "AugLoad": "no longer made", "AugStore": "no longer made", "ExtSlice": "no longer made", "Index": "no longer made", "Print": "Python 2",
    "Exec": "Python 2", "Repr": "Python 2", "Ellipsis": "no longer made", "Num": "no longer made", "Str": "no longer made",
    "Bytes": "no longer made", "NameConstant": "no longer made",
}  # fmt: skip
"""Nodes that do not stand in the body of a function by themselves."""


def nodes() -> list[type[gast.AST]]:
    """Return the concrete node classes of the syntax, by name."""
    found = {
        name: value for name, value in vars(gast).items() if inspect.isclass(value) and issubclass(value, gast.AST)
    }
    return [found[name] for name in sorted(found) if name not in ABSTRACT]


def rows() -> list[tuple[str, ...]]:
    """Return a row for each node class."""
    used = _programs()
    refused = _refused()
    return [_row(node, used.get(node.__name__, []), refused) for node in nodes()]


def _row(node: type[gast.AST], programs: list[str], refused: dict[str, list[str]]) -> tuple[str, ...]:
    name = node.__name__
    rule = STATEMENTS.get(node) or EXPRESSIONS.get(node)
    if rule is not None or node in PARTS:
        construct = rule.construct if rule is not None else _part(node)
        becomes = LOWERED[name] if rule is not None else "with what it stands in"
        return f"`{name}`", construct, becomes, _some(programs), *(["yes"] * 3 if programs else ["no program"] * 3)
    if node in REFUSALS:
        refusal = REFUSALS[node]
        shown = _some(refused.get(refusal.code, []))
        return f"`{name}`", refusal.construct, f"refused: [{refusal.code}](#{refusal.code.lower()})", shown, "", "", ""
    if name in OUTSIDE:
        return f"`{name}`", OUTSIDE[name], "stands in no body", "", "", "", ""
    return f"`{name}`", "", "refused: [TF100](#tf100)", _some(refused.get("TF100", [])), "", "", ""


def _part(node: type[gast.AST]) -> str:
    """Return what a node is a part of that has no rule of its own."""
    kinds = {
        "operator": "an operator", "unaryop": "an operator", "cmpop": "a comparison", "boolop": "`and` or `or`",
        "pattern": "a pattern of `match`", "expr_context": "how a name is used",
    }  # fmt: skip
    found = next((base.__name__ for base in node.__mro__ if base.__name__ in kinds), "")
    return kinds.get(found, "a part of others")


def _some(programs: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in programs[:2])
    return f"{shown} and {len(programs) - 2} more" if len(programs) > 2 else shown


def _programs() -> dict[str, list[str]]:
    """Return the corpus programs by the node classes in them, the shortest first."""
    found: dict[str, list[tuple[int, str]]] = {}
    for module, name, workflow in corpus():
        try:
            text = inspect.getsource(workflow.function)
            tree = gast.parse(inspect.cleandoc(text) if text.startswith(" ") else text)
        except (OSError, SyntaxError):
            continue
        for node in {type(node).__name__ for node in gast.walk(tree)}:
            found.setdefault(node, []).append((len(text), f"{module}.{name}"))
    return {node: [name for _, name in sorted(programs)] for node, programs in found.items()}


def corpus() -> Iterator[tuple[str, str, WorkflowFunction[..., object]]]:
    """Yield the programs that the tests run in every way: module, name and workflow."""
    for path in sorted((TESTS / "corpus").glob("*.py")):
        if path.stem in ("steps", "library", "__init__"):
            continue
        module = importlib.import_module(f"tests.corpus.{path.stem}")
        for name, value in vars(module).items():
            if isinstance(value, WorkflowFunction) and value.__module__ == module.__name__:
                yield path.stem, name, value


def _refused() -> dict[str, list[str]]:
    """Return the programs that the tests show to be refused, by code."""
    found: dict[str, list[str]] = {}
    for path in sorted((TESTS / "refused").glob("*.py")):
        function = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            start = re.match(r"(?:async )?def (\w+)", line)
            function = start[1] if start else function
            for code in re.findall(r"TF\d{3}", line.partition("# error:")[2]):
                programs = found.setdefault(code, [])
                if f"{path.stem}.{function}" not in programs:
                    programs.append(f"{path.stem}.{function}")
    return found
