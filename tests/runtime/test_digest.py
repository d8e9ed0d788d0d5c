"""The structural digest: changed by every change of a value, by nothing else."""

from __future__ import annotations

import array
import collections
import copy
import dataclasses
import datetime
import decimal
import functools
import os
import pickle
import subprocess
import sys
import threading
import types

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tangentflow
from tangentflow.runtime.codec import decode, digest, encode
from tangentflow.runtime.outcome import Value


@dataclasses.dataclass
class Box:
    items: list
    name: str = "box"


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a


class Listed(list):
    tag = "x"


class Cached:
    def __init__(self, n):
        self.n = n

    @functools.cached_property
    def double(self):
        return self.n * 2


def counting():
    count = 0

    def step():
        nonlocal count
        count += 1

    return step


CHANGES = [
    ([1, 2], lambda v: v.append(3)),
    ([1, 2], lambda v: v.__setitem__(0, True)),
    ([1, 2], lambda v: v.__setitem__(0, 1.0)),
    ([0.0], lambda v: v.__setitem__(0, -0.0)),
    ([[], []], lambda v: v[1].append(1)),
    (([],), lambda v: v[0].append(1)),
    ({"a": 1, "b": 2}, lambda v: v.update(a=v.pop("a"))),
    ({"a": [1]}, lambda v: v["a"].clear()),
    ({1, 2}, lambda v: v.add(3)),
    (bytearray(b"ab"), lambda v: v.reverse()),
    (array.array("i", [1, 2]), lambda v: v.reverse()),
    (collections.deque([1, 2]), lambda v: v.rotate()),
    (collections.OrderedDict(a=1, b=2), lambda v: v.move_to_end("a")),
    (collections.defaultdict(list), lambda v: v["new"]),
    (collections.Counter("ab"), lambda v: v.update("a")),
    (Box([1]), lambda v: v.items.append(2)),
    (Box([1]), lambda v: setattr(v, "name", "other")),
    (Box([1]), lambda v: setattr(v, "extra", 1)),
    (Slotted([]), lambda v: v.a.append(1)),
    (Slotted([]), lambda v: setattr(v, "b", None)),
    (Listed([1]), lambda v: v.append(1)),
    (Listed([1]), lambda v: setattr(v, "tag", "y")),
    (Cached(1), lambda v: setattr(v, "n", 2)),
    (types.SimpleNamespace(a=1), lambda v: setattr(v, "a", 2)),
    (ValueError([1]), lambda v: v.args[0].append(2)),
    (iter([1, 2]), next),
    (counting(), lambda v: v()),
    ([10**5000, 1], lambda v: v.__setitem__(0, 10**5000 + 1)),
    (["\ud800"], lambda v: v.__setitem__(0, "\ud801")),
]


@pytest.mark.parametrize("value, change", CHANGES, ids=lambda v: type(v).__name__)
def test_a_change_is_seen_and_nothing_else(value, change):
    before = digest(value)
    assert digest(value) == before
    change(value)
    assert digest(value) != before


def test_one_of_each_is_different():
    # fmt: off
    values = [None, 0, 0.0, False, "", b"", (), [], {}, set(), frozenset(), bytearray(), ..., "None", "0", [0], [()], (0,), [[0]]]
    values += [["ab"], ["a", "b"], [["a"], "b"], ["a", ["b"]], {"a": "b"}, range(3), slice(3), int, str, len, sys, os]
    values += [decimal.Decimal("1.0"), decimal.Decimal("1.00"), datetime.date(2024, 1, 1), float("nan"), -0.0]
    values += [lambda: 1, lambda: 2, Box([]), Slotted(1), Listed()]
    # fmt: on
    assert len({digest(value) for value in values}) == len(values)


def test_identity_and_sharing_do_not_count():
    shared = [1]
    assert digest([shared, shared]) == digest([[1], [1]])
    assert digest(Box([(1, "a"), {"k": {1, 2}}])) == digest(copy.deepcopy(Box([(1, "a"), {"k": {1, 2}}])))
    value = {"k": [Box([1]), Slotted("".join(["a", "b"])), Listed([1])], 3: b"x"}
    assert digest(value) == digest(pickle.loads(pickle.dumps(value)))


def test_nan_equals_itself():
    assert digest([float("nan")]) == digest([float("nan")])
    assert digest({"x": (float("nan"), [])}) == digest({"x": (float("nan"), [])})


def test_sets_have_no_order():
    assert digest({1, 8, 16, 24}) == digest({24, 16, 8, 1})
    assert digest({("a", frozenset("xyz")), "b"}) == digest({"b", ("a", frozenset("zyx"))})


def test_cycles_and_depth():
    value = [1]
    value.append(value)
    before = digest(value)
    value[0] = 2
    assert digest(value) != before
    deep = []
    for _ in range(100_000):
        deep = [deep]
    assert digest(deep) == digest([deep[0]])


def test_sharing_costs_no_more_than_its_size():
    value = [1, [2]]
    for _ in range(100):
        value = [value, value]
    assert digest(value) == digest(value)


def test_what_cannot_be_pickled_counts_by_its_attributes():
    value = types.SimpleNamespace(lock=threading.Lock(), items=[])
    before = digest(value)
    assert digest(value) == before
    value.items.append(1)
    assert digest(value) != before


def test_cached_properties_do_not_count():
    value = Cached(2)
    before = digest(value)
    assert value.double == 4
    assert digest(value) == before


def test_arrays():
    np = pytest.importorskip("numpy")
    value = np.arange(6, dtype="f8").reshape(2, 3)
    before = digest({"a": value})
    assert digest({"a": value.copy(order="F")}) == before
    assert len({before, *(digest({"a": other}) for other in (value.T, value.astype("f4"), value.ravel()))}) == 4
    value[0, 0] = np.nan
    changed = digest({"a": value})
    assert changed != before and changed == digest({"a": value.copy()})
    objects = np.array([[1], "a"], dtype=object)
    before = digest(objects)
    objects[0].append(2)
    assert digest(objects) != before
    assert digest(np.float64(1)) != digest(np.float32(1))


def test_the_same_in_every_process_whatever_the_hash_seed():
    code = (
        "import collections, datetime, fractions; from tangentflow.runtime.codec import digest\n"
        "print(digest([{'b', 'a', ('c', 1)}, {'x': frozenset('hello')}, datetime.datetime(2024, 1, 2),"
        " fractions.Fraction(1, 3), collections.Counter('abc'), ValueError('x'), len, digest]))"
    )
    root = os.path.dirname(os.path.dirname(tangentflow.__file__))
    found = {
        subprocess.check_output([sys.executable, "-S", "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": root})
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1


atoms = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers()
hashable = st.recursive(atoms, lambda part: st.tuples(part, part) | st.frozensets(part, max_size=3), max_leaves=5)
nested = st.recursive(
    atoms | hashable | st.sets(hashable, max_size=3),
    lambda part: (
        st.lists(part, max_size=4) | st.dictionaries(hashable, part, max_size=4) | st.builds(Box, st.lists(part))
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(nested)
def test_any_value_crosses_with_its_digest(value):
    found = decode(encode(Value(value), where="f")).value
    assert repr(found) == repr(value) or "{" in repr(value)
    assert digest(found) == digest(value)
    assert digest([value]) != digest(value)
