"""Recursions without an end."""

from tangentflow import step, workflow


@step
def half(x):
    return x / 2


@workflow
def chain(n):
    return half(chain(n - 1))


@workflow
def chain_of_steps(n):
    return chain_of_steps(half(n)) + 1


@workflow
def tree(n):
    return half(tree(n - 1) + tree(n - 2))


@workflow
def caught(n):
    try:
        return tree(n)
    except RecursionError as error:
        return half(n), type(error).__name__
