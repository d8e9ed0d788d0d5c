"""What README.md shows is true: its Python blocks are one module, its sessions give what they print."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from importlib import util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCK.findall(TEXT) if name == language]


@pytest.fixture(scope="module")
def readme(tmp_path_factory):
    """The module that README's Python blocks make."""
    folder = tmp_path_factory.mktemp("readme")
    path = folder / "readme.py"
    path.write_text("\n\n".join(blocks("python")), encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        spec = util.spec_from_file_location("readme", path)
        module = sys.modules["readme"] = util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("readme", None)


def test_the_sessions_give_what_they_print(readme):
    session = "\n".join(blocks("pycon"))
    example = doctest.DocTestParser().get_doctest(session, vars(readme), "README.md", str(ROOT / "README.md"), 0)
    report: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=report.append)
    assert not report, "".join(report)


def test_a_fresh_machine_needs_two_commands():
    commands = [line for block in blocks("sh") for line in block.splitlines() if "venv" in line]
    assert len(commands) == 2
    assert "tangentflow run examples/" in commands[0] and "-m pytest" in commands[1]


@pytest.mark.parametrize(
    "command", [line for block in blocks("sh") for line in block.splitlines() if line.startswith("tangentflow")]
)
def test_its_commands_work(command, tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    arguments = shlex.split(command, comments=True)[1:]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "tangentflow", *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout or list(tmp_path.glob("*.yaml"))


def test_its_commands_name_examples_that_exist():
    for path in re.findall(r"examples/\w+\.py", TEXT):
        assert (ROOT / path).is_file(), path
