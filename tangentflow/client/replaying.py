"""The outcome of a run that no pod recorded, replayed in a process of its own by the code of the run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tangentflow.client.plan import Plan
from tangentflow.engine.store import locate, user_files
from tangentflow.errors import ClusterError
from tangentflow.runtime.codec import decode
from tangentflow.runtime.outcome import Outcome
from tangentflow.runtime.pod import PLAN

__all__ = ["replayed"]

_PROGRAM = """\
import sys
sys.path.insert(0, sys.argv[1])
from tangentflow.runtime.podresult import main
main(*sys.argv[1:])
"""


def replayed(plan: Plan, read: Callable[[int, str], bytes | None], run: str) -> Outcome:
    """Return the outcome of a run; `read` gives the files below the prefix of a run: its own (0), or an earlier one that it takes outcomes over from.

    Where a step that it needs has none, it is StepKilled. Raises ClusterError if the code of the run cannot be run here.
    """
    given = plan.parameters(lambda key: read(0, key))
    with tempfile.TemporaryDirectory(prefix="tangentflow-result-") as folder:
        bundle, parameters, target = (Path(folder) / name for name in ("bundle.zip", "parameters.json", "outcome"))
        bundle.write_bytes(plan.bundle)
        parameters.write_text(json.dumps(given))
        command = [sys.executable, "-c", _PROGRAM, str(bundle), PLAN, str(parameters), str(target)]
        environment = {**os.environ, "TANGENTFLOW_POD_ROOT": folder, "PYTHONHASHSEED": "0"}
        with (
            open(Path(folder) / "errors", "w+b") as errors,
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment
            ) as process,
        ):
            assert process.stdin is not None and process.stdout is not None
            try:
                for line in process.stdout:
                    number, _, key = line.decode().rstrip("\n").rpartition(":")
                    data = read(int(number or "0"), key)
                    process.stdin.write(b"-1\n" if data is None else b"%d\n" % len(data) + data)
                    process.stdin.flush()
            except BaseException:
                process.kill()
                raise
            process.stdin.close()
            code = process.wait()
            errors.seek(0)
            told = errors.read().decode(errors="replace").strip()
        if code or not target.exists():
            raise ClusterError(
                f"no pod of {run} recorded its result, and its code cannot tell it here:\n{told[-4000:]}", run=run
            )
        return decode(target.read_bytes(), where=plan.name, files=user_files(locate(None)))
