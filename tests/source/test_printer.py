"""What is printed parses to the same tree, or is not printed."""

from __future__ import annotations

import ast
import subprocess
import sys
import warnings
from pathlib import Path

import gast
import pytest

from tangentflow.errors import InternalError
from tangentflow.source.printer import pretty, same_tree, to_ast, to_text

ROOT = Path(__file__).parents[2]

PROGRAMS = [
    "def f(a: int, /, b: str=2, *args: int, c: bool, d=3, **kw: dict) -> None:\n    pass",
    "try:\n    x\nexcept E as e:\n    raise T from e\nexcept (A, B):\n    raise\nelse:\n    y\nfinally:\n    z",
    'def f():\n    """Docstring\n    of two lines."""\n    return f\'{x!r:>{y}} {{}}\'',
    "match x:\n    case {'a': [1, *rest], **kw} if kw:\n        pass\n    case None | True | P(1, y=2) as p:\n        pass",
    "for i, *j in x:\n    while (y := f(i)):\n        break\nelse:\n    del a[1:2, ::3], b.c",
    "x: int = 1\n(y): int\nd[k] += -1 ** 2\na = b = (yield)",
    "f(*a, **k, x=lambda *p, q=1: [i for i in p if i if q for j in i])",
    "async def f():\n    async with a as b, c:\n        return [await x async for x in y]",
    "s = 'é\\n\\\\\"\\'' + b'\\x00' + u'u' + 1e999 + 1j",
    "with a as (b, c):\n    import x.y as z\n    from . import q",
    "@deco(1)\nclass A(B, metaclass=C):\n    x = 1",
    "assert (x, y), 'message'\nif a:\n    b\nelif c:\n    d\nglobal g",
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_round_trip_of_gast_ast_and_lists(program):
    parsed = ast.parse(program)
    text = to_text(gast.parse(program))
    assert ast.dump(ast.parse(text)) == ast.dump(parsed)
    assert to_text(parsed) == to_text(gast.parse(program).body) == to_text(parsed.body) == text
    assert "\n".join(to_text(statement) for statement in gast.parse(program).body).split() == text.split()
    assert ast.dump(to_ast(gast.parse(program))) == ast.dump(parsed)


@pytest.mark.parametrize(
    "text", ["(x := 1)", "a if b else c", "(yield)", "lambda x: x", "{**a, 'b': 1}", "x[1:2]", "(1,)"]
)
def test_expressions(text):
    assert to_text(gast.parse(text, mode="eval").body) == to_text(gast.parse(text, mode="eval")) == text


def test_an_ast_comes_back_as_it_is():
    tree = ast.parse("x")
    assert to_ast(tree) is tree


def test_the_tree_is_left_alone():
    tree = gast.parse(PROGRAMS[0])
    before = gast.dump(tree, include_attributes=True)
    to_text(tree)
    assert gast.dump(tree, include_attributes=True) == before


def test_contexts_do_not_matter():
    name = gast.Name(id="x", ctx=gast.Store(), annotation=None, type_comment=None)
    assert to_text(gast.Return(value=name)) == "return x"


@pytest.mark.parametrize(
    "node",
    [
        gast.Constant(value=-1, kind=None),  # would be a negation
        gast.Constant(value=float("nan"), kind=None),  # would be a name
        gast.Name(id="not a name", ctx=gast.Load(), annotation=None, type_comment=None),
        gast.Name(id="x y", ctx=gast.Load(), annotation=None, type_comment=None),
        gast.Attribute(value=gast.Constant(value=1, kind=None)),  # fields are missing
        gast.If(test=gast.Constant(value=1, kind=None), body=[], orelse=[]),
        gast.Load(),
        gast.arguments([], [], None, [], [], None, []),
        gast.Starred(value=gast.Constant(value=1, kind=None), ctx=gast.Load()),
        ast.arg(arg="x"),
    ],
    ids=lambda n: type(n).__name__,
)
def test_what_would_print_as_something_else_is_a_bug(node):
    with pytest.raises(InternalError, match="syntax tree|statements and expressions"):
        to_text(node)


def test_same_tree_tells_constants_apart():
    same = lambda a, b: same_tree(ast.parse(a), ast.parse(b))
    assert same("f( x )  # c", "f(x)") and same("'a'", '"a"') and same("'ab'", "'a' 'b'")
    assert not same("1", "True") and not same("1", "1.0") and not same("0.0", "-0.0") and not same("f(x)", "f(*x)")
    assert not same("def f(x: int): pass", "def f(x): pass")


# -- pretty ----------------------------------------------------------------------------------------------------------

LONG = ", ".join(f"argument_{i}=value_{i}" for i in range(12))


def test_long_statements_are_wrapped_where_they_stand():
    text = f"def f():\n    # why\n    y = 'short'\n    result = call({LONG})\n    return result  # end\n"
    shown = pretty(text)
    assert max(map(len, shown.split("\n"))) <= 100 < max(map(len, text.split("\n")))
    assert same_tree(ast.parse(shown), ast.parse(text))
    assert shown.startswith("def f():\n    # why\n    y = 'short'\n    result = call(") and shown.endswith("  # end\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x = 1\ny  =  2",
        f"x = call({LONG})  # a comment",
        f"x = 1; y = call({LONG})",
        f"if x: y = call({LONG})",
        "x = '" + "é" * 200 + "'",
        f"if call({LONG}):\n    pass",
    ],
)
def test_texts_that_stay_as_they_are(text):
    assert pretty(text) == text


@pytest.mark.parametrize(
    "statement",
    [
        f"x = [lambda a=call({LONG}): f'{{a!r}} {{ {{1: 2}}[1] }}']",
        f"x = call(f'{{y}} and {{z:>{{w}}}}', {LONG})",
        "x = '''" + "line\\n" * 30 + "''' + f('" + "x" * 90 + "')",
        f"match call({LONG}):\n    case 1:\n        pass",
        "x = " + " + ".join(f"'a\\n{i}'" for i in range(40)),
        f"return {{'k': [call({LONG})], **other}}",
        f"assert call({LONG}), 'message'",
    ],
)
@pytest.mark.parametrize("head", ["", "def f():\n    "])
def test_the_meaning_stays(statement, head):
    text = head + statement.replace("\n", "\n    " if head else "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shown = pretty(text)
    assert same_tree(ast.parse(shown), ast.parse(text))


def test_astor_is_loaded_only_when_needed():
    program = (
        "import sys; from tangentflow.source.printer import pretty; pretty('x = 1'); print('astor' in sys.modules);"
        f"print(pretty('x = call({LONG})').count(chr(10)) > 0, 'astor' in sys.modules)"
    )
    command = [sys.executable, "-W", "error::DeprecationWarning", "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)})
    assert run.stdout.split() == ["False", "True", "True"], run.stderr
