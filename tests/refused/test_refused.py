"""Every refusal: its code, its place to the character, and that it says why and what to write instead.

A program marks each offence on its line: `# error: TF110 @12-20` (1-based columns, the second exclusive; `@12-+2:6` where the
range ends two lines further down). Several on a line are separated by commas. A program without a mark must compile.

To write the marks of new programs: python tests/refused/test_refused.py --mark tests/refused/values.py
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
from pathlib import Path
from typing import Any

import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tangentflow.compile import compile_workflow
from tangentflow.decorators import WorkflowFunction
from tangentflow.engine.judge import judge
from tangentflow.errors import LanguageError, Offence, UsageError
from tangentflow.runtime.outcome import Raised

HERE = Path(__file__).parent
MARK = re.compile(r"(TF\d+) @(\d+)-(?:\+(\d+):)?(\d+)")
NEWER = {"except_star": (3, 11), "type_statement": (3, 12)}
"""Modules that not every Python can read."""

Place = tuple[int, str, int, int, int]
"""Line, code, first column, last line, column after the last one."""


def modules() -> list[str]:
    """Return the modules with programs that this Python can read."""
    names = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("test_"))
    return [name for name in names if sys.version_info >= NEWER.get(name, (3, 10))]


def workflows(module: str) -> list[WorkflowFunction[..., Any]]:
    """Return the programs of a module."""
    imported = importlib.import_module(f"tests.refused.{module}")
    return [v for v in vars(imported).values() if isinstance(v, WorkflowFunction) and v.__module__ == imported.__name__]


def offences(workflow: WorkflowFunction[..., Any]) -> tuple[Offence, ...]:
    """Compile; return what is refused."""
    try:
        compile_workflow(workflow)
    except LanguageError as error:
        return error.offences
    return ()


def found(offence: Offence) -> Place:
    """Return the place of an offence."""
    assert offence.end_lineno is not None and offence.end_offset is not None
    return offence.lineno, offence.code, offence.offset, offence.end_lineno, offence.end_offset


def marked(workflow: WorkflowFunction[..., Any]) -> list[Place]:
    """Return the place of every mark."""
    lines, first = inspect.getsourcelines(workflow.function)
    marks = []
    for number, line in enumerate(lines, first):
        for code, start, further, end in MARK.findall(line.partition("# error: ")[2]):
            marks.append((number, code, int(start), number + int(further or 0), int(end)))
    return marks


PROGRAMS = [pytest.param(w, id=f"{module}-{w.__name__}") for module in modules() for w in workflows(module)]


@pytest.mark.parametrize("workflow", PROGRAMS)
def test_refused(workflow: WorkflowFunction[..., Any]) -> None:
    refused = offences(workflow)
    assert sorted(map(found, refused)) == sorted(marked(workflow))
    for offence in refused:
        assert offence.what and offence.why and offence.instead
        assert offence.filename == workflow.function.__code__.co_filename
        assert offence.text == Path(offence.filename).read_text().split("\n")[offence.lineno - 1]


@pytest.mark.parametrize("module", modules())
def test_programs_are_marked(module: str) -> None:
    for workflow in workflows(module):
        assert bool(marked(workflow)) != workflow.__name__.startswith("fine_"), workflow.__name__


@pytest.mark.parametrize("workflow", [pytest.param(w, id=w.__name__) for w in workflows("through_values")])
def test_called_through_value(workflow: WorkflowFunction[..., Any]) -> None:
    verdict = judge(compile_workflow(workflow), (1,))
    assert isinstance(verdict.outcome, Raised)
    assert isinstance(verdict.outcome.exception, UsageError)
    assert "through a value" in str(verdict.outcome.exception)


def test_error_is_a_syntax_error() -> None:
    from tests.refused.values import compares_identity

    with pytest.raises(SyntaxError) as caught:
        compile_workflow(compares_identity)
    error = caught.value
    assert isinstance(error, LanguageError)
    assert (error.lineno, error.offset, error.filename) == (error.offences[0].lineno, error.offences[0].offset, error.offences[0].filename)
    assert error.code in str(error) and error.why in str(error) and error.instead in str(error)
    assert len(error.offences) == 2


def mark(path: Path) -> None:
    """Write the marks of a module's programs into its text."""
    text = [re.sub(r"  # error: TF.*", "", line) for line in path.read_text().split("\n")]
    path.write_text("\n".join(text))
    for workflow in workflows(path.stem):
        for line, code, start, last, end in map(found, offences(workflow)):
            joint = ", " if "# error: " in text[line - 1] else "  # error: "
            text[line - 1] += f"{joint}{code} @{start}-{'' if last == line else f'+{last - line}:'}{end}"
    path.write_text("\n".join(text))


if __name__ == "__main__":
    for name in sys.argv[2:]:
        mark(Path(name))
