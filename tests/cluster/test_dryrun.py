"""The API server accepts every document of the corpus: Argo's schema, its CEL rules, its limits."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from tangentflow.decorators import WorkflowFunction
from tests.language.contract import arguments

pytestmark = pytest.mark.cluster

CORPUS = Path(__file__).parents[1] / "corpus"
BATCH = 100


def programs() -> list[WorkflowFunction[..., object]]:
    found: dict[str, WorkflowFunction[..., object]] = {}
    for path in sorted(CORPUS.glob("*.py")):
        module = importlib.import_module(f"tests.corpus.{path.stem}")
        for value in vars(module).values():
            if isinstance(value, WorkflowFunction):
                found.setdefault(f"{value.__module__}.{value.__qualname__}", value)
    return list(found.values())


def write(folder: Path) -> list[Path]:
    """Write the documents of all programs, as they are and with arguments baked in."""
    files = []
    for workflow in programs():
        name = f"{workflow.__module__.rpartition('.')[2]}.{workflow.__qualname__}"
        texts = {name: workflow.graph.yaml()}
        for call in arguments(workflow)[-1:]:
            args, kwargs = call.copies()
            texts[f"{name}.baked"] = workflow.graph.yaml(*args, **kwargs)
        for stem, text in texts.items():
            path = folder / str(len(files) // BATCH) / f"{stem}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            files.append(path)
    return files


def refusals(stderr: str) -> dict[str, str]:
    """Return what the API server says about each file that it refuses."""
    parts = re.split(r"(?m)^(?=Error from server|error: )", stderr)
    found = {}
    for part in filter(str.strip, parts):
        match = re.search(r'"?([^"\s]+\.yaml)"?', part)
        found[Path(match[1]).stem if match else f"({len(found)})"] = part.strip()[:600]
    return found


def test_every_document_is_accepted(cluster, tmp_path):
    files = write(tmp_path)
    refused: dict[str, str] = {}
    accepted = 0
    for folder in sorted({file.parent for file in files}):
        done = cluster.kubectl("create", "--dry-run=server", "-o", "name", "-f", str(folder), check=False)
        accepted += len(done.stdout.split())
        refused |= refusals(done.stderr)
    assert not refused, "\n".join(f"{name}: {why}" for name, why in sorted(refused.items()))
    assert accepted == len(files) > 100


def test_a_wrong_document_is_refused(cluster, tmp_path):
    """The judge is awake: an unknown field and an unknown type are refused, and named."""
    good = programs()[0].graph.yaml()
    (tmp_path / "good.yaml").write_text(good)
    (tmp_path / "field.yaml").write_text(good.replace("entrypoint:", "entry:", 1))
    (tmp_path / "limit.yaml").write_text(re.sub(r"(?m)^  templates:.*\Z", "  templates: {}\n", good, flags=re.DOTALL))
    done = cluster.kubectl("create", "--dry-run=server", "-o", "name", "-f", str(tmp_path), check=False)
    assert len(done.stdout.split()) == 1
    assert set(refusals(done.stderr)) == {"field", "limit"}
