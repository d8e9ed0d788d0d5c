"""Small programs, each for a shape of graphs."""

from __future__ import annotations

from tangentflow import sequential, step, workflow


@step
def load(path):
    return [path]


@step
def fit(data, rate=0.1):
    return data, rate


@step
def score(model):
    return 0.5


@step
def send(*what):
    print(what)


@step(pure=True)
def known(x):
    return x


def label(x):
    return f"<{x}>"


@workflow
def diamond(path: str = "data.csv"):
    data = load(path)
    left = fit(data)
    right = fit(data, rate=0.2)
    send(left, right)
    return score(left) - score(right)


@workflow
def choice(n):
    side = score(n)
    if side > 0.5:
        result = fit(n)
        send("heads", result)
    elif side < 0.1:
        return None
    else:
        result = load(n)
    return result


@workflow
def fan_out(paths):
    best, total = None, 0
    for number, path in enumerate(paths):
        model = fit(load(path))
        if score(model) > 0.5:
            best = model
        total += number
    return best, total


@workflow
def search(rates=(0.1, 0.2)):
    found = []
    for rate in sequential(rates):
        model = fit(rate)
        while score(model) < 0.9:
            model = fit(model, rate)
        if score(model) > 0.99:
            break
        found.append(model)
    return found


@workflow
def part(x, y=2):
    return fit(x, rate=y), score(x)


@workflow
def whole(n):
    pairs = [part(i, y=n) for i in range(n) if i % 2]
    send(pairs)
    return {"pairs": pairs, "last": part(n)}


@workflow
def factorial(n):
    if n <= 1:
        return 1
    return n * factorial(known(n - 1))


@workflow
def ordered(n):
    print("start", label(n))
    send("first")
    a = known(n)
    send("second", a)
    assert a, label(a)
    return score(a)


@workflow
def hostile(größe="\"'<&>\n`#;"):
    x = load('"]; drop(); %%{init}%% \\')
    if x == "-->" or score(größe):
        x = fit("日本語", rate="\u2028")
    return x


ALL = {w.__name__: w for w in (diamond, choice, fan_out, search, whole, factorial, ordered, hostile)}
