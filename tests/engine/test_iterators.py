"""Iterators: reading uses them up, so a workflow that would keep one is refused, whatever way it runs."""

import pytest

from tangentflow.errors import LateRefusal, NotPicklable, TangentflowError
from tests.engine import iterator_programs as programs

WAYS = ("inline", "process", "simulate")


def run(workflow, way, *args):
    return workflow.simulate(*args) if way == "simulate" else workflow.options(executor=way, store=False).run(*args)


@pytest.mark.parametrize("way", WAYS)
def test_one_that_an_expression_gives_is_not_kept(way):
    assert programs.kept(3) == ([1, 2, 3], [])
    error = run(programs.kept, way, 3).error
    assert isinstance(error, LateRefusal), error
    assert "`walk(range(n))` gives an iterator (`range_iterator`)" in str(error)
    assert "`list(walk(range(n)))`" in str(error)


@pytest.mark.parametrize("way", WAYS)
def test_one_that_fails_behind_an_item_is_refused_and_before_the_first_is_not(way):
    assert programs.falls(2) == [1, 2, "fell"]
    error = run(programs.falls, way, 2).error
    assert isinstance(error, LateRefusal), error
    assert "`fall(range(n))` raised KeyError behind its item 2" in str(error)
    assert run(programs.falls, way, 0).result() == programs.falls(0) == ["fell"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("workflow", [programs.from_step, programs.own_from_step, programs.beside_another])
def test_a_step_cannot_give_one(workflow, way):
    error = run(workflow, way, 3).error
    assert isinstance(error, NotPicklable), error
    assert "is used up by reading it" in str(error)


@pytest.mark.parametrize("way", WAYS)
def test_a_run_cannot_be_given_one(way):
    with pytest.raises(TangentflowError, match="an iterator .* is used up by reading it"):
        run(programs.given, way, iter([1, 2])).result()
    assert run(programs.given, way, [1, 2]).result() == ([2, 3], [2, 3])


@pytest.mark.parametrize("way", WAYS)
def test_a_count_inside_an_object_is_its_state(way):
    assert run(programs.part_of_an_object, way, 1).result() == "Numbered"
