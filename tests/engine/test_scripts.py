"""Programs that are scripts: their steps live in `__main__`, in functions, in files that workers have never seen."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(tmp_path: Path, text: str, *args: str) -> str:
    """Run a script in a folder of its own and return what it prints."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(text), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, script, *args], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


SCRIPT = """
    import sys
    from dataclasses import dataclass
    from enum import Enum

    from tangentflow import step, workflow

    FACTOR = 3


    class Colour(Enum):
        RED = 1


    class Wrong(Exception):
        def __init__(self, code, *, hint):
            super().__init__(code)
            self.hint = hint


    @dataclass
    class Item:
        name: str
        colour: Colour = Colour.RED

        def shout(self):
            return self.name.upper() * FACTOR


    @step
    def make(name):
        return Item(name)


    @step
    def shout(item):
        assert isinstance(item, Item) and item.colour is Colour.RED
        return item.shout()


    @step
    def fail(item):
        raise Wrong(7, hint=item)


    @workflow
    def wf(names):
        items = [make(name) for name in names]
        return items, [shout(item) for item in items]


    @workflow
    def failing(name):
        return fail(make(name))


    if __name__ == "__main__":
        for executor in ("process", "thread", "inline"):
            got = wf.options(executor=executor).run(["a", "b"]).result()
            assert got == wf(["a", "b"]), got
            assert type(got[0][0]) is Item
            error = failing.options(executor=executor).run("x").error
            assert type(error) is Wrong and error.args == (7,) and error.hint == Item("x"), error
        print("done")
"""


def test_a_script(tmp_path):
    assert run(tmp_path, SCRIPT) == "done\n"


def test_steps_inside_a_function(tmp_path):
    script = """
        from tangentflow import step, workflow


        def build(factor):
            @step
            def scale(x):
                return x * factor

            @workflow
            def wf(xs):
                return [scale(x) for x in xs]

            return wf


        if __name__ == "__main__":
            two, three = build(2), build(3)
            for executor in ("process", "thread", "inline"):
                print(two.options(executor=executor).run([1, 2]).result(), three.options(executor=executor).run([1, 2]).result())
    """
    assert run(tmp_path, script) == "[2, 4] [3, 6]\n" * 3


@pytest.mark.parametrize("executor", ["process", "thread", "inline"])
def test_a_script_without_a_main_guard(tmp_path, executor):
    """Workers must not run the script again: there is no guard in a notebook either."""
    script = """
        import sys
        from tangentflow import step, workflow

        print("top")

        @step
        def add(x):
            return x + 1

        @workflow
        def wf(n):
            return [add(i) for i in range(n)]

        print(wf.options(executor=sys.argv[1]).run(3).result())
    """
    assert run(tmp_path, script, executor) == "top\n[1, 2, 3]\n"


def test_a_module_that_is_found_after_the_first_run(tmp_path):
    folder = tmp_path / "late"
    folder.mkdir()
    (folder / "helpers_found_late.py").write_text("def triple(x):\n    return 3 * x\n")
    script = """
        import sys
        from tangentflow import step, workflow

        @step
        def add(x):
            return x + 1

        @workflow
        def first(n):
            return add(n)

        assert first.run(1).result() == 2
        sys.path.insert(0, "late")
        from helpers_found_late import triple

        @step
        def use(x):
            return triple(x)

        @workflow
        def second(n):
            return use(n)

        print(second.run(2).result())
    """
    assert run(tmp_path, script) == "6\n"


def test_a_module_that_changes_between_runs(tmp_path):
    script = """
        import importlib, os, time
        from pathlib import Path
        import sys
        sys.dont_write_bytecode = True
        TEXT = "from tangentflow import step, workflow\\n\\n@step\\ndef f(x):\\n    return x + {}\\n\\n@workflow\\ndef wf(n):\\n    return f(n)\\n"
        Path("changing.py").write_text(TEXT.format(1))
        import changing
        print(changing.wf.run(1).result())
        Path("changing.py").write_text(TEXT.format(10))
        os.utime("changing.py", (time.time() + 10, time.time() + 10))
        importlib.reload(changing)
        print(changing.wf.run(1).result())
    """
    assert run(tmp_path, script) == "2\n11\n"
