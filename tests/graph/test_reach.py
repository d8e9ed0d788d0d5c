"""What a fingerprint follows: each program is one edit away from another one that behaves differently, and must count as another."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tangentflow.graph.fingerprint import fingerprint, trace
from tangentflow.graph.parts import changed_parts, parts_of
from tangentflow.graph.whose import installed, is_own

DEEP = "def deep(x):\n    return x + 1\n"
"""A helper that the programs below lead to in some way."""

EDIT = ("x + 1", "x + 2")

# Each is the body of a module after DEEP; `f` must have another fingerprint when `deep` is edited.
LEADS_TO_DEEP = {
    "a wrapper with functools.wraps": """
import functools
def twice(g):
    @functools.wraps(g)
    def inner(*a):
        return g(*a) * 2
    return inner
@twice
def helper(x): return deep(x)
def f(x): return helper(x)
""",
    "a decorator that is a class": """
import functools
class Counted:
    def __init__(self, g):
        functools.update_wrapper(self, g)
        self.g = g
    def __call__(self, x): return self.g(x)
@Counted
def helper(x): return deep(x)
def f(x): return helper(x)
""",
    "a partial": "import functools\nh = functools.partial(deep)\ndef f(x): return h(x)\n",
    "a partial of a partial in an argument": """
import functools
def apply(g, x): return g(x)
h = functools.partial(functools.partial(apply, deep))
def f(x): return h(x)
""",
    "a lambda": "h = lambda x: deep(x)\ndef f(x): return h(x)\n",
    "a bound method": """
class Model:
    def fit(self, x): return deep(x)
h = Model().fit
def f(x): return h(x)
""",
    "an instance of a class": """
class Model:
    def fit(self, x): return deep(x)
model = Model()
def f(x): return model.fit(x)
""",
    "an instance that is called": """
class Model:
    def __call__(self, x): return deep(x)
model = Model()
def f(x): return model(x)
""",
    "instances in a list": """
class Model:
    def fit(self, x): return deep(x)
models = [Model()]
def f(x): return models[0].fit(x)
""",
    "a function in an attribute of an instance": """
class Model:
    def __init__(self, g): self.g = g
model = Model(deep)
def f(x): return model.g(x)
""",
    "a function deep in data": """
import collections
table = collections.defaultdict(list, {"a": [[[[[(deep,)]]]]]})
def f(x): return table["a"][0][0][0][0][0][0](x)
""",
    "a property": """
class Model:
    @property
    def one(self): return deep(0)
def f(x): return Model().one
""",
    "a cached property": """
import functools
class Model:
    @functools.cached_property
    def one(self): return deep(0)
def f(x): return Model().one
""",
    "a descriptor": """
class Field:
    def __get__(self, owner, kind): return deep(0)
class Model:
    one = Field()
def f(x): return Model().one
""",
    "a static method": """
class Model:
    @staticmethod
    def fit(x): return deep(x)
def f(x): return Model.fit(x)
""",
    "a class method": """
class Model:
    @classmethod
    def fit(cls, x): return deep(x)
def f(x): return Model.fit(x)
""",
    "a partial method": """
import functools
class Model:
    def call(self, g, x): return g(x)
    fit = functools.partialmethod(call, deep)
def f(x): return Model().fit(x)
""",
    "a base class": """
class Base:
    def fit(self, x): return deep(x)
class Model(Base): pass
def f(x): return Model().fit(x)
""",
    "super() in a function that was taken out of its class": """
class Base:
    def fit(self, x): return deep(x)
class Model(Base):
    def fit(self, x): return super().fit(x)
h = Model.fit
class Other(Model): fit = None
def f(x, model): return h(model, x)
""",
    "a metaclass": """
class Meta(type):
    def fit(cls, x): return deep(x)
class Model(metaclass=Meta): pass
def f(x): return Model.fit(x)
""",
    "a default of a dataclass": """
import dataclasses
@dataclasses.dataclass
class Model:
    one: int = deep(0)
def f(x): return Model().one
""",
    "a default factory of a dataclass": """
import dataclasses
@dataclasses.dataclass
class Model:
    one: int = dataclasses.field(default_factory=lambda: deep(0))
def f(x): return Model().one
""",
    "what follows the initialiser of a dataclass": """
import dataclasses
@dataclasses.dataclass
class Model:
    one: int
    def __post_init__(self): self.one = deep(self.one)
def f(x): return Model(x).one
""",
    "a default": "def f(x, g=deep): return g(x)\n",
    "a keyword default": "def f(x, *, g=deep): return g(x)\n",
    "an attribute of a function": "def helper(x): return helper.g(x)\nhelper.g = deep\ndef f(x): return helper(x)\n",
    "a cache": "import functools\n@functools.lru_cache\ndef h(x): return deep(x)\ndef f(x): return h(x)\n",
    "a cache in an attribute": """
import functools
class Model: pass
model = Model()
model.g = functools.lru_cache(deep)
def f(x): return model.g(x)
""",
    "single dispatch": """
import functools
@functools.singledispatch
def h(x): return x
@h.register
def _(x: int): return deep(x)
def f(x): return h(x)
""",
    "a context manager": """
import contextlib
@contextlib.contextmanager
def h(x): yield deep(x)
def f(x):
    with h(x) as y: return y
""",
    "recursion": """
def even(x): return x == 0 or odd(x - 1)
def odd(x): return x != 0 and even(deep(x))
def f(x): return even(x)
""",
    "an enum's method": """
import enum
class Kind(enum.Enum):
    A = 1
    def fit(self, x): return deep(x)
def f(x): return Kind.A.fit(x)
""",
    "an enum's member": "import enum\nclass Kind(enum.Enum):\n    A = deep(1)\ndef f(x): return Kind.A.value\n",
    "an enum's alias": """
import enum
class Kind(enum.Enum):
    A = 1
    B = 2
    C = 3
    LIKE = deep(1)
def f(x): return Kind.LIKE
""",
    "functools.reduce over a tuple of functions": """
import functools
STAGES = (deep, abs)
def f(x): return functools.reduce(lambda v, g: g(v), STAGES, x)
""",
    "a set of functions": "STAGES = {deep, abs}\ndef f(x): return sorted(g(x) for g in STAGES)\n",
    "numpy.vectorize": "import numpy as np\nh = np.vectorize(deep)\ndef f(x): return h(x)\n",
    "globals()": "def f(x): return globals()['deep'](x)\n",
    "a read-only view": "import types\nTABLE = types.MappingProxyType({'a': deep})\ndef f(x): return TABLE['a'](x)\n",
    "a bound method of a built-in type": "get = {'a': deep}.get\ndef f(x): return get('a')(x)\n",
    "operator.methodcaller": """
import operator
class Model:
    def fit(self, g): return g(1)
h = operator.methodcaller("fit", deep)
def f(x): return h(Model())
""",
    "a step": "from tangentflow import step\n@step\ndef h(x): return deep(x)\ndef f(x): return h(x)\n",
    "a workflow": "from tangentflow import workflow\n@workflow\ndef h(x): return deep(x)\ndef f(x): return h(x)\n",
    "code made by exec": "space = {'deep': deep}\nexec('def h(x): return [deep(y) for y in x]', space)\nh = space['h']\ndef f(x): return h(x)\n",
    "an inner class": """
def f(x):
    class Model:
        def fit(self, x): return deep(x)
    return Model().fit(x)
""",
    "a slot": """
class Model:
    __slots__ = ("g",)
model = Model()
model.g = deep
def f(x): return model.g(x)
""",
    "a long chain of helpers": "def h0(x): return deep(x)\n"
    + "".join(f"def h{n}(x): return h{n - 1}(x)\n" for n in range(1, 400))
    + "def f(x): return h399(x)\n",
    "a table that holds itself": "TABLE = [deep]\nTABLE.append(TABLE)\ndef f(x): return TABLE[1][0](x)\n",
    "a wrapper that closes over more than functions": """
import functools
def scaled(k):
    def decorate(g):
        @functools.wraps(g)
        def inner(x): return g(x) * k
        return inner
    return decorate
@scaled(deep(1))
def helper(x): return x
def f(x): return helper(x)
""",
    "pydantic": """
import pydantic
class Model(pydantic.BaseModel):
    one: int = 0
    @pydantic.field_validator("one")
    @classmethod
    def check(cls, v): return deep(v)
def f(x): return Model(one=x).one
""",
    "attrs": "import attrs\n@attrs.define\nclass Model:\n    one: int = attrs.field(factory=lambda: deep(0))\ndef f(x): return Model().one\n",
    "an object that counts by what it is given": "import operator\nh = operator.itemgetter(deep(1))\ndef f(x): return h(x)\n",
    "a class that is made by a call": """
import collections
Row = collections.namedtuple("Row", ["a"], defaults=[deep(0)])
def f(x): return Row().a
""",
}  # fmt: skip

# Pairs of whole modules of which the functions `f` behave differently.
DIFFERENT = {
    "a bound method of a built-in object": ("get = {'a': 1}.get\ndef f(x): return get(x)\n", "'a': 1", "'a': 2"),
    "what operator.itemgetter takes": (
        "import operator\nkey = operator.itemgetter(0)\ndef f(x): return key(x)\n", "(0)", "(1)"),
    "an argument of an installed wrapper": (
        "import numpy as np\nh = np.vectorize(abs, otypes=[float])\ndef f(x): return h(x)\n", "float", "int"),
    "an element of an array": (
        "import numpy as np\nA = np.arange(5)\nA[3] = 7\ndef f(x): return A[x]\n", "= 7", "= 8"),
    "the type of an array": (
        "import numpy as np\nA = np.zeros(5)\ndef f(x): return A[x]\n", "(5)", "(5, dtype='f4')"),
    "a table in a module": ("ROWS = [{'a': [1, (2, 3)]}]\ndef f(x): return ROWS\n", "3", "4"),
    "the order of a table": ("ROWS = {'a': 1, 'b': 2}\ndef f(x): return list(ROWS)\n", "'a': 1, 'b': 2", "'b': 2, 'a': 1"),
    "an attribute of a function": ("def h(x): return h.k\nh.k = 1\ndef f(x): return h(x)\n", "= 1", "= 2"),
    "an option of a dataclass": (
        "import dataclasses\n@dataclasses.dataclass(order=False)\nclass P:\n    a: int\ndef f(x): return P(x) == P(2)\n",
        "order=False", "eq=False"),
    "an option of a field": (
        "import dataclasses\n@dataclasses.dataclass\nclass P:\n    a: int = dataclasses.field(default=1, compare=True)\n"
        "def f(x): return P(x) == P(2)\n", "compare=True", "compare=False"),
    "the order of fields": (
        "import dataclasses\n@dataclasses.dataclass\nclass P:\n    a: int\n    b: int\ndef f(x): return P(1, 2).a\n",
        "    a: int\n    b: int\n", "    b: int\n    a: int\n"),
    "which parameter of an inner function is named": (
        "def f(x):\n    def g(a, b): return a - b\n    return g(b=1, a=2)\n", "(a, b): return a - b", "(b, a): return b - a"),
    "the names that locals() gives": (
        "def f(x):\n    total = x\n    return '{total}'.format(**locals())\n", "total = x", "other = x; total = 0"),
    "the name of a local that locals() gives": (
        "def f(x):\n    total = x\n    return sorted(locals())\n", "total", "other"),
    "the documentation that is read": (
        "def h(x):\n    'one'\ndef f(x): return h.__doc__\n", "'one'", "'two'"),
    "the annotations that are read": (
        "import inspect\ndef h(x: int): pass\ndef f(x): return inspect.signature(h)\n", "x: int", "x: str"),
    "a name that is put into a module from outside": (
        "import types, sys\nm = types.ModuleType('made_module')\nsys.modules['made_module'] = m\nm.RATE = 1\n"
        "def f(x): return getattr(m, 'RATE')\n", "= 1", "= 2"),
    "a state that an installed object holds": (
        "import random\nr = random.Random(1)\nh = r.random\ndef f(x): return h()\n", "(1)", "(2)"),
    "a conversion in a formatted string": ("def f(x): return f'{x!r}'\n", "!r", "!s"),
    "a module that is imported by name": (
        "import importlib\ndef f(x): return importlib.import_module('json').dumps(x)\n", "'json'", "'pickle'"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def on_path(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    is_own.cache_clear()
    installed.cache_clear()
    yield
    for name in set(sys.modules) - before:
        module = sys.modules[name]
        if str(tmp_path) in str(getattr(module, "__file__", "")) or name == "made_module":
            del sys.modules[name]
    is_own.cache_clear()
    installed.cache_clear()


def load(folder: Path, text: str, name: str = "hostile") -> ModuleType:
    (folder / f"{name}.py").write_text(text)
    sys.modules.pop(name, None)
    importlib.invalidate_caches()
    return importlib.import_module(name)


@pytest.mark.parametrize("what", LEADS_TO_DEEP)
def test_an_edit_is_seen_through(tmp_path, what):
    text = LEADS_TO_DEEP[what]
    if "numpy" in text:
        pytest.importorskip("numpy")
    for name in ("pydantic", "attrs"):
        if f"import {name}" in text:
            pytest.importorskip(name)
    first = fingerprint(load(tmp_path, DEEP + text).f)
    parts = parts_of(sys.modules["hostile"].f)
    again = load(tmp_path, DEEP + text).f
    assert fingerprint(again) == first and parts_of(again) == parts, "the same program gives the same"
    edited = load(tmp_path, DEEP.replace(*EDIT) + text).f
    assert fingerprint(edited) != first
    assert changed_parts(parts, parts_of(edited))


@pytest.mark.parametrize("what", DIFFERENT)
def test_a_difference_is_seen_in(tmp_path, what):
    text, old, new = DIFFERENT[what]
    assert old in text
    if "numpy" in text:
        pytest.importorskip("numpy")
    first = fingerprint(load(tmp_path, text).f)
    assert fingerprint(load(tmp_path, text).f) == first, "the same program gives the same"
    assert fingerprint(load(tmp_path, text.replace(old, new)).f) != first


def test_documentation_and_annotations_count_where_a_framework_may_read_them(tmp_path):
    pytest.importorskip("pydantic")
    text = "import pydantic\n@pydantic.validate_call\ndef h(a: int):\n    return a\ndef f(x): return h(x)\n"
    first = fingerprint(load(tmp_path, text).f)
    assert fingerprint(load(tmp_path, text).f) == first
    assert fingerprint(load(tmp_path, text.replace("a: int", "a: str")).f) != first


def test_a_function_that_is_replaced_in_place(tmp_path):
    module = load(tmp_path, DEEP + "def other(x): return x - 1\ndef f(x): return deep(x)\n")
    first = fingerprint(module.f)
    module.deep.__code__ = module.other.__code__
    assert fingerprint(module.f) != first


def test_a_file_that_was_edited_after_it_was_imported(tmp_path):
    """What runs is the old text, so the new one must not be taken for it."""
    module = load(tmp_path, DEEP + "def f(x): return deep(x)\n")
    new = DEEP.replace(*EDIT) + "def f(x): return deep(x)\n"
    (tmp_path / "hostile.py").write_text(new)
    stale = fingerprint(module.f)
    assert stale != fingerprint(load(tmp_path, new).f)


def test_a_global_that_is_changed_at_run_time(tmp_path):
    module = load(tmp_path, "RATES = {'a': [1]}\ndef f(x): return RATES['a'][0]\n")
    first = fingerprint(module.f)
    module.RATES["a"][0] = 2
    assert fingerprint(module.f) != first


def test_a_file_of_the_users_with_a_name_of_the_standard_library(tmp_path, monkeypatch):
    for name in ("trace", "code"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    user = "import trace\ndef f(x):\n    import code\n    return trace.deep(x) + code.deep(x)\n"
    load(tmp_path, DEEP, "code")
    prints = []
    for text in (DEEP, DEEP.replace(*EDIT)):
        load(tmp_path, text, "trace")
        is_own.cache_clear()
        prints.append(fingerprint(load(tmp_path, user).f))
    load(tmp_path, DEEP.replace(*EDIT) + "\n", "code")
    assert len({*prints, fingerprint(load(tmp_path, user).f)}) == 3
    for name in ("trace", "code"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_a_package_without_an_init_file(tmp_path):
    (tmp_path / "space" / "inner").mkdir(parents=True)
    user = "import space.inner.tools\ndef f(x): return space.inner.tools.deep(x)\n"
    prints = []
    for text in (DEEP, DEEP.replace(*EDIT)):
        (tmp_path / "space" / "inner" / "tools.py").write_text(text)
        for name in [name for name in sys.modules if name.startswith("space")]:
            del sys.modules[name]
        prints.append(fingerprint(load(tmp_path, user).f))
    assert prints[0] != prints[1]


def test_a_package_that_passes_names_on(tmp_path):
    (tmp_path / "pack").mkdir()
    user = "import pack\ndef f(x): return pack.deep(x)\n"
    prints = []
    for text in (DEEP, DEEP.replace(*EDIT)):
        (tmp_path / "pack" / "tools.py").write_text(text)
        (tmp_path / "pack" / "__init__.py").write_text("from .tools import deep\n")
        for name in [name for name in sys.modules if name.startswith("pack")]:
            del sys.modules[name]
        prints.append(fingerprint(load(tmp_path, user).f))
    assert prints[0] != prints[1]


def test_an_extension_module_counts_by_its_file(tmp_path, monkeypatch):
    made = ModuleType("built_here")
    made.__file__ = str(tmp_path / "built_here.so")
    monkeypatch.setitem(sys.modules, "built_here", made)
    found = []
    for data in (b"one", b"two"):
        (tmp_path / "built_here.so").write_bytes(data)
        installed.cache_clear()
        found.append(installed("built_here"))
    assert found[0] != found[1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import sqlite3\nC = sqlite3.connect(':memory:')\ndef f(x): return C.execute(x)\n", "C: a sqlite3.Connection"),
        ("C = (n for n in [1])\ndef f(x): return next(C)\n", "C: a builtins.generator"),
        ("def f(x): return eval(x)\n", "eval() may read anything"),
        ("def h(x): exec(x)\ndef f(x): return h(x)\n", "exec() may read anything"),
        ("import importlib\ndef f(x): return importlib.import_module(x)\n", "importlib.import_module(x) imports"),
        ("def f(x): return __import__(x)\n", "__import__(x) imports"),
        ("s = {}\nexec('import os\\ndef f(x): return os.environ[x]', s)\nf = s['f']\n", "f has no source"),
        ("class M:\n    def __init__(self): self.c = (n for n in [1])\nm = M()\ndef f(x): return m.c\n", "m: a builtins.generator"),
    ],
)  # fmt: skip
def test_what_cannot_be_looked_into_is_said(tmp_path, text, reason):
    (said,) = trace(load(tmp_path, text).f).unseen
    assert said.startswith(reason)


@pytest.mark.parametrize(
    "text",
    [
        "import threading\nL = threading.Lock()\ndef f(x):\n    with L: return x\n",
        "import logging\nlog = logging.getLogger('a')\ndef f(x): log.info(x)\n",
        "import re\nP = re.compile('a+')\ndef f(x): return re.compile(x), P.match(x)\n",
        "import os, sys\ndef f(x): return os.path.join(x), sys.argv, print\n",
        "import threading\nE = threading.Event()\ndef f(x): return E.is_set()\n",
        "import datetime, decimal, fractions, uuid, pathlib\nA = [datetime.datetime(2020, 1, 1), decimal.Decimal(1), fractions.Fraction(1, 2),"
        " uuid.UUID(int=1), pathlib.PurePath('a')]\ndef f(x): return A\n",
        "import collections\nA = [collections.Counter('ab'), collections.OrderedDict(a=1), collections.deque([1])]\ndef f(x): return A\n",
        "import types\nA = types.SimpleNamespace(a=1)\ndef f(x): return A.a\n",
        "A = object()\ndef f(x, a=A): return a is A\n",
        "import functools\n@functools.total_ordering\nclass A:\n    def __lt__(self, o): return True\ndef f(x): return A() < A()\n",
        "import abc\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def g(self): ...\nclass B(A):\n    def g(self): return 1\n"
        "def f(x): return B().g()\n",
        "from typing import Generic, TypeVar, Protocol, NamedTuple, TypedDict\nT = TypeVar('T')\nclass A(Generic[T]): pass\n"
        "class P(Protocol):\n    def g(self): ...\nclass N(NamedTuple):\n    a: int = 1\nclass D(TypedDict):\n    a: int\n"
        "def f(x): return A[int](), N(), D(a=1), P, list[N]\n",
    ],
)  # fmt: skip
def test_common_things_can_be_looked_into(tmp_path, text):
    first = trace(load(tmp_path, text).f)
    assert first.unseen == () and fingerprint(load(tmp_path, text).f) == first.fingerprint


def test_variables_of_the_environment(tmp_path):
    text = (
        "import os\nNAME = 'TF_A'\ndef f(x):\n    import reader\n"
        "    return os.environ[NAME], os.environ.get('TF_B'), 'TF_C' in os.environ\n"
    )
    (tmp_path / "reader.py").write_text("import os\ndef g():\n    return os.getenv('TF_D')\n")
    assert trace(load(tmp_path, text).f).variables == {"TF_A", "TF_B", "TF_C", "TF_D"}


ACROSS = """
import importlib, json, sys
from tangentflow.graph.fingerprint import trace
found = {}
for name in json.loads(sys.argv[1]):
    traced = trace(importlib.import_module(name).f)
    found[name] = [traced.fingerprint, sorted(traced.variables), traced.unseen]
print(json.dumps(found))
"""


def test_the_same_in_every_process(tmp_path):
    texts = [
        text
        for text in LEADS_TO_DEEP.values()
        if not any(f"import {n}" in text for n in ("numpy", "pydantic", "attrs"))
    ]
    names = [f"program_{number}" for number in range(len(texts))]
    for name, text in zip(names, texts, strict=True):
        (tmp_path / f"{name}.py").write_text(DEEP + text)
    root = str(Path(__file__).parents[2])
    found = []
    for seed in "12":
        done = subprocess.run(
            [sys.executable, "-c", ACROSS, json.dumps(names)], cwd=tmp_path, capture_output=True, text=True, timeout=120,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([root, str(tmp_path)]), "PYTHONHASHSEED": seed},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
    assert found[0] == found[1]
