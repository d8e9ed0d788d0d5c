"""Pods whose program honours TANGENTFLOW_POD_ROOT: data passes by artifacts and flags, nothing of this machine gets in."""

from __future__ import annotations

import os
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

from tangentflow.simulator import POD_ROOT_ANNOTATION, Action, NotSimulated, simulate

OPEN = """
import json, os, pathlib, sys
ROOT = os.environ["TANGENTFLOW_POD_ROOT"]
def at(path):
    found = pathlib.Path(ROOT + path)
    found.parent.mkdir(parents=True, exist_ok=True)
    return found
"""


def script(name: str, source: str, **fields: Any) -> dict[str, Any]:
    text = OPEN + textwrap.dedent(source)
    return {"name": name, "script": {"image": "python:3.11-slim", "command": ["python"], "source": text}, **fields}


def artifact(name: str, key: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "path": f"/{name}",
        "archive": {"none": {}},
        "s3": {"key": "{{workflow.uid}}/" + key},
        **fields,
    }


def workflow(tasks: list[dict[str, Any]], *templates: dict[str, Any], **spec: Any) -> dict[str, Any]:
    main = {"name": "main", "dag": {"failFast": False, "tasks": tasks}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "wf-", "annotations": {POD_ROOT_ANNOTATION: "1"}},
        "spec": {"entrypoint": "main", "templates": [main, *templates], **spec},
    }


def test_values_and_flags_pass(tmp_path: Path) -> None:
    put = script(
        "put",
        "at('/out/v').write_text('five'); at('/tmp/go').write_text('1\\n'); print('put', {{workflow.parameters.n}})",
        outputs={
            "parameters": [{"name": "go", "valueFrom": {"path": "/tmp/go"}}],
            "artifacts": [{**artifact("v", "put/v"), "path": "/out/v"}],
        },
    )
    take = script(
        "take",
        "print(at('/in/v').read_text(), at('/in/none').is_dir(), os.listdir(at('/in/all')))",
        inputs={
            "artifacts": [
                {**artifact("v", "put/v"), "path": "/in/v"},
                {**artifact("none", "nothing"), "path": "/in/none", "optional": True},
                {**artifact("all", "put"), "path": "/in/all"},
            ]
        },
    )
    when = "{{= tasks['t-put'].outputs.parameters['go'] == '1' }}"
    tasks = [
        {"name": "t-put", "template": "put"},
        {"name": "t-take", "template": "take", "depends": "t-put.Succeeded", "when": when},
    ]
    document = workflow(tasks, put, take, arguments={"parameters": [{"name": "n", "value": 3}]})
    run = simulate(document, store=tmp_path, uid="u-1", parameters={"n": "4"})
    assert (run.phase, run.pods, run.uid) == ("Succeeded", 2, "u-1")
    assert run.node("t-put").outputs == {"go": "1"}
    assert run.node("t-put").output_artifacts == ["u-1/put/v"]
    assert run.node("t-put").logs == "put 4\n"
    assert run.node("t-take").logs == "five True ['v']\n"
    assert (tmp_path / "u-1/put/v").read_text() == "five"
    assert run.started <= run.node("t-put").started <= run.node("t-put").finished <= run.finished


def test_the_name_depends_on_the_uid_alone(tmp_path: Path) -> None:
    document = workflow([{"name": "t-a", "template": "a"}], script("a", "print(os.environ['ARGO_WORKFLOW_NAME'])"))
    first, second = (simulate(document, store=tmp_path / i, uid="u-1") for i in "ab")
    assert first.name == second.name
    assert first.node("t-a").logs.strip() == first.name


def test_a_pod_sees_nothing_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANGENTFLOW_TEST", "1")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    source = """
    import importlib.util
    print(json.dumps([
        sorted(os.environ), importlib.util.find_spec("pytest") is None, importlib.util.find_spec("tangentflow") is None,
        [p for p in sys.path if p.endswith("-packages") and os.listdir(p)], sys.stdin.read(), hash("a") == hash("a"),
        os.environ["PYTHONHASHSEED"], os.path.samefile(os.getcwd(), ROOT), callable(exit),
    ]))
    """
    template = script("a", source)
    template["script"]["env"] = [
        {"name": "PYTHONHASHSEED", "value": "7"},
        {"name": "SEED", "value": "$(PYTHONHASHSEED)$$"},
    ]
    run = simulate(workflow([{"name": "t-a", "template": "a"}], template), store=tmp_path)
    assert run.phase == "Succeeded", run.node("t-a").logs
    variables, *facts = __import__("json").loads(run.node("t-a").logs)
    assert not {"TANGENTFLOW_TEST", "PYTHONPATH", "USER"} & set(variables)
    assert {"TANGENTFLOW_POD_ROOT", "SEED", "ARGO_WORKFLOW_UID", "PATH"} <= set(variables)
    assert facts == [True, True, [], "", True, "7", True, True]


def test_results_are_captured_where_somebody_asks(tmp_path: Path) -> None:
    say = script("say", "print('a\\nb'); print('noise', file=sys.stderr)")
    take = script("take", "print(len('''{{inputs.parameters.x}}'''))", inputs={"parameters": [{"name": "x"}]})
    arguments = {"parameters": [{"name": "x", "value": "{{tasks.t-say.outputs.result}}"}]}
    tasks = [
        {"name": "t-say", "template": "say"},
        {"name": "t-quiet", "template": "say"},
        {"name": "t-take", "template": "take", "depends": "t-say.Succeeded", "arguments": arguments},
    ]
    run = simulate(workflow(tasks, say, take), store=tmp_path)
    assert (run.node("t-say").result, run.node("t-quiet").result) == ("a\nb", None)
    assert run.node("t-say").logs == "a\nb\nnoise\n"
    assert run.node("t-take").logs == "3\n"


def test_failures(tmp_path: Path) -> None:
    tasks = [{"name": f"t-{n}", "template": n} for n in ("code", "raises", "killed", "nothing", "lost")]
    run = simulate(
        workflow(
            tasks,
            script("code", "sys.exit(7)"),
            script("raises", "raise ValueError('no')"),
            script("killed", "os.kill(os.getpid(), 9)"),
            {"name": "nothing", "container": {"image": "x", "command": ["no-such-program"]}},
            script("lost", "", outputs={"artifacts": [artifact("v", "v")]}),
        ),
        store=tmp_path,
    )
    assert run.phase in ("Failed", "Error")
    ends = {n.display_name: (n.phase, n.exit_code) for n in run.nodes if n.type == "Pod"}
    assert ends == {
        "t-code": ("Failed", 7),
        "t-raises": ("Failed", 1),
        "t-killed": ("Failed", 137),
        "t-nothing": ("Failed", 64),
        "t-lost": ("Error", 0),
    }
    assert "ValueError: no" in run.node("t-raises").logs
    assert "executable file not found" in run.node("t-nothing").message


def test_a_hang_is_told_at_once(tmp_path: Path) -> None:
    flag = script("flag", "sys.exit(1)", outputs={"parameters": [{"name": "go", "valueFrom": {"path": "/tmp/go"}}]})
    take = script("take", "", inputs={"parameters": [{"name": "x"}]})
    arguments = {"parameters": [{"name": "x", "value": "{{tasks.t-a.outputs.parameters.go}}"}]}
    tasks = [
        {"name": "t-a", "template": "flag"},
        {"name": "t-b", "template": "take", "depends": "t-a.Failed", "arguments": arguments},
    ]
    run = simulate(workflow(tasks, flag, take), store=tmp_path)
    assert (run.phase, run.hang) == ("Running", True)
    assert run.reason == f"{run.name}.t-b waits for tasks.t-a.outputs.parameters.go, which never comes"


def test_an_endless_suspension_is_a_hang_unless_somebody_resumes(tmp_path: Path) -> None:
    document = workflow([{"name": "t-w", "template": "wait"}], {"name": "wait", "suspend": {}})
    assert "is suspended and has no duration" in simulate(document, store=tmp_path).reason
    assert simulate(document, store=tmp_path, actions=[Action("resume", "t-w")]).phase == "Succeeded"


def test_secrets(tmp_path: Path) -> None:
    template = script("a", "print(os.environ['KEY'], os.environ.get('NONE'))")
    template["script"]["env"] = [
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "NONE", "valueFrom": {"secretKeyRef": {"name": "s", "key": "n", "optional": True}}},
    ]
    document = workflow([{"name": "t-a", "template": "a"}], template)
    with pytest.raises(NotSimulated, match="secret 's', key 'k'"):
        simulate(document, store=tmp_path)
    assert simulate(document, store=tmp_path, secrets={"s": {"k": "v"}}).node("t-a").logs == "v None\n"


def test_workers_bound_how_many_pods_run_at_once(tmp_path: Path) -> None:
    count = tmp_path / "count"
    source = f"""
    import time
    mine = pathlib.Path({str(count)!r}) / str(os.getpid())
    mine.parent.mkdir(exist_ok=True); mine.touch()
    print(len(os.listdir(mine.parent)))
    time.sleep(0.05); mine.unlink()
    """
    document = workflow([{"name": "t-m", "template": "a", "withSequence": {"count": "6"}}], script("a", source))
    run = simulate(document, store=tmp_path / "store", workers=2)
    seen = [int(n.logs) for n in run.nodes if n.type == "Pod"]
    assert len(seen) == 6
    assert max(seen) <= 2


def test_an_error_of_the_simulation_ends_all_pods(tmp_path: Path) -> None:
    slow = script("slow", "import time; time.sleep(60)")
    broken = script("broken", "", inputs={"artifacts": [{**artifact("v", "v"), "path": "relative"}]})
    tasks = [{"name": "t-slow", "template": "slow"}, {"name": "t-broken", "template": "broken"}]
    before = threading.active_count()
    with pytest.raises(NotSimulated, match="not absolute"):
        simulate(workflow(tasks, slow, broken), store=tmp_path, workers=2)
    assert threading.active_count() <= before + 1


def test_a_cron_workflow_stands_for_one_of_its_runs(tmp_path: Path) -> None:
    inner = workflow([{"name": "t-a", "template": "a"}], script("a", ""))
    cron = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {"name": "nightly", "annotations": {POD_ROOT_ANNOTATION: "1"}},
        "spec": {"schedules": ["0 3 * * *"], "timezone": "Europe/Berlin", "workflowSpec": inner["spec"]},
    }
    run = simulate(cron, store=tmp_path)
    assert run.phase == "Succeeded"
    assert run.name.startswith("nightly-")


def test_yaml_text(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    document = workflow([{"name": "t-a", "template": "a"}], script("a", "print('{x}')"))
    assert simulate(yaml.safe_dump(document), store=tmp_path).node("t-a").logs == "{x}\n"


def test_links_and_empty_folders_are_no_artifacts(tmp_path: Path) -> None:
    source = """
    at('/v/a/b').write_text('1'); at('/v/empty/x'); os.symlink('a', at('/v/link'))
    """
    document = workflow(
        [{"name": "t-a", "template": "a"}], script("a", source, outputs={"artifacts": [artifact("v", "v")]})
    )
    run = simulate(document, store=tmp_path, uid="u")
    assert run.phase == "Succeeded"
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()] == [
        os.path.join("u", "v", "a", "b")
    ]
