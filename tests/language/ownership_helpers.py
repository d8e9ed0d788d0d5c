"""Names that the programs of tests/language/test_ownership.py see."""

from __future__ import annotations

import dataclasses

SETTINGS = {}


@dataclasses.dataclass
class Point:
    x: int
    y: int


def step_a(x):
    return [x]


def step_b(x):
    return [x]


def step_int(x) -> int:
    return x


def opaque_array(x):
    return x


def build(n):
    out = []
    for i in range(n):
        out.append(i)
    return out


def count(xs):
    n = 0
    for _ in xs:
        n += 1
    return n


def same(xs):
    return xs


def pair(x, y):
    return [x, [y]]


def fresh(x):
    return [len(repr(x))]


def tick():
    return None
