"""Programs with exit handlers, which note in a file what they are told."""

import os
import time

from tangentflow import step, workflow

REFUSED = frozenset({"calls_one_with_a_handler", "with_a_limited_handler"})
"""Workflows of which there are no documents."""

FILE = "TANGENTFLOW_TEST_NOTES"
"""The variable with the name of the file: handlers are given nothing but the status."""


def note(*texts):
    with open(os.environ[FILE], "a") as file:
        file.write(f"{' '.join(texts)}\n")


@step
def tell(state, more="!"):
    note(state, more)


@step
def tell_all(*states, **more):
    note(*states)


@step
def work(x):
    if x < 0:
        raise ValueError("below", x)
    return x


@step
def nap(seconds):
    time.sleep(seconds)
    return seconds


@step
def broken(status):
    raise LookupError(f"nobody to tell {status}")


@step(retries=1)
def stubborn(status):
    note("try")
    raise LookupError(status)


@workflow(on_exit=tell)
def told(x):
    return work(x)


@workflow(on_exit=tell_all)
def all_told(x):
    return work(x)


@workflow(on_exit=broken)
def in_vain(x):
    return work(x)


@workflow(on_exit=stubborn)
def in_vain_again(x):
    return work(x)


@workflow
def clean_up(status, names=("a", "b")):
    if status != "Succeeded":
        tell("cleaning", more=status)
        for name in names:
            tell(name)
    return len(names)


@workflow(on_exit=clean_up)
def cleaned(x):
    return work(x)


@workflow(on_exit=clean_up)
def cleans_itself_too(x):
    n = clean_up("before")
    return work(x) + n


@workflow
def counted_down(status, n=2):
    tell(status, more=str(n))
    if n:
        counted_down(status, n - 1)


@workflow(on_exit=counted_down)
def followed_by_a_recursion(x):
    return work(x)


@workflow
def various(*args):
    tell(args[0], more=str(len(args)))


@workflow(on_exit=various)
def variously_told(x):
    return work(x)


@workflow
def looks_it_up(status):
    tell("begin")
    if {"Failed": False}[status]:
        tell("never")


@workflow(on_exit=looks_it_up)
def fails_in_glue(x):
    return work(x)


@workflow
def catches(status):
    try:
        broken(status)
    except LookupError as error:
        tell(str(error), more="caught")


@workflow(on_exit=catches)
def caught(x):
    return work(x)


@workflow
def silent(status):
    pass


@workflow(on_exit=silent)
def silently(x):
    return work(x)


@workflow(on_exit=tell)
def slow(seconds):
    return nap(seconds)


@workflow(on_exit=tell, timeout=2)
def late(seconds):
    return nap(seconds)


@workflow(on_exit=tell)
def named_like_ours(frame, at, status):
    work(frame)
    return work(at), status


@workflow
def calls_one_with_a_handler(x):
    return told(x)


@workflow(timeout=3)
def limited(status):
    tell(status)


@workflow(on_exit=limited)
def with_a_limited_handler(x):
    return work(x)


def twins():
    """Return a workflow and its handler, which call steps of the same name."""

    def made(word):
        @step
        def say(x):
            note(word, str(x))

        return say

    def handler_of(say):
        @workflow
        def handler(status):
            say(status)

        return handler

    def flow_of(say):
        @workflow(on_exit=handler_of(made("after")))
        def flow(x):
            say(x)

        return flow

    return flow_of(made("in"))
