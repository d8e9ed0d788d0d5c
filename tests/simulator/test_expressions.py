"""The expression language: values, precedence, and the engine's own messages with their positions."""

from __future__ import annotations

from typing import Any

import pytest

from tangentflow.simulator import NotSimulated
from tangentflow.simulator.expressions.evaluate import evaluate, identifiers, unknown_functions
from tangentflow.simulator.expressions.functions import go_json, go_text
from tangentflow.simulator.expressions.lexer import ExpressionError
from tangentflow.simulator.tags import environment

VALUES = environment({
    "inputs.parameters.b": "13",
    "tasks.t-c.status": "Succeeded",
    "tasks.t-c.outputs.parameters.go": "1",
    "tasks.t-k.status": "Skipped",
    "tasks.t-k.outputs.parameters.go": None,
    "item": "3",
})  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("asInt(inputs.parameters['b']) * 8 + 3", 107),
        ("asInt(inputs.parameters.b) / 8", 1.625),
        ("int(asInt(inputs.parameters.b) / 8)", 1),
        ("asInt('-13') % 8", -5),
        ("1 + 2 * 3 - -4", 11),
        ("2 ** 3 ** 2", 512.0),
        ("'10' > '9'", False),
        ("'a' + 'b' == 'ab'", True),
        ("1 == 1.0", True),
        ("1 < 2 && 2 < 3 || false", True),
        ("1 < 2 < 3", True),
        ("3 < 2 < 3", False),
        ("(tasks['t-z']?.status).a", None),
        ("'a' startsWith tasks['t-z']?.status", False),
        ("not (1 in [2, 3])", True),
        ("1 not in [2, 3]", True),
        ("!true == false", True),
        ("tasks['t-c'].status == 'Succeeded' ? tasks['t-c'].outputs.parameters.go : '0'", "1"),
        ("tasks['t-k'].outputs.parameters.go ?? 'none'", "none"),
        ("tasks['t-z']?.outputs?.parameters?.go ?? 'none'", "none"),
        ("tasks['t-z']?.outputs.parameters.go", None),
        ("(tasks['t-z']?.status ?? '0') == '0'", True),
        ("let x = asInt(item); x + x", 6),
        ("if item == '3' { 'yes' } else { 'no' }", "yes"),
        ("type(tasks) == 'map' ? get(tasks, 'nope') : 1", None),
        ("toBase64('13') + fromBase64('MTM=')", "MTM=13"),
        ("string(3) + string(1.5) + string(true)", "31.5true"),
        ("[1, 'a', true][1]", "a"),
        ("{a: 1, 'b': 2}.b", 2),
        ("len('abc') + len([1])", 4),
        ("max(1, 3) - min([1, 3])", 2),
        ("sum(map(filter(split('main/.0/3/12', '/'), # matches '^[0-9]+$'), int(#))) % 4", 3),
        ("map([1, 2], { # * 2 })", [2, 4]),
        ("sum([])", 0),
        ("'abc' contains 'b' and 'abc' startsWith 'a' and 'abc' matches '^a.c$'", True),
        ("asFloat('1.5') * 2", 3.0),
        ("9223372036854775807 + 1", -(2**63)),
        ('`raw` + "\\u0041\\n"', "rawA\n"),
    ],
)
def test_values(text: str, value: Any) -> None:
    result = evaluate(text, VALUES)
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" 1 + ", "unexpected token EOF (1:5)\n |  1 + \n | ....^"),
        (" asInt('abc') ", "invalid operation: int(abc) (1:2)\n |  asInt('abc') \n | .^"),
        ("in.Succeeded", 'unexpected token Operator("in") (1:1)\n | in.Succeeded\n | ^'),
        ("nope + 1", "unknown name nope (1:1)\n | nope + 1\n | ^"),
        ("nope(1)", "unknown name nope (1:1)\n | nope(1)\n | ^"),
        ("true ? 1 : nope", "unknown name nope (1:12)\n | true ? 1 : nope\n | ...........^"),
        ("item == 3", "invalid operation: == (mismatched types string and int) (1:6)\n | item == 3\n | .....^"),
        ("tasks['t-z'].status", "cannot fetch status from <nil> (1:14)\n | tasks['t-z'].status\n | .............^"),
        (
            "inputs.parameters.b + 1",
            "invalid operation: string + int (1:21)\n | inputs.parameters.b + 1\n | ....................^",
        ),
        ("1 ? 2 : 3", "non-bool expression (type int) used as condition (1:1)\n | 1 ? 2 : 3\n | ^"),
        ("(1 < 2) < 3", "invalid operation: < (mismatched types bool and int) (1:9)\n | (1 < 2) < 3\n | ........^"),
        ("-3 != item", "invalid operation: != (mismatched types int and string) (1:4)\n | -3 != item\n | ...^"),
        ("true.a", 'unexpected token Operator(".") (1:5)\n | true.a\n | ....^'),
        ("!inputs.parameters.b", "invalid operation: ! string (1:1)\n | !inputs.parameters.b\n | ^"),
        ("1 % 0", "integer divide by zero (1:3)\n | 1 % 0\n | ..^"),
        (
            "a ?? b == c",
            "Operator (==) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses. (1:8)\n"
            " | a ?? b == c\n | .......^",
        ),
    ],
)
def test_messages(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as error:
        evaluate(text, VALUES)
    assert str(error.value) == message


@pytest.mark.parametrize("text", ["uniq([1])", "sprig.upper('a')", "now()", "1 | string()", "item[0]"])
def test_what_the_engine_has_and_the_simulator_has_not(text: str) -> None:
    with pytest.raises((NotSimulated, ExpressionError), match="not simulated|character of a text"):
        evaluate(text, VALUES)


def test_identifiers_leave_out_what_is_guarded() -> None:
    assert identifiers("tasks['t-c'].outputs.parameters['go'] + item") == [
        "tasks",
        "tasks.t-c",
        "tasks.t-c.outputs",
        "tasks.t-c.outputs.parameters",
        "tasks.t-c.outputs.parameters.go",
        "item",
    ]
    assert identifiers("tasks['t-c']?.outputs?.parameters?.go ?? '0'") == ["tasks"]


def test_unknown_functions() -> None:
    assert unknown_functions("nope(asInt('1')) + other(string(2))") == ["nope", "other"]


@pytest.mark.parametrize(
    ("value", "json", "text"),
    [
        (3.0, "3", "3"),
        (1.625, "1.625", "1.625"),
        (1e21, "1e+21", "1e+21"),
        (1e-7, "1e-7", "1e-07"),
        (123456789.0, "123456789", "1.23456789e+08"),
        (0.00005, "0.00005", "5e-05"),
        (["<a>", None, {"b": 1}], '["\\u003ca\\u003e",null,{"b":1}]', "[<a> <nil> map[b:1]]"),
    ],
)
def test_texts_of_values(value: Any, json: str, text: str) -> None:
    assert (go_json(value), go_text(value)) == (json, text)
