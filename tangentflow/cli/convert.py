"""`tangentflow convert`: decorators for a plain script."""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tangentflow.cli.commands import own_output, write
from tangentflow.errors import UsageError

__all__ = ["convert_file"]

_LINT = "import sys; from tangentflow.cli.main import main; sys.exit(main(['lint', sys.argv[1]]))"


def convert_file(
    file: str, workflows: Sequence[str], steps: Sequence[str], plain: Sequence[str], output: str | None, in_place: bool
) -> int:
    """Print what decorators change in a script, or write the new text; return what `lint` says of it.

    What the language refuses is shown on standard error with the lines of the new text, and then nothing is written.
    """
    try:
        from tangentflow.cli.decorate import convert
    except ModuleNotFoundError as error:
        raise UsageError(f"convert needs libcst ({error}): pip install 'tangentflow[convert]'") from error

    path = Path(file)
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file}: {error}") from error
    found = convert(text, _names(workflows), _names(steps), _names(plain))
    for number in found.at_import:
        print(
            f'{file}:{number}: runs whenever the file is imported, by each process of a run; put it under `if __name__ == "__main__":`',
            file=sys.stderr,
        )
    refused = _refused(path, found.text)
    with own_output() as out:
        if output is None and not in_place:
            before, after = text.splitlines(keepends=True), found.text.splitlines(keepends=True)
            for line in difflib.unified_diff(before, after, file, file):
                out.write(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
        elif not refused:
            write(found.text, output or file, out)
    return refused


def _names(given: Sequence[str]) -> list[str]:
    return [name for part in given for name in part.split(",") if name]


def _refused(path: Path, text: str) -> int:
    """Lint the new text, in a process of its own, next to the modules of the old one; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="tangentflow-") as folder:
        copy = Path(folder, path.name)
        copy.write_bytes(text.encode())
        around = os.pathsep.join(filter(None, [str(path.resolve().parent), os.environ.get("PYTHONPATH")]))
        child = subprocess.run(
            [sys.executable, "-c", _LINT, str(copy)], env={**os.environ, "PYTHONPATH": around}, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
    said = (child.stdout + child.stderr).replace(str(copy), str(path))
    if child.returncode:
        sys.stderr.write(said)
    return child.returncode
