"""Programs whose steps are tried again, have a limit of time, or end their process. Pods share no folder, so no attempt differs from another."""

import os
import time

from tangentflow import StepKilled, step, workflow


@step(retries=2, backoff="1s")
def never(x):
    raise ValueError("never", x)


@step(retries=2, on=KeyError)
def not_listed(x):
    raise ValueError("not listed", x)


@step(timeout=2)
def slow(x):
    time.sleep(300)
    return x


@step(retries=1)
def dies(code):
    os._exit(code)


@step(env={"GREETING": "{{workflow.uid}} $(HOME) $$ {{=1}}"}, labels={"team": "a"}, cpu=0.1, memory="200Mi")
def greeting():
    return os.environ["GREETING"]


@step
def plus(x, y=1):
    return x + y


@workflow
def tried_in_vain(x):
    return plus(never(x))


@workflow
def caught_at_last(x):
    try:
        found = never(plus(x))
    except ValueError as error:
        found = error.args
    return found


@workflow
def tried_once(x):
    return not_listed(x)


@workflow
def late_is_caught(x):
    try:
        return slow(x)
    except TimeoutError as error:
        return [type(error).__name__, str(error)]


@workflow
def killed_is_caught(code):
    try:
        return dies(code)
    except StepKilled as error:
        return str(error)


@workflow
def some_of_a_fan_out_fail(n):
    found = []
    for i in range(n):
        try:
            found.append(never(i) if i == 1 else plus(i))
        except ValueError as error:
            found.append(error.args)
    return found


@workflow
def hostile_environment():
    return greeting()
