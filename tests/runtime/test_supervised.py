"""The process beside a step that keeps its time: what it hears, what it passes on, what it leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tangentflow.runtime.supervised import how_ended

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json, os, signal, subprocess, sys, time
from tangentflow.runtime.supervised import Terms, Watch, supervised

def work(watch):
    {work}

def lost(how):
    print("lost", how, flush=True)

sys.exit(supervised(work, lost))
"""


def start(work: str) -> subprocess.Popen[str]:
    source = PROGRAM.format(work=textwrap.indent(textwrap.dedent(work).strip(), "    ").strip())
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", source], env=environment, stdout=subprocess.PIPE, text=True)


def outcome(work: str) -> tuple[int, str]:
    process = start(work)
    out, _ = process.communicate(timeout=60)
    return process.returncode, out


@pytest.mark.parametrize(
    ("work", "code", "out"),
    [
        ("return 0", 0, ""),
        ("return 3", 3, ""),
        ("watch.began(Terms(None, False, False)); watch.ended(); return 1", 1, ""),
        ("watch.began(Terms(30, True, True)); watch.ended(); print('x'); return 75", 75, "x\n"),
        ("os._exit(9)", 9, ""),
        ("os.kill(os.getpid(), 9)", 137, ""),
        ("watch.began(Terms(None, False, True)); os._exit(0)", 75, ""),
        ("watch.began(Terms(None, False, False)); os._exit(75)", 1, "lost it exited with code 75\n"),
        ("watch.began(Terms(30, True, False)); os.kill(os.getpid(), 15)", 1, "lost it was killed by SIGTERM\n"),
        ("watch.began(Terms(30, True, True)); watch.ended(); os._exit(4)", 4, ""),
        ("watch.began(Terms(0.2, True, False)); time.sleep(30)", 75, ""),
        ("watch.began(Terms(0.2, False, True)); time.sleep(30)", 1, "lost \n"),
        ("signal.signal(15, lambda *a: None); watch.began(Terms(0.2, False, True))\nwhile True: pass", 1, "lost \n"),
        ("watch.began(Terms(0.3, False, False)); watch.ended(); time.sleep(0.6); return 0", 0, ""),
    ],
)
def test_how_it_ends(work: str, code: int, out: str) -> None:
    began = time.monotonic()
    assert outcome(work) == (code, out)
    assert time.monotonic() - began < 15


def test_a_step_that_ends_when_its_time_does_is_never_half_done() -> None:
    """Whatever comes first, the limit or the end: the step has recorded its outcome, or it was ended before it began to."""
    seen = set()
    for pause in (0.28, 0.295, 0.3, 0.301, 0.305, 0.32):
        code, out = outcome(
            f"""
            watch.began(Terms(0.3, False, False)); time.sleep({pause}); watch.ended()
            print("begun", flush=True); time.sleep(0.05); print("done", flush=True)
            return 0
            """
        )
        assert (code, out) in {(0, "begun\ndone\n"), (1, "lost \n")}
        seen.add(code)
    assert 0 in seen


def test_what_it_has_started_ends_with_it(tmp_path: Path) -> None:
    file = tmp_path / "outlived"
    child = f"import time; time.sleep(2); open({str(file)!r}, 'w')"
    work = f"watch.began(Terms(0.3, False, False)); subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(30)"
    assert outcome(work) == (1, "lost \n")
    time.sleep(2.5)
    assert not file.exists()


def test_signals_reach_the_step() -> None:
    process = start(
        """
        signal.signal(signal.SIGTERM, lambda number, frame: (print("told", flush=True), sys.exit(5)))
        print("up", flush=True); time.sleep(30)
        """
    )
    assert process.stdout is not None and process.stdout.readline() == "up\n"
    process.terminate()
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (5, "told\n")


def test_the_step_ends_where_its_supervisor_is_killed() -> None:
    process = start("print(json.dumps(os.getpid()), flush=True); time.sleep(30)")
    assert process.stdout is not None
    step = json.loads(process.stdout.readline())
    process.kill()
    assert process.stdout.read() == ""  # the last process that holds it is gone
    with pytest.raises(ProcessLookupError):
        for _ in range(100):
            os.kill(step, 0)
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3, "it exited with code 3"),
        (-9, "it was killed by SIGKILL (out of memory?)"),
        (-64, "it was killed by SIGRTMAX"),
    ],
)
def test_words(code: int, words: str) -> None:
    assert how_ended(code) == words
