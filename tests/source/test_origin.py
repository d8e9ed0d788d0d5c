"""Places count characters, and become offences with the right range."""

from __future__ import annotations

import ast
from dataclasses import dataclass

import gast
import pytest

from tangentflow.errors import InternalError, LanguageError
from tangentflow.source.origin import Origin, offence_at


@dataclass
class Text:
    lines: list[str]
    filename: str = "flow.py"


TEXT = """\
def f(é, b):
    x = "日本🦊" + b; y = (b +
        é)
    with open(b) as z:  # comment
        return x
"""
SOURCE = Text(TEXT.split("\n"))
BODY = gast.parse(TEXT).body[0].body


def test_bytes_become_characters():
    assert Origin.of(BODY[0].value.right, SOURCE) == Origin("flow.py", 2, 17, 2, 18)
    assert Origin.of(BODY[0], SOURCE) == Origin("flow.py", 2, 5, 2, 18)
    assert str(Origin.of(BODY[0].value.right, SOURCE)) == "flow.py:2:17"
    assert Origin.of(ast.parse(TEXT).body[0].args.args[1], SOURCE).col == 10


def test_ranges_over_several_lines():
    assert Origin.of(BODY[1].value, SOURCE) == Origin("flow.py", 2, 25, 3, 10)
    assert Origin.of_header(BODY[1].value, SOURCE) == Origin("flow.py", 2, 25, 2, 28)
    assert Origin.of_header(BODY[0], SOURCE) == Origin.of(BODY[0], SOURCE)


def test_origins_sort_by_position():
    nodes = [BODY[2], BODY[1], BODY[0].value.right, BODY[0]]
    assert sorted(Origin.of(node, SOURCE) for node in nodes) == [
        Origin.of(node, SOURCE) for node in reversed(nodes)
    ] or (sorted(Origin.of(n, SOURCE) for n in nodes)[0] == Origin.of(BODY[0], SOURCE))


def test_offences_mark_headers_of_blocks_and_whole_expressions():
    say = dict(code="TF012", what="`with`", why="why", instead="a step")
    block = offence_at(BODY[2], SOURCE, **say)
    assert (block.lineno, block.offset, block.end_lineno, block.end_offset) == (4, 5, 4, 23)
    assert block.text == SOURCE.lines[3] and block.code == "TF012" and block.instead == "a step"
    expression = offence_at(BODY[1].value, SOURCE, **say)
    assert (expression.lineno, expression.end_lineno, expression.end_offset) == (2, 3, 10)
    assert LanguageError(block, expression).lineno == 2


@pytest.mark.parametrize("node", [gast.Load(), gast.Name("x", gast.Load(), None, None), BODY[0].value.op])
def test_nodes_without_a_place_are_bugs(node):
    with pytest.raises(InternalError, match="no place"):
        Origin.of(node, SOURCE)


def test_nodes_of_another_source_are_bugs():
    with pytest.raises(InternalError):
        Origin.of(BODY[2], Text(["x"]))
