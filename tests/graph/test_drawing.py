"""Pictures: complete, deterministic, and safe with hostile names."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from tests.graph.programs import ALL

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", ALL)
def test_every_call_is_in_every_picture(name):
    graph = ALL[name].graph
    sites = [node for flow in graph.flows for node in flow.body.walk() if not node.regions]
    texts = [element.text for element in ElementTree.fromstring(graph.svg()).iter(f"{SVG}title")]
    notes = "\n".join(text or "" for text in texts)
    for node in sites:
        assert f"{node.id}, programs.py:{node.origin.lineno}" in notes
        assert f"{node.id}, programs.py:{node.origin.lineno}" in graph.dot()
    boxes = re.findall(r'^\s*n\d+[\[({]+"', graph.mermaid(), re.M)
    branches = sum(len(node.regions) == 2 for flow in graph.flows for node in flow.body.walk())
    assert len(boxes) == len(sites) + branches + 2 * len(graph.flows)


@pytest.mark.parametrize("name", ALL)
def test_pictures_are_deterministic(name):
    graph = ALL[name].graph
    assert (graph.mermaid(), graph.dot(), graph.svg()) == (graph.mermaid(), graph.dot(), graph.svg())


def test_a_chain():
    assert ALL["chain"].graph.mermaid().splitlines() == [
        "flowchart TB",
        '    n1(["chain(n)"])',
        '    n2["a = f(n)"]',
        '    n3["b = g(a)"]',
        '    n4(["return b"])',
        "    n1 --> n2",
        "    n2 --> n3",
        "    n3 --> n4",
    ]


def test_regions_are_groups_and_tests_lead_to_their_arms():
    text = ALL["fan_out"].graph.mermaid()
    assert 'subgraph n2["for i in range(n) · parallel"]' in text
    assert "in order" in ALL["in_order"].graph.mermaid()
    assert {"yes", "no"} <= set(re.findall(r"-->\|(\w+)\|", ALL["branch"].graph.mermaid()))
    assert "subgraph cluster_n2 {" in ALL["fan_out"].graph.dot()


def test_hostile_text_stays_text():
    graph = ALL["hostile"].graph
    for line in graph.mermaid().splitlines():
        labels = re.findall(r'"([^"]*)"', line)
        assert line.count('"') == 2 * len(labels)
        assert all(not re.search(r"[<>`%\\]", label) for label in labels)
    ElementTree.fromstring(graph.svg())
    assert "日本語" in graph.svg() and "größe" in graph.mermaid()


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")
@pytest.mark.parametrize("name", ALL)
def test_graphviz_takes_it(name):
    done = subprocess.run(["dot", "-Tplain"], input=ALL[name].graph.dot(), capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr


@pytest.mark.parametrize("name", ALL)
def test_boxes_do_not_overlap_and_arrows_go_down(name):
    """In the SVG: boxes of a flow are apart from each other, and every arrow ends below its start."""
    root = ElementTree.fromstring(ALL[name].graph.svg())
    for flow in root.findall(f"{SVG}g"):
        boxes = []
        for group in flow.iter(f"{SVG}g"):
            rect, text = group.find(f"{SVG}rect"), group.find(f"{SVG}text")
            if rect is not None and text is not None and text.get("text-anchor") == "middle":
                boxes.append([float(rect.get(key, "0")) for key in ("x", "y", "width", "height")])
        for i, (x, y, w, h) in enumerate(boxes):
            for other_x, other_y, other_w, other_h in boxes[:i]:
                apart = x + w <= other_x or other_x + other_w <= x or y + h <= other_y or other_y + other_h <= y
                assert apart
        for path in flow.iter(f"{SVG}path"):
            numbers = [float(n) for n in re.findall(r"-?\d+\.\d", path.get("d", ""))]
            if path.get("fill") == "none":
                assert numbers[-1] > numbers[1]


def test_pictures_need_nothing_from_outside():
    text = ALL["nested"].graph.svg().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"http|href|url\(|<script|<style|@import", text)
