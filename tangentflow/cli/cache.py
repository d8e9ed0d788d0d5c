"""`tangentflow cache`: what is cached, and forgetting it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tangentflow.cli.runs import table
from tangentflow.errors import UsageError
from tangentflow.runtime.policies import duration, seconds

if TYPE_CHECKING:
    from tangentflow.engine.journal import Journal

__all__ = ["list_cache", "remove_from_cache"]


def list_cache(store: str | None) -> int:
    """Print a line for each cached value, those used last first."""
    from tangentflow.engine.cache import cached_values
    from tangentflow.engine.words import size

    rows: list[tuple[str, ...]] = [("STEP", "SIZE", "AGE", "USED", "FROM")]
    total, now = 0, time.time()
    with _journal(store) as journal:
        for value in cached_values(journal) if journal is not None else []:
            ages = [duration(round(now - moment)) for moment in (value.created, value.used)]
            rows.append((value.step, size(value.size), *ages, f"{value.path} of run {value.run}"))
            total += value.size
    table(rows, sys.stdout)
    print(f"{len(rows) - 1} values, {size(total)}")
    return 0


def remove_from_cache(step: str | None, everything: bool, unused: str | None, store: str | None) -> int:
    """Forget cached values, and remove the files that nothing needs any more."""
    from tangentflow.engine.cache import cached_values, forget
    from tangentflow.engine.store import Store
    from tangentflow.engine.sweep import sweep

    if not (step or everything or unused):
        raise UsageError("say what to remove: a STEP, --unused AGE, or --all")
    try:
        age = 0.0 if unused is None else seconds(unused)
    except ValueError as error:
        raise UsageError(f"--unused: {error}") from error
    count = 0
    with _journal(store) as journal:
        if journal is not None:
            known = {value.step for value in cached_values(journal)}
            if step is not None and not any(name == step or name.endswith(f".{step}") for name in known):
                raise UsageError(
                    f"nothing of a step {step!r} is cached; there is {', '.join(sorted(known)) or 'nothing'}"
                )
            count = forget(journal, step, age)
            sweep(journal, Store(journal.folder))
    print(f"{count} values removed")
    return 0


@contextmanager
def _journal(store: str | None) -> Iterator[Journal | None]:
    from tangentflow.engine.journal import reading
    from tangentflow.engine.store import locate

    folder: Path | None = locate(store)
    if folder is None:
        raise UsageError("there is no store: name one with --store")
    with reading(folder) as journal:
        yield journal
