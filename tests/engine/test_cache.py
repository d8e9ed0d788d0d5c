"""The cache: which edits make a step run again, and which do not; what is said about it; how values go."""

from __future__ import annotations

import importlib
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from tangentflow import attach, step, workflow
from tangentflow.engine.journal import Journal
from tests.engine import stored_steps as steps
from tests.engine.stored_steps import note, notes

ROOT = Path(__file__).parents[2]

LIB = """
import os
import tables
import fakelib

FACTOR = 2


class Model:
    def __init__(self, weight):
        self.weight = weight

    def predict(self, x):
        return self.weight * x


def deep(x):
    return x + 1


def helper(x):
    return deep(x) * FACTOR


def unrelated(x):
    return x
"""
FLOW = """
import os

import fakelib
import lib
from lib import Model, helper
from tangentflow import step, workflow


def build(offset):
    @step(cache=True, env={"TF_MODE": "fast"})
    def fit(x, scale=3):
        # a comment
        import late

        total = helper(x) * scale + offset
        total += Model(1).predict(x) + fakelib.VALUE + late.extra(x)
        return total, os.environ.get("TF_FLAVOUR", "plain")

    @workflow
    def wf(x):
        return fit(x)

    return wf


@step(cache=True)
def score(model, x):
    return model.predict(x)


@workflow
def predict(weight, x):
    return score(Model(weight), x)


wf = build(10)
"""
LATE = "import later\n\ndef extra(x):\n    return later.more(x)\n"
RUN = """
import json, sys
import flow
run = flow.wf.options(store="store").run(5)
(s,) = run.steps
second = flow.predict.options(store="store").run(2, 3)
(t,) = second.steps
print(json.dumps([s.status, s.why, run.result(), t.status, t.why, second.result()]))
"""


def write(folder: Path, edit=None) -> None:
    files = {
        "flow.py": FLOW, "lib.py": LIB, "tables.py": "ROWS = [1]\n", "late.py": LATE, "later.py": "def more(x):\n    return x\n",
        "site-packages/fakelib/__init__.py": "VALUE = 100\n",
        "site-packages/fakelib-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: fakelib\nVersion: 1.0\n",
        "site-packages/fakelib-1.0.dist-info/top_level.txt": "fakelib\n",
    }  # fmt: skip
    if edit is not None:
        name, old, new = edit
        assert old in files[name], (name, old)
        files[name] = files[name].replace(old, new)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(folder: Path, **environment: str):
    path = os.pathsep.join([str(ROOT), str(folder), str(folder / "site-packages")])
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=folder, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A folder with the programs and a store in which both steps are cached."""
    folder = tmp_path_factory.mktemp("base")
    write(folder)
    first = run(folder)
    assert first[0] == "Succeeded" and "nothing of this step is cached" in first[1] and first[2] == [156, "plain"]
    again = run(folder)
    assert (
        again[0] == "Cached" and again[1].startswith("same code and inputs as fit of run wf-") and again[2] == first[2]
    )
    assert again[3] == "Cached"
    return folder


RECOMPUTED = {
    "a helper": (("lib.py", "deep(x) * FACTOR", "deep(x) + FACTOR"), "function lib.helper"),
    "a helper of a helper": (("lib.py", "return x + 1", "return x + 2"), "function lib.deep"),
    "a constant": (("lib.py", "FACTOR = 2", "FACTOR = 3"), "global lib.FACTOR"),
    "a closure variable": (("flow.py", "wf = build(10)", "wf = build(11)"), "variable offset"),
    "a default": (("flow.py", "scale=3", "scale=4"), "defaults of flow.build.fit"),
    "a method": (("lib.py", "self.weight * x", "self.weight + x"), "function lib.Model.predict"),
    "the body": (("flow.py", "+= Model(1)", "-= Model(1)"), "function flow.build.fit"),
    "a module that is imported in the body": (("late.py", "later.more(x)", "-later.more(x)"), "module late"),
    "what that module imports": (("later.py", "return x", "return x + 1"), "module later"),
    "the declared environment": (("flow.py", '"fast"', '"slow"'), "environment variable TF_MODE"),
    "a version": (
        ("site-packages/fakelib-1.0.dist-info/METADATA", "Version: 1.0", "Version: 1.1"),
        "package fakelib (1.0 → 1.1)",
    ),
}
CACHED = {
    "a comment": ("flow.py", "# a comment", "# another comment\n"),
    "formatting": ("flow.py", "helper(x) * scale + offset", "(helper( x )*scale\n            + offset)"),
    "a local name": ("flow.py", "total", "result"),
    "a place": ("flow.py", "def build(offset):", "def something_else():\n    return 3\n\n\ndef build(offset):"),
    "an annotation": ("lib.py", "def helper(x):", 'def helper(x: int) -> int:\n    """Help."""'),
    "what it does not reach": ("lib.py", "def unrelated(x):\n    return x", "def unrelated(x):\n    return -x"),
}  # fmt: skip


@pytest.fixture
def folder(base, tmp_path):
    shutil.copytree(base, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize("what", RECOMPUTED)
def test_runs_again_after_a_change_of(what, folder):
    edit, named = RECOMPUTED[what]
    write(folder, edit)
    status, why, *_ = run(folder)
    assert (
        status == "Succeeded" and why.startswith("changed since fit of run wf-") and "its code" in why and named in why
    )
    assert "inputs" not in why
    assert run(folder)[0] == "Cached"


@pytest.mark.parametrize("what", CACHED)
def test_stays_cached_after_a_change_of(what, folder):
    write(folder, CACHED[what])
    assert run(folder)[0] == "Cached"


def test_an_environment_variable_that_the_step_reads(folder):
    status, why, result, other, _, _ = run(folder, TF_FLAVOUR="sweet")
    assert (status, result) == ("Succeeded", [156, "sweet"]) and "environment variable TF_FLAVOUR" in why
    assert other == "Cached"
    assert run(folder, TF_FLAVOUR="sweet")[0] == run(folder)[0] == "Cached"
    assert run(folder, TF_UNRELATED="x")[0] == "Cached"


def test_code_that_comes_with_the_inputs(folder):
    """The step never names the class whose method it calls."""
    write(folder, ("lib.py", "self.weight * x", "self.weight - x"))
    status, why, value = run(folder)[3:]
    assert (status, value) == ("Succeeded", -1) and why.endswith(": the code of what it is given")


def test_moving_a_step_to_another_module(folder):
    write(folder)
    text = (folder / "flow.py").read_text()
    (folder / "moved.py").write_text(text)
    (folder / "flow.py").write_text("from moved import *\n")
    status, *_ = run(folder)
    assert status == "Cached"


# --- in one process


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "notes")


@step(cache=True)
def triple(path, x, wait=0.0):
    note(path, f"triple {x}")
    time.sleep(wait)
    if x < 0:
        raise ValueError(x)
    return 3 * x


@step
def plain(path, x):
    note(path, f"plain {x}")
    return x


@step(cache="5s")
def short(path, x):
    note(path, f"short {x}")
    return x


@step
def length(text):
    return len(text)


@workflow
def length_of(text):
    return length(text)


@workflow
def mixed(path, x):
    return triple(path, x), plain(path, x)


@workflow
def repeated(path, xs, wait):
    return [triple(path, x, wait=wait) for x in xs]


@workflow
def expiring(path, x):
    return short(path, x)


@workflow
def failing(path, xs):
    found = []
    for x in xs:
        try:
            found.append(triple(path, x))
        except ValueError as error:
            found.append(str(error))
    return found


@workflow
def positional(path):
    a = triple(path, 1)
    b = triple(path, x=a // 3)
    c = triple(x=b // 3, path=path)
    return a, b, c


@step(cache=True)
def read(path, file):
    note(path, f"read {file.name}")
    return file.read_text()


@step(cache=True)
def copied(path, file):
    note(path, f"copied {file.name}")
    made = Path(tempfile.mkdtemp(), "copy.txt")
    made.write_text(file.read_text())
    return made


@workflow
def files(path, file):
    return read(path, file), read(path, copied(path, file))


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_files_count_by_content_and_name(executor, path, tmp_path):
    def run(file):
        before = len(notes(path))
        found = files.options(executor=executor, store=tmp_path / "store").run(path, file)
        text = file.read_text()
        assert found.result() == (text, text)
        return sorted(notes(path)[before:]), found

    file, other = tmp_path / "in.txt", tmp_path / "elsewhere" / "in.txt"
    file.write_text("one")
    assert run(file)[0] == ["copied in.txt", "read copy.txt", "read in.txt"]
    other.parent.mkdir()
    shutil.copy(file, other)
    os.utime(other, (0, 0))
    assert run(other)[0] == run(file)[0] == []
    changed = file.stat()
    file.write_text("two")  # of the same size
    os.utime(file, ns=(changed.st_atime_ns, changed.st_mtime_ns))
    told, found = run(file)
    assert told == ["copied in.txt", "read copy.txt", "read in.txt"]
    assert all(s.why.endswith(": its inputs: file") for s in found.steps)
    assert run(other)[0] == []
    assert run(file.rename(tmp_path / "in.csv"))[0] == ["copied in.csv", "read in.csv"]


@step(cache=True)
def measured(path, folder):
    note(path, "measured")
    return sum(len(file.read_text()) for file in folder.rglob("*.txt"))


@workflow
def directory(path, folder):
    return measured(path, folder)


def test_directories_count_by_all_that_they_hold(path, tmp_path):
    def run():
        return directory.options(executor="inline", store=tmp_path / "store").run(path, tmp_path / "data").result()

    inner = tmp_path / "data" / "deep" / "in.txt"
    inner.parent.mkdir(parents=True)
    inner.write_text("one")
    assert run() == run() == 3 and len(notes(path)) == 1
    (inner.parent / "more.txt").write_text("four")
    assert run() == run() == 7 and len(notes(path)) == 2
    inner.unlink()
    assert run() == run() == 4 and len(notes(path)) == 3


HERE = Path(__file__).parent


@step(cache=True)
def listed(path):
    note(path, "listed")
    return sorted(file.name for file in HERE.glob("test_cache.p?"))


@workflow
def in_code(path):
    return listed(path)


def test_a_path_in_the_code_counts_by_its_text(path, tmp_path, monkeypatch):
    """Nothing is read of a directory that code names."""

    def run():
        return in_code.options(executor="inline", store=tmp_path / "store").run(path).result()

    (tmp_path / "here").mkdir()
    monkeypatch.setitem(globals(), "HERE", tmp_path / "here")
    assert run() == [] and len(notes(path)) == 1
    (tmp_path / "here" / "other").write_text("new")
    assert run() == [] and len(notes(path)) == 1
    monkeypatch.setitem(globals(), "HERE", Path(__file__).parent)
    assert run() == ["test_cache.py"] and len(notes(path)) == 2


def test_which_steps_are_cached(path, tmp_path):
    def run(x, **options):
        before = len(notes(path))
        found = mixed.options(executor="inline", store=tmp_path, **options).run(path, x)
        assert found.result() == (3 * x, x)
        return notes(path)[before:], [s.status for s in found.steps]

    assert run(1) == (["triple 1", "plain 1"], ["Succeeded", "Succeeded"])
    assert run(1) == (["plain 1"], ["Cached", "Succeeded"])
    assert run(1, cache=True) == (["plain 1"], ["Cached", "Succeeded"])
    assert run(1, cache=True) == ([], ["Cached", "Cached"])
    assert run(1) == (["plain 1"], ["Cached", "Succeeded"])
    assert run(1, cache=False) == (["triple 1", "plain 1"], ["Succeeded", "Succeeded"])
    assert run(2, cache=False) == (["triple 2", "plain 2"], ["Succeeded", "Succeeded"])
    assert run(2) == (["triple 2", "plain 2"], ["Succeeded", "Succeeded"])


def test_what_is_said_of_inputs(path, tmp_path):
    bound = mixed.options(executor="inline", store=tmp_path)
    bound.run(path, 1)
    found = bound.run(path, 2).steps[0]
    assert found.why.startswith("changed since triple of run mixed-") and found.why.endswith(": its inputs: x")
    hit = bound.run(path, 2).steps[0]
    assert hit.cached and hit.attempts == 0 and hit.why.startswith("same code and inputs as triple of run mixed-")
    assert bound.run(path, 2).steps[1].why == ""


def test_what_is_said_of_a_reused_run(path, tmp_path, monkeypatch):
    for store in (False, tmp_path):
        first = steps.diamond.options(executor="inline", store=store).run(path, 3)
        with monkeypatch.context() as patch:
            patch.setattr(steps, "FACTOR", 5)
            second = steps.diamond.options(executor="inline", store=store, reuse=first).run(path, 3)
        assert second.step("double").why == (
            f"changed since double of run {first.id}: its code: global tests.engine.stored_steps.FACTOR"
        )
        assert second.step("add").why == f"changed since add of run {first.id}: its inputs: x"


@pytest.mark.parametrize("executor", ["inline", "thread", "process"])
def test_equal_calls_run_once(executor, path, tmp_path):
    for store, runs in ((tmp_path, 2), (False, 4)):
        found = repeated.options(executor=executor, workers=4, store=store).run(path, [1, 2, 1, 1, 2], 0.3)
        assert found.result() == [3, 6, 3, 3, 6]
        assert len(notes(path)) == runs
        assert sorted(s.status for s in found.steps) == ["Cached"] * 3 + ["Succeeded"] * 2


def test_what_fails_is_not_cached(path, tmp_path):
    bound = failing.options(executor="thread", workers=3, store=tmp_path)
    assert bound.run(path, [-1, 2, -1]).result() == ["-1", 6, "-1"]
    assert sorted(notes(path)) == ["triple -1", "triple -1", "triple 2"]
    assert bound.run(path, [-1, 2]).result() == ["-1", 6]
    assert sorted(notes(path)) == ["triple -1"] * 3 + ["triple 2"]


def test_by_position_or_by_name(path, tmp_path):
    found = positional.options(executor="inline", store=tmp_path).run(path)
    assert [s.status for s in found.steps] == ["Succeeded", "Cached", "Cached"] and len(notes(path)) == 1


def made(offset):
    @step(cache=True)
    def shifted(x):
        return x + offset

    return shifted


one, ten = made(1), made(10)


@workflow
def closures(x):
    return one(x), ten(x)


def test_the_same_text_around_other_variables(tmp_path):
    for cached in (False, True):
        run = closures.options(executor="inline", store=tmp_path).run(3)
        assert run.result() == (4, 13) and [s.cached for s in run.steps] == [cached] * 2


def test_values_expire(path, tmp_path):
    bound = expiring.options(executor="inline", store=tmp_path)
    bound.run(path, 1)
    assert bound.run(path, 1).steps[0].cached
    time.sleep(5.1)
    late = bound.run(path, 1).steps[0]
    assert not late.cached and "old, and counts for 5s" in late.why
    assert bound.run(path, 1).steps[0].cached


def test_a_damaged_value_is_made_again(path, tmp_path):
    @step(cache=True)
    def big(path, n):
        note(path, "big")
        return os.urandom(n)

    @workflow
    def wf(path, n):
        return big(path, n)

    first = wf.options(executor="inline", store=tmp_path).run(path, 20_000)
    (file,) = [file for file in (tmp_path / "values").rglob("*") if file.is_file()]
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    second = wf.options(executor="inline", store=tmp_path).run(path, 20_000)
    assert second.result() != first.result() and len(notes(path)) == 2
    assert "damaged" in second.steps[0].why and any("damaged" in told for told in second.notes)
    assert wf.options(executor="inline", store=tmp_path).run(path, 20_000).steps[0].cached


def test_without_a_store(path):
    found = mixed.options(executor="inline", store=False).run(path, 1)
    assert found.notes == ["cache= of triple lasts for this run alone: there is no store"]
    assert mixed.options(executor="inline", store=False, cache=False).run(path, 1).notes == []
    with pytest.raises(Exception, match="cache must be True or False"):
        mixed.options(cache="7d").run(path, 1)


def test_a_cached_step_does_not_wait_for_effects():
    assert [node.pure for node in mixed.graph.main.body if node.name in ("triple", "plain")] == [True, False]


def test_caching_from_several_runs_at_a_time(path, tmp_path):
    results = []

    def one():
        results.append(repeated.options(executor="thread", store=tmp_path).run(path, list(range(10)), 0.0).result())

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[3 * x for x in range(10)]] * 6


# --- what cannot be known


@step(cache=True)
def loaded(path, x):
    note(path, f"loaded {x}")
    return importlib.import_module(x).pi


@step(cache=True)
def evaluated(path, x):
    note(path, f"evaluated {x}")
    return eval(x)


class Lazy:
    def __init__(self, text):
        self.text = text

    def value(self):
        return eval(self.text)


@step(cache=True)
def given(path, x):
    note(path, "given")
    return x.value()


@workflow
def unseen(path):
    return loaded(path, "math"), evaluated(path, "1 + 1"), given(path, Lazy("4"))


def test_what_cannot_be_looked_into_is_not_cached_and_said(path, tmp_path):
    for count, store in ((1, tmp_path), (2, tmp_path), (3, False)):
        run = unseen.options(executor="inline", store=store).run(path)
        assert run.result() == (math.pi, 2, 4) and len(notes(path)) == 3 * count
        assert [s.cached for s in run.steps] == [False] * 3
        loaded_, evaluated_, given_ = [note for note in run.notes if "no store" not in note]
        assert loaded_ == "loaded is not cached: importlib.import_module(x) imports what nobody can tell"
        assert evaluated_.startswith("evaluated is not cached: ") and "eval() may read anything" in evaluated_
        assert given_.startswith("given is not cached: ") and "eval() may read anything" in given_
        assert all(s.why.startswith("not cached: ") for s in run.steps)
    assert unseen.options(executor="inline", store=tmp_path, cache=False).run(path).notes == []


def test_a_file_that_is_edited_during_the_run(folder):
    """A worker that starts after the edit runs the new text, which the key does not know."""
    write(folder)
    text = (folder / "lib.py").read_text()
    (folder / "flow.py").write_text(
        FLOW.replace("        import late\n", "        import late, pathlib\n\n        here = pathlib.Path(lib.__file__)\n"
                     "        here.write_text(here.read_text() + '\\n# edited\\n')\n")
    )  # fmt: skip
    assert run(folder)[0] == "Succeeded"
    (folder / "lib.py").write_text(text)
    assert run(folder)[0] == "Succeeded", "nothing was kept"


# --- the command


def tangentflow(folder, *args):
    return subprocess.run(
        [sys.executable, "-m", "tangentflow", *args], cwd=folder, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_showing_why(folder):
    write(folder, ("lib.py", "return x + 1", "return x + 2"))
    run(folder)
    listed = tangentflow(folder, "list", "--store", "store").stdout.splitlines()
    assert "1 cached" in listed[1] and "1 succeeded" in listed[2]
    shown = tangentflow(folder, "show", listed[2].split()[0], "--store", "store")
    assert "its code: function lib.deep" in shown.stdout
    hit = tangentflow(folder, "show", listed[1].split()[0], "--store", "store")
    assert "Cached" in hit.stdout and "same code and inputs as score of run predict-" in hit.stdout


def test_listing_and_removing(path, tmp_path):
    store = tmp_path / "store"
    repeated.options(executor="inline", store=store).run(path, [1, 2], 0.0)
    expiring.options(executor="inline", store=store).run(path, 1)

    @step(cache=True)
    def large(n):
        return os.urandom(n)

    @workflow
    def wf(n):
        return large(n)

    wf.options(executor="inline", store=store).run(50_000)
    listed = tangentflow(tmp_path, "cache", "ls", "--store", "store")
    assert listed.returncode == 0 and listed.stderr == ""
    lines = listed.stdout.splitlines()
    assert len(lines) == 1 + 4 + 1 and lines[0].split()[:2] == ["STEP", "SIZE"]
    assert sum("test_cache.triple" in line for line in lines) == 2 and "4 values" in lines[-1]
    done = tangentflow(tmp_path, "cache", "rm", "triple", "--store", "store")
    assert (done.returncode, done.stdout) == (0, "2 values removed\n")
    assert repeated.options(executor="inline", store=store).run(path, [1], 0.0).steps[0].cached is False
    assert expiring.graph is not None
    assert tangentflow(tmp_path, "cache", "rm", "--unused", "1h", "--store", "store").stdout == "0 values removed\n"
    assert tangentflow(tmp_path, "cache", "rm", "--store", "store").returncode == 2
    assert tangentflow(tmp_path, "cache", "rm", "nothing", "--store", "store").returncode == 2
    assert tangentflow(tmp_path, "cache", "rm", "--all", "--store", "store").stdout == "3 values removed\n"
    assert tangentflow(tmp_path, "cache", "ls", "--store", "store").stdout.splitlines()[1:] == ["0 values, 0 bytes"]


def test_looking_up_sees_one_state_until_the_next_flush(tmp_path):
    query = "SELECT count(*) FROM codes"
    ours, theirs = Journal(tmp_path), Journal(tmp_path)

    def add(journal, fingerprint):
        journal.collect("INSERT INTO codes VALUES(?, ?)", fingerprint, "{}")
        journal.flush()

    assert ours.look_up(query) == [(0,)]
    add(theirs, "a")
    assert ours.look_up(query) == [(0,)]
    ours.flush()
    assert ours.look_up(query) == [(1,)]
    add(theirs, "b")
    add(ours, "c")  # though others have written since it looked
    assert ours.look_up(query) == [(3,)]
    add(theirs, "d")
    ours._connection.execute("ROLLBACK")  # as SQLite does by itself when a disk is full
    assert ours.change("DELETE FROM codes") == 4
    assert ours.look_up(query) == [(0,)]
    theirs.close()
    ours.close()


VERSION_3 = """
CREATE TABLE older(
    fingerprint TEXT NOT NULL, digest TEXT NOT NULL, step TEXT NOT NULL, outcome BLOB NOT NULL, size INTEGER NOT NULL, created REAL NOT NULL,
    used REAL NOT NULL, run TEXT NOT NULL, path TEXT NOT NULL, receipt INTEGER NOT NULL, PRIMARY KEY(fingerprint, digest)) WITHOUT ROWID;
INSERT INTO older SELECT fingerprint, digest, step, outcome, size, created, used, run, path, receipt FROM cache;
DROP TABLE cache;
ALTER TABLE older RENAME TO cache;
CREATE INDEX cache_by_step ON cache(step, created);
PRAGMA user_version=3
"""
VERSION_2 = """
CREATE TABLE older(
    run INTEGER NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL,
    position BLOB NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL, started REAL, finished REAL, fingerprint TEXT, digest TEXT,
    parameters TEXT, inputs BLOB, outcome BLOB, cached INTEGER NOT NULL DEFAULT 0, why TEXT NOT NULL DEFAULT '', PRIMARY KEY(run, number)) WITHOUT ROWID;
INSERT INTO older SELECT id >> 32, id & 4294967295, kind, path, name, source, position, status, attempts, started, finished, fingerprint, digest,
    parameters, inputs, outcome, cached, why FROM receipts;
DROP TABLE receipts;
ALTER TABLE older RENAME TO receipts;
PRAGMA user_version=2
"""
VERSION_1 = """
DROP TABLE cache;
DROP TABLE codes;
PRAGMA user_version=1
"""


@pytest.mark.parametrize("version", [1, 2, 3])
def test_the_journal_of_an_older_version_is_taken_over(path, tmp_path, version):
    bound = mixed.options(executor="inline", store=tmp_path)
    before, other = bound.run(path, 1), bound.run(path, 2)
    journal = Journal(tmp_path)
    for script in (VERSION_3, VERSION_2, VERSION_1)[: 4 - version]:  # from each the one before
        for statement in script.split(";"):
            journal.change(statement)
    journal.close()
    for run in (before, other):
        known = attach(run.id, store=tmp_path)
        assert [(s.path, s.status, s.result, s.inputs) for s in known.steps] == [
            (s.path, s.status, s.result, s.inputs) for s in run.steps
        ]
    again = mixed.options(executor="inline", store=tmp_path, reuse=before.id)
    assert all(s.cached for s in again.run(path, 1).steps)
    assert bound.run(path, 1).steps[0].cached is (version > 1)
    last = bound.run(path, 1)
    assert last.steps[0].cached
    assert attach(last.id, store=tmp_path).steps[0].inputs == before.steps[0].inputs


def on_record(run, store):
    return [(s.path, s.status, dict(s.inputs)) for s in attach(run.id, store=store).steps]


def test_what_is_taken_over_has_its_inputs_on_record(path, tmp_path):
    """From the cache, from an earlier run, from one in memory, and from the same call in this run."""
    bound = mixed.options(executor="inline", store=tmp_path)
    first = bound.run(path, 3)
    inputs = [dict(s.inputs) for s in first.steps]
    assert inputs == [{"path": path, "x": 3}, {"path": path, "x": 3}]
    cached = bound.run(path, 3)
    resumed = mixed.options(executor="inline", store=tmp_path, reuse=cached.id).run(path, 3)
    again = mixed.options(executor="inline", store=tmp_path, reuse=resumed.id).run(path, 3)
    memory = mixed.options(executor="inline", store=False).run(path, 4)
    from_memory = mixed.options(executor="inline", store=tmp_path, reuse=memory).run(path, 4)
    assert [s.status for s in cached.steps] == ["Cached", "Succeeded"]
    for run in (resumed, again, from_memory):
        assert [s.status for s in run.steps] == ["Cached", "Cached"]
    for run in (cached, resumed, again, from_memory):
        assert on_record(run, tmp_path) == [(s.path, s.status, dict(s.inputs)) for s in run.steps]
    text = "x" * 20_000
    there = length_of.options(executor="inline", store=tmp_path / "there").run(text)
    here = length_of.options(executor="inline", store=tmp_path, reuse=there).run(text)
    shutil.rmtree(tmp_path / "there")
    assert [s.status for s in here.steps] == ["Cached"]
    assert on_record(here, tmp_path) == [("length", "Cached", {"text": text})]
    shared = repeated.options(executor="thread", workers=2, store=tmp_path).run(path, [7, 7], 0.3)
    assert [s.status for s in shared.steps] == ["Succeeded", "Cached"]
    assert on_record(shared, tmp_path) == [(s.path, s.status, dict(s.inputs)) for s in shared.steps]
