"""`g.explain()`: what became of a line, in words. The texts of whole workflows stand in `expected`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tangentflow import Graph
from tangentflow.cli.main import main
from tangentflow.errors import UsageError
from tests.corpus import branches, carried, effects, order, ordering, tries
from tests.explain import programs

FILE = str(Path(programs.__file__))
EXPECTED = Path(__file__).parent / "expected"


def about(workflow, line: int) -> str:
    """Return what is said of a line without its heading, in one line for each sentence."""
    text = workflow.graph.explain(line)
    assert text.startswith(f"programs.py:{line}  ") or text.startswith(f"programs.py:{line}\n")
    return re.sub(r"\n {4}", " ", text.partition("\n\n")[2])


@pytest.mark.parametrize("name", ["train", "careful", "search"])
def test_a_whole_workflow(name):
    """To write these files anew: `print(programs.NAME.graph.explain(), end="")`; then read them."""
    assert getattr(programs, name).graph.explain() == (EXPECTED / f"{name}.txt").read_text(encoding="utf-8")


def test_a_step_in_a_loop():
    assert about(programs.train, 28) == (
        "loop[i].g: step g, line 28\n"
        "  Once in each iteration of line 27 (one after the other).\n"
        "  Takes `total` from the iteration of line 27 before this one; `x` from its iteration of line 27.\n"
        "  Runs in template `loop-g`, task `t-loop` of `train`, when `loop-entry` is `1`.\n"
        "  Its pod then evaluates the end of an iteration of loop.\n"
    )


def test_nested_loops_have_an_index_each():
    text = about(programs.train, 35)
    assert text.startswith("loop_2[i].loop[j].e: step e, line 35\n")
    assert "Once in each iteration of line 34 (side by side), in each iteration of line 32 (side by side)." in text


def test_what_is_carried_and_where():
    text = about(programs.train, 27)
    assert "hands `total` to the next one: line 28 writes it, from loop[i].g (line 28); line 28 reads it" in text
    assert "whether there is a next iteration is known only after `break` on line 30" in text.lower()


def test_lines_without_steps():
    assert about(programs.train, 26) == (
        "  No step stands here: it is plain Python, evaluated again wherever its value is needed: to start loop.\n"
    )
    assert about(programs.train, 29) == "  It may lead to `break` on line 30, which ends the loop of line 27.\n"
    assert about(programs.train, 30) == "  `break` ends the loop of line 27.\n"
    assert about(programs.train, 37) == about(programs.train, 38) == "  There is no code on this line.\n"
    assert "for the result" in about(programs.train, 36)
    assert "behind it stands g, only reached if the jump is not taken" in about(programs.careful, 53).lower()


def test_the_clauses_of_a_try_and_its_first_line():
    assert about(programs.careful, 44) == about(programs.careful, 46) == about(programs.careful, 50)
    whole = programs.careful.graph.explain().partition("\n\ninner(a)")[0]
    assert programs.careful.graph.explain(43).endswith(f"\n\n{whole}\n")


def test_sub_workflows_are_part_of_the_graph():
    text = about(programs.careful, 60)
    assert "Waits for f (line 59): `after` says so." in text
    assert "template `inner-g`, task `t-g` of `inner`" in text  # as the document of the caller has it
    assert "template `g`, task `t-g` of `inner`" in about(programs.inner, 60)


@pytest.mark.parametrize("line", [1, 9, 22, 10_000])
def test_a_line_outside(line):
    with pytest.raises(UsageError) as caught:
        programs.careful.graph.explain(line)
    assert str(caught.value) == (
        f"line {line} of programs.py belongs to no workflow of this graph; "
        "it has careful (programs.py, lines 42 to 54) and inner (programs.py, lines 57 to 61)"
    )


def test_options_that_no_document_can_say():
    with pytest.raises(UsageError, match="cannot say this yet"):
        programs.elsewhere.graph.argo()
    assert "Runs in template `far`" in about(programs.elsewhere, 80)


def test_a_graph_without_functions():
    with pytest.raises(UsageError, match="bound to no functions"):
        Graph.from_json(programs.train.graph.json()).explain()


CORPUS = [
    value
    for module in (branches, carried, effects, order, ordering, tries)
    for value in list(vars(module).values())[:60:3]
    if getattr(value, "__module__", "") == module.__name__ and hasattr(value, "graph")
]


@pytest.mark.parametrize("workflow", CORPUS, ids=lambda w: w.__qualname__)
def test_every_line_of_the_corpus(workflow):
    """Every node and every pod is named, and every template that is named is one of the document."""
    graph = workflow.graph
    text = re.sub(r"\s+", " ", graph.explain())
    templates = {template["name"] for template in graph.argo()["spec"]["templates"]}
    assert set(re.findall(r"template `([^`]+)`", text, re.IGNORECASE)) <= templates
    for node in graph.main.body.walk():
        shown = graph.explain(node.origin.lineno)
        assert re.sub(r"\[\w\]", "", shown).count(f"{node.id}: ") >= 1
        assert max(map(len, shown.splitlines()[2:])) <= 120


def test_the_command(capfd):
    assert main(["explain", f"{FILE}:28"]) == 0
    assert capfd.readouterr().out == programs.train.graph.explain(28)
    assert main(["explain", f"{FILE}:search"]) == 0
    assert capfd.readouterr().out.startswith("search(n), programs.py:")
    assert main(["explain", f"{FILE}:9"]) == 2
    assert "line 9 of" in capfd.readouterr().err
    assert main(["explain", FILE]) == 2
    assert "several workflows, name one" in capfd.readouterr().err
