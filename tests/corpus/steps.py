"""Steps that the corpus is made of. Each one notes that it was called, and fails where the plan of the test says so.

The notes live in this process only: a plain call and the judge run steps in it one after the other, so what ran, in which
order, with which arguments, can be compared.
"""

from __future__ import annotations

import copy
import hashlib
import os
from dataclasses import dataclass, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from tangentflow import step, workflow

LOG: list[tuple[str, str]] = []
"""Calls of steps since the last `reset`: name and arguments."""


class Odd(Exception):
    """An exception that its args cannot rebuild: `__init__` takes something else, and there is state besides."""

    def __init__(self, code: int, *, hint: str) -> None:
        super().__init__(f"code {code}")
        self.code = code
        self.hint = hint


class Known(ValueError):
    """An exception of the corpus's own."""


@dataclass(frozen=True)
class Plan:
    """Which calls fail: a fixed choice by step and arguments, the same for every order of calls."""

    seed: int = 0
    rate: float = 0.0

    def fault(self, name: str, args: str) -> BaseException | None:
        """Return the exception that this call raises, None for most."""
        digest = hashlib.blake2b(f"{self.seed} {name} {args}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if int.from_bytes(digest[:4], "big") / 2**32 >= self.rate:
            return None
        text = f"{name} {digest[4:6].hex()}"
        kind = digest[6] % 8
        if kind == 0:
            return KeyError(text)
        if kind == 1:
            return Odd(digest[7], hint=text)
        if kind == 2:
            error: BaseException = Known(text, digest[7])
            error.__cause__ = LookupError("the cause of", text)
            return error
        if kind == 3:
            error = ZeroDivisionError()
            error.__notes__ = [text, "raised in a handler"]  # what add_note() does where there is one
            return error
        if kind == 4:
            return SystemExit(digest[7])
        return ValueError(text)


ONE_PROCESS = frozenset({"toss_until_heads"})
"""Programs whose steps share state behind the workflow's back: only for engines that run steps in this process."""


class State:
    """What tests set before a call."""

    plan = Plan()
    coin = 0


def reset(plan: Plan | None = None) -> None:
    """Forget all calls; let calls fail by this plan from now on."""
    LOG.clear()
    State.plan = plan or Plan()
    State.coin = 0


def canon(value: Any, depth: int = 0) -> Any:
    """Return a text-like form of a value in which equal values of the same types, and only those, are equal."""
    if depth > 30:
        return "…"
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, Enum, range)):
        return f"{type(value).__name__}:{value!r}"
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, *[canon(v, depth + 1) for v in value])
    if isinstance(value, dict):
        return (type(value).__name__, *[(canon(k, depth + 1), canon(v, depth + 1)) for k, v in value.items()])
    if isinstance(value, (set, frozenset)):
        return (type(value).__name__, *sorted((canon(v, depth + 1) for v in value), key=repr))
    if isinstance(value, BaseException):
        return shape(value)
    if isinstance(value, Path):
        return held(value)
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if is_dataclass(value) or hasattr(value, "__dict__"):
        return (type(value).__qualname__, getattr(value, "__name__", ""), canon(_state(value), depth + 1))
    return f"{type(value).__name__}:{value!r}"


def held(path: Path) -> Any:
    """Return what a path is to everybody: its name and what is there; of one that does not exist, its text, without the place of a working directory."""
    if not path.exists():
        return ("no path", path.name if path.is_absolute() else str(path))
    found = [("path", path.name)]
    for part in [path, *sorted(path.rglob("*"))]:
        name = part.relative_to(path).as_posix()
        text = os.readlink(part) if part.is_symlink() and part != path else ""
        if os.path.isabs(text) and Path(text).is_relative_to(path):
            text = os.path.relpath(text, part.parent)
        if text and not (os.path.isabs(text) and part.exists()):
            found.append((name, "link", text))
        elif part.is_dir() and part.is_symlink() and part != path:
            found.append((name, "directory"))
            found += [(f"{name}/{inner[0]}", *inner[1:]) for inner in held(part)[2:]]
        elif part.is_dir():
            found.append((name, "directory"))
        else:
            content = hashlib.sha256(part.read_bytes()).hexdigest()
            found.append(
                (name, "program" if os.access(part, os.X_OK) and part.stat().st_mode & 0o100 else "file", content)
            )
    return tuple(found)


def _state(value: Any) -> Any:
    return {} if callable(value) else vars(value)


def shape(error: BaseException | None, depth: int = 0) -> Any:
    """Return what of an exception must be the same: type, args, state, and the same of its cause and context.

    A copy of an exception raised while the exception itself is handled has it as context; the exception itself would not: values are
    equal, not identical. So a context that is equal to what it is the context of does not count.
    """
    if error is None or depth > 5:
        return None
    around = error.__context__
    while around is not None and type(around) is type(error) and canon(around.args) == canon(error.args):
        around = around.__context__
    state = {k: v for k, v in vars(error).items() if not k.startswith("_tangentflow")}
    return (
        f"{type(error).__module__}.{type(error).__qualname__}", canon(error.args), canon(state), str(error),
        ("cause", shape(error.__cause__, depth + 1)),
        ("context", None if error.__suppress_context__ else shape(around, depth + 1)),
    )  # fmt: skip


def enter(name: str, *args: Any) -> None:
    """Note a call; raise if the plan says so."""
    text = repr(canon(args))
    LOG.append((name, text))
    fault = State.plan.fault(name, text)
    if fault is None:
        return
    if "raised in a handler" in getattr(fault, "__notes__", ()):
        try:
            raise Known("before")
        except Known:
            raise fault
    raise fault


@step
def f(x):
    enter("f", x)
    return x + 1


@step
def g(x, y=0):
    enter("g", x, y)
    return 2 * x + y


@step
def h(*args, **kwargs):
    enter("h", args, kwargs)
    return (args, kwargs)


@step
def add(a, b):
    enter("add", a, b)
    return a + b


@step
def half(x):
    enter("half", x)
    return x // 2


@step
def divide(a, b):
    enter("divide", a, b)
    return a // b


@step
def one():
    enter("one")
    return 1


@step
def none(*args):
    enter("none", args)


@step
def ident(x):
    enter("ident", x)
    return copy.deepcopy(x)  # a step that returns its own argument shares it with the caller in a plain call only


@step
def hush(x):
    enter("hush")
    return x


@step
def odd(x):
    enter("odd", x)
    return x % 2 == 1


@step
def less(a, b):
    enter("less", a, b)
    return a < b


@step
def make(n):
    enter("make", n)
    return list(range(n))


@step
def table(n):
    enter("table", n)
    return {f"k{i}": i for i in range(n)}


@step
def pair(x):
    enter("pair", x)
    return x, x + 10


@step
def size(xs):
    enter("size", xs)
    return len(xs)


@step
def total_of(xs):
    enter("total_of", xs)
    return sum(xs)


@step
def upper(s):
    enter("upper", s)
    return s.upper()


@step
def join(*parts):
    enter("join", parts)
    return "".join(map(str, parts))


@step
def e(*args):
    enter("e", args)


@step
def ev(*args):
    enter("ev", args)
    return len(args)


@step
def fail(x=None):
    enter("fail", x)
    raise Known("fail", x)


@step
def fail_if(x, bad):
    enter("fail_if", x, bad)
    if x == bad:
        raise Known("bad", x)
    return x


@step
def stop(x):
    enter("stop", x)
    raise StopIteration(x)


@step
def leave(x):
    enter("leave", x)
    raise SystemExit(x)


@step
def odd_error(x):
    enter("odd_error", x)
    raise Odd(x, hint="look")


@step
def chained(x):
    enter("chained", x)
    try:
        {}[x]
    except KeyError as error:
        raise Known("chained", x) from error


@step
def contextual(x):
    enter("contextual", x)
    try:
        {}[x]
    except KeyError:
        raise Known("contextual", x)


@step(pure=True)
def p(x):
    enter("p", x)
    return x * 3


@step(ordered=True)
def o(x):
    enter("o", x)
    return x - 1


@step
def flip(i, heads_at):
    enter("flip", i, heads_at)
    return "heads" if i >= heads_at else "tails"


@step
def load_coin(heads_at):
    enter("load_coin", heads_at)
    State.coin = heads_at


@step
def toss():
    enter("toss")
    State.coin -= 1
    return "tails" if State.coin >= 0 else "heads"


@step
def show(text):
    enter("show", text)
    return f"<{text}>"


@workflow
def twice(x):
    a = f(x)
    return g(a, a)


@workflow
def noisy(x):
    e("in", x)
    a = f(x)
    e("out", a)
    return a
