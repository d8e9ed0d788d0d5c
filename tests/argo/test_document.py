"""The document as text and data: what the API server asks for, and what a reader wants to see."""

import ast
import json
import os
import subprocess
import sys

import pytest
import yaml

from tangentflow import step, workflow
from tangentflow.argo.chain import levels
from tangentflow.argo.document import document, helpers
from tangentflow.argo.names import Names, key, slug
from tangentflow.argo.text import to_yaml
from tangentflow.engine.simulated import simulate
from tangentflow.errors import TangentflowError
from tests.argo import programs
from tests.argo.forking import forking
from tests.corpus import hard, ordering

ALL = [
    name for name, value in vars(programs).items() if hasattr(value, "graph") and value.__module__ == programs.__name__
]


def tasks_of(template):
    return template.get("dag", {}).get("tasks", [])


def source_of(code, name, directory):
    """Make a module of generated code and return the workflow in it."""
    path = directory / f"{name}.py"
    path.write_text(code)
    sys.path.insert(0, str(directory))
    try:
        return getattr(__import__(name), name)
    finally:
        sys.path.remove(str(directory))


@pytest.mark.parametrize("name", ALL)
def test_shape(name):
    graph = getattr(programs, name).graph
    made = document(graph)
    templates = {t["name"]: t for t in made["spec"]["templates"]}
    assert len(templates) == len(made["spec"]["templates"])
    assert made["spec"]["entrypoint"] in templates
    assert made["spec"]["parallelism"]
    reasons = dict(helpers(graph))
    for template in templates.values():
        annotations = template["metadata"]["annotations"]
        file, _, line = annotations["tangentflow.dev/source"].partition(":")
        assert file == "programs.py" and line.isdigit()
        assert annotations.get("tangentflow.dev/reason") == reasons.get(template["name"])
        if "dag" in template:
            assert template["dag"]["failFast"] is False
        for artifact in [*template["inputs"].get("artifacts", []), *template["outputs"].get("artifacts", [])]:
            assert artifact["archive"] == {"none": {}}
            assert list(artifact["s3"]) == ["key"] and artifact["s3"]["key"].startswith("{{workflow.uid}}/")
        for task in tasks_of(template):
            assert task["name"].startswith("t-")
            given = [p["name"] for p in task.get("arguments", {}).get("parameters", [])]
            assert given == [p["name"] for p in templates[task["template"]]["inputs"]["parameters"]]
            if "when" in task and "tasks[" in task["when"]:
                host = task["when"].partition("tasks['")[2].partition("'")[0]
                assert f"{host}.Succeeded" in task["depends"]


@pytest.mark.parametrize("name", ALL)
def test_yaml_is_the_document(name):
    made = document(getattr(programs, name).graph)
    assert yaml.safe_load(to_yaml(made)) == made


@pytest.mark.parametrize(
    "text",
    [
        "n",
        "on",
        "0x10",
        "1_000",
        "null",
        "~",
        "",
        " a ",
        "a: b # c",
        "{{x}}",
        "two\nlines\n",
        "\n",
        " begins with a blank\nin two lines",
        "\n\nempty lines\n\n\n",
        "ends with a blank \nin two lines\n",
        "a\ttab\nin two lines\n",
        "\ufeffmark, \xa0 no break, \x7f, \ud7ff\n",
        "x" * 2000,
        "\ttab\n",
        "é \U0001f40b \u2028 \x85 \x07",
        "- a",
    ],
)
def test_texts_stay_texts(text):
    made = {"a": text, text[:100]: [text, 1, True, None, {"n": text}, [[text], [], {}]]}
    assert yaml.safe_load(to_yaml(made)) == made


def test_equal_programs_give_equal_bytes():
    script = "from tests.argo import programs; import hashlib; print(hashlib.sha256(''.join(" \
        "getattr(programs, n).graph.yaml() for n in ('nested', 'until', 'effects_behind_return', 'factorial')).encode()).hexdigest())"  # fmt: skip
    found = set()
    for seed in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(p or "." for p in sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_no_path_of_this_machine():
    made = document(programs.nested.graph)
    made["spec"].pop("arguments")
    assert os.path.dirname(programs.__file__) not in json.dumps(made)


def test_defaults_are_literals_without_tags():
    declared = {
        p["name"]: p.get("value") for p in document(programs.parameters.graph)["spec"]["arguments"]["parameters"]
    }
    assert ast.literal_eval(declared["n"]) == 3
    assert "{{" not in declared["text"]
    assert ast.literal_eval(declared["text"]) == "{{workflow.name}} {{{'\\ é"
    assert ast.literal_eval(declared["code"]) == (1, {"a": {"b": 2}})
    assert declared["rest"] == ""
    assert {"argument-4", "tangentflow-code"} <= declared.keys()


def test_defaults_reach_the_pods():
    with forking():
        assert simulate(programs.parameters.graph, (), {}).result() == programs.parameters()
        assert simulate(programs.parameters.graph, (1, "x", 5), {"größe": 0}).result() == programs.parameters(
            1, "x", 5, größe=0
        )


def test_parameters_without_default_must_be_given():
    declared = document(programs.until.graph)["spec"]["arguments"]["parameters"]
    assert declared[0] == {"name": "n"}


def test_arguments_that_do_not_fit():
    with pytest.raises(TypeError, match=r"chain\(\) takes from 0 to 1 positional arguments but 2 were given"):
        document(programs.chain.graph, (1, 2))


def test_baked_arguments_stand_in_no_template():
    made = document(programs.hostile.graph, ("{{workflow.uid}} $(HOME)",))
    assert "HOME" not in json.dumps(made["spec"]["templates"])


def test_more_than_200_steps(tmp_path):
    lines = "".join(f"    x{i} = f({'a' if i < 5 else f'x{i - 5}'}, {i})\n" for i in range(330))
    code = (
        "from tangentflow import step, workflow\n@step\ndef f(x, y=0):\n    return x + y\n@workflow\ndef many(n):\n    a = f(n)\n"
        f"    if a > 100:\n        return 'early'\n{lines}    return x329, x1\n"
    )
    many = source_of(code, "many", tmp_path)
    templates = document(many.graph)["spec"]["templates"]
    assert len(templates) <= 200
    assert max(len(tasks_of(t)) for t in templates) <= 200
    with forking():
        run = simulate(many.graph, (101,), {})
    assert (run.result(), run.pods - len(run.helpers)) == ("early", 1)


def test_large_code_travels_as_an_artifact(tmp_path):
    import random

    rows = "".join(f"T{i} = {random.Random(i).getrandbits(4000)}\n" for i in range(120))
    code = (
        f"from tangentflow import step, workflow\n{rows}@step\ndef f(x):\n    return len(x) + T1 % 10\n"
        "@workflow\ndef bulky(xs=(1,)):\n    return f(xs), [f(xs) for i in range(2)]\n"
    )
    bulky = source_of(code, "bulky", tmp_path)
    assert "code" in dict(helpers(bulky.graph))
    with forking():
        for args in ((), ([7] * 9,)):
            run = simulate(bulky.graph, args, {})
            assert run.result() == bulky(*args)
            assert run.pods - len(run.helpers) == 3
    for template in document(bulky.graph)["spec"]["templates"]:
        assert len(json.dumps(template)) < 100_000


@pytest.mark.parametrize(
    ("limit", "sizes"), [(1, [1]), (8, [8]), (9, [8, 2]), (64, [8, 8]), (65, [8, 8, 2]), (32_768, [8] * 5)]
)
def test_levels_of_a_chain(limit, sizes):
    assert levels(limit) == sizes


def test_names():
    assert slug("Train_Model.fit_2") == "train-model-fit-2"
    assert slug("2x") == "n-2x"
    assert slug("größe") != slug("grösse")
    assert len(slug("x" * 300)) <= 40 and slug("x" * 300) != slug("x" * 301)
    assert key("loop.fit_2") == "loop.fit_2"
    assert key("größe").isascii() and key("größe") != key("grse")
    names = Names()
    assert [names.take("fit") for _ in range(3)] == ["fit", "fit-2", "fit-3"]


@step
def inner(x):
    return x


@workflow
def closed():
    return inner(1)


def test_a_document_needs_nothing_of_this_process():
    """Real processes: an interpreter without installed packages, and nothing but the document."""
    assert programs.constant_call.simulate().result() == programs.constant_call()
    assert ordering.effects_in_parallel.simulate(2).result() == ordering.effects_in_parallel(2)
    assert hard.try_around_one_item.simulate([4, 1]).result() == hard.try_around_one_item([4, 1])
    with pytest.raises(TangentflowError, match="needs the module 'pytest', which is not here: install it in the image"):
        closed.simulate().result()
