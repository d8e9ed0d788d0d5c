"""`tangentflow lint`: everything that is refused in a file, at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tangentflow.cli.main import main

STEPS = """
from tangentflow import step, workflow

@step
def fit(x):
    raise AssertionError("a step ran")

@workflow
def shared(xs):
    xs.append(fit(1))
    return xs
"""

FLOWS = """
from linted_steps import fit, shared
from tangentflow import workflow

@workflow
def first(n):
    with open(n) as log:
        n.append(fit(2))
        log.write("x")
    return shared(n)

@workflow
def second(n):
    return shared(n) is n

@workflow
def good(n):
    return fit(n)
"""

FILES = {
    "linted_steps": STEPS,
    "linted": FLOWS,
    "linted_good": "from linted_steps import fit\nfrom tangentflow import workflow\nprint('hello')\nwf = workflow(lambda n: fit(n))\n",
    "linted_empty": "x = 1\n",
    "linted_broken": "x = (\n",
    "linted_raising": "def f():\n    return 1 / 0\nf()\n",
    "linted_leaving": "raise SystemExit(0)\n",
}

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """Return what lints one of the files in this process: exit code, output, errors."""
    for name, text in FILES.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def run(*arguments: str) -> tuple[int, str, str]:
        return (main(("lint", *arguments)), *capfd.readouterr())

    yield run
    for name in FILES:
        sys.modules.pop(name, None)


def places(text: str) -> list[tuple[str, int, str]]:
    """Return file, line and code of the headlines of a report."""
    heads = [line.split(":") for line in text.split("\n") if ": TF" in line and not line.startswith(" ")]
    return [(file, int(line), code.strip()) for file, line, _, code, *_ in heads]


EXPECTED = [
    ("linted.py", 7, "TF102"),
    ("linted.py", 7, "TF301"),
    ("linted.py", 8, "TF201"),
    ("linted.py", 14, "TF110"),
    ("linted_steps.py", 10, "TF201"),
]


def test_every_offence_of_every_workflow_is_shown_once(lint: Command) -> None:
    code, out, err = lint("linted.py")
    assert code == 3 and not err
    assert sorted(places(out)) == EXPECTED
    assert "    n.append(fit(2))\n    ^^^^^^^^^^^^^^^^\n  why: `n` is a parameter" in out
    assert "write `n = [*n, fit(2)]`" in out  # in the user's words: no temporary is named
    assert out.endswith("\nlinted.py: 5 places refused in 3 workflows\n")


def test_one_workflow_and_what_it_calls(lint: Command) -> None:
    code, out, _ = lint("linted.py:second")
    assert code == 3 and [place[1:] for place in places(out)] == [(14, "TF110"), (10, "TF201")]
    code, out, _ = lint("linted.py:good")
    assert (code, out) == (0, "linted.py:good: nothing refused in 1 workflow\n")


def test_json(lint: Command, tmp_path: Path) -> None:
    code, out, _ = lint("--format", "json", "linted.py")
    document = json.loads(out)
    assert code == 3 and document["workflows"] == ["linted.first", "linted.second", "linted.good"]
    assert sorted((Path(o["filename"]).name, o["lineno"], o["code"]) for o in document["offences"]) == EXPECTED
    identity = next(o for o in document["offences"] if o["code"] == "TF110")
    assert identity == {
        "code": "TF110",
        "what": "`is` between values",
        "why": "a value that a step has had is a copy: equal, not identical",
        "instead": "write `==`",
        "filename": str(tmp_path / "linted.py"),
        "lineno": 14,
        "offset": 12,
        "end_lineno": 14,
        "end_offset": 26,
        "text": "    return shared(n) is n",
    }


def test_nothing_but_the_report_is_printed(lint: Command) -> None:
    code, out, err = lint("linted_good.py")
    assert (code, out, err) == (0, "linted_good.py: nothing refused in 1 workflow\n", "hello\n")


def test_a_file_that_is_no_python(lint: Command) -> None:
    code, out, _ = lint("linted_broken.py")
    assert code == 3 and places(out) == [("linted_broken.py", 1, "TF000")]
    code, out, _ = lint("linted_broken.py", "--format", "json")
    assert code == 3 and [o["code"] for o in json.loads(out)["offences"]] == ["TF000"]


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("linted_raising.py", "linted_raising.py was not checked: importing it raises ZeroDivisionError"),
        ("linted_leaving.py", "linted_leaving.py was not checked: importing it leaves Python"),
        ("linted_empty.py", "defines no workflow"),
        ("linted.py:gone", "gone is not there in linted.py"),
        ("gone.py", "there is no file gone.py"),
    ],
)
def test_what_cannot_be_checked_exits_with_2(lint: Command, target: str, says: str) -> None:
    code, out, err = lint(target)
    assert (code, out) == (2, "") and says in err
    if target == "linted_raising.py":
        assert err.startswith("Traceback") and "return 1 / 0" in err and "tangentflow/cli" not in err
