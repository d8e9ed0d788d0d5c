"""Events of a run, and what a terminal or a log shows of it."""

from __future__ import annotations

import io
import re
import time
from typing import Any

import pytest
import rich.console

from tangentflow import Cancelled, progress, step, workflow
from tangentflow.engine import table
from tangentflow.engine.events import Event
from tangentflow.errors import UsageError


@step
def load(n):
    for _ in progress(range(n)):
        time.sleep(0.06)
    return list(range(n))


@step(retries=1)
def fit(x):
    if x == 2:
        raise ValueError(x)
    return x


@step(cache=True)
def total(xs):
    return sum(xs)


@step
def nap():
    time.sleep(60)


@workflow
def search(n):
    found = []
    for x in load(n):
        try:
            found.append(fit(x))
        except ValueError:
            found.append(-1)
    return total(found)


@workflow
def many(n):
    return len([fit(x + 3) for x in range(n)])


@workflow
def endless():
    nap()


def watched(workflow: Any, *args: Any, **options: Any) -> tuple[Any, list[tuple[str, str, str]]]:
    """Run a workflow; return the run, and kind, path and status of each event."""
    seen: list[tuple[str, str, str]] = []

    def note(event: Event) -> None:
        assert event.time <= time.time()
        seen.append(
            (event.kind, event.step.path if event.step else "", event.step.status if event.step else event.run.status)
        )

    run = workflow.options(on_event=note, executor="inline", store=False, **options).run(*args)
    return run, seen


def test_events_tell_all_that_happens() -> None:
    run, seen = watched(search, 3)
    assert run.result() == 0
    assert seen[0] == ("run-started", "", "Running") and seen[-1] == ("run-ended", "", "Succeeded")
    assert seen[1] == ("step-started", "load", "Running")
    assert ("step-progress", "load", "Running") in seen and ("step-ended", "load", "Succeeded") in seen
    of_one = [(kind, status) for kind, path, status in seen if path == "loop[2].fit"]
    assert of_one == [
        ("step-started", "Running"), ("step-retrying", "Pending"), ("step-started", "Running"), ("step-ended", "Failed"),
    ]  # fmt: skip


def test_a_cached_step_only_ends(tmp_path: Any) -> None:
    for expected in ([("step-started", "Running"), ("step-ended", "Succeeded")], [("step-ended", "Cached")]):
        seen = []
        options = search.options(store=str(tmp_path), executor="inline", on_event=seen.append)
        options.run(2).result()
        found = [(event.kind, event.step.status) for event in seen if event.step and event.step.path == "total"]
        assert [kind for kind, _ in found] == [kind for kind, _ in expected] and found[-1] == expected[-1]


def test_what_a_listener_raises_ends_the_run() -> None:
    def stop(event: Event) -> None:
        if event.kind == "step-ended":
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        search.options(on_event=stop, executor="thread", store=False).run(3)


def test_a_listener_may_cancel_the_run() -> None:
    def stop(event: Event) -> None:
        if event.kind == "step-started":
            event.run.cancel()

    seen = []
    run = endless.options(on_event=lambda e: (seen.append(e), stop(e)), workers=1, store=False).run()
    assert run.status == "Cancelled" and isinstance(run.error, Cancelled)
    assert [(e.kind, e.step.status) for e in seen if e.step][-1] == ("step-ended", "Cancelled")


def test_a_listener_is_a_function() -> None:
    with pytest.raises(UsageError, match="on_event must be a function"):
        search.options(on_event=3).run(1)


# --- what is shown


def test_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    run = search.options(executor="inline", store=False, progress=True).run(3)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"{run.id}  started"
    assert re.fullmatch(rf"{run.id}  Succeeded  \d+\.\d s", lines[-1])
    assert "loop[2].fit  failed, attempt 1; it is tried again" in lines
    assert [line.split("  ")[:2] for line in lines if line.startswith("loop[2].fit  Failed")] == [
        ["loop[2].fit", "Failed"]
    ]


def test_few_lines_of_many_step_runs(capsys: pytest.CaptureFixture[str]) -> None:
    many.options(executor="inline", store=False, progress=True).run(1000)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) < 80
    assert lines[-2] == "loop.fit  1000 succeeded"


def test_nothing_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    search.options(executor="inline", store=False).run(1)
    assert capsys.readouterr() == ("", "")


def in_a_terminal(run: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a workflow as if standard error were a terminal; return what is seen there in the end."""
    stream = io.StringIO()
    terminal = rich.console.Console(file=stream, force_terminal=True, width=100, height=30, color_system=None)
    monkeypatch.setattr(rich.console, "Console", lambda **_: terminal)
    run()
    text = stream.getvalue()
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text.rpartition("step   ")[2])


def test_a_table_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = in_a_terminal(lambda: search.options(executor="thread", store=False, progress=True).run(4), monkeypatch)
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in seen.splitlines()[1:] if line.strip()}
    assert list(rows) == ["load", "loop.fit", "total"]
    assert rows["load"].startswith("succeeded") and re.match(r"━+ 4/4 1 failed \d+\.\d s", rows["loop.fit"])


def test_a_table_while_it_runs() -> None:
    console = rich.console.Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
    shown = table.Table(lambda: {"loop": 7}, console)
    _, events = [], []
    search.options(executor="inline", store=False, on_event=events.append).run(3)
    for event in events:
        if event.kind in ("run-ended",) or (event.step and event.step.path in ("loop[2].fit", "total")):
            continue
        shown.rows.take(event)
    with console.capture() as captured:
        console.print(shown._table())
    assert re.search(r"loop\.fit +[━╸╺ ]+ +2/7", captured.get())


@pytest.mark.parametrize(("seconds", "text"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (61, "1:01"), (3725, "1:02:05")])
def test_times(seconds: float, text: str) -> None:
    assert table._span(seconds) == text
