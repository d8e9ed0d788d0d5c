"""`tangentflow convert`: a plain script gets decorators, and nothing else of it changes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tangentflow.cli.main import main

SCRIPT = '''#!/usr/bin/env python
"""A script,\twith odd spacing."""
from __future__ import annotations

import math, sys   # two at once

from converted_helpers import half

RATE = 2


def load(n):   # a comment
    return list(range(n))

def scale(x): return x * RATE

# above
def fit(x):
    if x > 1: return scale( x )
    return half(x)


def main(n=4):
    total = 0
    for x in load(n):
        total += fit(x)
    return total

if __name__ == "__main__":
    print(main())'''


@pytest.fixture
def script(tmp_path):
    (tmp_path / "converted_helpers.py").write_text("def half(x):\n    return x / 2\n")
    file = tmp_path / "converted.py"
    file.write_text(SCRIPT)
    return file


def output(*command: object) -> str:
    return subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, check=True).stdout


def test_only_decorators_and_their_import_are_added(script):
    before = output(script)
    assert main(["convert", str(script), "-w"]) == 0
    new = script.read_text().splitlines()
    old = SCRIPT.splitlines()
    added = [line for line in new if line not in old]
    assert added == ["from tangentflow import step, workflow", "@step", "@step", "@workflow"]
    assert [line for line in new if line not in added] == old
    assert not script.read_text().endswith("\n")
    assert new[new.index("# above") + 1] == "@step"
    assert output(script) == before == "10.5\n"
    assert output("-m", "tangentflow", "run", "-q", "--executor", "inline", script) == "10.5\n"


def test_a_second_time_nothing_changes(script):
    assert main(["convert", str(script), "-w"]) == 0
    once = script.read_text()
    assert main(["convert", str(script), "-w", "--workflow", "main"]) == 0
    assert script.read_text() == once


def test_it_shows_the_difference_and_writes_nothing(script, capfd):
    assert main(["convert", str(script)]) == 0
    shown = capfd.readouterr().out
    assert "+@workflow\n def main(n=4):" in shown
    assert script.read_text() == SCRIPT


def test_which_functions_are_steps(script, tmp_path):
    out = tmp_path / "out.py"
    assert main(["convert", str(script), "--workflow", "main", "--plain", "fit", "-o", str(out)]) == 0
    text = out.read_text()
    assert "# above\ndef fit" in text
    assert text.count("@step") == 1


def test_what_is_refused_is_shown_with_its_line_and_nothing_is_written(script, capfd):
    text = SCRIPT.replace("    total = 0\n", "    total = 0\n    yield total\n")
    script.write_text(text)
    assert main(["convert", str(script), "-w"]) == 3
    assert script.read_text() == text
    said = capfd.readouterr().err
    line = 1 + script.read_text().splitlines().index("    yield total") + 4  # import, two steps, the workflow
    assert f"{script}:{line}:5: TF" in said


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        ("def f(x):\n    return x\n", [], "which function is the workflow? no function calls another one"),
        ("def f(x):\n    return x\n\ndef g(x):\n    return f(x)\n\ndef h(x):\n    return f(x)\n", [], "it may be g or h"),
        ("def f(x):\n    return x\n", ["--workflow", "g"], "the file has no function g; it has f"),
        ("def f(:\n", [], "this is no Python: line 1"),
        (
            "def a(x):\n    return x\n\ndef b(x):\n    return a(x)\n\ndef wf(x):\n    return b(a(x))\n", [],
            "b is to be a step and calls a, which is one too",
        ),
    ],
)  # fmt: skip
def test_what_it_cannot_decide(tmp_path, capfd, text, arguments, said):
    file = tmp_path / "odd.py"
    file.write_text(text)
    assert main(["convert", str(file), *arguments]) == 2
    assert said in capfd.readouterr().err


def test_lines_that_run_at_import_are_named(script, capfd):
    script.write_text(SCRIPT.replace("RATE = 2\n", "RATE = 2\nprint(RATE)\n"))
    assert main(["convert", str(script)]) == 0
    assert f"{script}:10: runs whenever the file is imported" in capfd.readouterr().err


def test_what_is_passed_to_map_is_a_step_too(tmp_path):
    file = tmp_path / "mapping.py"
    file.write_text("def f(x):\n    return x\n\n\ndef wf(xs):\n    return list(map(f, xs))\n")
    assert main(["convert", str(file), "-w"]) == 0
    assert "@step\ndef f" in file.read_text()
