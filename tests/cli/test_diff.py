"""`tangentflow diff`: what differs between two versions of a workflow."""

from __future__ import annotations

import pytest

from tangentflow.cli.main import main

FLOW = """
from tangentflow import step, workflow

RATE = 2

def scale(x):
    return x * RATE

@step
def load(n):
    return list(range(n))

@step
def fit(x):
    return scale(x)

@workflow
def wf(n: int = 3):
    xs = load(n)
    return [fit(x) for x in xs]
"""


@pytest.fixture
def differences(tmp_path, capfd):
    def compare(new: str, *, name: str = "flow.py", options: tuple[str, ...] = ()) -> tuple[int, str]:
        for folder, text, file in (("old", FLOW, "flow.py"), ("new", new, name)):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / file).write_text(text)
        code = main(["diff", str(tmp_path / "old" / "flow.py"), str(tmp_path / "new" / name), *options])
        return code, capfd.readouterr().out

    return compare


@pytest.mark.parametrize("name", ["flow.py", "another.py"])
def test_names_of_variables_comments_and_the_file_make_no_difference(differences, name):
    new = FLOW.replace("xs", "items").replace("    return scale(x)", "    # a comment\n    return scale( x )")
    assert differences(new, name=name, options=("--exit-code",)) == (0, "")


@pytest.mark.parametrize("name", ["flow.py", "another.py"])
def test_the_code_that_a_step_reaches(differences, name):
    assert differences(FLOW.replace("RATE = 2", "RATE = 3"), name=name) == (0, "step fit: changed: global RATE\n")
    assert differences(FLOW.replace("x * RATE", "RATE + x"), name=name) == (0, "step fit: changed: function scale\n")
    assert differences(FLOW.replace("range(n)", "range(n + 1)"), name=name) == (
        0,
        "step load: changed: function load\n",
    )


@pytest.mark.parametrize("name", ["flow.py", "another.py"])
def test_steps_with_other_options(differences, name):
    new = FLOW.replace("[fit(x)", "[fit.options(cpu=2)(x)")
    assert differences(new, name=name) == (0, "")
    new = FLOW.replace("[fit(x)", "[fit.options(image='python:3.12')(x)")
    code, told = differences(new, name=name)
    assert code == 0 and "step fit: changed: image" in told
    again = FLOW.replace(
        "load(n)\n    return [fit(x)", "[fit(0)] + load(n)\n    return [fit.options(image='python:3.12')(x)"
    )
    code, told = differences(again, name=name)
    assert code == 0 and "step fit#2: new" in told


def test_what_the_workflow_does(differences):
    code, out = differences(FLOW.replace("for x in xs]", "for x in xs if x]"), options=("--exit-code",))
    assert code == 1
    assert [line for line in out.splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")] == [
        "-        fit_2 = fit(x)  # loop.fit",
        "+        if x:  # loop.if; (made, x) -> (made)",
        "+            fit_2 = fit(x)  # loop.fit",
    ]


def test_steps_that_come_and_go(differences):
    assert differences(FLOW.replace("fit", "score"))[1].endswith("step fit: gone\nstep score: new\n")


def test_what_cannot_be_compiled_is_told(differences, tmp_path, capfd):
    assert differences(FLOW.replace("    xs = load(n)", "    xs = load(n); open(n)"))[0] == 3
    assert main(["diff", str(tmp_path / "old" / "flow.py")]) == 2
    assert main(["diff", str(tmp_path / "old" / "flow.py"), "none.py"]) == 2
    assert "there is no file none.py" in capfd.readouterr().err
