"""Imports in the body that cannot be taken as if they stood at the top of the module, and what must be seen through them."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.steps import f, half


@workflow
def calls_outside(n):
    from os import remove

    remove("x")  # error: TF301 @5-16
    import subprocess

    return f(subprocess.run(["ls"]))  # error: TF301 @14-36


@workflow
def import_in_branch(n):
    if n:
        import json  # error: TF108 @9-20
    return f(n)


@workflow
def read_before(n):
    x = json.dumps(n)
    import json  # error: TF108 @5-16

    return f(x)


@workflow
def assigned_too(n):
    import json  # error: TF108 @5-16

    json = json.dumps(n)
    return f(json)


@workflow
def not_there(n):
    import no_such_module  # error: TF108 @5-26

    return f(n)


@workflow
def name_not_there(n):
    from json import nothing  # error: TF108 @5-29

    return f(n)


@workflow
def changes_module(n):
    from tests.corpus.library import CALLS, CONSTANT

    CALLS.append(f(1))  # error: TF306 @5-23
    import tests.corpus.library as lib

    lib.CALLS.append(1)  # error: TF306 @5-24
    lib.CONSTANT = 3  # error: TF207 @5-17
    return f(CONSTANT)


@workflow
def import_in_function(n):
    def g(x):
        import json  # error: TF108 @9-20

        return json.dumps(x)

    return f(len(g(n)))


@workflow
def environment(n):
    import os

    return f(os.environ["HOME"]), os  # error: TF112 @14-24


@workflow
def import_in_loop_and_try(n):
    while n:
        from math import pi  # error: TF108 @9-28

        n = f(-1)
    try:
        import zzz  # error: TF108 @9-19
    except ImportError:
        zzz = None
    return n


@workflow
def variable_of_comprehension_too(n):
    from tests.corpus.steps import f as ff

    xs = [ff for ff in range(n)]  # error: TF125 @11-13
    return ff(n), xs  # error: TF125 @12-14


@workflow
def name_of_compiler(n):
    from tests.corpus.library import bump as _tf_x  # error: TF113 @38-51

    return f(n)


@workflow
def parameter_too(json):
    import json  # error: TF108 @5-16

    return f(n)


@workflow
def loop_variable_too(n):
    import json  # error: TF108 @5-16

    for json in [1]:
        pass
    return f(n)


@workflow
def two_meanings(n):
    from tests.corpus.steps import g
    from tests.corpus.steps import half as g  # error: TF108 @5-45

    return g(n)


@workflow
def relative_beyond_package(n):
    from .... import thing  # error: TF108 @5-27

    return f(thing)


@workflow
def deleted_too(n):
    import math  # error: TF108 @5-16

    x = f(math.pi)
    del math
    return half(x)


@workflow
def step_passed_on(n):
    from tests.corpus.steps import g

    return f([g, n])  # error: TF111 @15-16


@workflow
def fine_same_twice(n):
    import os.path
    import os.path as path

    return f(os.path.join("a", path.basename("b")) + str(n))
