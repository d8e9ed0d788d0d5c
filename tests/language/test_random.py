"""Random programs: the same ones in every run. `python -m tests.language.hunt` looks through thousands."""

from __future__ import annotations

import pytest

from tests.language.hunt import Task, look
from tests.language.random_programs import Generator, check, load, program, shrink
from tests.language.random_programs.shrinking import as_program

SMALL = range(60)
LARGE = range(1_000_000, 1_000_004)
SLOW = range(2_000_000, 2_000_002)
BATCH = 12


def _assert_right(seeds: range, large: bool, engines: tuple[str, ...]) -> None:
    found = [look(Task(seed, large, engines, timeout=60, shrink=0)) for seed in seeds]
    wrong = [
        f"seed {one.task.seed}\n{one.text}\n{one.report.problem}" for one in found if one.report.problem or one.hang
    ]
    assert not wrong, "\n\n".join(wrong)
    refused = [one.report.refused for one in found if one.report.refused]
    assert len(refused) <= len(found) // 2, refused
    assert sum(one.report.calls for one in found) >= len(found) // 2


@pytest.mark.parametrize("start", SMALL[::BATCH])
def test_small_programs(start: int) -> None:
    _assert_right(range(start, start + BATCH), False, ("judge", "source", "ends"))


@pytest.mark.parametrize("start", LARGE[::2])
def test_large_programs(start: int) -> None:
    _assert_right(range(start, start + 2), True, ("judge", "source", "ends"))


@pytest.mark.parametrize("engine", ["run", "simulate"])
def test_in_processes_and_on_the_simulator(engine: str) -> None:
    _assert_right(SLOW, False, (engine,))


def test_programs_are_deterministic() -> None:
    for seed in (5, 7):
        assert program(seed) == program(seed)
        assert program(seed) != program(seed + 4)


def test_programs_can_be_parsed() -> None:
    for seed in range(300):
        compile(program(seed, seed % 10 == 0), f"<{seed}>", "exec")


TEXT = """
from tangentflow import workflow
from tests.corpus.steps import e, f

@workflow
def main(n):
    e(1)
    e(2)
    return f(n)
"""


def test_check_sees_a_wrong_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that takes no step for an effect is caught."""
    from tangentflow.language import core

    assert not check(TEXT, "right", 1).problem
    monkeypatch.setattr(core.Site, "effect", property(lambda self: False))
    assert check(TEXT, "wrong", 1).problem


def test_check_sees_a_wrong_end(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.language.random_programs import checking

    monkeypatch.setattr(checking, "wrong_ends", lambda graph: ["the workflow: no end comes last"])
    assert check(TEXT, "wrong", 1, ("ends",)).problem == "ends: the workflow: no end comes last"


@pytest.mark.parametrize("engine", ["run", "simulate"])
def test_check_sees_a_wrong_result(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.language.random_programs import checking

    monkeypatch.setattr(checking, "shape", lambda error: id(error))
    monkeypatch.setattr(checking, "canon", lambda value: id(value))
    assert f" {engine}: outcome" in check(TEXT, "wrong", 1, (engine,), calls=1, faults=False).problem


def test_check_sees_a_document_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.language.random_programs import checking

    monkeypatch.setattr(checking, "wrong_ends", lambda graph: compile("for x in y:", "slice", "exec"))
    assert check(TEXT, "wrong", 1, ("ends",)).problem.startswith("compile to a document: ")


def test_the_source_of_what_is_refused_in_the_run_may_differ() -> None:
    text = "from tests.corpus.library import walk\nfrom tests.corpus.steps import f\nfrom tangentflow import workflow\n\n\n"
    text += "@workflow\ndef main(n):\n    for x in walk([n] * 4):\n        f(x)\n"
    found = check(text, "late", 1, ("source", "judge"))
    assert not found.problem and found.late


def test_only_what_an_unknown_call_gives_is_refused_late() -> None:
    from tests.language.random_programs.checking import LATE, _is_late

    problem = f"(1) Plan(): outcome\n    plain  1\n    judge  ('raised', ('{LATE[0]}',"
    assert _is_late(problem, "for x in walk(xs):") and not _is_late(problem, "for x in walked(xs):")
    assert not _is_late(problem.replace("outcome", "messages"), "for x in walk(xs):")
    assert not _is_late(problem.replace(LATE[0], "KeyError"), "for x in walk(xs):")


def test_a_program_that_hangs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.language import hunt

    def endless(*_: object) -> None:
        while True:
            pass

    monkeypatch.setattr(hunt, "check", endless)
    assert look(Task(0, False, ("judge",), timeout=1, shrink=0)).hang


def test_shrink_keeps_what_fails() -> None:
    text = next(text for text in (Generator(seed).program() for seed in range(50)) if text.count("finally:") > 1)
    small = shrink(text, lambda candidate: "finally:" in candidate and bool(load(candidate, "smaller")), 30)
    body = as_program(small, "small").split("\n")
    assert body[0] == "@workflow" and body[1].startswith("def small(")
    assert [line.strip() for line in body[2:5]] == ["try:", "pass", "finally:"] and len(body) == 6
