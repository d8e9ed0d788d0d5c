"""Graphs as JSON and back."""

from __future__ import annotations

import json

import pytest

from tangentflow import Graph
from tangentflow.errors import UsageError
from tests.graph.programs import ALL, chain


@pytest.mark.parametrize("name", ALL)
def test_there_and_back(name):
    graph = ALL[name].graph
    again = Graph.from_json(graph.json())
    assert (again.root, again.flows) == (graph.root, graph.flows)
    assert again == graph and hash(again) == hash(graph)
    assert again.json() == graph.json()
    assert str(again) == str(graph)
    assert (again.mermaid(), again.dot(), again.svg()) == (graph.mermaid(), graph.dot(), graph.svg())


def test_the_text_is_stable_and_bears_no_directory_in_its_places():
    document = json.loads(chain.graph.json())
    assert document["format"] == 1
    assert json.dumps(document, indent=1, sort_keys=True) + "\n" == chain.graph.json()
    assert document["flows"][0]["origin"]["filename"] == "programs.py"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no graph"),
        ("[]", "no root and flows"),
        ('{"format": 99, "root": "a", "flows": []}', "format 99"),
        ('{"format": 1, "root": "a", "flows": [], "code": []}', "damaged"),
        ('{"format": 1, "root": "a", "flows": [{"type": "Flow"}], "code": {}}', "damaged"),
        ('{"format": 1, "root": "a", "flows": [{"type": "os"}], "code": {}}', "damaged"),
    ],
)
def test_other_texts_are_refused(text, says):
    with pytest.raises(UsageError, match=says):
        Graph.from_json(text)
