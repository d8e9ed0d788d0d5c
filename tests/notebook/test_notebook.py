"""Workflows that are defined in the cells of a notebook."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

ROOT = Path(__file__).parents[2]

CELLS = {
    "imports": "from tangentflow import step, workflow",
    "steps": "@step\ndef f(x):\n    print('in f', x)\n    return x + 1\n\nOFFSET = 10\n\ndef helper(x):\n    return x + OFFSET",
    "workflow": "@workflow\ndef wf(n: int = 3):\n    return [helper(f(i)) for i in range(n)]",
    "plain": "print(wf(2))",
    "inline": "print(wf.options(executor='inline').run(2).result())",
    "processes": "run = wf.run(2)\nprint(run.status, run.result())",
    "judged": (
        "from tangentflow.engine.judge import judge\n"
        "print([judge(wf.graph, (3,), policy=p).outcome.value for p in ('first', 'last', 'random')])"
    ),
    "drawn": "wf.graph",
    "redefined": "before = wf.graph\n@step\ndef f(x):\n    return x + 2\n\n@workflow\ndef wf(n: int = 3):\n    return [helper(f(i)) for i in range(n)]\n",
    "after": "print(wf.options(executor='inline').run(2).result(), wf.graph == before)",
    "refused": "@workflow\ndef bad(n):\n    x = f(n)\n    with open(x):\n        pass\n    return x\n\nbad.graph",
    "fails": "@workflow\ndef fails(n):\n    y = f(n)\n    return y // 0\n\nfails.options(executor='inline').run(1).result()",
    "step fails": "@step\ndef boom(x):\n    raise KeyError(x)\n\n@workflow\ndef calls(n):\n    return boom(n)\n\ncalls.run(1).result()",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Run all cells in a kernel of their own; return the outputs of each."""
    cells = [nbformat.v4.new_code_cell(source, metadata={"tags": ["raises-exception"]}) for source in CELLS.values()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    client = nbclient.NotebookClient(
        notebook,
        timeout=60,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}},
    )
    client.execute(env={**os.environ, "PYTHONPATH": paths})
    return {name: cell["outputs"] for name, cell in zip(CELLS, notebook["cells"])}


def printed(found: list[Any]) -> str:
    errors = [output for output in found if output["output_type"] == "error"]
    assert not errors, "\n".join(errors[0]["traceback"])
    return "".join(output["text"] for output in found if output.get("name") == "stdout")


def error(found: list[Any]) -> tuple[str, str]:
    """Return the name of an exception and its traceback as it is shown, without colours."""
    output = next(output for output in found if output["output_type"] == "error")
    return output["ename"], re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output["traceback"]))


def test_functions_of_cells_compile_and_run(outputs):
    assert printed(outputs["plain"]).endswith("[11, 12]\n")
    assert printed(outputs["inline"]).endswith("[11, 12]\n")
    assert printed(outputs["processes"]).endswith("Succeeded [11, 12]\n")
    assert printed(outputs["judged"]).endswith("[[11, 12, 13], [11, 12, 13], [11, 12, 13]]\n")


def test_a_graph_draws_itself(outputs):
    data = next(output["data"] for output in outputs["drawn"] if output["output_type"] == "execute_result")
    picture = "".join(data["image/svg+xml"])
    ElementTree.fromstring(picture)
    assert "f(i)" in picture and "for i in range(n)" in picture
    assert "wf(n):" in "".join(data["text/plain"])


def test_cells_that_are_run_again_are_compiled_again(outputs):
    assert printed(outputs["after"]).endswith("[12, 13] False\n")


def test_what_is_refused_names_the_cell_and_line(outputs):
    name, text = error(outputs["refused"])
    assert name == "LanguageError"
    assert re.search(r"Cell In\s?\[11\], line 4\s+with open\(x\):", text)
    assert "instead: use it inside a step" in text
    assert re.search(r"\n\s*Cell In\s?\[11\]:4:10: TF301: `open", text)  # the others are named alike


def test_exceptions_show_what_raised_them(outputs):
    name, text = error(outputs["fails"])
    assert name == "ZeroDivisionError" and "y // 0" in text
    name, text = error(outputs["step fails"])
    assert name == "KeyError" and "raise KeyError(x)" in text
