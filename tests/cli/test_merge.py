"""`tangentflow merge`."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tangentflow.cli.main import main

FLOWS = """
from tangentflow import step, workflow

@step(pure=True)
def fetch(n):
    return list(range(n))

@step(pure=True)
def total(xs):
    return sum(xs)

@workflow
def one(n):
    return total(fetch(n))

@workflow
def two(k: int = 3, *, shift=1):
    xs = fetch(k)
    return [x + shift for x in xs]
"""


@pytest.fixture
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    name = f"merged_flows_{request.node.name.replace('[', '_').replace(']', '')}"
    (tmp_path / f"{name}.py").write_text(FLOWS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return f"{name}.py"


def merged(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["merge", *arguments])
    out, err = capfd.readouterr()
    return code, out, err


def test_prints_a_document(flows: str, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = merged(capfd, f"{flows}:one(3)", f"{flows}:two", "--name", "all_of_it")
    assert code == 0
    names = [template["name"] for template in yaml.safe_load(out)["spec"]["templates"]]
    assert "all-of-it" in names and "fetch" in names and "fetch-2" not in names


def test_runs(flows: str, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = merged(capfd, f"{flows}:one(3)", f"{flows}:two(4, shift=-1)", "--run")
    assert (code, out) == (0, "(3, [-1, 0, 1, 2])\n")


def test_names_what_is_shared(flows: str, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = merged(capfd, f"{flows}:one(3)", f"{flows}:two", "--shared")
    assert (code, out) == (0, f"fetch: fetch of one ({flows}:14), fetch of two ({flows}:18)\n")
    code, out, _ = merged(capfd, f"{flows}:one", f"{flows}:two(4)", "--shared")
    assert (code, out) == (0, "")


def test_writes_a_file(flows: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert merged(capfd, f"{flows}:two", "--emit", "python", "-o", "out.py") == (0, "", "")
    assert "def merge_two():" in Path("out.py").read_text()


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["{}:one"], "missing 1 required positional argument: 'n'; write its arguments behind it, '{}:one(…)'"),
        (["{}:one(1, 2)"], "takes 1 positional argument but 2 were given"),
        (["{}:one(n())"], "arguments are Python literals"),
        (["{}:three"], "three is not there"),
        (["{}:two", "--name", "a-b"], "a Python name, not 'a-b'"),
        (["{}:two", "--run", "-o", "x"], "-o is for what is printed"),
    ],
    ids=range(6),
)
def test_refuses(flows: str, capfd: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    code, out, err = merged(capfd, *[a.replace("{}", flows) for a in arguments])
    assert (code, out) == (2, "")
    assert said.replace("{}", flows) in err
