"""Programs of the corpus on the local engine: what a plain call gives, whatever executes the steps."""

import contextlib
import io
import warnings
import zlib

import pytest

from tests.argo.test_corpus import UNSTABLE, plainly
from tests.corpus import steps
from tests.corpus.steps import ONE_PROCESS, Plan, canon, shape
from tests.language.contract import arguments
from tests.language.test_contract import programs

FAILING = Plan(3, 0.5)


def seen(workflow, call, plan, executor):
    args, kwargs = call.copies()
    steps.reset(plan)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = workflow.options(executor=executor, progress=False).run(*args, **kwargs)
    steps.reset()
    return ("value", canon(run.result())) if run.error is None else ("raised", shape(run.error))


@pytest.mark.parametrize("workflow", programs())
def test_inline_and_threads(workflow):
    if workflow.__name__ in UNSTABLE - ONE_PROCESS:
        pytest.skip("a random number decides")
    calls = arguments(workflow)
    for call, plan in [*[(call, Plan()) for call in calls], (calls[-1], FAILING)]:
        plain, ran = plainly(workflow, call, plan)
        if plain[0] == "raised" and plain[1][0] == "builtins.TypeError" and ran is None and not steps.LOG:
            continue  # arguments that do not fit
        for executor in ("inline", "thread"):
            assert seen(workflow, call, plan, executor) == plain, (executor, call, plan)


@pytest.mark.parametrize("workflow", [p for p in programs() if zlib.crc32(p.id.encode()) % 12 == 0])
def test_processes(workflow):
    if workflow.__name__ in UNSTABLE:
        pytest.skip("its steps share state, or a random number decides")
    for call in arguments(workflow):
        plain, ran = plainly(workflow, call, Plan())
        if plain[0] == "raised" and plain[1][0] == "builtins.TypeError" and ran is None and not steps.LOG:
            continue
        assert seen(workflow, call, Plan(), "process") == plain, call
