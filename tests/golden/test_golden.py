"""What is emitted for a few programs, word for word: a change of it shows in the review of a change."""

from __future__ import annotations

import re
import sys

import pytest

from tests.golden.programs import ALL

EMITTERS = {
    "ir": lambda graph: str(graph),
    "python": lambda graph: graph.source(),
    "mermaid": lambda graph: graph.mermaid(),
    "dot": lambda graph: graph.dot(),
    "json": lambda graph: graph.json(),
}
SUFFIXES = {"ir": "txt", "python": "py.txt", "mermaid": "mmd", "dot": "dot", "json": "json"}


@pytest.mark.parametrize("emit", EMITTERS)
@pytest.mark.parametrize("name", ALL)
def test_emitted(name, emit, golden):
    if emit in ("python", "json") and sys.version_info < (3, 11):
        pytest.skip("Python 3.10 sets blanks and brackets of regenerated code in another way")
    text = EMITTERS[emit](ALL[name].graph)
    golden(f"{name}.{SUFFIXES[emit]}", re.sub(r"'[^']*/programs\.py'", "'programs.py'", text))
