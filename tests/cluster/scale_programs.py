"""Programs of the sizes that a platform meets."""

import hashlib
import tempfile
from pathlib import Path

from tangentflow import step, workflow

LARGE = 50_000_000
"""Bytes of a large value."""

FILES = 200
"""Files of a directory."""


@step
def increased(x):
    return x + 1


@step(chunk=50)
def squared(x):
    return x * x


@step
def block(size):
    return (hashlib.sha256(str(size).encode()).digest() * (size // 32 + 1))[:size]


@step
def digest(data):
    return len(data), hashlib.sha256(data).hexdigest()


@step
def tree(n):
    root = Path(tempfile.mkdtemp()) / "tree {{x}}"
    for i in range(n):
        folder = root / f"part {i % 10}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{i:03} ${{HOME}} é.txt").write_text(f"{i}\n" * i)
    (root / "empty").mkdir()
    (root / "first").symlink_to(Path("part 0"))
    script = root / "run.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    return root


@step
def listing(root):
    return [
        (str(path.relative_to(root)), path.is_symlink(), path.stat().st_mode & 0o100 if path.is_file() else 0, path.read_bytes() if path.is_file() else b"")
        for path in sorted(root.rglob("*"))
    ]  # fmt: skip


@workflow
def one_after_the_other(n):
    x = 0
    for _ in range(n):
        x = increased(x)
    return x


@workflow
def while_less(n):
    x, seen = 0, []
    while x < n:
        x = increased(x)
        if x % 50 == 0:
            seen.append(x)
    return x, seen


@workflow
def side_by_side(n):
    return [squared(i) for i in range(n)]


@workflow
def large(size):
    data = block(size)
    return digest(data), data


@workflow
def directory(n):
    root = tree(n)
    return listing(root), root
