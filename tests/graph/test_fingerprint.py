"""Fingerprints of code: what changes them and what does not."""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib
import logging
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tangentflow.graph.fingerprint import fingerprint

BASE = '''
import functools, logging
LIMIT = 3
TABLE = {"a": 1}
log = logging.getLogger("x")

def helper(x):
    return x + LIMIT

class Model:
    """Docs."""
    size = 4
    def fit(self, x):
        return helper(x) * self.size

@functools.lru_cache
def cached(x):
    return x

def f(x, y=1, *, z=2):
    """Docs."""
    total = 0
    for i in range(x):
        total += helper(i) + TABLE["a"]
    log.info("done")
    values = [k for k in range(3)]
    match total:
        case [a, *rest]:
            pass
        case {"k": v, **others}:
            return v, others
    try:
        import os.path as place
    except ValueError as error:
        raise RuntimeError(error) from error
    def inner(p):
        nonlocal total
        total += p
        return lambda q: q + total
    return Model().fit(total), values, cached(y), inner, z
'''

SAME = {
    "comments": ("    total = 0\n", "    total = 0  # from zero\n\n"),
    "formatting": ("for k in range(3)]", "for k\n        in range( 3 )]"),
    "docstring": ('    """Docs."""\n    total', '    """Other docs."""\n    total'),
    "docstring of a class": ('    """Docs."""\n    size', "    size"),
    "a local": ("values", "numbers"),
    "a comprehension's variable": ("[k for k in", "[item for item in"),
    "a captured name": ("a, *rest", "first, *remaining"),
    "an exception's name": (
        "ValueError as error:\n        raise RuntimeError(error) from error",
        "ValueError as e:\n        raise RuntimeError(e) from e",
    ),
    "an imported name": ("as place", "as where"),
    "annotations": ("def helper(x):", "def helper(x: int) -> int:"),
    "its own name": ("def f(", "def renamed("),
    "a helper's name": ("helper", "assistant"),
    "a constant's name": ("LIMIT", "BOUND"),
    "a lambda's variable": ("lambda q: q + total", "lambda w: w + total"),
}

OTHER = {
    "its body": ("total = 0", "total = 1"),
    "a default": ("y=1", "y=2"),
    "a keyword default": ("z=2", "z=3"),
    "a parameter": ("y=1", "w=1"),
    "a helper": ("return x + LIMIT", "return x - LIMIT"),
    "a constant": ("LIMIT = 3", "LIMIT = 4"),
    "the type of a constant": ("LIMIT = 3", "LIMIT = 3.0"),
    "a table": ('{"a": 1}', '{"a": 2}'),
    "a method": ("* self.size", "+ self.size"),
    "an attribute of a class": ("size = 4", "size = 5"),
    "a cached helper": ("def cached(x):\n    return x", "def cached(x):\n    return -x"),
    "which name is meant": ("return lambda q: q + total", "return lambda total: total + total"),
    "what is imported": ("import os.path as place", "import os as place"),
    "a string": ('"done"', '"over"'),
}


def load(tmp_path: Path, text: str, name: str) -> ModuleType:
    (tmp_path / f"{name}.py").write_text(text)
    sys.modules.pop(name, None)
    importlib.invalidate_caches()
    return importlib.import_module(name)


@pytest.fixture(autouse=True)
def on_path(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in ("code_before", "code_after"):
        sys.modules.pop(name, None)


def prints(tmp_path: Path, old: str, new: str) -> tuple[str, str]:
    assert old in BASE
    before = load(tmp_path, BASE, "code_before")
    after = load(tmp_path, BASE.replace(old, new), "code_after")
    return fingerprint(before.f), fingerprint(getattr(after, "renamed", None) or after.f)


@pytest.mark.parametrize("what", SAME)
def test_does_not_change_with(tmp_path, what):
    before, after = prints(tmp_path, *SAME[what])
    assert before == after


@pytest.mark.parametrize("what", OTHER)
def test_changes_with(tmp_path, what):
    before, after = prints(tmp_path, *OTHER[what])
    assert before != after


def test_modules_of_the_user_are_looked_into(tmp_path):
    (tmp_path / "tools.py").write_text("def aid(x):\n    return x\n\ndef unused():\n    return 1\n")
    user = "import tools\ndef f(x):\n    return tools.aid(x)\n"
    try:
        first = fingerprint(load(tmp_path, user, "code_before").f)
        load(tmp_path, "def aid(x):\n    return x\n\ndef unused():\n    return 2\n", "tools")
        assert fingerprint(load(tmp_path, user, "code_before").f) == first, "what it does not reach does not count"
        load(tmp_path, "def aid(x):\n    return -x\n", "tools")
        assert fingerprint(load(tmp_path, user, "code_before").f) != first
    finally:
        sys.modules.pop("tools", None)


def test_recursion_and_cycles():
    def even(n):
        return n == 0 or odd(n - 1)

    def odd(n):
        return n != 0 and even(n - 1)

    def gerade(n):
        return n == 0 or ungerade(n - 1)

    def ungerade(n):
        return n != 0 and gerade(n - 1)

    assert fingerprint(even) == fingerprint(gerade)
    assert fingerprint(even) != fingerprint(odd)


def test_closures_count_by_what_they_hold():
    def made(k):
        def inner(x):
            return x + k

        return inner

    assert fingerprint(made(1)) == fingerprint(made(1))
    assert fingerprint(made(1)) != fingerprint(made(2))


def test_code_without_source_counts_by_its_bytecode():
    def made(text):
        space: dict = {}
        exec(text, space)
        return space["f"]

    assert fingerprint(made("def f(x): return x + 1")) == fingerprint(made("def f(x): return x + 1"))
    assert fingerprint(made("def f(x): return x + 1")) != fingerprint(made("def f(x): return x + 2"))


class Colour(enum.Enum):
    RED = 1


class OtherColour(enum.Enum):
    RED = 2


@dataclasses.dataclass
class Point:
    x: int = 0


class Plain:
    __slots__ = ("a",)

    @property
    def b(self):
        return self.a

    @staticmethod
    def c():
        return 1

    @functools.cached_property
    def d(self):
        return 2


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        "x",
        [1, {2}],
        {"f": len},
        Colour.RED,
        Colour,
        Point,
        Point(3),
        Plain,
        Plain.c,
        logging.getLogger("a"),
        sys,
        Path,
        Path("x"),
        (i for i in ()),
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_never_fails_and_is_stable(value):
    assert fingerprint(value) == fingerprint(value)
    assert len(fingerprint(value)) == 64


def test_kinds_of_values_are_told_apart():
    values = [
        0,
        0.0,
        False,
        "0",
        None,
        [0],
        (0,),
        {0},
        Colour,
        OtherColour,
        Point(1),
        Point(2),
        len,
        sys,
        {"f": len},
        {"f": sum},
    ]
    found = [fingerprint(value) for value in values]
    assert len(set(found)) == len(found)
