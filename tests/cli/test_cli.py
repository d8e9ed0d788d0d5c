"""The command line, as a user has it: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tangentflow.cli.main import main

ROOT = Path(__file__).parents[2]

FLOW = '''
from __future__ import annotations

import enum
import os
import sys
from pathlib import Path
from typing import Literal, Optional

import neighbour
from tangentflow import step, workflow

print("importing")


class Side(enum.Enum):
    LEFT = 1
    RIGHT = 2


@step
def note(x):
    print("a step prints")
    os.system("echo a child prints")
    return neighbour.bump(x)


@workflow
def flow(n: int = 2, *, name: Optional[str] = None, deep_flag: bool = False, side: Side = Side.LEFT):
    """Do it 100%."""
    print("the workflow prints")
    return [note(i) for i in range(n)], name, deep_flag, side.name


if __name__ == "__main__":
    sys.exit("imported under the wrong name")
'''

OTHERS = """
from pathlib import Path
from typing import Literal

from tangentflow import step, workflow


@step
def same(x):
    return x


@workflow
def fails(n=0):
    return same(1 // n)


@workflow
def step_fails(n: int):
    return raises(n)


@step
def raises(n):
    raise ValueError("no", n)


@workflow
def everything(a, b, c: float, d: Path, e: list[int], f: Literal["x", "y"], g: "int | str" = 1, *rest, h="h", **more):
    return same(a), b, c, d, e, f, g, rest, h, more


@workflow
def positional(x, y=2, /, z=3):
    return same(x), y, z


@workflow
def text(s: str, help=1):
    return same(s), help


@workflow
def leaves(n=1):
    raise SystemExit(7)


not_one = 3
"""

REFUSED = """
from tangentflow import step, workflow


@step
def f(x):
    return x


@workflow
def flow(x="a"):
    with open(x):
        pass
    yield f(x)
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "sub").mkdir()
    (folder / "sub" / "flow.py").write_text(FLOW)
    (folder / "sub" / "neighbour.py").write_text("def bump(x):\n    return x + 1\n")
    (folder / "others.py").write_text(OTHERS)
    (folder / "refused.py").write_text(REFUSED)
    (folder / "none.py").write_text("x = 1\n")
    (folder / "broken.py").write_text("x = 1\ny = (\n")
    (folder / "raising.py").write_text("def f():\n    return 1 / 0\nf()\n")
    (folder / "shadow").mkdir()
    (folder / "shadow" / "json.py").write_text("x = 1\n")
    (folder / "dotted.name.py").write_text("x = 1\n")
    (folder / "my-flow.py").write_text(OTHERS)
    (folder / "text.txt").write_text("")
    return folder


def tangentflow(
    here: Path, *arguments: str, program: tuple[str, ...] = ("-m", "tangentflow")
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, *program, *arguments], cwd=here, capture_output=True, text=True, env=environment, timeout=120
    )


@pytest.fixture
def inside(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Return a function that runs a command in this process, for commands that do not get far."""
    monkeypatch.chdir(here)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(arguments)
        except SystemExit as end:
            code = int(str(end.code))
        return (code, *capsys.readouterr())

    yield run
    for name in set(sys.modules) & {"flow", "neighbour", "others", "none"} - before:
        del sys.modules[name]


# -- run


def test_run_prints_the_result_and_nothing_else(here):
    done = tangentflow(here, "run", "sub/flow.py", "--n", "1", "--name", "x y", "--deep-flag", "--side", "RIGHT")
    assert (done.returncode, done.stdout) == (0, "([1], 'x y', True, 'RIGHT')\n"), done.stderr
    for text in ("importing", "a step prints", "a child prints", "the workflow prints"):
        assert text in done.stderr


def test_run_takes_defaults_and_executors(here):
    done = tangentflow(here, "run", "--executor", "inline", "sub/flow.py:flow")
    assert (done.returncode, done.stdout) == (0, "([1, 2], None, False, 'LEFT')\n"), done.stderr


def test_help_of_a_workflow_shows_its_parameters(here):
    done = tangentflow(here, "run", "sub/flow.py", "--help")
    assert done.returncode == 0, done.stderr
    for text in (
        "usage: tangentflow run sub/flow.py",
        "Do it 100%.",
        "--n V",
        "int (default: 2)",
        "--deep-flag",
        "--side",
    ):
        assert text in done.stdout
    assert "importing" not in done.stdout


EVERYTHING = "--a 1,2 --b word --c 1 --d a/b --e [1,2] --f y --g word --rest 1 x --h None --more k=1 l=z".split()


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (
            ["others.py:everything", *EVERYTHING],
            "((1, 2), 'word', 1.0, PosixPath('a/b'), [1, 2], 'y', 'word', (1, 'x'), None, {'k': 1, 'l': 'z'})",
        ),
        (["others.py:positional", "--x", "1"], "(1, 2, 3)"),
        (["others.py:positional", "--x", "1", "--y=-4", "--z", "None"], "(1, -4, None)"),
        (["others.py:text", "--s", "12", "--help", "{'a': 1}"], "('12', {'a': 1})"),
        (["my-flow.py:text", "--s=-"], "('-', 1)"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_arguments(here, arguments, printed):
    done = tangentflow(here, "run", "--executor", "inline", *arguments)
    assert (done.returncode, done.stdout.strip()) == (0, printed), done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sub/flow.py", "--n", "many"], "expected int, not 'many'"),
        (["sub/flow.py", "--side", "UP"], "expected one of LEFT, RIGHT"),
        (["sub/flow.py", "--deep-flag", "maybe"], "expected one of true"),
        (["sub/flow.py", "--zz", "1"], "unrecognized arguments: --zz 1"),
        (["sub/flow.py", "--executor", "inline"], "options of the command come before it"),
        (["sub/flow.py", "3"], "unrecognized arguments: 3"),
        (["others.py:step_fails"], "the following arguments are required: --n"),
        (["others.py:everything", *EVERYTHING, "--e", "12"], "expected a Python list"),
        (["others.py:everything", *EVERYTHING, "--more", "k"], "expected KEY=VALUE"),
        (["others.py"], "several workflows, name one: others.py:fails, others.py:step_fails"),
        (["others.py:gone"], "gone is not there in others.py"),
        (["others.py:not_one"], "not_one is no workflow"),
        (["none.py"], "defines no workflow"),
        (["gone.py"], "there is no file gone.py"),
        (["text.txt"], "is no Python file"),
        (["shadow/json.py"], "another module is called 'json'"),
        (["dotted.name.py"], "a module's name has no dot"),
        ([], "required: FILE[:WF]"),
        (["--workers", "0", "sub/flow.py"], "workers must be at least 1"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_wrong_usage_exits_with_2(inside, arguments, says):
    code, out, err = inside("run", *arguments)
    assert code == 2 and says in err, err
    assert "Traceback" not in err and not out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["others.py:fails"], "ZeroDivisionError: integer division or modulo by zero"),
        (["others.py:step_fails", "--n", "4"], "ValueError: ('no', 4)"),
        (["others.py:leaves"], "SystemExit: 7"),
        (["raising.py"], "ZeroDivisionError"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_failed_run_exits_with_1_and_shows_the_traceback(here, arguments, says):
    done = tangentflow(here, "run", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback (most recent call last):\n" in done.stderr and says in done.stderr
    assert "tangentflow/cli" not in done.stderr
    if arguments[0] == "others.py:step_fails":
        assert 'others.py", line' in done.stderr


def test_what_the_language_refuses_exits_with_3(here):
    for command in ("run", "compile"):
        done = tangentflow(here, command, "refused.py")
        assert (done.returncode, done.stdout) == (3, "")
        assert "refused.py:12:5: TF" in done.stderr and "refused.py:14:5: TF" in done.stderr
        assert "instead:" in done.stderr and "Traceback" not in done.stderr


def test_a_file_that_is_not_python_is_refused_with_its_place(here):
    done = tangentflow(here, "compile", "broken.py")
    assert (done.returncode, done.stdout) == (3, "")
    assert "broken.py:2:5: TF000: this is not Python" in done.stderr


# -- compile


@pytest.mark.parametrize(
    ("emit", "starts"),
    [
        ("python", "def flow("),
        ("ir", "flow(n, name"),
        ("json", '{\n "code"'),
        ("mermaid", "flowchart TB"),
        ("dot", "digraph"),
        ("svg", "<svg"),
    ],
)
def test_compile_emits(here, emit, starts):
    done = tangentflow(here, "compile", "sub/flow.py", "--emit", emit)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(starts)
    if emit == "json":
        assert json.loads(done.stdout)["root"] == "flow.flow"
    if emit == "svg":
        ElementTree.fromstring(done.stdout)


def test_compile_writes_files(here, tmp_path):
    done = tangentflow(here, "compile", "--emit", "dot", "-o", str(tmp_path / "out.dot"), "sub/flow.py")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert (tmp_path / "out.dot").read_text().startswith("digraph")
    done = tangentflow(here, "compile", "--emit", "dot", "-o", str(tmp_path / "gone" / "out.dot"), "sub/flow.py")
    assert done.returncode == 2 and "cannot write" in done.stderr


def test_compile_emits_argo_unless_told_otherwise(here):
    pytest.importorskip("tangentflow.argo.document")
    import yaml

    done = tangentflow(here, "compile", "sub/flow.py")
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["kind"] == "Workflow"


def test_compile_emits_kinds_of_documents(here):
    import yaml

    text = "from tangentflow import step, workflow\n@step\ndef f(x):\n    return x\n@workflow(schedule='@daily')\ndef wf(n=1):\n    return f(n)\n"
    (here / "nightly.py").write_text(text)
    for kind, name in [
        (None, "CronWorkflow"),
        ("cron", "CronWorkflow"),
        ("template", "WorkflowTemplate"),
        ("workflow", "Workflow"),
    ]:
        done = tangentflow(here, "compile", "nightly.py", *(["--kind", kind] if kind else []))
        assert yaml.safe_load(done.stdout)["kind"] == name, done.stderr
    done = tangentflow(here, "run", "nightly.py")
    assert (done.returncode, done.stdout) == (0, "1\n")
    done = tangentflow(here, "compile", "sub/flow.py", "--kind", "cron")
    assert done.returncode == 2 and "workflow 'flow' has no schedule" in done.stderr
    done = tangentflow(here, "compile", "sub/flow.py", "--kind", "cron", "--emit", "ir")
    assert done.returncode == 2 and "there is none with --emit ir" in done.stderr


def test_unknown_kinds_of_output_are_refused(here):
    done = tangentflow(here, "compile", "sub/flow.py", "--emit", "png")
    assert done.returncode == 2 and "invalid choice: 'png'" in done.stderr


# -- simulate

DOCUMENT = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{generateName: hello-}}
spec:
  entrypoint: hello
  arguments: {{parameters: [{{name: code, value: "0"}}]}}
  templates:
  - name: hello
    script:
      image: python:3.11-slim
      command: [python]
      source: |
        import sys
        sys.exit({code})
"""


@pytest.mark.parametrize(
    ("options", "code", "phase", "exit_code"),
    [
        ([], "0", "Succeeded", 0),
        ([], "3", "Failed", 1),
        (["-p", "code=0"], "'{{workflow.parameters.code}}' != '0'", "Succeeded", 0),
    ],
)
def test_documents_are_simulated(here, tmp_path, options, code, phase, exit_code):
    (tmp_path / "hello.yaml").write_text(DOCUMENT.format(code=code))
    done = tangentflow(here, "simulate", *options, str(tmp_path / "hello.yaml"))
    assert (done.returncode, done.stdout) == (exit_code, f"{phase}\n"), done.stderr
    assert "Pod" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gone.yaml"], "cannot read gone.yaml"),
        (["{tmp}/bad.yaml"], "bad.yaml: "),
        (["{tmp}/bad.yaml", "--n", "1"], "a document takes -p NAME=VALUE"),
        (["-p", "code", "{tmp}/bad.yaml"], "a parameter is NAME=VALUE"),
        (["-p", "code=1", "others.py"], "are for documents in YAML"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_documents_that_cannot_be_simulated(inside, tmp_path, arguments, says):
    (tmp_path / "bad.yaml").write_text("kind: Pod\n")
    code, _, err = inside("simulate", *(argument.format(tmp=tmp_path) for argument in arguments))
    assert code == 2 and says in err, err
    assert "Traceback" not in err


def test_workflows_are_simulated(here):
    pytest.importorskip("tangentflow.engine.simulated")
    done = tangentflow(here, "simulate", "sub/flow.py", "--n", "1")
    assert (done.returncode, done.stdout) == (0, "([1], None, False, 'LEFT')\n"), done.stderr


# -- the command itself


def test_help_loads_nothing_heavy():
    code = (
        "import sys\n"
        "from tangentflow.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'gast', 'astor', 'yaml', 'loky', 'cloudpickle', 'multiprocessing', 'sqlite3'}\n"
        "print('loaded:', sorted(heavy & set(sys.modules)))\n"
    )
    done = tangentflow(ROOT, program=("-c", code))
    assert done.returncode == 0, done.stderr
    assert "compile" in done.stdout and done.stdout.endswith("loaded: []\n")


def test_without_a_command(here):
    done = tangentflow(here)
    assert done.returncode == 2 and "usage: tangentflow" in done.stderr
