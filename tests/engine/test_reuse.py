"""Runs on record: what is reused of them, what is run again, and how their results are changed by hand."""

from __future__ import annotations

import os
import shutil
import threading
import time

import pytest

import tangentflow
from tangentflow import attach, runs
from tangentflow.engine.store import Damaged, Store
from tangentflow.errors import UsageError
from tests.engine import stored_steps as steps

EXECUTORS = ("inline", "thread", "process")


@pytest.fixture(params=["memory", "store"])
def where(request, tmp_path):
    """Where runs are on record: in memory, or in a store."""
    return False if request.param == "memory" else tmp_path / "store"


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "notes")


def of(run):
    return {step.path: step.status for step in run.steps}


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_run_is_reused_whole(path, where, executor):
    first = steps.diamond.options(executor=executor, store=where).run(path, 3)
    assert len(steps.notes(path)) == 4
    second = steps.diamond.options(executor=executor, store=where, reuse=first).run(path, 3)
    assert len(steps.notes(path)) == 4
    assert second.result() == first.result() == steps.diamond(path, 3)
    assert set(of(second).values()) == {"Cached"}
    assert all(step.cached and step.attempts == 0 and first.id in step.why for step in second.steps)
    third = steps.diamond.options(executor=executor, store=where, reuse=second).run(path, 3)
    assert set(of(third).values()) == {"Cached"} and third.result() == first.result()


def test_only_what_depends_on_a_changed_input_runs_again(path, where, tmp_path):
    flag = tmp_path / "flag"
    first = steps.fragile.options(executor="inline", store=where).run(path, str(flag), 3)
    before = len(steps.notes(path))
    second = steps.fragile.options(executor="inline", store=where, reuse=first).run(path, str(flag), 4)
    assert steps.notes(path)[before:] == ["double 3", "fail_if 12", "add 12 1"]
    assert of(second) == {
        "loop[0].double": "Cached", "loop[1].double": "Cached", "loop[2].double": "Cached", "loop[3].double": "Succeeded",
        "effect": "Cached", "fail_if": "Succeeded", "add": "Succeeded",
    }  # fmt: skip


def test_what_failed_runs_again(path, where, tmp_path):
    flag = tmp_path / "flag"
    flag.touch()
    first = steps.fragile.options(executor="inline", store=where).run(path, str(flag), 3)
    assert first.status == "Failed" and first.steps["fail_if"][0].status == "Failed"
    flag.unlink()
    before = len(steps.notes(path))
    second = steps.fragile.options(executor="inline", store=where, reuse=first).run(path, str(flag), 3)
    assert second.result() == 7
    assert steps.notes(path)[before:] == ["fail_if 6", "add 6 1"]


def test_a_changed_step_runs_again(path, where, monkeypatch):
    first = steps.diamond.options(executor="inline", store=where).run(path, 3)
    monkeypatch.setattr(steps, "FACTOR", 3)
    before = len(steps.notes(path))
    second = steps.diamond.options(executor="inline", store=where, reuse=first).run(path, 3)
    assert second.result() == 21 and len(steps.notes(path)) == before + 4
    third = steps.diamond.options(executor="inline", store=where, reuse=second).run(path, 3)
    assert third.result() == 21 and len(steps.notes(path)) == before + 4


def test_override(path, where):
    """The numbers of a search whose third round is replaced: rounds 0 and 1 are reused, there is no round 2, 3 and 4 run."""
    first = steps.iterate.options(executor="inline", store=where).run(path, 0, 5)
    assert first.result() == {"iter": 5, "found": [0, 1, 2, 3, 4]}
    first.step("loop.search", i=1).override(iter=3)
    assert first.step("loop.search", i=1).result == {"iter": 3, "found": [0, 1]}
    before = len(steps.notes(path))
    second = steps.iterate.options(executor="inline", store=where, reuse=first).run(path, 0, 5)
    assert steps.notes(path)[before:] == ["search 3", "search 4"]
    assert [s.status for s in second.steps["search"]][:4] == ["Cached", "Cached", "Succeeded", "Succeeded"]
    assert second.result() == {"iter": 5, "found": [0, 1, 3, 4]}


def test_override_of_a_failed_step(path, where, tmp_path):
    flag = tmp_path / "flag"
    flag.touch()
    first = steps.fragile.options(executor="inline", store=where).run(path, str(flag), 2)
    first.steps["fail_if"][0].override(100)
    assert steps.fragile.options(executor="inline", store=where, reuse=first).run(path, str(flag), 2).result() == 101


def test_misuse_of_override(path):
    run = steps.iterate.options(executor="inline", store=False).run(path, 0, 2)
    step = run.steps[0]
    for args, kwargs in [((), {}), ((1, 2), {}), ((1,), {"iter": 3})]:
        with pytest.raises(TypeError):
            step.override(*args, **kwargs)
    with pytest.raises(UsageError, match="no outcome"):
        run.steps[-1].override(1)  # skipped
    plain = steps.diamond.options(executor="inline", store=False).run(path, 1)
    with pytest.raises(TypeError, match="no dict but 2"):
        plain.steps[0].override(x=1)
    with pytest.raises(tangentflow.TangentflowError, match="cannot be pickled"):
        plain.steps[0].override(threading.Lock())


def test_expressions_that_are_evaluated_once_are_reused(path, where):
    first = steps.stamped.options(executor="inline", store=where).run(path)
    time.sleep(0.01)
    second = steps.stamped.options(executor="inline", store=where, reuse=first).run(path)
    assert second.result() == first.result() and set(of(second).values()) == {"Cached"}
    third = steps.stamped.options(executor="inline", store=where).run(path)
    assert third.result() != first.result()


def test_reuse_of_what_is_not_there(path, tmp_path):
    bound = steps.diamond.options(executor="inline", store=tmp_path, reuse="diamond-12345678")
    with pytest.raises(UsageError, match="no run 'diamond-12345678'"):
        bound.run(path, 1)
    with pytest.raises(UsageError, match="store=False"):
        steps.diamond.options(store=False, reuse="x").run(path, 1)
    with pytest.raises(UsageError, match="must be a run"):
        steps.diamond.options(reuse=3).run(path, 1)


# --- the store


def test_runs_and_attach(path, tmp_path):
    store = tmp_path / "store"
    assert runs(store) == [] and not store.exists()
    first = steps.diamond.options(executor="inline", store=store).run(path, 3)
    second = steps.diamond.options(executor="inline", store=store).run(path, "x")
    assert [run.id for run in runs(store)] == [second.id, first.id]
    assert [run.status for run in runs(store)] == ["Failed", "Succeeded"]
    seen = attach(first.id, store=store)
    assert seen.result() == first.result() == 15 and seen.error is None and seen.wait() is seen
    assert seen.workflow == "diamond" and seen.status == "Succeeded"
    for mine, theirs in zip(first.steps, seen.steps, strict=True):
        for name in ("name", "path", "status", "source", "result", "attempts", "started", "finished", "cached"):
            assert getattr(mine, name) == getattr(theirs, name), name
        assert dict(mine.inputs) == dict(theirs.inputs)
    failed = attach(second.id, store=store)
    with pytest.raises(TypeError):
        failed.result()
    assert type(failed.error) is TypeError and failed.steps[1].error.args == second.steps[1].error.args
    with pytest.raises(UsageError, match="no run 'nothing'"):
        attach("nothing", store=store)


def test_an_attached_run_can_be_overridden_and_reused(path, tmp_path):
    first = steps.diamond.options(executor="inline", store=tmp_path).run(path, 3)
    attach(first.id, store=tmp_path).step("double").override(100)
    again = steps.diamond.options(executor="inline", store=tmp_path, reuse=attach(first.id, store=tmp_path)).run(
        path, 3
    )
    assert again.result() == 203 and again.step("double").status == "Cached"


def test_the_default_store(path, tmp_path, monkeypatch):
    for name in ("TANGENTFLOW_STORE", "ARGO_SERVER", "ARGO_NAMESPACE", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    run = steps.diamond.options(executor="inline").run(path, 3)
    assert [r.id for r in runs()] == [run.id] and (tmp_path / ".tangentflow").is_dir()
    assert (tmp_path / ".tangentflow" / ".gitignore").read_text() == "*\n"
    assert runs(tmp_path / ".tangentflow")[0].id == run.id
    monkeypatch.setenv("TANGENTFLOW_STORE", "elsewhere")
    other = steps.diamond.options(executor="inline").run(path, 3)
    assert [r.id for r in runs()] == [other.id] and (tmp_path / "elsewhere").is_dir()
    monkeypatch.setenv("TANGENTFLOW_STORE", "")
    assert steps.diamond.options(executor="inline").run(path, 3).folder is None
    assert runs() == []


def test_a_store_that_cannot_be(path, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot make the store .*store=False"):
        steps.diamond.options(executor="inline", store=tmp_path / "file" / "store").run(path, 3)
    with pytest.raises(UsageError, match="must be a directory"):
        steps.diamond.options(store=3).run(path, 3)


def test_large_values_lie_there_once(path, tmp_path):
    n, count = 300_000, 8
    run = steps.with_large.options(executor="process", store=tmp_path).run(path, n, count)
    assert run.result() == [n + i for i in range(count)]
    stored = sum(file.stat().st_size for file in (tmp_path / "values").rglob("*") if file.is_file())
    assert n <= stored < 2 * n
    seen = attach(run.id, store=tmp_path)
    assert (
        seen.step("loop.size", i=3).inputs["data"] == run.steps[0].result
        and seen.step("loop.size", i=3).inputs["i"] == 3
    )
    again = steps.with_large.options(executor="process", store=tmp_path, reuse=run).run(path, n, count)
    assert set(of(again).values()) == {"Cached"}


def test_a_damaged_value_is_found_out_and_made_again(path, tmp_path):
    n = 20_000
    first = steps.with_large.options(executor="inline", store=tmp_path).run(path, n, 2)
    (file,) = [file for file in (tmp_path / "values").rglob("*") if file.is_file() and file.stat().st_size > n]
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    second = steps.with_large.options(executor="inline", store=tmp_path, reuse=first).run(path, n, 2)
    assert second.result() == first.result()
    assert steps.notes(path).count(f"big {n}") == 2
    assert any("big" in note and "damaged" in note for note in second.notes)


@pytest.mark.parametrize("harm", ["cut", "empty", "gone"])
def test_the_store_reads_nothing_half_written(harm, tmp_path):
    store = Store(tmp_path).create()
    data = os.urandom(5000)
    digest = store.put(data)
    assert store.get(digest) == data and store.put(data) == digest
    file = store.folder / "values" / digest[:2] / digest[2:]
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(b"" if harm == "empty" else data[:4999])
    with pytest.raises(Damaged):
        store.get(digest)
    assert store.put(data) == digest and store.get(digest) == data


def test_a_store_that_was_removed_between_runs(path, tmp_path):
    bound = steps.diamond.options(executor="inline", store=tmp_path / "store")
    bound.run(path, 3)
    shutil.rmtree(tmp_path / "store")
    assert bound.run(path, 3).result() == 15 and len(runs(tmp_path / "store")) == 1


def test_many_runs_at_the_same_time_in_one_store(path, tmp_path):
    found = []

    def one(i):
        found.append(steps.diamond.options(executor="thread", store=tmp_path).run(f"{path}{i}", i).result())

    threads = [threading.Thread(target=one, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [4 * i + 3 for i in range(8)]
    assert [run.status for run in runs(tmp_path)] == ["Succeeded"] * 8
