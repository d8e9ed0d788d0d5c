"""Draw docs/run.svg, what a terminal shows of a run: `python docs/picture.py`."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import rich.console

from tangentflow import progress, step, workflow
from tangentflow.engine.events import Event
from tangentflow.engine.table import Table

TARGET = Path(__file__).parent / "run.svg"


@step
def load(n: int) -> list[int]:
    """Load the items."""
    return list(range(n))


@step
def fit(x: int) -> float:
    """Fit one of them; some cannot be."""
    time.sleep(0.05)
    if x % 9 == 4:
        raise ValueError(x)
    return 1.0 / (1 + x)


@step
def evaluate(scores: list[float], rounds: int) -> float:
    """Look at all of them."""
    for _ in progress(range(rounds)):
        time.sleep(0.02)
    return max(scores)


@workflow
def search(n: int = 24) -> float:
    """Fit a model to each item, leave out those that fail."""
    scores = []
    for x in load(n):
        try:
            scores.append(fit(x))
        except ValueError:
            scores.append(0.0)
    return evaluate(scores, 40)


def main() -> None:
    """Run the workflow, and keep what its table looks like in the middle."""
    console = rich.console.Console(record=True, width=84, file=io.StringIO(), force_terminal=True)
    table = Table(lambda: {"loop": 24}, console)
    table.title = "$ tangentflow run search.py"

    def take(event: Event) -> None:
        table.rows.take(event)
        if event.kind == "step-progress" and event.step and (event.step.progress or (0,))[0] > 20 and not shown:
            shown.append(True)
            console.print(table._table())

    shown: list[bool] = []
    search.options(store=False, workers=4, on_event=take).run()
    svg = re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="tangentflow"), flags=re.DOTALL)
    TARGET.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
