"""Copies that a replay may change."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tangentflow.runtime.copies import copied
from tests.corpus.steps import Odd


@dataclasses.dataclass
class Held:
    """Something that holds something."""

    part: Any


@pytest.mark.parametrize("value", [1, "a", None, [1, [2]], {"a": {1}, (1,): [b"x"]}, Held([1])])
def test_equal_and_apart(value: Any) -> None:
    made = copied(value)
    assert made == value
    if isinstance(value, list):
        made[1].append(3)
        assert value == [1, [2]]


def test_exceptions_are_shared_wherever_they_are() -> None:
    error = Odd(2, hint="h")
    error.__context__ = other = Odd(3, hint="i")
    value = [error, {"a": (error, Held(other))}, error]
    made = copied(value)
    assert made is not value and made[1] is not value[1]
    assert made[0] is made[2] is error and made[1]["a"][0] is error
    assert made[1]["a"][1].part is other and made[1]["a"][1] is not value[1]["a"][1]
    assert copied(error) is error


def test_cycles_and_sharing() -> None:
    value: list[Any] = [[1]]
    value += [value[0], value]
    made = copied(value)
    assert made[0] is made[1] and made[2] is made and made[0] is not value[0]


def test_functions_and_classes_are_left_alone() -> None:
    value = [len, Held, test_cycles_and_sharing]
    assert all(a is b for a, b in zip(copied(value), value, strict=True))
