"""A store whose values lie in an object store: here one in a directory, through the same library as any other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tangentflow import attach, runs
from tangentflow.cli.main import main
from tangentflow.engine import objects
from tangentflow.engine.cache import cached_values
from tangentflow.engine.journal import reading
from tangentflow.engine.store import Store, digest_of, locate
from tangentflow.engine.values import Damaged
from tangentflow.errors import TangentflowError, UsageError
from tests.engine.object_steps import LARGE, fan, ran, two

ROOT = Path(__file__).parents[2]


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "there").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return f"file://{tmp_path}/there"


def there(tmp_path: Path) -> list[Path]:
    return sorted(path for path in (tmp_path / "there").rglob("*") if path.is_file())


def test_values_lie_there_and_the_journal_here(address: str, tmp_path: Path) -> None:
    r = fan.options(store=address, executor="inline").run(3)
    assert r.result() == [LARGE] * 3
    assert sum(path.stat().st_size > LARGE for path in there(tmp_path)) == 4
    here = [path.name for path in (tmp_path / "here").rglob("*") if path.is_file()]
    assert "journal.sqlite3" in here and not any(len(name) == 38 for name in here)
    [listed] = runs(store=address)
    assert listed.id == r.id and listed.result() == [LARGE] * 3
    assert attach(r.id, store=address).step("loop[1].large").result == [1] * LARGE


@pytest.mark.parametrize("executor", ["inline", "thread", "process"])
def test_gone_on_with_from_there(address: str, executor: str) -> None:
    options = {"store": address, "executor": executor, "workers": 2}
    failed = fan.options(**options).run(3, limit=2)
    assert isinstance(failed.error, ValueError)
    ran()
    again = fan.options(**options, reuse=failed.id).run(3, limit=2)
    assert isinstance(again.error, ValueError)
    assert ran() == ["fails_above 3"]


def test_cached_values_come_from_there(address: str) -> None:
    fan.options(store=address, executor="inline").run(3)
    ran()
    assert fan.options(store=address, executor="inline").run(3).result() == [LARGE] * 3
    assert not any(name.startswith("cached") for name in ran())


def test_a_damaged_value_is_made_again(address: str, tmp_path: Path) -> None:
    fan.options(store=address, executor="inline").run(2)
    for path in there(tmp_path):
        path.write_bytes(b"\0" * path.stat().st_size)
    ran()
    r = fan.options(store=address, executor="inline").run(2)
    assert r.result() == [LARGE] * 2
    assert [name for name in ran() if name.startswith("cached")] == ["cached 0", "cached 1"]
    assert any("is damaged" in note and address in note for note in r.notes)


def test_removed_there_when_forgotten_here(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fan.options(store=address, executor="inline").run(2)
    before = there(tmp_path)
    store = Store(locate(address))
    lost = store.put(b"nothing knows this" * 100)
    store.settle()
    assert len(there(tmp_path)) == len(before) + 1
    now = time.time()
    assert main(["cache", "rm", "--all", "--store", address]) == 0
    assert len(there(tmp_path)) == len(before) + 1, "what was just written may be about to go on record"
    monkeypatch.setattr("tangentflow.engine.sweep.time.time", lambda: now + 7200)
    assert main(["cache", "rm", "--all", "--store", address]) == 0
    assert there(tmp_path) == before
    with pytest.raises(Damaged, match=f"the value {lost} is not in the store {address}"):
        store.get(lost)


def test_two_journals_do_not_share_values(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else one could remove what the other needs."""
    (tmp_path / "other").mkdir()
    fan.options(store=address, executor="inline").run(1)
    first = there(tmp_path)
    monkeypatch.chdir(tmp_path / "other")
    fan.options(store=address, executor="inline").run(1)
    assert len(there(tmp_path)) == 2 * len(first)
    assert len(list((tmp_path / "there").iterdir())) == 2


def test_nothing_is_on_record_that_is_not_there(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object store that fails fails the run, and no receipt tells of a value that was not written."""

    def refuse(self: objects.ObjectValues, key: str, data: bytes) -> None:
        raise OSError("the disk of the object store is full")

    told = f"the store {address} cannot be written to: the disk of the object store is full"
    with monkeypatch.context() as patch:
        patch.setattr(objects.ObjectValues, "_write", refuse)
        with pytest.raises(TangentflowError, match=told):
            fan.options(store=address, executor="inline").run(2)
    [found] = runs(store=address)
    assert [s.path for s in found.steps if s.status == "Succeeded"] == []


def test_old_values_are_written_again(address: str, tmp_path: Path) -> None:
    """So that they are young when they go on record, and nobody sweeps them before."""
    store = Store(locate(address)).create()
    data = b"x" * 5000
    digest = store.put(data)
    store.settle()
    [path] = there(tmp_path)
    assert digest == digest_of(data)
    old = time.time() - 4000
    os.utime(path, (old, old))
    store.put(data)
    store.settle()
    assert path.stat().st_mtime > old + 3000
    young = path.stat().st_mtime_ns
    store.put(data)
    store.settle()
    assert path.stat().st_mtime_ns == young


@pytest.mark.parametrize(
    "store",
    [
        "foo://bucket",
        "s3://",
        "file:///",
        "memory:///",
        "s3:/bucket",
        "S3:bucket",
        Path("s3://bucket/x"),
        "s3://a\udc80",
    ],
)
def test_bad_addresses(store: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        UsageError, match="is no address of an object store: write it as text such as 's3://bucket/prefix'"
    ):
        fan.options(store=store, executor="inline").run(1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("store", ["a.b", "x:y", "./s3:", "C:/data", "at/x"])
def test_directories_that_look_a_little_like_addresses(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert locate(store) == tmp_path / store.removeprefix("./")
    assert fan.options(store=store, executor="inline").run(1).result() == [LARGE]
    assert (tmp_path / store / "values").is_dir()


def test_one_place_has_one_journal(address: str) -> None:
    assert len({locate(a) for a in (address, address + "/", address.replace("file", "FILE"), f" {address} ")}) == 1
    assert len({locate(a) for a in ("s3://b/x", "s3://b/x/", "S3://b/x", "s3://b/y", "s3://b/X", "gs://b/x")}) == 4
    assert "%" not in str(locate("s3://büc ket/%41")), "Slurm and its like put values in place of such names"


def test_a_directory_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"the object store 'file:///no/such/place' cannot be opened: [^\n]+$"):
        fan.options(store="file:///no/such/place", executor="inline").run(1)


def test_the_package_is_not_there(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    r = fan.options(store=address, executor="inline").run(1)
    found = attach(r.id, store=address)
    for name in ("obstore", "obstore.store", "obstore.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UsageError, match=r"which is not installed: pip install 'tangentflow\[store\]'"):
        fan.options(store=address, executor="inline").run(1)
    with pytest.raises(UsageError, match=r"which is not installed: pip install 'tangentflow\[store\]'"):
        _ = found.step("loop[0].large").result


@pytest.mark.parametrize("executor", ["inline", "thread", "process"])
def test_a_failed_write_is_told_where_a_cached_value_is_read_next(
    address: str, executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading a value must not take the failure of another one for its own."""
    two.options(store=address, executor="inline").run(1)
    writing = objects.ObjectValues._write
    failed: list[str] = []

    def fail_once(self: objects.ObjectValues, key: str, data: bytes) -> None:
        if not failed:
            failed.append(key)
            raise OSError("no more room")
        writing(self, key, data)

    with monkeypatch.context() as patch:
        patch.setattr(objects.ObjectValues, "_write", fail_once)
        with pytest.raises(TangentflowError, match="cannot be written to: no more room"):
            two.options(store=address, executor=executor).run(2)
    assert failed
    for found in runs(store=address):
        for step in found.steps:
            assert step.status != "Succeeded" or step.result is not None
    assert two.options(store=address, executor=executor).run(2).result() == LARGE


def test_a_value_that_was_not_written_is_not_cached(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: objects.ObjectValues, key: str, data: bytes) -> None:
        raise OSError("no more room")

    with monkeypatch.context() as patch:
        patch.setattr(objects.ObjectValues, "_write", refuse)
        with pytest.raises(TangentflowError):
            two.options(store=address, executor="inline").run(1)
    with reading(locate(address)) as journal:
        assert journal is not None and cached_values(journal) == []


def test_a_copy_of_a_journal_removes_nothing(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fan.options(store=address, executor="inline").run(2)
    before = there(tmp_path)
    shutil.copytree(tmp_path / "here", tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    assert len(runs(store=address)) == 1 and runs(store=address)[0].steps[0].result
    store = Store(locate(address))
    with pytest.raises(UsageError, match="nothing is removed from .*: the journal in .* is a copy"):
        store.sweep(set(), time.time() + 60)
    assert there(tmp_path) == before
    [number] = (tmp_path / "copy").rglob("number")
    number.write_text("")
    with pytest.raises(TangentflowError, match="number, the place of the store's values at .*, is damaged"):
        Store(locate(address)).sweep(set(), time.time() + 60)
    assert there(tmp_path) == before
    number.unlink()
    with pytest.raises(Damaged, match="number, the place of the store's values at .*, cannot be read: No such file"):
        _ = runs(store=address)[0].step("loop[0].large").result
    monkeypatch.chdir(tmp_path / "here")
    assert Store(locate(address)).sweep(set(), time.time() + 60) and not there(tmp_path)


FORKED = """
import os, sys
from tests.engine.object_steps import fan
run = lambda: fan.options(store=sys.argv[1], executor="inline").run(1)
run()
child = os.fork()
if not child:
    try:
        run()
    except Exception as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""

LAST = """
import sys, threading, time
from tests.engine.object_steps import fan
fan.options(store=sys.argv[1], executor="inline").run(1)
def late():
    time.sleep(0.5)
    print(fan.options(store=sys.argv[1], executor="inline").run(2).result())
threading.Thread(target=late).start()
"""


@pytest.mark.parametrize(("text", "told"), [(FORKED, "from a process that was forked"), (LAST, f"[{LARGE}, {LARGE}]")])
def test_processes_and_threads_that_do_not_live_long(text: str, told: str, address: str) -> None:
    found = subprocess.run(
        [sys.executable, "-c", text, address],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told in found.stdout, found.stderr


def test_by_the_environment(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANGENTFLOW_STORE", address)
    r = fan.options(executor="inline").run(1)
    assert there(tmp_path)
    assert attach(r.id).result() == [LARGE]
