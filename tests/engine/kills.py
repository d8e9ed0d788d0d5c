"""Runs that are killed at random moments, again and again, and resumed until they are through.

    python -m tests.engine.kills [KILLS] [SEED]        default: 1000 0

After each kill the store is read as it is: what is on record must be whole, and a step that has an outcome there must never run again.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tangentflow import attach, runs
from tangentflow.engine.journal import reading
from tangentflow.engine.store import Store
from tangentflow.runtime.codec import decode
from tests.engine import stored_steps as steps

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from tests.engine import stored_steps as steps
executor, store, reuse, path, n, seconds = sys.argv[1:]
steps.gallery.graph
print("go", flush=True)
bound = steps.gallery.options(executor=executor, store=store, workers=3, reuse=reuse or None)
print(repr(bound.run(path, int(n), float(seconds)).result()), flush=True)
"""


def recorded(store: Path) -> set[str]:
    """Return what the steps with an outcome on record in any run have noted; check that every outcome is whole."""
    found = set()
    with reading(store) as journal:
        for run in journal.runs() if journal is not None else []:
            for receipt in journal.receipts(run.number):
                if receipt.outcome is not None:
                    decode(Store(store).load(receipt.outcome))
                    if receipt.kind == "step":
                        found.add(receipt.path)
    return found


def line_of(path: str) -> str | None:
    """Return the line that the step run at a path notes, if its arguments are known from the path."""
    index = path.partition("[")[2].partition("]")[0]
    if path == "effect":
        return "effect begin"
    if path.endswith(".slow"):
        return f"slow {index}"
    if path.endswith(".effect"):
        return f"effect {index}"
    if path.endswith(".add"):
        return f"add {index} 1"
    return None


def one_run(folder: Path, chance: random.Random, executor: str) -> int:
    """Run a workflow to its end through kills; return how many there were."""
    store, path = folder / "store", folder / "notes"
    n, seconds = chance.choice([(12, 0.0), (6, 0.01), (20, 0.001)])
    reuse, kills, length = "", 0, chance.choice([0.05, 0.2, 0.6])
    while True:
        before = Counter(steps.notes(path))
        done = recorded(store) if store.exists() else set()
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, executor, str(store), reuse, str(path), str(n), str(seconds)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None and process.stdout.readline() == "go\n"
        end = time.monotonic() + chance.uniform(0, length)
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.001)
        killed = process.poll() is None
        if killed:
            process.kill()
            kills += 1
            length *= 1.3  # so that it comes to an end
        out = process.stdout.read()
        process.wait()
        time.sleep(0.05 if executor == "process" else 0)  # workers notice that they are alone
        after = Counter(steps.notes(path))
        again = {line for line in map(line_of, done) if line is not None and after[line] != before[line]}
        assert not again, f"on record, and yet they ran again: {again}"
        if not killed:
            assert process.returncode == 0
            break
        found = runs(store)
        if found:
            assert found[0].status in ("Failed", "Succeeded"), found[0].status
            assert found[0].status == "Succeeded" or (found[0].killed and isinstance(found[0].error, Exception))
            found[0].steps
            reuse = found[0].id
    total = sum(i * 10 for i in range(n))
    assert out == f"{(2 * total, 3, True)}\n", out
    assert attach(runs(store)[0].id, store=store).result() == (2 * total, 3, True)
    workers = 3 if executor == "process" else 1
    counts = Counter(steps.notes(path))
    assert sum(counts.values()) <= len(counts) + kills * workers, (kills, counts)
    firsts = list(dict.fromkeys(line for line in steps.notes(path) if line.startswith("effect")))
    assert firsts == ["effect begin", "effect 0", "effect 1", "effect 2"], firsts
    return kills


def main(kills: int, seed: int) -> int:
    """Kill so many runs; return how many workflows that took."""
    chance = random.Random(seed)
    done = count = 0
    while done < kills:
        folder = Path(tempfile.mkdtemp(prefix="tangentflow-kills-"))
        done += one_run(folder, chance, chance.choice(["inline", "inline", "process", "thread"]))
        count += 1
        shutil.rmtree(folder)
    return count


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    began = time.monotonic()
    print(
        f"{main(wanted, int(sys.argv[2]) if len(sys.argv) > 2 else 0)} workflows, {wanted} kills, {time.monotonic() - began:.0f} s"
    )
