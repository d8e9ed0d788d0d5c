"""Tags and `when`: what is replaced, what stays, what is waited for."""

from __future__ import annotations

import pytest

from tangentflow.simulator import NotSimulated
from tangentflow.simulator.tags import Missing, TagError, replace, replace_strict, replace_task
from tangentflow.simulator.when import WhenError, should_execute

VALUES = {
    "workflow.name": "WF",
    "inputs.parameters.i": "7",
    "inputs.parameters.inner": "i",
    "tasks.t-c.outputs.parameters.go": "1",
    "tasks.t-k.outputs.parameters.go": None,
}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("no tag", "no tag"),
        ("{{workflow.name}}/{{ inputs.parameters.i }}", "WF/7"),
        ("{{unknown}} {{tasks.t-z.status}}", "{{unknown}} {{tasks.t-z.status}}"),
        ("{{= asInt(inputs.parameters['i']) + 1 }}!", "8!"),
        ("{{= inputs.parameters.i == '7' }} {{= [1, 'a'] }}", 'true [1,"a"]'),
        ("{{= nope(1) }}", "{{= nope(1) }}"),
        ("{{= tasks['t-z'].status }}", "{{= tasks['t-z'].status }}"),
        ("{{= item + '1' }} {{= retries }}", "{{= item + '1' }} {{= retries }}"),
        ("{{= tasks['t-z']?.status ?? 'early' }}", "early"),
        ("a {{ b", "a {{ b"),
        ("{x} {{'a': 1}}", "{x} {{'a': 1}}"),
        ("{{inputs.parameters.{{inputs.parameters.inner}}}}", "{{inputs.parameters.i}}"),
    ],
)
def test_replace(text: str, result: str) -> None:
    assert replace({"key": [text]}, VALUES) == {"key": [result]}


def test_a_value_is_not_read_again_in_the_same_pass() -> None:
    assert replace("{{a}}", {"a": "{{b}}", "b": "1"}) == "{{b}}"


def test_absent_outputs() -> None:
    with pytest.raises(TagError, match="absent optional"):
        replace("{{tasks.t-k.outputs.parameters.go}}", VALUES)
    assert replace_task("{{= tasks['t-k'].outputs.parameters.go ?? 'x' }}", VALUES) == "x"


@pytest.mark.parametrize(
    "text", ["{{tasks.t-z.outputs.parameters.go}}", "{{= tasks['t-z'].outputs.parameters['go'] }}"]
)
def test_references_to_tasks_are_waited_for(text: str) -> None:
    with pytest.raises(Missing) as missing:
        replace_task(text, VALUES)
    assert missing.value.reference == "tasks.t-z.outputs.parameters.go"
    assert replace_task("{{item}} {{unknown}}", VALUES) == "{{item}} {{unknown}}"


def test_strict() -> None:
    with pytest.raises(TagError, match=r"failed to resolve \{\{x\}\}"):
        replace_strict("{{x}}", VALUES)


@pytest.mark.parametrize("value", ["\x01", "\x7f", "\x0b", "\U000e0001"])
def test_characters_that_the_engine_cannot_carry(value: str) -> None:
    with pytest.raises(TagError, match="invalid JSON"):
        replace("{{a}}", {"a": value})
    assert replace("{{a}}", {"a": "ü\n\t\"'\\☃<&>😀"}) == "ü\n\t\"'\\☃<&>😀"


@pytest.mark.parametrize(
    ("when", "result"),
    [
        ("", True),
        ("true", True),
        ("false", False),
        ("1 == 1", True),
        ("1 == 2 || true", True),
        ("foo == foo", True),
        ("foo != 'bar' && !(2 < 1)", True),
        ("'10' > '9'", False),
        ("'1' == 1", False),
        ("true || 1.5 < x", True),
        ("a == b == false", True),
    ],
)
def test_when(when: str, result: bool) -> None:
    assert should_execute(when) is result


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("abc", "Expected boolean evaluation for 'abc'. Got abc"),
        (" == ''", "Invalid 'when' expression"),
        ("it's == x", "Invalid token"),
        ("1 < x", "Failed to evaluate 'when' expresion '1 < x': Value 'x' cannot be used with the comparator '<'"),
        ("1 && true", "Value '1' cannot be used with the logical operator '&&', it is not a bool"),
        ("True", "Expected boolean evaluation for 'True'. Got True"),
    ],
)
def test_when_that_is_no_condition(when: str, message: str) -> None:
    with pytest.raises(WhenError) as error:
        should_execute(when)
    assert message in str(error.value)


@pytest.mark.parametrize("when", ["'2024-01-01' == x", "1 + 1 == 2", "a =~ b"])
def test_when_that_is_not_simulated(when: str) -> None:
    with pytest.raises(NotSimulated):
        should_execute(when)
