"""The printed form: the user's names, one line for each call, what it waits for."""

from __future__ import annotations

import pytest

from tests.graph.programs import ALL


def shown(name: str) -> str:
    return str(ALL[name].graph)


def line(name: str, start: str) -> str:
    return next(text for text in shown(name).splitlines() if text.strip().startswith(start))


def test_calls_are_shown_as_written_with_their_place():
    assert "# programs.py:" in line("chain", "a = f(n)")
    assert line("chain", "b = g(a)").endswith("; g; <- f")


def test_regions_are_indented_and_say_what_they_read_and_leave():
    assert "(n, x) -> (x)" in line("branch", "if x > 2:") or "(x) -> (x)" in line("branch", "if x > 2:")
    assert line("branch", "x = g(x)").startswith("        x = g(x)")
    assert "    else:" in shown("branch")


def test_effects_and_order_are_marked():
    assert "effect" in line("branch", "e('small', x)")
    assert "all loop.f, all loop.g" in line("fan_out", "e(total)")
    assert "<- (e)" in line("fan_out", "return total") or "(e)" in line("fan_out", "return total")


def test_loops_say_how_they_run_and_why():
    assert "parallel" in line("fan_out", "for i in range(n):")
    assert "in order: 's' comes from loop.f" in line("in_order", "for x in range(n):")
    assert "at most 32,768 times" in line("in_order", "while ")


def test_flows_follow_each_other_and_calls_name_them():
    assert shown("caller").splitlines()[0].startswith("caller(n):")
    assert "\ninner(x, y):" in shown("caller")
    assert "recursive, effect" in line("countdown", "countdown(n_2)")


def test_glue_that_runs_once_is_shown():
    assert "glue, once, ordered" in line("glue_once", "seed = random.random()")


@pytest.mark.parametrize("name", ALL)
def test_it_fits_a_screen(name):
    assert max(map(len, shown(name).splitlines())) <= 120


def test_repr_is_short():
    assert repr(ALL["nested"].graph) == "<Graph tests.graph.programs.nested: 7 steps, 1 branch, 1 fan-out, 1 loop>"
    assert len(repr(ALL["chain"].graph).splitlines()) == 1
