"""The catalogue of refusals: it names every code, and its programs are what it says they are."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tangentflow.cli.load import load
from tangentflow.compile import compile_workflow
from tangentflow.decorators import WorkflowFunction
from tangentflow.engine.judge import judge
from tangentflow.errors import LanguageError
from tangentflow.language.catalogue import CATALOGUE, FAMILIES, PRELUDE, Entry
from tangentflow.runtime.outcome import Value

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"\bTF\d{3}\b")
CARETS = re.compile(r"\s*#\s*(\^+) (T[FN]\d{3})$")

ENTRIES = [
    pytest.param(
        entry,
        id=entry.code,
        marks=pytest.mark.skipif(sys.version_info < entry.since, reason=f"needs Python {entry.since}"),
    )
    for entry in CATALOGUE.values()
]

Loader = Callable[[str], WorkflowFunction[..., Any]]


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Loader:
    """Return what imports a program of the catalogue and gives its workflow."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def load_text(text: str) -> WorkflowFunction[..., Any]:
        name = re.sub(r"\W", "_", request.node.name).lower()
        path = tmp_path / f"{name}.py"
        path.write_text(f"{PRELUDE}\n{text}", encoding="utf-8")
        monkeypatch.delitem(sys.modules, name, raising=False)
        return load(f"{path}:wf")

    return load_text


def carets(text: str) -> list[tuple[int, str, int, int]]:
    """Return line, code and columns (1-based, the end exclusive) of what the comments of a program mark."""
    found = []
    line = PRELUDE.count("\n") + 1
    for number, text_line in enumerate(text.split("\n"), line + 1):
        match = CARETS.match(text_line)
        if match:
            found.append((line, match[2], match.start(1) + 1, match.end(1) + 1))
        else:
            line = number
    return found


def refusals(text: str, loaded: Loader) -> list[tuple[int, str, int, int]]:
    """Compile a program; return line, code and columns of its offences."""
    with pytest.raises(LanguageError) as caught:
        compile_workflow(loaded(text))
    return [(o.lineno, o.code, o.offset, o.end_offset or o.offset + 1) for o in caught.value.offences]


@pytest.mark.parametrize("entry", ENTRIES)
def test_refused(entry: Entry, loaded: Loader) -> None:
    if entry.code == "TF003" and sys.version_info >= (3, 11):
        return in_python_without_columns(entry, loaded)
    found = refusals(entry.bad, loaded)
    assert {code for _, code, _, _ in found} == {entry.code}
    assert set(carets(entry.bad)) <= set(found)
    assert carets(entry.bad) or entry.code in ("TF001", "TF002", "TF003")


def in_python_without_columns(entry: Entry, loaded: Loader) -> None:
    path = Path(loaded(entry.bad).function.__code__.co_filename)
    command = [sys.executable, "-B", "-X", "no_debug_ranges", "-m", "tangentflow", "compile", f"{path}:wf"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 3 and f": {entry.code}: " in run.stderr, run.stderr


@pytest.mark.parametrize("entry", ENTRIES)
def test_written_instead(entry: Entry, loaded: Loader) -> None:
    workflow = loaded(entry.good)
    expected = workflow()
    run = workflow.options(executor="inline").run()
    assert run.error is None and run.result() == expected
    graph = compile_workflow(workflow)
    graph.check()
    for policy in ("first", "last", "random"):
        assert judge(graph, policy=policy).outcome == Value(expected)


def test_every_code_stands_in_the_catalogue() -> None:
    package = ROOT / "tangentflow"
    texts = [p.read_text() for p in package.rglob("*.py") if "catalogue" not in p.parts]
    raised = {code for text in texts for code in re.findall(r"\"(TF\d{3})\"", text)}
    assert raised == set(CATALOGUE)


def test_every_code_has_a_program_that_is_refused() -> None:
    programs = [p for p in Path(__file__).parent.glob("*.py") if p != Path(__file__)]
    marked = {code for path in programs for code in CODE.findall(path.read_text())}
    of_files = {"TF000", "TF001", "TF002", "TF003"}  # not offences of a function: see tests/source and tests/cli
    assert marked | of_files >= set(CATALOGUE)


def test_entries_are_whole() -> None:
    codes = [entry.code for _, _, entries in FAMILIES for entry in entries]
    assert codes == sorted(set(codes))
    for prefix, _, entries in FAMILIES:
        for entry in entries:
            assert entry.code.startswith(prefix) and CODE.fullmatch(entry.code)
            assert entry.title and entry.why.endswith((".", ")")) and not entry.title.endswith(".")
            assert entry.bad != entry.good
