"""Steps with policies. Each notes its attempts in a file, as they may run in other processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from tangentflow import StepFailed, StepTimeout, step, workflow


def note(path, text):
    """Append a line."""
    with open(path, "a") as file:
        file.write(f"{text}\n")


def notes(path):
    """Return the lines."""
    try:
        with open(path) as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


@step(retries=3)
def flaky(path, good):
    note(path, time.time())
    if len(notes(path)) < good:
        raise OSError("not yet", len(notes(path)))
    return len(notes(path))


@step(retries=3, on=(OSError, StepTimeout))
def picky(path, error):
    note(path, "x")
    raise error


@step(retries=3, backoff="0.1s")
def patient(path):
    note(path, time.time())
    raise ValueError("no")


@step(timeout=1)
def slow(seconds):
    time.sleep(seconds)
    return seconds


@step(timeout=1)
def slow_with_child(path):
    child = subprocess.Popen(["sleep", "60"])
    stray = subprocess.Popen(["sleep", "60"], start_new_session=True)
    note(path, f"{os.getpid()} {child.pid} {stray.pid}")
    child.wait()


@step(timeout="0.7s", retries=2)
def slow_at_first(path):
    note(path, "x")
    if len(notes(path)) < 3:
        time.sleep(60)
    return len(notes(path))


@step(timeout=0.5, retries=2, on=ValueError)
def slow_not_named(path):
    note(path, "x")
    time.sleep(60)


@step(env={"TF_COLOUR": "red", "TF_NUMBER": 3})
def coloured():
    return os.environ["TF_COLOUR"], os.environ["TF_NUMBER"]


@step(env={"TF_COLOUR": "blue"})
def blue():
    return os.environ["TF_COLOUR"], os.environ.get("TF_NUMBER")


@step
def plain_environment():
    return os.environ.get("TF_COLOUR")


@step(max_concurrent=2)
def busy(path, i):
    note(path, "+")
    time.sleep(0.1)
    note(path, "-")
    return i


@step(max_concurrent=1, cache=True)
def doubled(x):
    time.sleep(0.05)
    return x * 2


@workflow
def doubled_wf(xs):
    return [doubled(x) for x in xs]


@step(executor="thread")
def in_thread():
    return os.getpid()


@step(executor="process")
def in_process():
    return os.getpid()


@step(executor="inline")
def in_line():
    return os.getpid()


@step
def get_pid():
    return os.getpid()


@step
def kill_self(i, number):
    os.kill(os.getpid(), number)


@step
def nap(i, seconds):
    time.sleep(seconds)
    return i


@step(retries=1)
def nap_again(path, i, seconds):
    note(path, f"{i} {os.getpid()}")
    time.sleep(seconds)
    return i


@step(retries=2)
def die_twice(path):
    note(path, "x")
    if len(notes(path)) < 3:
        os._exit(7)
    return len(notes(path))


@step(retries=2, on=ValueError)
def die_not_named(path):
    note(path, "x")
    os._exit(7)


@step
def leave_a_child(path):
    child = os.fork()
    if not child:
        time.sleep(60)
        os._exit(0)
    note(path, f"{os.getpid()} {child}")
    os.kill(os.getpid(), signal.SIGKILL)


@step
def pidfile(path):
    note(path, f"{os.getpid()} {subprocess.Popen(['sleep', '60']).pid}")
    time.sleep(60)


@step
def chatter(i):
    print(f"out {i}\n", end="")  # in one piece: threads share the stream
    print(f"err {i}\n", end="", file=sys.stderr)
    return i


@workflow
def flaky_wf(path, good):
    return flaky(path, good)


@workflow
def picky_wf(path, error):
    return picky(path, error)


@workflow
def patient_wf(path):
    return patient(path)


@workflow
def slow_wf(seconds):
    a = slow(seconds)
    b = get_pid()
    return a, b


@workflow
def slow_caught(seconds):
    try:
        return slow(seconds)
    except TimeoutError:
        return "late"


@workflow
def slow_with_child_wf(path):
    return slow_with_child(path)


@workflow
def slow_at_first_wf(path):
    return slow_at_first(path)


@workflow
def slow_not_named_wf(path):
    return slow_not_named(path)


@workflow
def colours():
    return coloured(), blue(), plain_environment()


@workflow
def busy_wf(path, n):
    return [busy(path, i) for i in range(n)]


@workflow
def everywhere():
    return in_thread(), in_process(), in_line(), get_pid()


@workflow
def one_is_killed(n, number):
    naps = [nap(i, 0.5) for i in range(n)]
    try:
        kill_self(0, number)
    except StepFailed as error:
        return naps, type(error).__name__, error.path
    return naps, None, None


@workflow
def die_twice_wf(path):
    return die_twice(path)


@workflow
def die_not_named_wf(path):
    return die_not_named(path)


@workflow
def leave_a_child_wf(path):
    return leave_a_child(path)


@workflow
def two_pids(path):
    a = pidfile(path)
    b = pidfile(path)
    return a, b


@workflow
def naps_again(path, n, seconds):
    return [nap_again(path, i, seconds) for i in range(n)]


@workflow
def chat(n):
    return [chatter(i) for i in range(n)]


@step(pure=True)
def fails_at_once(n):
    raise LookupError(n)


@step(pure=True, retries=3, backoff="20s")
def fails_for_long(n):
    raise OSError(n)


@step(pure=True)
def tell(found):
    return found


@workflow
def ahead_of_an_exception(n):
    try:
        fails_at_once(n)
        found = fails_for_long(n)
    except LookupError:
        found = "nothing"
    return tell(found)
