"""`argo lint` has nothing to say of the documents: references between templates, parameters and artifacts, which no API server checks."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cluster.test_dryrun import documents, programs

pytestmark = pytest.mark.cluster

EVERY = 12
"""One program in so many: the command takes about a tenth of a second for each document."""


@pytest.fixture(scope="module")
def lint():
    """Return what the command says of a folder; skips, saying so, where there is no `argo`."""
    beside = Path(shlex.split(os.environ.get("KUBECTL", "kubectl"))[0]).parent / "argo"
    command = shutil.which("argo") or (str(beside) if beside.is_file() else None)
    if command is None:
        pytest.skip("SKIPPED: no argo lint: there is no `argo` on PATH")

    def said(folder: Path) -> tuple[int, str]:
        done = subprocess.run(
            [command, "lint", "--offline", "-o", "simple", str(folder)], capture_output=True, text=True, timeout=600
        )
        return done.returncode, done.stdout + done.stderr

    return said


@pytest.mark.timeout(900)
def test_lint_finds_nothing(lint, tmp_path):
    texts = [text for workflow in programs()[::EVERY] for text in documents(workflow)]
    assert len(texts) > 100
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.yaml").write_text(text)
    status, said = lint(tmp_path)
    assert (status, said.strip()[-2000:]) == (0, "no linting errors found!")


def test_lint_finds_what_is_wrong(lint, tmp_path):
    document = yaml.safe_load(next(iter(documents(programs()[0]))))
    document["spec"]["entrypoint"] = "nowhere"
    (tmp_path / "wrong.yaml").write_text(json.dumps(document))
    status, said = lint(tmp_path)
    assert status != 0 and "nowhere" in said
