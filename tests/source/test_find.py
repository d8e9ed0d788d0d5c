"""Functions of every shape are found in the true coordinates of their files, or refused."""

from __future__ import annotations

import ast
import doctest
import functools
import importlib.util
import re
import subprocess
import sys
import types
from pathlib import Path

import gast
import pytest

from tangentflow.errors import LanguageError
from tangentflow.source.find import FunctionSource, find
from tangentflow.source.origin import Origin
from tangentflow.source.printer import same_tree, to_text

ROOT = Path(__file__).parents[2]
COUNT = 0


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Return a function that imports a text as a module from a file."""

    def load(text: str, name: str = "") -> types.ModuleType:
        global COUNT
        COUNT += 1
        path = tmp_path / f"{name or f'module_{COUNT}'}.py"
        path.write_text(outdented(text), encoding="utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, path.stem, module)
        spec.loader.exec_module(module)
        return module

    return load


def outdented(text: str) -> str:
    """Return the text without the margin of this file; lines at column 0 stay."""
    return re.sub(r"(?m)^ {8}", "", text) if text.startswith("\n        ") else text


def segment(source: FunctionSource, node: object = None) -> str:
    """Return the text of a node, cut out of the file by character positions."""
    origin = Origin.of(node or source.tree, source)
    lines = list(source.lines[origin.lineno - 1 : origin.end_lineno])
    lines[-1] = lines[-1][: origin.end_col - 1]
    lines[0] = lines[0][origin.col - 1 :]
    return "\n".join(lines)


def names(tree: object) -> list[gast.Name]:
    return [node for node in gast.walk(tree) if isinstance(node, gast.Name)]


def test_a_plain_function(load):
    module = load("""
        import math

        def f(x: int, *, y=2):
            return x + y
        """)
    source = find(module.f)
    assert isinstance(source.tree, gast.FunctionDef)
    assert (source.name, source.qualname, source.filename) == ("f", "f", module.__file__)
    assert source.fn is module.f and source.globals is vars(module) and source.closure == {}
    assert segment(source) == "def f(x: int, *, y=2):\n    return x + y"
    assert source.tree.lineno == 4 and source.lines[3].startswith("def f")
    assert source.text.splitlines() == list(source.lines[:-1])


def test_decorators_above_and_over_several_lines(load):
    module = load("""
        import functools

        def deco(*args, **kwargs):
            return lambda fn: fn

        @deco(
            1,
            key=lambda x: x,
        )
        @(
            deco(2)
        )
        # a comment between
        @deco(3)
        def f(x):
            return x
        """)
    source = find(module.f)
    assert [d.lineno for d in source.tree.decorator_list] == [7, 12, 15]
    assert source.tree.lineno == 16
    assert segment(source, source.tree.body[0]) == "return x"


def test_the_inner_function_of_a_wrapper(load):
    module = load("""
        import functools

        def deco(fn):
            @functools.wraps(fn)
            def wrapper(*args):
                return fn(*args)
            return wrapper

        @deco
        def f(x):
            return x
        """)
    assert find(module.f).tree.name == "wrapper"
    assert find(module.f).closure == {"fn": module.f.__wrapped__}
    assert find(module.f.__wrapped__).tree.name == "f"


def test_tabs(load):
    module = load("class A:\n\tdef f(self, x):\n\t\tif x:\n\t\t\treturn  x\n")
    source = find(module.A.f)
    assert str(Origin.of(source.tree.body[0].body[0].value, source)) == f"{module.__file__}:4:12"
    assert segment(source, source.tree.body[0].body[0].value) == "x"


@pytest.mark.parametrize("before", ["é", "日本", "🦊", "e\u0301", "\u2028", "\x0c"])
def test_columns_are_characters(load, before):
    module = load(f"def f(x):\n    y = '{before}' + x + '{before}'; return y\n")
    source = find(module.f)
    use = source.tree.body[0].value.left.right
    origin = Origin.of(use, source)
    assert (origin.lineno, origin.col, origin.end_col) == (
        2,
        len(f"    y = '{before}' + ") + 1,
        len(f"    y = '{before}' + ") + 2,
    )
    assert segment(source, use) == "x"
    assert segment(source, source.tree.body[1]) == "return y"


def test_methods_and_nested_classes(load):
    module = load('''
        class A:
            class B:
                def f(self):
                    """
reaches column 0
"""
                    return "inner"

            def f(self):
                return """
at column 0
""" + __class__.__name__

            @staticmethod
            def s(x):
                return x

            @classmethod
            def c(cls, __x):
                return __x

            def __private(self):
                return self.__private
        ''')
    a = module.A
    assert find(a.B.f).qualname == "A.B.f" and find(a.B.f).tree.lineno == 4
    assert find(a.f).tree.lineno == 10 and find(a.f).closure == {"__class__": a}
    assert find(a().f).tree.lineno == 10
    assert [find(fn).tree.name for fn in (a.s, a.c, a._A__private)] == ["s", "c", "__private"]
    assert segment(find(a.f), find(a.f).tree.body[0]).endswith('\nat column 0\n""" + __class__.__name__')


def test_nested_functions_and_their_closures(load):
    module = load("""
        from tangentflow.source.find import find

        def outer(n):
            def inner(x):
                return x + n + later
            early = find(inner)
            before = dict(early.closure)
            later = 5
            return early, before, (lambda: n)

        """)
    source, before, fn = module.outer(3)
    assert before == {"n": 3} and source.closure == {"n": 3, "later": 5}
    assert source.qualname == "outer.<locals>.inner" and source.tree.lineno == 5
    assert isinstance(find(fn).tree, gast.Lambda)


def test_lambdas_on_one_line(load):
    module = load("""
        fs = [lambda x: x + 1, lambda y: y + 1, lambda x, *a: x + 1, lambda x: x - 1, lambda x: (lambda x: x + 2)]
        gs = {"é": lambda: f"{COUNT}", "b": lambda: f"{COUNT!r}"}; COUNT = 1
        hs = [lambda x: x.a, lambda x: x.b, lambda x=1: x.a]
        """)
    assert [segment(find(f)) for f in module.fs] == [
        "lambda x: x + 1",
        "lambda y: y + 1",
        "lambda x, *a: x + 1",
        "lambda x: x - 1",
        "lambda x: (lambda x: x + 2)",
    ]
    assert segment(find(module.fs[4](1))) == "lambda x: x + 2"
    assert [segment(find(g)) for g in module.gs.values()] == ['lambda: f"{COUNT}"', 'lambda: f"{COUNT!r}"']
    assert [segment(find(h)) for h in module.hs] == ["lambda x: x.a", "lambda x: x.b", "lambda x=1: x.a"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="code has no columns")
def test_lambdas_of_the_same_code_are_told_apart_by_columns(load):
    module = load("fs = [lambda x: x + (1 + 1), lambda x: x + 2, lambda x: x + (1 + 1)]\n")
    assert [Origin.of(find(f).tree, find(f)).col for f in module.fs] == [7, 30, 47]


@pytest.mark.skipif(sys.version_info >= (3, 11), reason="code has columns")
def test_lambdas_of_the_same_code_and_other_text_are_refused_without_columns(load):
    module = load("fs = [lambda: 1 + 1, lambda: 2, 3]\n")
    with pytest.raises(LanguageError) as caught:
        find(module.fs[0])
    assert caught.value.code == "TF003" and caught.value.lineno == 1 and "def" in caught.value.instead


def test_lambdas_of_the_same_text_mean_the_same(load):
    module = load("fs = [lambda x: x, lambda x: x]\n")
    assert [segment(find(f)) for f in module.fs] == ["lambda x: x"] * 2


def test_code_without_columns(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(
        "from tangentflow.source.find import find\n"
        "from tangentflow.errors import LanguageError\n"
        "fs = [lambda: 1 + 1, lambda: 2, lambda: 3]\n"
        "print(find(fs[2]).tree.body.value)\n"
        "try:\n"
        "    find(fs[0])\n"
        "except LanguageError as error:\n"
        "    print(error.code)\n"
    )
    run = subprocess.run(
        [sys.executable, "-X", "no_debug_ranges", path],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert run.stdout.split() == ["3", "TF003"], run.stderr


def test_one_line_functions_of_one_name(load):
    module = load("""
        import sys
        if len(sys.argv) < 0:
            def f(x): return x
        else:
            def f(x): return x; return 2
        class A: f = lambda self: 1; g = lambda self: 2
        """)
    assert find(module.f).tree.lineno == 6
    assert segment(find(module.A.g)) == "lambda self: 2"


def test_lambdas_in_decorators_defaults_and_finally(load):
    module = load("""
        kept = []
        def keep(fn): kept.append(fn); return lambda g: g

        @keep(lambda: 1)
        def f(x=keep(lambda: 2)): return x

        def g(ok):
            try:
                if ok: return
            finally:
                kept.append(lambda: 3)
        g(True)
        try: 1 / 0
        except ZeroDivisionError: pass
        """)
    assert [segment(find(fn)) for fn in module.kept] == ["lambda: 1", "lambda: 2", "lambda: 3"]
    assert find(module.f).tree.name == "f"


def test_generators_and_coroutines(load):
    module = load("""
        def gen(x):
            yield x
        async def co(x):
            async with x as y: return [z async for z in y]
        """)
    assert isinstance(find(module.gen).tree, gast.FunctionDef)
    assert isinstance(find(module.co).tree, gast.AsyncFunctionDef)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="new syntax")
def test_type_parameters(load):
    module = load("""
        def f[T](x: T) -> T:
            return x
        """)
    assert segment(find(module.f)).startswith("def f[T]")


def test_encodings_and_line_ends(tmp_path, monkeypatch):
    path = tmp_path / "latin.py"
    path.write_bytes("# -*- coding: latin-1 -*-\r\ndef f(x):\r\n    return 'é', x\r\n".encode("latin-1"))
    monkeypatch.syspath_prepend(str(tmp_path))
    import latin

    source = find(latin.f)
    assert segment(source) == "def f(x):\n    return 'é', x"


def test_future_annotations_and_comprehensions(load):
    module = load("""
        from __future__ import annotations
        def f(x: Undefined, y):
            def g(z: Other): return [z for _ in y if (lambda: z)()]
            return g
        """)
    assert find(module.f).tree.lineno == 3
    assert find(module.f(1, [])).tree.name == "g"


def test_functions_of_this_file_whose_asserts_pytest_rewrote():
    def f(x, limit=3):
        assert x < limit, f"{x} is too much"
        return [y for y in range(x) if y]

    def g(x):
        return x

    assert find(f).tree.name == "f"
    assert find(g).tree.name == "g"
    assert find(test_functions_of_this_file_whose_asserts_pytest_rewrote).tree.body[0].name == "f"


def test_everything_in_a_large_module_is_found():
    import argparse

    found = 0
    for value in vars(argparse).values():
        for fn in vars(value).values() if isinstance(value, type) else [value]:
            if isinstance(fn, types.FunctionType) and fn.__code__.co_filename == argparse.__file__:
                source = find(fn)
                first = min([source.tree.lineno, *(d.lineno for d in source.tree.decorator_list)])
                assert (source.tree.name, first) == (fn.__name__, fn.__code__.co_firstlineno)
                found += 1
    assert found > 100


# -- trees -----------------------------------------------------------------------------------------------------------


def test_every_node_that_can_has_a_position(load):
    module = load("""
        def f(x: int, /, *a, k: str = "s", **kw) -> None:
            try:
                import os.path as p
                match x:
                    case [1, {"a": b, **rest}, *_] as c if (d := b):
                        del x[1:2, ::3]
            except (ValueError) as \\
                    error:
                print(error)
            except TypeError as as_é: pass  # as b:
            except (
                KeyError  # as comment:
            ) as last: lambda last: 1
            return [i for i in x if not i < 2 <= 3]
        """)
    source = find(module.f)
    for node in gast.walk(source.tree):
        if "lineno" in node._attributes:
            assert all(getattr(node, name) is not None for name in node._attributes), gast.dump(node)
            Origin.of(node, source)
    handlers = source.tree.body[0].handlers
    assert [segment(source, handler.name) for handler in handlers] == ["error", "as_é", "last"]
    assert segment(source, source.tree.args.posonlyargs[0]) == "x: int"
    assert segment(source, source.tree.args.kwarg) == "kw"


def test_each_tree_is_the_callers_own(load):
    module = load("def f(x):\n    return x\n")
    first = find(module.f)
    first.tree.body.clear()
    first.tree.args.args[0].id = "spoilt"
    assert to_text(find(module.f).tree) == "def f(x):\n    return x"


def test_the_tree_prints_as_the_text(load):
    module = load("""
        def f(x: int, *a: str, k=1, **kw) -> list:
            try:
                return [x, *a]
            except ValueError as e:
                raise TypeError(f"{e!r:>{k}}") from e
        """)
    source = find(module.f)
    assert same_tree(ast.parse(to_text(source.tree)), ast.parse(segment(source)))


# -- prompts and notebooks -------------------------------------------------------------------------------------------


def test_ipython_cells():
    pytest.importorskip("IPython")
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    try:
        assert shell.run_cell("from __future__ import annotations\nfrom tangentflow.source.find import find").success
        cell = (
            "import re\ndef f(x: Undefined):\n    return 'é' + re.escape(x)\nfs = [lambda: 1, lambda: re.escape('2')]"
        )
        assert shell.run_cell(cell).success
        assert shell.run_cell("def f2(x):\n    return x * 2\nawait_me = 1\nf2").success
        f, f2, fs = (shell.user_ns[name] for name in ("f", "f2", "fs"))
        assert segment(find(f)) == "def f(x: Undefined):\n    return 'é' + re.escape(x)" and find(f).tree.lineno == 2
        assert segment(find(f2)).startswith("def f2") and segment(find(fs[1])) == "lambda: re.escape('2')"
        assert shell.run_cell("def f(x):\n    return 'other'").success
        assert segment(find(f)).startswith("def f(x: Undefined)")
        assert segment(find(shell.user_ns["f"])) == "def f(x):\n    return 'other'"
    finally:
        shell.history_manager.end_session()
        InteractiveShell.clear_instance()


def test_a_notebook(tmp_path):
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    import nbformat

    cells = [
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom tangentflow.source.find import find",
        "%time 1\ndef f(x):\n    return x + 1\n",
        "s = find(f); print(s.tree.lineno, s.lines[1], s.tree.body[0].lineno)",
        "from tangentflow.source.origin import offence_at\nfrom tangentflow.errors import LanguageError\n"
        "raise LanguageError(offence_at(s.tree.body[0].value, s, code='TF999', what='a sum', why='because', instead='no sum'))",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "x", "language": "python"}
    client = nbclient.NotebookClient(
        notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    assert notebook.cells[2].outputs[0].text.split("\n")[0] == "2 def f(x): 3"
    error = notebook.cells[3].outputs[-1]
    plain = re.sub("\x1b\\[[0-9;]*m", "", "\n".join(error.traceback))
    assert error.ename == "LanguageError"
    assert "line 3" in plain and "return x + 1" in plain and "^" in plain and "instead: no sum" in plain


def test_doctest_examples():
    text = ">>> def f(x):\n...     return x + 1\n>>> find(f).lines[1]\n'    return x + 1'\n"
    test = doctest.DocTestParser().get_doctest(text, {"find": find}, "example", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(test).failed == 0


@pytest.mark.skipif(sys.version_info < (3, 13), reason="older prompts keep no source")
def test_the_interactive_interpreter(tmp_path):
    run = subprocess.run(
        [sys.executable, "-i", "-q"],
        input="from tangentflow.source.find import find\ndef f(x):\n  return x\n\nprint(find(f).lines[1])\n",
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert "  return x" in run.stdout or "TF001" in run.stderr


def test_prompts_that_register_code_objects(monkeypatch):
    space: dict = {}
    text = "def f(x):\n    return x\n"
    exec(compile(text, "<python-input-7>", "exec"), space)
    lines = lambda code: text.splitlines(True) if code is space["f"].__code__ else []
    monkeypatch.setattr("linecache._getlines_from_code", lines, raising=False)
    assert segment(find(space["f"])) == text.rstrip()


# -- refused ---------------------------------------------------------------------------------------------------------


def refused(fn) -> LanguageError:
    with pytest.raises(LanguageError) as caught:
        find(fn)
    error = caught.value
    assert error.why and error.instead and error.msg and str(error)
    return error


def test_exec_and_eval_have_no_source():
    space: dict = {}
    exec("\n\ndef f(x):\n    return x\n", space)
    error = refused(space["f"])
    assert (error.code, error.filename, error.lineno, error.text) == ("TF001", "<string>", 3, None)
    assert refused(eval("lambda: 1")).code == "TF001"


def test_exec_under_the_name_of_a_real_file(load):
    module = load("def f(x):\n    return x\n")
    space: dict = {}
    exec(compile("def f(x):\n    return x + 1\n", module.__file__, "exec"), space)
    assert refused(space["f"]).code == "TF002"


def test_a_file_that_is_gone(load, tmp_path):
    module = load("def f(x):\n    return x\n")
    (tmp_path / f"{module.__name__}.py").unlink()
    error = refused(module.f)
    assert (error.code, error.filename, error.lineno) == ("TF001", module.__file__, 1)


def test_python_c():
    program = (
        "from tangentflow.source.find import find\n"
        "def f(x):\n    return x\n"
        "try: print(find(f).tree.lineno)\n"
        "except Exception as e: print(type(e).__name__, e.code, e.filename, e.lineno)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)})
    assert run.stdout.strip() in ["LanguageError TF001 <string> 2"] + (["2"] if sys.version_info >= (3, 13) else []), (
        run.stderr
    )


@pytest.mark.parametrize(
    "new",
    [
        "def f(x, y):\n    return x + 2\n",
        "def f(x, y):\n    return x + 1.0\n",
        "def f(x, y):\n    return y + 1\n",
        "def f(x):\n    return x + 1\n",
        "def g(x, y):\n    return x + 1\n",
        "\ndef f(x, y):\n    return x + 1\n",
        "def f(x, y:\n",
        "x = 1\n",
        "def f(x, y):\n    return (lambda: x + 1)()\n",
    ],
)
def test_a_changed_file(load, tmp_path, new):
    module = load("def f(x, y):\n    return x + 1\n")
    find(module.f)
    (tmp_path / f"{module.__name__}.py").write_text(new + "# padding, so that the size differs\n")
    error = refused(module.f)
    assert error.code == "TF002" and "reload" in error.instead
    assert error.filename == module.__file__ and error.lineno == 1 and error.text == new.split("\n")[0]


def test_comments_and_format_may_change(load, tmp_path):
    module = load("def f(x, y):\n    return x + 1\n")
    (tmp_path / f"{module.__name__}.py").write_text("def f(x,y):\n\n    # more\n    return (x+1)\n")
    assert find(module.f).tree.body[0].lineno == 4


def test_objects_that_are_no_functions():
    for value in (len, int, functools.partial(refused), object()):
        with pytest.raises(TypeError, match="expected a function"):
            find(value)
