"""A bundle carries the user's code to a Python that has only its standard library."""

from __future__ import annotations

import ast
import base64
import io
import json
import os
import subprocess
import sys
import textwrap
import types
import zipfile
from pathlib import Path

import cloudpickle
import pytest

import tangentflow
from tangentflow.bundling.modules import imported_by_code
from tangentflow.bundling.pack import describe, pack
from tangentflow.bundling.text import from_text, to_text
from tangentflow.errors import TangentflowError
from tangentflow.runtime.bundle import load

ROOTS = [os.path.dirname(os.path.dirname(module.__file__)) for module in (tangentflow, cloudpickle)]

LOADER = """
import sys
sys.path.insert(0, sys.argv[1])
from tangentflow.runtime.bundle import load
functions = load(sys.argv[1])
"""


def write(directory, **files):
    for name, text in files.items():
        path = directory / (name.replace("__slash__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def python(*arguments, seed="0", directories=(), check=True, cwd=None):
    path = os.pathsep.join([*map(str, directories), *ROOTS])
    env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, *map(str, arguments)], env=env, capture_output=True, text=True, cwd=cwd)
    if check:
        assert done.returncode == 0, done.stderr
    return done


def bare(bundle, code, check=True, executable=sys.executable):
    """Run code with the functions of a bundle where nothing but the standard library is installed."""
    arguments = [executable, "-S", "-E", "-s", "-c", LOADER + textwrap.dedent(code), str(bundle)]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=bundle.parent)
    if check:
        assert done.returncode == 0, done.stderr
    return done.stdout if check else done.stderr


PACK = """
from tangentflow.bundling.pack import pack
open(sys.argv[1], "wb").write(pack({functions}))
"""


def packed(tmp_path, script, functions, **options):
    """Run a script as `__main__` that packs some of its functions; return the bundle's path."""
    project = tmp_path / "project"
    project.mkdir(exist_ok=True)
    (project / "script.py").write_text("import sys\n" + textwrap.dedent(script) + PACK.format(functions=functions))
    bundle = tmp_path / f"bundle{options.get('seed', '')}.zip"
    python(project / "script.py", bundle, **options)
    return bundle


def names(bundle):
    own = ("tangentflow/", "cloudpickle/", "bundle")
    return [name for name in zipfile.ZipFile(bundle).namelist() if not name.startswith(own)]


PROJECT = dict(
    helper="""
        import json
        FACTOR = 3
        def scale(n): return n * FACTOR
    """,
    lazy="VALUE = 5\n",
    unused="raise AssertionError('not needed')\n",
    typed="raise AssertionError('for type checkers')\n",
    pkg__slash____init__="",
    pkg__slash__sub__slash____init__="from .deep import DEEP\n",
    pkg__slash__sub__slash__deep="DEEP = 7\n",
    pkg__slash__sub__slash__other="raise AssertionError('not needed')\n",
    pkg__slash__flow="""
        from typing import TYPE_CHECKING
        import helper
        from . import sub
        from tangentflow import step
        if TYPE_CHECKING:
            import typed
        try:
            import surely_not_installed
        except ImportError:
            pass
        @step
        def compute(n):
            import lazy
            return helper.scale(n) + sub.DEEP + lazy.VALUE
        def fails():
            raise ValueError("here")
    """,
)


# -- what arrives ----------------------------------------------------------------------------------------------------


def test_a_function_of_a_package_with_helpers(tmp_path):
    write(tmp_path / "project", **PROJECT)
    bundle = packed(tmp_path, "from pkg.flow import compute\n", "{'compute': compute, 'raw': compute.function}")
    assert names(bundle) == [
        "helper.py", "lazy.py", "pkg/__init__.py", "pkg/flow.py", "pkg/sub/__init__.py", "pkg/sub/deep.py",
    ]  # fmt: skip
    code = "print(functions['compute'](2), functions['raw'](2), type(functions['compute']).__name__, sorted(functions))"
    assert bare(bundle, code).split(maxsplit=3) == ["18", "18", "StepFunction", "['compute', 'raw']\n"]
    manifest = json.loads(zipfile.ZipFile(bundle).read("bundle.json"))
    assert [entry["by_value"] for entry in manifest["functions"].values()] == [[], []]


def test_functions_of_the_script_itself(tmp_path):
    write(tmp_path / "project", helper=PROJECT["helper"], lazy=PROJECT["lazy"])
    script = """
        import dataclasses
        import enum
        import helper
        from tangentflow import step, workflow

        class Unit(enum.Enum):
            M = "m"

        @dataclasses.dataclass
        class Point:
            x: int
            unit: Unit = Unit.M
            def moved(self, by): return Point(self.x + by, self.unit)

        def make(offset):
            def closure(n, *, start=Point(1)):
                from lazy import VALUE
                return start.moved(helper.scale(n) + offset + VALUE)
            return closure

        @step
        def stepped(n): return later(n) + 1

        def later(n): return n * LEVEL

        @workflow
        def fact(n): return 1 if n == 0 else n * fact(n - 1)

        LEVEL = 10
        shorter = lambda s: s.upper() in {"A", "B", "C"}
    """
    functions = (
        "{'closure': make(100), 'stepped': stepped, 'short': shorter, 'fact': fact, 'default': make(0).__kwdefaults__}"
    )
    bundle = packed(tmp_path, script, functions)
    assert names(bundle) == ["helper.py", "lazy.py"]
    code = """
        point = functions["closure"](2)
        print(point, functions["stepped"](4), functions["short"]("b"), functions["fact"](5))
        print(type(point) is type(functions["default"]["start"]), point.unit is functions["default"]["start"].unit)
    """
    assert bare(bundle, code) == "Point(x=112, unit=<Unit.M: 'm'>) 41 True 120\nTrue True\n"


def test_a_module_run_with_dash_m(tmp_path):
    write(
        tmp_path,
        app__slash____init__="",
        app__slash__near="NEAR = 4\n",
        app__slash__main="""
            import sys
            def f():
                from . import near
                from .near import NEAR
                return NEAR + near.NEAR
            if __name__ == "__main__":
                from tangentflow.bundling.pack import pack
                open(sys.argv[1], "wb").write(pack({"f": f}))
        """,
    )
    python("-m", "app.main", tmp_path / "b.zip", cwd=tmp_path)
    assert names(tmp_path / "b.zip") == ["app/__init__.py", "app/near.py"]
    assert bare(tmp_path / "b.zip", "print(functions['f']())") == "8\n"


def test_values_of_script_classes_go_there_and_back(tmp_path):
    """What a pod returns is an instance of the script's own class, in this process and in a later one."""
    script = """
        import dataclasses, os, subprocess
        from tangentflow.bundling.pack import pack
        from tangentflow.runtime.codec import decode, encode
        from tangentflow.runtime.outcome import Raised, Value

        @dataclasses.dataclass
        class Point:
            x: int
            def __post_init__(self): counts.append(self.x)

        class Odd(Exception):
            pass

        counts = []

        def f(p):
            assert isinstance(p, Point)
            try:
                raise Odd(p)
            except Odd as error:
                return Point(p.x + 1), error

        if len(sys.argv) > 3:
            data = open(sys.argv[2], "rb").read()
        else:
            open(sys.argv[1], "wb").write(pack({"f": f}))
            argument = encode(Value(Point(1)), where="f")
            pod = '''
        import sys
        sys.path.insert(0, sys.argv[1])
        from tangentflow.runtime.bundle import load
        functions = load(sys.argv[1])
        from tangentflow.runtime.codec import decode, encode
        from tangentflow.runtime.outcome import Value
        p = decode(sys.stdin.buffer.read()).value
        sys.stdout.buffer.write(encode(Value(functions["f"](p)), where="f"))
        '''.replace("        ", "")
            command = [sys.executable, "-S", "-E", "-s", "-c", pod, sys.argv[1]]
            data = subprocess.run(command, input=argument, capture_output=True, check=True).stdout
            open(sys.argv[2], "wb").write(data)
        init = Point.__post_init__
        point, error = decode(data).value
        assert point == Point(2) and type(point) is Point, point
        assert type(error) is Odd and type(error.args[0]) is Point
        assert Point.__post_init__ is init and counts[-1] == 2 and init.__globals__ is globals()
        print("fine")
        sys.exit()
    """
    project = tmp_path / "script.py"
    project.write_text("import sys\n" + textwrap.dedent(script).replace("\n        import sys\n", "\nimport sys\n"))
    for extra in ([], ["again"]):
        done = python(project, tmp_path / "b.zip", tmp_path / "data", *extra)
        assert done.stdout == "fine\n"


def test_tracebacks_lead_to_the_users_files(tmp_path):
    write(tmp_path / "project", **PROJECT)
    bundle = packed(tmp_path, "from pkg.flow import fails\n", "{'fails': fails}")
    code = """
        from tangentflow.runtime.codec import encode
        from tangentflow.runtime.outcome import Raised
        try: functions["fails"]()
        except ValueError as error: open("data", "wb").write(encode(Raised(error), where="fails"))
        functions["fails"]()
    """
    text = bare(bundle, code, check=False)
    assert 'raise ValueError("here")' in text
    read = "from tangentflow.runtime.codec import decode; raise decode(open('data', 'rb').read()).exception"
    text = python("-c", read, directories=[tmp_path / "project"], cwd=tmp_path, check=False).stderr
    assert f'{tmp_path}/project/pkg/flow.py", line ' in text and 'raise ValueError("here")' in text


def test_a_function_loads_only_what_it_needs(tmp_path):
    write(
        tmp_path / "project",
        heavy="import not_in_the_image\ndef h(): pass\n",
        not_in_the_image="raise AssertionError\n",
    )
    write(tmp_path / "installed" / "site-packages", not_in_the_image="")
    (tmp_path / "project" / "not_in_the_image.py").unlink()
    script = "def light(): return 1\nfrom heavy import h\n"
    bundle = packed(
        tmp_path, script, "{'light': light, 'h': h}", directories=[tmp_path / "installed" / "site-packages"]
    )
    assert bare(bundle, "print(functions['light']())") == "1\n"
    text = bare(bundle, "functions['h']", check=False)
    assert "'h' needs the module 'not_in_the_image', which is not here: install it in the image" in text


# -- versions --------------------------------------------------------------------------------------------------------


def with_python(bundle, version):
    """Rewrite a bundle as if another Python had packed it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "bundle.json":
                data = json.dumps({**json.loads(data), "python": version}).encode()
            new.writestr(name, data)
    bundle.write_bytes(stream.getvalue())


def test_another_python_refuses_bytecode_only(tmp_path):
    write(tmp_path / "project", **PROJECT)
    script = "from pkg.flow import compute\ndef own(): return 1\n"
    bundle = packed(tmp_path, script, "{'compute': compute, 'own': own}")
    with_python(bundle, "3.7")
    assert bare(bundle, "print(functions['compute'](2))") == "18\n"
    text = bare(bundle, "functions['own']", check=False)
    assert f"'own' was packed by Python 3.7 and this is Python {sys.version_info[0]}.{sys.version_info[1]}" in text
    assert "own of script.py" in text


def test_what_is_no_bundle_is_refused(tmp_path):
    with pytest.raises(TangentflowError, match="not a code bundle"):
        load(b"nothing", tmp_path)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.py", "")
    with pytest.raises(TangentflowError, match="not a code bundle"):
        load(stream.getvalue(), tmp_path)


# -- equal bytes -----------------------------------------------------------------------------------------------------

HARD = """
import abc, collections, dataclasses, enum, typing
from tangentflow import step, workflow

T = typing.TypeVar("T")
NAMES = {"alpha", "beta", "gamma", "delta"}
FROZEN = frozenset({("a", 1), ("b", 2), "c"})

class Base(abc.ABC):
    first = second = third = "x"
    @abc.abstractmethod
    def m(self): ...

class Kind(enum.Flag):
    A = 1
    B = 2

@dataclasses.dataclass(order=True)
class Data(typing.Generic[T]):
    items: list = dataclasses.field(default_factory=list)
    kind: Kind = Kind.A
    def m(self):
        self.one, self.two, self.three = 1, 2, 3
        return NAMES, __class__

OTHERS = [type(f"Other{n}", (), {}) for n in range(6)]  # the register of a base alone does not keep a class
for other in (Data, Kind, *OTHERS): Base.register(other)

def make(cls):
    class Local(cls):
        tags = {"u", "v", "w"}
        def m(self): return super().m()
    def inner(x, y={"p", "q", "r"}, *, z=Data([1])):
        import json, os.path
        return x in {"one", "two", "three", "four"}, y, z, Local, Base, FROZEN, (1, 1.0, True, "one"), Kind.B, T
    inner.marks = {"m1", "m2", "m3"}
    return inner

@step
def one(a, b="x"): return make(Data)(a), two
@workflow
def two(n): return one(n) if n else two(n - 1)
"""


def test_equal_bytes_whatever_the_hash_seed_and_the_process(tmp_path):
    functions = "{'inner': make(Data), 'one': one, 'two': two, 'data': Data, 'lambda': lambda s: s in {'a', 'b', 'c'}}"
    found = {packed(tmp_path, HARD, functions, seed=seed).read_bytes() for seed in ("1", "2", "3", "4")}
    if len(found) > 1:
        first, second, *_ = [zipfile.ZipFile(io.BytesIO(data)) for data in found]
        pytest.fail(str([name for name in first.namelist() if first.read(name) != second.read(name)]))


def test_equal_bytes_twice_in_a_process(tmp_path):
    script = HARD + textwrap.dedent("""
        import cloudpickle
        from tangentflow.bundling.pack import pack as again
        inner, short = make(Data), (lambda s: s in {"a", "b"})
        functions = {"inner": inner, "one": one, "two": two, "short": short}
        before = again(functions)
        cloudpickle.dumps(inner)
        import concurrent.futures, gc, xml.dom
        gc.collect()
        for cls in (Data, Base): str(cls), hash(cls)
        assert again(dict(reversed(list(functions.items())))) == before
    """)
    packed(tmp_path, script, "functions")


def test_modules_of_both_ways_of_compiling_give_equal_bytes(tmp_path):
    """Code from a .pyc file shares other constants than code just compiled."""
    write(tmp_path / "project", lib=HARD.replace("@step", "").replace("@workflow", ""))
    script = "import lib\n"
    found = set()
    for flag in ("1", ""):
        os.environ["PYTHONDONTWRITEBYTECODE"] = flag
        project = tmp_path / "project"
        (project / "script.py").write_text("import sys\n" + script + PACK.format(functions="{'f': lib.make(lib.Data)}"))
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(ROOTS), "PYTHONDONTWRITEBYTECODE": flag}
        for _ in range(2):
            subprocess.run([sys.executable, str(project / "script.py"), str(tmp_path / "b.zip")], env=env, check=True)
            found.add((tmp_path / "b.zip").read_bytes())
    assert len(found) == 1


def test_the_size_leaves_room_in_a_template():
    """A template of the engine holds 128 KiB; the bundle goes in as text."""
    text = to_text(pack({"len": len}))
    assert len(text) < 88 * 1024
    assert from_text(text) == pack({"len": len})
    with pytest.raises(ValueError, match="incorrect header"):
        from_text(base64.b64encode(b"no bundle").decode())


def test_the_pod_side_is_the_same_program_without_words():
    def code(text):
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                node.value.value = ""
        return ast.dump(tree), [(type(node), node.lineno) for node in ast.walk(tree) if isinstance(node, ast.stmt)]

    with zipfile.ZipFile(io.BytesIO(pack({"len": len}))) as archive:
        names = [name for name in archive.namelist() if name.startswith("tangentflow/")]
        assert len(names) > 30
        for name in names:
            source = (Path(tangentflow.__file__).parent.parent / name).read_text()
            assert code(archive.read(name)) == code(source), name


# -- which modules ---------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a directory on sys.path; what is imported from it is forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def shipped(functions, *args, **kwargs):
    return {module.name: module.why for module in describe(functions, *args, **kwargs)}


def test_describe_says_why(project):
    write(project, **PROJECT)
    from pkg.flow import compute

    found = shipped({"compute": compute})
    assert found["pkg.flow"] == "used by compute"
    assert found["helper"] == found["lazy"] == "imported by pkg.flow"
    assert list(found) == sorted(found) and "unused" not in found and "typed" not in found
    assert shipped({"len": len, "dumps": json.dumps, "pack": pack, "cloudpickle": cloudpickle.dumps}) == {}


def test_modules_imported_by_other_means(project):
    write(
        project,
        dynamic="import importlib\nplugin = importlib.import_module('plug' + 'in')\ndef f(): return plugin.X\n",
        plugin="X = 1\n",
        box__slash____init__="",
        box__slash__a="",
        box__slash__inner__slash____init__="",
        box__slash__inner__slash__b="import plugin\n",
        space__slash__mod="def f(): from space.other import g; return g()\n",
        space__slash__other="def g(): return 2\n",
    )
    import dynamic
    import space.mod

    assert set(shipped({"f": dynamic.f})) == {"dynamic", "plugin"}
    assert set(shipped({"f": space.mod.f})) == {"space.mod", "space.other"}
    found = shipped({"len": len}, ["box"])
    assert set(found) == {"box", "box.a", "box.inner", "box.inner.b", "plugin"} and found["box.a"] == "asked for"
    assert set(shipped({"f": dynamic.f}, installed=["plugin"])) == {"dynamic"}


def test_a_directory_of_installed_packages_is_no_project(project):
    write(project, vendored="def f(): pass\n")
    (project / "vendored-1.0.dist-info").mkdir()
    import vendored

    assert shipped({"f": vendored.f}) == {}


def test_a_module_without_source_is_refused(project):
    made = types.ModuleType("made_here")
    exec("def f(): pass", vars(made))
    sys.modules["made_here"] = made
    try:
        with pytest.raises(TangentflowError, match="'made_here' .used by f. was made at run time"):
            pack({"f": made.f})
    finally:
        del sys.modules["made_here"]
    binary = project / "binary.so"
    binary.write_bytes(b"")
    compiled = types.ModuleType("binary")
    compiled.__file__ = str(binary)
    exec("def f(): pass", vars(compiled))
    sys.modules["binary"] = compiled
    try:
        with pytest.raises(TangentflowError, match="no Python source"):
            pack({"f": compiled.f})
    finally:
        del sys.modules["binary"]


def test_a_function_that_cannot_be_sent_is_explained(tmp_path):
    import threading

    lock = threading.Lock()

    def f():
        return lock

    with pytest.raises(TangentflowError, match="code of 'f' cannot be sent.*variable 'lock' of the enclosing function"):
        pack({"f": f})


def test_imports_inside_bytecode():
    code = compile(
        "def f():\n import a.b\n from c import d, e\n from . import g\n from ..h.i import j\n class K:\n  import l as m\n",
        "x.py",
        "exec",
    )
    found = sorted(set(imported_by_code(code, "p.q")))
    assert found == ["a.b", "c", "c.d", "c.e", "l", "p.h.i", "p.h.i.j", "p.q", "p.q.g"]


def test_the_whole_pod_side_needs_only_the_standard_library(tmp_path):
    (tmp_path / "b.zip").write_bytes(pack({}))
    code = """
        import importlib, pkgutil, tangentflow, tangentflow.decorators, tangentflow.errors, tangentflow.runtime
        for module in pkgutil.iter_modules(tangentflow.runtime.__path__):
            importlib.import_module(f"tangentflow.runtime.{module.name}")
        print(tangentflow.step, "cloudpickle" in sys.modules)
    """
    assert bare(tmp_path / "b.zip", code).endswith(" False\n")
