"""Simulated pods as forks of this process: many programs in little time, with faults planned by the parent.

The simulator, the document and the code of pods are the real ones; only the start of an interpreter is left out. That code and
documents are complete in themselves is for the tests that start real processes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from typing import Any

from tangentflow.simulator import run as simulator_run
from tangentflow.simulator.pods import SCRIPT, PodProcess

__all__ = ["forking"]


class _Fork:
    """What the simulator needs of a process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.code: int | None = None

    def wait(self) -> int:
        if self.code is None:
            _, status = os.waitpid(self.pid, 0)
            self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def poll(self) -> int | None:
        return self.code


class _ForkRunner:
    def __init__(self, python: str | None = None) -> None:
        pass

    def start(self, process: PodProcess, stdout: int, stderr: int) -> Any:
        pid = os.fork()
        if pid:
            return _Fork(pid)
        code = 1
        try:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.dup2(stdout, 1)
            os.dup2(stderr, 2)
            sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
            sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
            os.environ["TANGENTFLOW_POD_ROOT"] = str(process.root)
            os.environ.update(process.environment)
            source = (process.root / SCRIPT.lstrip("/")).read_text()
            exec(compile(source, SCRIPT, "exec"), {"__name__": "__main__"})
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(BaseException):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def remove(self, process: PodProcess) -> None:
        pass

    def finish(self, process: PodProcess) -> int:
        return 0


@contextlib.contextmanager
def forking() -> Iterator[None]:
    """Run the pods of simulations as forks."""
    kept = simulator_run.PrefixRunner
    simulator_run.PrefixRunner = _ForkRunner  # type: ignore[assignment, misc]
    try:
        yield
    finally:
        simulator_run.PrefixRunner = kept  # type: ignore[misc]
