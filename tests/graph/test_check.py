"""What holds of every graph of the corpus, and that the check sees when it does not."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tangentflow import Graph, LanguageError
from tangentflow.decorators import WorkflowFunction
from tangentflow.errors import InternalError
from tangentflow.graph.nodes import Flow, If, Input, Loop, Map, Node, Region, Slice, Step
from tests.graph.programs import ALL

CORPUS = sorted(path.stem for path in (Path(__file__).parent.parent / "corpus").glob("[!_]*.py"))


def workflows(module: str) -> list[WorkflowFunction[..., Any]]:
    found = importlib.import_module(f"tests.corpus.{module}")
    return [v for v in vars(found).values() if isinstance(v, WorkflowFunction) and v.__module__ == found.__name__]


@pytest.mark.parametrize("module", CORPUS)
def test_the_graphs_of_the_corpus(module):
    for workflow in workflows(module):
        try:
            graph = workflow.graph
        except LanguageError:
            continue  # noted in the corpus; other tests tell whether it should be
        graph.check()
        again = Graph.from_json(graph.json())
        assert (again.root, again.flows, again.json()) == (graph.root, graph.flows, graph.json())
        assert str(graph) and graph.mermaid() and graph.dot()


@pytest.mark.parametrize("name", ALL)
def test_graphs_are_consistent(name):
    ALL[name].graph.check()


def changed(region: Region, change: Callable[[Node], Node]) -> Region:
    """Return a region in which every node is changed, inner ones first."""
    nodes = []
    for node in region.nodes:
        inner = {part: changed(getattr(node, part), change) for part in ("body", "orelse") if hasattr(node, part)}
        nodes.append(change(dataclasses.replace(node, **inner)))
    return dataclasses.replace(region, nodes=tuple(nodes))


def broken(name: str, change: Callable[[Node], Node]) -> Graph:
    graph = ALL[name].graph
    main = dataclasses.replace(graph.main, body=changed(graph.main.body, change))
    return Graph(graph.root, (main, *graph.flows[1:]), graph.bindings)


def at(name: str, **fields: Any) -> Callable[[Node], Node]:
    return lambda node: dataclasses.replace(node, **fields) if node.id == name else node


def with_slice(name: str, **fields: Any) -> Callable[[Node], Node]:
    return lambda node: (
        dataclasses.replace(node, slice=dataclasses.replace(node.slice, **fields)) if node.id == name else node
    )


BROKEN = [
    ("chain", at("g", id="f"), "node 'f' is there 2 times"),
    ("chain", at("f", callee="nothing"), "is bound to no step"),
    ("chain", at("f", id="loop.f"), "its id does not say"),
    ("chain", at("f", ordered=True), "ordered, but no effect"),
    ("chain", with_slice("g", inputs=()), "looks up .* without saying so"),
    ("chain", with_slice("g", inputs=(Input("f"), Input("gone"))), "has no outcome"),
    ("chain", with_slice("g", inputs=(Input("f", ("loop",)),)), "stands in"),
    (
        "chain",
        with_slice("f", code="def slice(_tf):\n    return _tf.args('x')(_tf.out('g'))", inputs=(Input("g"),)),
        "does not stand before it",
    ),
    ("chain", with_slice("f", code="def slice(_tf) return"), "its code is no function"),
    ("chain", with_slice("f", code="def other(_tf):\n    pass"), "its code is no function"),
    ("chain", with_slice("f", start="loop"), "starts at 'loop'"),
    ("chain", with_slice("f", names=("zz",)), "takes"),
    ("branch", at("if", effect=False), "effect is False"),
    ("fan_out", at("loop", item=("i", "i")), "not sorted distinct"),
    ("in_order", at("loop", why=()), "for no reason"),
    ("in_order", at("loop", outputs=("zz",)), "does not carry"),
    ("in_order", at("loop_2", kind="until"), "kind 'until'"),
]


@pytest.mark.parametrize(("name", "change", "says"), BROKEN, ids=[says for _, _, says in BROKEN])
def test_what_does_not_hold_is_seen(name, change, says):
    with pytest.raises(InternalError, match=says) as caught:
        broken(name, change).check()
    assert caught.value.context["graph"]


def test_flows_are_checked():
    graph = ALL["caller"].graph
    main, other = graph.flows
    for flows, says in [
        ((main,), "is called and missing"),
        ((main, other, dataclasses.replace(other, key="alone")), "is never called"),
        ((other,), "is no flow"),
        ((dataclasses.replace(main, params=("n", "n")), other), "parameter 'n' is there 2 times"),
        ((dataclasses.replace(main, source="def caller(n): pass\n"), other), "does not show its nodes"),
    ]:
        with pytest.raises(InternalError, match=says):
            Graph(graph.root, flows, graph.bindings).check()


def test_the_node_kinds_are_all_covered():
    kinds = {type(node) for workflow in ALL.values() for flow in workflow.graph.flows for node in flow.body.walk()}
    assert {Step, If, Map, Loop} < kinds
    assert isinstance(ALL["chain"].graph.main, Flow) and isinstance(ALL["chain"].graph.main.result, Slice)
