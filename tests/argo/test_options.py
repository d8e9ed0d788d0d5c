"""Options that say how pods are made: what the document says, and that hostile values change nothing."""

import importlib.util
import json
import os
import re
import sys
from pathlib import Path

import pytest

from tangentflow import step, workflow
from tangentflow.argo.document import document, helpers
from tangentflow.engine.simulated import simulate
from tangentflow.errors import UsageError
from tangentflow.simulator import NotSimulated
from tangentflow.simulator import simulate as simulate_document
from tangentflow.simulator.document import read
from tests.argo import option_programs as programs
from tests.argo.forking import forking


def templates(flow):
    made = document(flow.graph)
    read(made)  # the API server takes it
    return {t["name"]: t for t in made["spec"]["templates"]}


@pytest.fixture
def volume(tmp_path, monkeypatch):
    """Directories for the volumes of the programs."""
    for name in "abcde":
        (tmp_path / name).mkdir()
    if os.path.islink(programs.DATA):
        os.unlink(programs.DATA)
    os.symlink(tmp_path, programs.DATA)
    yield tmp_path
    os.unlink(programs.DATA)


def test_hostile_variables():
    names = [*programs.HOSTILE, "PYTHONHASHSEED"]
    expected = {name: str(value) for name, value in programs.HOSTILE.items()} | {"PYTHONHASHSEED": "0"}
    assert programs.hostile.simulate(names).result() == expected  # a real process
    assert programs.hostile.options(store=False).run(names).result() == expected
    env = templates(programs.hostile)["seen"]["script"]["env"]
    assert env[:2] == [{"name": "PYTHONHASHSEED", "value": "0"}, {"name": "TANGENTFLOW_BRACE", "value": "{"}]
    assert "{{" not in json.dumps(env)
    for variable in env:  # Kubernetes would replace these, and nothing else
        found = re.findall(r"\$\([^)]*\)", variable["value"].replace("$$", ""))
        assert set(found) <= {"$(TANGENTFLOW_BRACE)"}


def test_secrets(monkeypatch):
    with pytest.raises(UsageError, match="secret db/token"):
        programs.secretive.simulate(1)
    monkeypatch.setenv("TF_B", "{{workflow.name}} $(TF_A) $$")
    with forking():
        for n in (1, 4):
            here = programs.secretive.options(store=False).run(n)
            there = simulate(programs.secretive.graph, (n,), {})
            assert there.result() == here.result()
            assert json.dumps(document(programs.secretive.graph, (n,))).count("TF_B") == 2  # by name alone, once a site
    env = templates(programs.secretive)["with-secret"]["script"]["env"]
    assert env[1:] == [
        {"name": "TF_A", "value": "1"},
        {"name": "TF_B", "valueFrom": {"secretKeyRef": {"name": "db", "key": "token"}}},
    ]


def test_no_glue_where_the_environment_is_another(monkeypatch):
    monkeypatch.setenv("TF_B", "x")
    found = templates(programs.apart)
    for name in ("with-secret", "elsewhere"):
        assert "parameters" not in found[name]["outputs"]
        assert [a["name"] for a in found[name]["outputs"]["artifacts"]] == ["outcome"]
    assert [name for name, _ in helpers(programs.apart.graph)] == ["test", "if-test", "fail"]
    with forking():
        for n in (1, 3, 5):
            run = simulate(programs.apart.graph, (n,), {})
            assert run.result() == programs.apart.options(store=False).run(n).result()


def test_resources_places_and_marks():
    found = templates(programs.sized)
    train, score = found["the-trainer"], found["score"]
    asked = {"cpu": "250m", "memory": "536870912"}
    assert train["script"]["resources"] == {"requests": asked, "limits": {**asked, "nvidia.com/gpu": "2"}}
    assert train["nodeSelector"] == {"disk": "ssd"}
    assert train["serviceAccountName"] == "runner"
    assert train["tolerations"] == programs.train.option("tolerations")
    assert train["metadata"]["labels"] == {"team": "ml"}
    assert train["metadata"]["annotations"]["note"] == "$(X) any text: {x}"
    assert "tangentflow.dev/source" in train["metadata"]["annotations"]
    assert score["priorityClassName"] == "high"
    assert score["metadata"]["labels"] == {"a": "b"}
    assert score["script"]["imagePullPolicy"] == "Always"
    assert score["script"]["resources"] == {
        "requests": {"cpu": "100m", "memory": "1.5Gi"},
        "limits": {"cpu": "500m", "memory": "1.5Gi", "amd.com/gpu": 1},
    }
    assert score["script"]["env"] and score["script"]["source"]
    with forking():
        run = simulate(programs.sized.graph, (3,), {})
    assert (run.result(), [s.name for s in run.steps]) == (7, ["the trainer", "score"])


def test_volumes_of_steps_and_runs(volume):
    made = document(programs.storing.graph)
    read(made)
    spec = made["spec"]
    found = {t["name"]: t for t in spec["templates"]}
    path = programs.DATA
    assert found["keep"]["volumes"] == [
        {"name": "volume-0", "persistentVolumeClaim": {"claimName": "my-claim"}},
        {"name": "volume-1", "emptyDir": {"sizeLimit": "1Gi"}},
        {"name": "volume-2", "emptyDir": {"sizeLimit": "2Gi"}},
    ]
    assert found["keep"]["script"]["volumeMounts"] == [
        {"name": "volume-0", "mountPath": f"{path}/a"},
        {"name": "volume-0", "mountPath": f"{path}/b", "readOnly": True},
        {"name": "volume-1", "mountPath": f"{path}/c"},
        {"name": "volume-2", "mountPath": f"{path}/d"},
        {"name": "shared-1", "mountPath": f"{path}/e"},
    ]
    assert found["kept"]["volumes"] == [{"name": "volume-0", "persistentVolumeClaim": {"claimName": "other"}}]
    assert found["kept"]["script"]["volumeMounts"] == [
        {"name": "shared-0", "mountPath": f"{path}/a"},
        {"name": "volume-0", "mountPath": f"{path}/b", "readOnly": True},
        {"name": "shared-1", "mountPath": f"{path}/e"},
    ]
    assert [(c["metadata"]["name"], c["spec"]) for c in spec["volumeClaimTemplates"]] == [
        ("shared-0", {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}}),
        ("shared-1", {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}),
    ]
    assert spec["volumeClaimGC"] == {"strategy": "OnWorkflowCompletion"}
    with forking():
        assert simulate(programs.storing.graph, ("text",), {}).result() == (4, "text") == programs.storing("text")
        assert programs.storing.options(store=False).run("text").result() == (4, "text")
    (volume / "a" / "text").unlink()
    (volume / "a").rmdir()
    with pytest.raises(UsageError, match="step 'keep' needs the volume my-claim at .*/a"):
        programs.storing.simulate("text")
    with pytest.raises(UsageError, match="workflow 'storing_plainly' needs the volume tmp:5Gi at .*/a"):
        simulate(storing_plainly.graph, ("text",), {})


@workflow(volumes={f"{programs.DATA}/a": "tmp:5Gi"})
def storing_plainly(text):
    return programs.plain(text)


def test_options_of_workflows(volume):
    made = document(programs.outer.graph)
    assert made["spec"].pop("podSpecPatch") == "{}"
    read(made)
    spec, metadata = made["spec"], made["metadata"]
    found = {t["name"]: t for t in spec["templates"]}
    assert (spec["serviceAccountName"], spec["nodeSelector"], spec["tolerations"]) == (
        "outer-runner", {"zone": "a"}, [{"operator": "Exists"}],
    )  # fmt: skip
    assert spec["priority"] == 5
    assert metadata["labels"]["team"] == "ml" and "tangentflow.dev/workflow" in metadata["labels"]
    assert metadata["annotations"] == {"tangentflow.dev/pod-root": "1", "note": "x: y"}
    inside, outside = found["inner-kept"], found["kept"]
    assert inside["script"]["image"] == "python:3.10-slim" != outside["script"]["image"]
    assert inside["serviceAccountName"] == "inner-runner" and "serviceAccountName" not in outside
    assert inside["volumes"] == [
        {"name": "volume-0", "persistentVolumeClaim": {"claimName": "inner"}},
        {"name": "volume-1", "persistentVolumeClaim": {"claimName": "outer"}},
    ]
    assert [m["name"] for m in inside["script"]["volumeMounts"]] == ["volume-0", "volume-1"]
    assert [m["name"] for m in outside["script"]["volumeMounts"]] == ["shared-0", "volume-0"]
    assert found["inner-elsewhere"]["script"]["image"] == "python:3.12-slim"


def test_what_is_for_a_whole_run_is_refused_in_a_call():
    document(programs.whole.graph)
    with pytest.raises(UsageError) as caught:
        document(programs.calls_whole.graph)
    told = str(caught.value)
    assert f"workflow 'whole' has volumes={{'{programs.DATA}/a': 'tmp:1Gi'}}" in told
    assert "workflow 'whole' has argo={'priority': 1}" in told and "option_programs.py:" in told


def test_a_step_above_its_memory_is_killed():
    with forking():
        assert simulate(programs.limited.graph, (1,), {}).result() == 1 << 20
        assert simulate(programs.limited.graph, (900,), {}).result() == "StepKilled"


def test_pods_of_the_same_shape_are_shared(tmp_path):
    calls = "".join(f"    x{i} = {'fg'[i % 2]}({'n' if i < 9 else f'x{i - 9}'})\n" for i in range(220))
    code = (
        "from tangentflow import step, workflow\n@step(env={'A': '{{x}}'}, cpu=1)\ndef f(x):\n    return x\n"
        "@step(env={'A': 'b'}, labels={'a': 'b'})\ndef g(x):\n    return x\n"
        f"@workflow\ndef many(n):\n{calls}    return x219\n"
    )
    path = tmp_path / "shared_shapes.py"
    path.write_text(code)
    loaded = importlib.util.spec_from_file_location("shared_shapes", path)
    module = importlib.util.module_from_spec(loaded)
    sys.modules["shared_shapes"] = module
    try:
        loaded.loader.exec_module(module)
        found = templates(module.many)
    finally:
        del sys.modules["shared_shapes"]
    shared = [t for name, t in found.items() if name.startswith("shared-")]
    assert {len(t["script"]["env"]) for t in shared} == {2, 3}
    assert {bool(t["metadata"].get("labels")) for t in shared} == {True, False}


def test_volumes_that_cannot_be_simulated(volume):
    made = document(programs.storing.graph, ("text",))
    del made["spec"]["volumeClaimTemplates"]
    with pytest.raises(NotSimulated, match="volume 'shared-1' .* is declared nowhere"), forking():
        simulate_document(made, store=Path(volume))
    (volume / "e").rmdir()
    made = document(programs.storing.graph, ("text",))
    with pytest.raises(NotSimulated, match="pods see this machine's directories"), forking():
        simulate_document(made, store=Path(volume))


@pytest.mark.parametrize(
    "options",
    [
        {"image": "{{x}}"}, {"volumes": {"/a": "tmp"}}, {"volumes": {"a": "b"}}, {"labels": {"a": "{{b}}"}}, {"argo": {"templates": []}},
        {"argo": {"templateDefaults": {}}}, {"annotations": {"a": "{{b}}"}}, {"max_iterations": 0}, {"service_account": "A"},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_options_of_workflows(options):
    (option,) = options
    with pytest.raises(ValueError, match=rf"@workflow\({option}=.*must be"):
        workflow(**options)(programs.whole.function)


def test_the_words_of_refusals():
    with pytest.raises(ValueError, match=r"'script.env' would change what the document means: write env= or secrets="):
        step(argo={"script": {"env": []}})(lambda x: x)
    with pytest.raises(ValueError, match="without '{{', which Argo would read as a tag"):
        step(annotations={"a": "{{x}}"})(lambda x: x)
    with pytest.raises(ValueError, match="both set A"):
        step(env={"A": 1}, secrets={"A": "b/c"})(lambda x: x)
