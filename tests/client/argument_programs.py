"""Programs with arguments of any size."""

from pathlib import Path

from tangentflow import step, workflow


@step
def size(data):
    return len(data)


@step
def fail_if(flag, x):
    if Path(flag).exists():
        raise ValueError(x)
    return x


@step
def add(a, b):
    return a + b


@workflow
def inner(data, flag):
    return fail_if(flag, size(data[1:]))


@workflow
def measured(data, flag, n=2):
    total = 0
    for i in range(n):
        total = add(total, size(data) + i)
    return total, inner(data, flag), data[:5]


@step
def listing(folder):
    return sorted((str(p.relative_to(folder)), p.stat().st_size) for p in folder.rglob("*") if p.is_file())


@workflow
def listed(folder: Path):
    return listing(folder), folder.name


@step
def doubled(x):
    return 2 * x


@workflow
def echoed(data):
    """No pod has to record its result."""
    x = doubled(data[:3])
    return x


@workflow
def with_default(data=b"\0" * 400_000):
    return size(data)


@workflow(timeout=2)
def limited(data):
    return size(data)
