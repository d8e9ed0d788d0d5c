"""Random programs: the same ones in every run. `random_programs.py` hunts through more of them."""

from __future__ import annotations

import pytest

from tests.language.random_programs import Generator, Report, check, load, shrink

SMALL = range(144)
LARGE = range(1_000_000, 1_000_012)
BATCH = 12


def _reports(seeds: range, large: bool) -> list[tuple[int, str, Report]]:
    found = []
    for seed in seeds:
        text = Generator(seed, large).program()
        found.append((seed, text, check(text, str(seed), seed)))
    return found


def _assert_right(found: list[tuple[int, str, Report]]) -> None:
    wrong = [f"seed {seed}\n{text}\n{report.problem}" for seed, text, report in found if report.problem]
    assert not wrong, "\n\n".join(wrong)
    refused = [report.refused for _, _, report in found if report.refused]
    assert len(refused) <= len(found) // 2, refused


@pytest.mark.parametrize("start", SMALL[::BATCH])
def test_small_programs(start: int) -> None:
    _assert_right(_reports(range(start, start + BATCH), large=False))


@pytest.mark.parametrize("start", LARGE[::4])
def test_large_programs(start: int) -> None:
    _assert_right(_reports(range(start, start + 4), large=True))


def test_programs_are_deterministic() -> None:
    assert Generator(5).program() == Generator(5).program()
    assert Generator(5).program() != Generator(6).program()


def test_check_sees_a_wrong_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that takes no step for an effect is caught."""
    from tangentflow.language import core

    text = "from tangentflow import workflow\nfrom tests.corpus.steps import e, f\n\n@workflow\ndef main(n):\n    e(1)\n    e(2)\n    return f(n)\n"
    assert not check(text, "right", 1).problem
    monkeypatch.setattr(core.Site, "effect", property(lambda self: False))
    assert check(text, "wrong", 1).problem


def test_shrink_keeps_what_fails() -> None:
    text = Generator(7).program()
    small = shrink(text, lambda candidate: "def main" in candidate and bool(load(candidate, "shrunk")))
    assert "def main" in small and len(small) < len(text)
