"""What the step runs of a run on Argo were given: replayed by the run's own code, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO

from tangentflow.client.plan import Plan
from tangentflow.errors import ClusterError
from tangentflow.runtime.pod import PLAN
from tangentflow.runtime.podfiles import Indices

__all__ = ["Inputs", "Lost"]

_PROGRAM = """\
import sys
sys.path.insert(0, sys.argv[1])
from tangentflow.runtime.podinputs import main
main(*sys.argv[1:])
"""


class Lost(Exception):
    """What a step run was given cannot be told; the text says why."""


class Inputs:
    """The inputs of one run. `read` gives the recorded outcome of a site: by frame, site and indices; `parameters` the arguments of its main workflow.

    A context manager: the process ends with it.
    """

    def __init__(
        self, plan: Plan, read: Callable[[str, str, Indices], bytes | None], parameters: Callable[[], dict[str, str]], run: str
    ) -> None:  # fmt: skip
        self._plan = plan
        self._read = read
        self._parameters = parameters
        self._run = run
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._known: dict[tuple[str, str, Indices], tuple[str, bytes]] = {}

    def __enter__(self) -> Inputs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            process.kill()
            process.wait()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def of(self, frame: str, site: str, indices: Indices) -> tuple[str, bytes]:
        """Return what a step run was given, as ("inputs", encoded args and kwargs), or of an expression ("operands", their digest).

        Raises Lost if that cannot be told, ClusterError if the code of the run cannot be run here.
        """
        asked = frame, site, indices
        if asked not in self._known:
            self._known[asked] = self._answer(*asked)
        kind, data = self._known[asked]
        if kind == "nothing":
            raise Lost(data.decode(errors="replace") or "it was not reached")
        return kind, data

    def _answer(self, frame: str, site: str, indices: Indices) -> tuple[str, bytes]:
        to, back = self._pipes()
        try:
            to.write(json.dumps([frame, site, indices]).encode() + b"\n")
            to.flush()
            while line := back.readline():
                first, *rest = json.loads(line)
                if first != "read":
                    return str(first), back.read(int(rest[0]))
                data = self._read(str(rest[0]), str(rest[1]), tuple(rest[2]))
                to.write(b"-1\n" if data is None else b"%d\n" % len(data) + data)
                to.flush()
        except BrokenPipeError:
            pass
        except BaseException:
            self.close()
            raise
        told = self._errors()
        self.close()
        raise ClusterError(
            f"the code of {self._run} cannot tell here what its steps were given:\n{told}", run=self._run
        )

    def _errors(self) -> str:
        assert self._folder is not None
        text = (Path(self._folder.name) / "errors").read_text(encoding="utf-8", errors="replace").strip()
        return text[-4000:]

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            given = self._parameters()
            self._folder = tempfile.TemporaryDirectory(prefix="tangentflow-inputs-")
            folder = Path(self._folder.name)
            bundle, parameters = folder / "bundle.zip", folder / "parameters.json"
            bundle.write_bytes(self._plan.bundle)
            parameters.write_text(json.dumps(given))
            command = [sys.executable, "-c", _PROGRAM, str(bundle), PLAN, str(parameters)]
            environment = {**os.environ, "TANGENTFLOW_POD_ROOT": str(folder), "PYTHONHASHSEED": "0"}
            with open(folder / "errors", "wb") as errors:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment
                )
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        return process.stdin, process.stdout
