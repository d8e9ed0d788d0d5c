"""What is shown of a run while it runs: a live table in a terminal or notebook, plain lines elsewhere. All on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

from tangentflow.engine.events import Event
from tangentflow.engine.frames import without_indices
from tangentflow.engine.run import StepRun

__all__ = ["Lines", "Table", "shown"]

_WIDTH = 24
"""Columns of the bar of a fan-out."""
_SINGLE = 10
"""Step runs of one site that have a line of their own, where there is no terminal; of more, every tenth part has one."""

Totals = Callable[[], Mapping[str, int]]
"""Returns how many items the fan-outs have that are known by now, by path without indices."""


@dataclass
class _Row:
    """One site: all step runs that differ only in the indices of loops."""

    path: str
    counts: dict[str, int] = field(default_factory=dict)
    running: dict[str, StepRun] = field(default_factory=dict)
    seconds: float = 0.0
    told: int = 0

    @property
    def ended(self) -> int:
        return sum(self.counts.values())

    def take(self, event: Event, step: StepRun) -> None:
        if event.kind == "step-ended":
            self.running.pop(step.path, None)
            self.counts[step.status] = self.counts.get(step.status, 0) + 1
            if step.started is not None and step.finished is not None and not step.cached:
                self.seconds += step.finished - step.started
        elif event.kind == "step-retrying":
            self.running.pop(step.path, None)
        else:
            self.running[step.path] = step


class _Rows:
    """The rows of a run in the order of the program."""

    def __init__(self) -> None:
        self.rows: dict[str, _Row] = {}
        self.order: dict[str, tuple[int, ...]] = {}

    def take(self, event: Event) -> _Row | None:
        step = event.step
        if step is None:
            return None
        key = without_indices(step.path)
        row = self.rows.get(key)
        if row is None:
            row = self.rows[key] = _Row(key)
            self.order[key] = step.order
        row.take(event, step)
        return row

    def sorted(self) -> list[_Row]:
        return sorted(self.rows.values(), key=lambda row: self.order[row.path])


def shown(totals: Totals, stream: TextIO | None = None) -> Table | Lines:
    """Return what shows a run on a stream (default: standard error) as fits what that is."""
    import rich.console

    console = rich.console.Console(file=stream or sys.stderr, highlight=False)
    if console.is_terminal or console.is_jupyter:
        return Table(totals, console)
    return Lines(stream or sys.stderr)


class Table:
    """A live table: a row for each site, with a bar for a fan-out."""

    def __init__(self, totals: Totals, console: Any) -> None:
        import rich.live

        self.totals = totals
        self.rows = _Rows()
        self.title = ""
        self.began = time.time()
        self.live = rich.live.Live(console=console, get_renderable=self._table, refresh_per_second=8)

    def __call__(self, event: Event) -> None:
        """Take an event."""
        self.rows.take(event)
        if event.kind == "run-started":
            self.title, self.began = event.run.id, event.time
            self.live.start()
        elif event.kind == "run-ended":
            self.title = f"{event.run.id}  {event.run.status}  {_span(event.time - self.began)}"
            self.close()

    def close(self) -> None:
        """Show the last state and leave the terminal alone."""
        self.live.stop()

    def _table(self) -> Any:
        from rich.table import Table as Grid

        grid = Grid(title=self.title or None, title_justify="left", box=None, pad_edge=False, expand=False)
        for name, justify in (("step", "left"), ("", "left"), ("done", "right"), ("what", "left"), ("time", "right")):
            grid.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
        totals = self.totals()
        now = time.time()
        for row in list(self.rows.sorted()):
            grid.add_row(*_cells(row, totals.get(row.path.rpartition(".")[0]), now))
        return grid


def _cells(row: _Row, items: int | None, now: float) -> tuple[Any, ...]:
    from rich.progress_bar import ProgressBar
    from rich.text import Text

    running = list(row.running.values())
    seen = row.ended + len(running)
    total = max(seen, items or 0)
    bar: Any = ""
    if total > 1:
        style = "red" if row.counts.get("Failed") else "green"
        bar = ProgressBar(total, row.ended, width=_WIDTH, complete_style=style, finished_style=style)
    elif running and running[0].progress is not None:
        done, of = running[0].progress
        bar = ProgressBar(of, done, width=_WIDTH)
    words = Text()
    for status, style in (("Failed", "bold red"), ("Cancelled", "yellow"), ("Cached", "cyan"), ("Succeeded", "green")):
        count = row.counts.get(status, 0)
        if count and (status != "Succeeded" or total == 1):
            words.append(f"{f'{count} ' if total > 1 else ''}{status.lower()}  ", style)
    if running:
        again = max(step.attempts for step in running)
        words.append(
            f"{f'{len(running)} ' if total > 1 else ''}running{f' (attempt {again})' if again > 1 else ''}", "bold"
        )
    spent = row.seconds + sum(now - step.started for step in running if step.started is not None)
    return Text(row.path), bar, f"{row.ended}/{total}" if total > 1 else "", words, _span(spent)


class Lines:
    """A line for each step run that ends; of many ones of a site, only some."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.rows = _Rows()
        self.began = time.time()

    def __call__(self, event: Event) -> None:
        """Take an event."""
        row = self.rows.take(event)
        step = event.step
        if event.kind == "run-started":
            self.began = event.time
            self._write(f"{event.run.id}  started")
        elif event.kind == "run-ended":
            for row in self.rows.sorted():
                if row.ended > _SINGLE:
                    self._write(f"{row.path}  {_counted(row)}")
            self._write(f"{event.run.id}  {event.run.status}  {_span(event.time - self.began)}")
        elif step is None or row is None:
            return
        elif event.kind == "step-retrying":
            self._write(f"{step.path}  failed, attempt {step.attempts}; it is tried again")
        elif event.kind == "step-ended":
            many = row.ended > _SINGLE and step.status in ("Succeeded", "Cached")
            if many and row.ended < 1.1 * row.told:
                return
            row.told = row.ended
            spent = _span(step.finished - step.started) if step.finished and step.started and not step.cached else ""
            self._write(
                "  ".join(filter(None, [step.path, step.status, spent, f"({row.ended} ended)" if many else ""]))
            )

    def close(self) -> None:
        """Nothing is held open."""

    def _write(self, text: str) -> None:
        self.stream.write(f"{text}\n")
        self.stream.flush()


def _counted(row: _Row) -> str:
    return ", ".join(f"{count} {status.lower()}" for status, count in sorted(row.counts.items()))


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
