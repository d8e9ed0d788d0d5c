"""Programs that wait for somebody, and that tell somebody how they ended."""

from tangentflow import step, suspend, workflow


@step
def double(x):
    return 2 * x


@workflow
def approved(x):
    answer = suspend(f"Go on with {double(x)}?", approve=False, note="none {{x}}", count=3, rate=0.5)
    if answer["approve"]:
        answer["count"] = double(answer["count"])
    return answer


@workflow
def unanswered(x):
    return suspend("Anybody?", timeout="2s", approve=False, note=f"{x} {{{{=1}}}}")


@step
def tell(status):
    print("it has", status)


@step
def fails_if(x, bad):
    if x == bad:
        raise ValueError("bad", x)
    return x


@workflow(on_exit=tell)
def told(x):
    return fails_if(x, 1)


@workflow
def clean_up(status):
    for name in ["a", "b"]:
        tell(f"{status} {name}")


@workflow(on_exit=clean_up)
def cleaned(x):
    return [fails_if(i, x) for i in range(3)]
