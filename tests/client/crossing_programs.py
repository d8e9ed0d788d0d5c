"""Workflows with values that are not easy to carry, run again elsewhere on what an earlier run recorded."""

from __future__ import annotations

import os
from pathlib import Path

from tangentflow import step, workflow
from tests.argo.reuse_programs import grown
from tests.engine.stored_steps import fail_if, note

LARGE = 90_000


@step
def listed_in(path, folder):
    note(path, "listed_in")
    return sorted(file.name for file in folder.iterdir())


@step
def packed(path, names):
    note(path, "packed")
    for name in names:
        Path(name).write_text(name * 2)
    return [Path(name) for name in names]


@step
def joined(path, files, flag):
    note(path, "joined")
    if os.path.exists(flag):
        raise ValueError("flag")
    return "".join(file.read_text() for file in files)


@workflow
def of_files(path, flag, folder):
    return joined(path, packed(path, listed_in(path, folder)), flag)


@step
def told(path, text):
    note(path, "told")
    return {**text, "more": [text]}


@workflow
def hostile(path, text):
    first = told(path, text)
    return told(path, first["more"][0]), told(path, {"lone": "\udc00"})


@step
def filled(n):
    return bytes([n]) * LARGE


@step
def total(parts):
    return sum(map(len, parts))


@workflow
def of_large(path, flag, n):
    parts = [filled(i) for i in range(n)]
    return total(parts) + fail_if(path, flag, 1)


PLACE = "notes"


@step
def over(status):
    note(PLACE, status)


@workflow(on_exit=over)
def handled(path, x):
    return grown(path, x)
