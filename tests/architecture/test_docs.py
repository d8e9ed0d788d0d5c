"""The documentation says what the code says."""

from __future__ import annotations

import re
from importlib import util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_language_page_is_up_to_date():
    spec = util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    generate = util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert generate.TARGET.read_text(encoding="utf-8") == generate.render(), "run `python docs/generate.py`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_design_page_names_folders_that_exist():
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    for name in re.findall(r"^\| `tangentflow/([\w./]+)` \|", text, re.MULTILINE):
        assert (ROOT / "tangentflow" / name).exists(), name


def test_every_node_of_the_syntax_has_a_row_and_every_rule_a_program():
    import runpy

    constructs = runpy.run_path(str(ROOT / "docs" / "constructs.py"))
    rows = {row[0]: row for row in constructs["rows"]()}
    assert set(rows) == {f"`{node.__name__}`" for node in constructs["nodes"]()}
    assert [name for name, row in rows.items() if "no program" in row] == []
