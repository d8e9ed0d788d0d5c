"""Each example gives the same value called plainly, run on this machine, and as the Argo document that it compiles to."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
FEW = ("html", "json", "logging")

CASES: dict[str, tuple[str, tuple[Any, ...]]] = {
    "whalesay": ("greet", ()),
    "coinflip": ("coinflip", ()),
    "library": ("library", (FEW,)),
}


def load(name: str) -> Any:
    """Import an example as a script in its folder would."""
    if str(EXAMPLES) not in sys.path:
        sys.path.insert(0, str(EXAMPLES))
    return importlib.import_module(name)


def test_every_example_is_tested():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(CASES)


@pytest.mark.parametrize("executor", ["inline", "thread", "process"])
@pytest.mark.parametrize("name", CASES)
def test_run_gives_what_the_plain_call_gives(name, executor):
    workflow_name, args = CASES[name]
    workflow = getattr(load(name), workflow_name)
    # `ast.parse` in several threads at once may fail in older Pythons (CPython issue 106905), and the steps of `library` call it
    alone = name == "library" and executor == "thread" and sys.version_info < (3, 13)
    run = workflow.options(executor=executor, **({"workers": 1} if alone else {})).run(*args)
    assert run.result() == workflow(*args)
    assert run.status == "Succeeded"


@pytest.mark.parametrize("name", CASES)
def test_simulate_gives_what_the_plain_call_gives(name):
    workflow_name, args = CASES[name]
    workflow = getattr(load(name), workflow_name)
    assert workflow.simulate(*args).result() == workflow(*args)


@pytest.mark.parametrize("name", CASES)
def test_it_is_a_script_that_prints_the_plain_result(name):
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    done = subprocess.run([sys.executable, EXAMPLES / f"{name}.py"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_loops_of_coinflip_run_until_heads():
    module = load("coinflip")
    for seed in range(6):
        run = module.coinflip.options(executor="inline").run(seed)
        assert run.result() == module.coinflip(seed)
        flips = run.steps["flip"]
        assert [step.result for step in flips] == ["tails"] * (len(flips) - 1) + ["heads"]


def test_library_fans_out_over_files_and_repeats_until_stable():
    module = load("library")
    run = module.library.options(executor="thread").run(FEW)
    report = run.result()
    assert report.packages and report.skipped
    assert len(run.steps["list_files"]) == len(FEW)
    assert len(run.steps["nearest"]) == len(report.packages) * report.rounds
    measured = run.steps["measure"]
    assert {step.inputs["package"] for step in measured} == set(FEW)
    assert sum(package.files for package in report.packages) < len(measured)


def test_library_raises_like_plain_python():
    module = load("library")
    run = module.library.options(executor="inline").run(("html",), 1000)
    with pytest.raises(ValueError, match="no package has 1000 functions"):
        run.result()
    missing = module.library.options(executor="inline").run(("no_such_package",))
    with pytest.raises(LookupError, match="'no_such_package'"):
        missing.result()
