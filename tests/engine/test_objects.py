"""A store whose values lie in an object store: here one in a directory, through the same library as any other."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tangentflow import attach, runs
from tangentflow.cli.main import main
from tangentflow.engine import objects
from tangentflow.engine.store import Store, digest_of, locate
from tangentflow.engine.values import Damaged
from tangentflow.errors import TangentflowError, UsageError
from tests.engine.object_steps import LARGE, fan, ran


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
    assert "journal.sqlite3" in here and not any(len(name) > 30 for name in here)
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
    ("address", "told"),
    [
        ("foo://bucket", "'foo://bucket' is no address of an object store"),
        (f"s3://bucket/{'x' * 300}", "at most 200 characters"),
    ],
)
def test_bad_addresses(address: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=told):
        fan.options(store=address, executor="inline").run(1)


def test_by_the_environment(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANGENTFLOW_STORE", address)
    r = fan.options(executor="inline").run(1)
    assert there(tmp_path)
    assert attach(r.id).result() == [LARGE]
