"""Programs whose steps are tried again, have a limit of time, or end their process. `path` is a folder in which attempts leave marks."""

import os
import signal
import threading
import time
from pathlib import Path

from tangentflow import StepKilled, step, workflow


def attempt(path, name):
    """Count an attempt and return its number, from 0."""
    with open(Path(path) / name, "a") as file:
        file.write(f"{time.time()}\n")
    return len((Path(path) / name).read_text().splitlines()) - 1


class Passing(OSError):
    """What goes away by itself."""


class Odd(Exception):
    """An exception that cannot be pickled."""

    def __init__(self, file):
        super().__init__(file)


@step(retries=3)
def third_time(path, name="third"):
    number = attempt(path, name)
    if number < 2:
        raise ValueError("not yet", number)
    return number


@step(retries=2)
def never(path, name="never"):
    raise ValueError("never", attempt(path, name))


@step(retries=2, on=OSError)
def picky(path, other):
    number = attempt(path, "picky")
    raise KeyError(number) if other else Passing(number)


@step(retries=2, on=(Odd,))
def odd(path):
    attempt(path, "odd")
    raise Odd(threading.Lock())


@step(retries=1, backoff="0.3s")
def pausing(path):
    return attempt(path, "pausing") or 1 / 0


@step(timeout=0.5)
def slow(path, seconds):
    attempt(path, "slow")
    time.sleep(seconds)
    return seconds


@step(timeout=0.5, retries=1)
def slow_at_first(path):
    if not attempt(path, "slow"):
        time.sleep(30)
    return "in time"


@step(timeout=0.5, retries=1, on=TimeoutError)
def slow_then_wrong(path):
    if not attempt(path, "slow"):
        time.sleep(30)
    raise ValueError("wrong")


@step(timeout=0.5, retries=1, on=ValueError)
def slow_not_named(path):
    attempt(path, "slow")
    time.sleep(30)


@step(timeout=0.5)
def deaf(path):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = os.fork()
    if not child:
        time.sleep(3)
        attempt(path, "outlived")
        os._exit(0)
    time.sleep(30)


@step(retries=2)
def dies(path, code):
    attempt(path, "dies")
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)


@step(retries=2, on=(ValueError,))
def dies_for_good(path, code):
    attempt(path, "dies")
    os._exit(code)


@step(retries=2, on=(StepKilled,))
def dies_once(path):
    if not attempt(path, "dies"):
        os._exit(0)
    return "lives"


@step
def plus(x, y=1):
    return x + y


@workflow
def at_last(path):
    n = third_time(path)
    return plus(n) * 10


@workflow
def in_vain(path):
    return plus(never(path))


@workflow
def only_listed(path, other):
    return picky(path, other)


@workflow
def unpicklable(path):
    return odd(path)


@workflow
def with_pause(path):
    return pausing(path)


@workflow
def handled(path):
    try:
        n = plus(1)
        n = plus(never(path), n)
    except ValueError as error:
        n = error.args
    else:
        n = plus(n)
    finally:
        m = plus(10)
    return n, m


@workflow
def handled_at_last(path):
    try:
        n = third_time(path)
    except ValueError:
        return "failed"
    return plus(n)


@workflow
def decides(path):
    if third_time(path) == 2:
        return plus(1)
    return plus(2)


@workflow
def fanned(path, n):
    return [third_time(path, f"third-{i}") for i in range(n)]


@workflow
def fanned_in_vain(path, n):
    found = []
    for i in range(n):
        try:
            found.append(never(path, f"never-{i}") if i == 1 else third_time(path, f"third-{i}"))
        except ValueError as error:
            found.append(error.args[0])
    return found


@workflow
def in_turn(path, n):
    total = 0
    for i in range(n):
        total = plus(third_time(path, f"third-{i}-{total}"), total)
        if total > 4:
            break
    return total


@workflow
def late(path, seconds):
    return slow(path, seconds)


@workflow
def late_is_caught(path, seconds):
    try:
        found = slow(path, seconds)
    except TimeoutError as error:
        found = [type(error).__name__, str(error)]
    return found


@workflow
def late_in_loop(path, n):
    seconds = 0.0
    for i in range(n):
        seconds = plus(slow(path, seconds), 20)
    return seconds


@workflow
def late_once(path):
    return slow_at_first(path)


@workflow
def late_then_wrong(path):
    return slow_then_wrong(path)


@workflow
def late_for_good(path):
    return slow_not_named(path)


@workflow
def late_and_deaf(path):
    return deaf(path)


@workflow
def killed(path, code):
    return plus(dies(path, code))


@workflow
def killed_for_good(path, code):
    return dies_for_good(path, code)


@workflow
def killed_once(path):
    return dies_once(path)


@workflow
def killed_is_caught(path, code):
    try:
        return dies(path, code)
    except StepKilled as error:
        return str(error)
