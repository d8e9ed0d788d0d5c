"""Whatever goes wrong between client and cluster is said, and loses no run."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tangentflow.client import run as runs
from tangentflow.client.artifacts import of_repository
from tangentflow.client.find import attach
from tangentflow.client.submit import SUBMISSION
from tangentflow.errors import ClusterError, UsageError
from tests.cluster import programs

BOTH = pytest.mark.parametrize("way", ["server", "kube"])


@pytest.mark.parametrize("way, told", [
    ("server-unauthorized", "401 .*ARGO_TOKEN is missing, expired or wrong"),
    ("server-forbidden", '403 .*cannot create resource "workflows".*check ARGO_NAMESPACE and ARGO_TOKEN'),
    ("kube-unauthorized", "401 .*the kubeconfig's credentials are missing, expired or wrong"),
])  # fmt: skip
def test_who_may_not_submit_is_told_so(cluster, way, told):
    cluster(way, token="nonsense")
    with pytest.raises(ClusterError, match=f"the workflow cannot be created at .*, namespace argo: {told}"):
        programs.coin.submit(1)


@BOTH
def test_a_namespace_that_there_is_not(cluster, way):
    cluster(f"{way}-namespace")
    with pytest.raises(ClusterError, match='404 .*namespaces "nowhere" not found'):
        programs.coin.options(namespace="nowhere").submit(1)


def test_a_run_that_there_is_not(cluster):
    cluster("server-unknown")
    with pytest.raises(UsageError, match="no run 'no-such-run', neither in the store .* nor on the cluster: .*404"):
        attach("no-such-run")
    with pytest.raises(ClusterError, match="no-such-run cannot be read .*404") as caught:
        attach("no-such-run", namespace="argo")
    assert caught.value.status == 404


@BOTH
@pytest.mark.parametrize("fault", [503, "drop"])
def test_a_server_that_is_away_for_a_while_is_waited_for(cluster, way, fault):
    double = cluster(f"{way}-value")
    run = programs.coin.submit(1)
    double.faults = [fault] * 5
    assert run.wait().result() == 1


@BOTH
def test_a_server_that_stays_away_loses_no_run(cluster, way, monkeypatch):
    double = cluster(f"{way}-value")
    run = programs.coin.submit(1)
    monkeypatch.setattr(runs, "PATIENCE", 0.1)
    double.close()
    with pytest.raises(ClusterError, match=rf"no answer: .*attach\('{run.id}'\) finds it again") as caught:
        run.result()
    assert (caught.value.run, caught.value.status) == (run.id, None)


@BOTH
@pytest.mark.parametrize("faults", [[503], ["drop"], [503, "drop", 503]])
def test_a_workflow_is_created_once_however_often_it_is_tried(cluster, way, faults):
    double = cluster(f"{way}-value")
    double.faults = list(faults)
    run = programs.coin.submit(1)
    assert run.id == double.new
    names = {(body.get("workflow") or body)["metadata"]["name"] for body in double.bodies}
    assert names == {run.id}


@BOTH
def test_an_answer_that_got_lost(cluster, way):
    """The first try created the workflow, the second is told that there is one of this name: it is the same."""
    double = cluster(f"{way}-value")
    double.lose_answer = True
    run = programs.coin.submit(1)
    assert run.result() == 1


@BOTH
def test_a_name_that_another_run_has(cluster, way):
    double = cluster(f"{way}-value")
    double.taken = True
    with pytest.raises(ClusterError, match="409"):
        programs.coin.submit(1)


def test_time_runs_out(cluster):
    double = cluster("server-value")
    run = programs.coin.submit(1)
    for exchanges in double.exchanges.values():
        del exchanges[1:]
    with pytest.raises(TimeoutError, match="no controller has taken it up"):
        run.result(timeout=0.05)


def test_no_cluster_is_configured(cluster):
    with pytest.raises(UsageError, match="no cluster is configured: set ARGO_SERVER .* or KUBECONFIG"):
        programs.coin.submit(1)
    with pytest.raises(UsageError, match="no run 'coin-1' in the store .*, and no cluster is configured"):
        attach("coin-1")


def test_another_server_than_argos(cluster, monkeypatch):
    double = cluster("server-value")
    monkeypatch.setattr(double, "answer", lambda *request: (200, "text/html", b"<html>hello</html>"))
    with pytest.raises(ClusterError, match="this is no Argo Server"):
        programs.coin.submit(1)


def test_a_namespace_without_an_artifact_repository(cluster):
    double = cluster("server-value")
    for exchange in [e for exchanges in double.exchanges.values() for e in exchanges if "json" in e]:
        status = exchange["json"].get("status") or {}
        if "artifactRepositoryRef" in status:
            status["artifactRepositoryRef"] = {"default": True, "artifactRepository": {}}
    run = programs.coin.submit(1)
    with pytest.raises(ClusterError, match="no artifact repository is configured for this namespace"):
        run.result()


def test_a_secret_that_may_not_be_read(cluster, monkeypatch):
    double = cluster("kube-value")
    for key, exchanges in double.exchanges.items():
        if "/secrets/" in key:
            exchanges[:] = [{**exchanges[0], "status": 403, "json": {"message": "secrets are forbidden"}}]
    run = programs.coin.submit(1)
    with pytest.raises(ClusterError, match="secrets are forbidden.*TANGENTFLOW_ARTIFACTS"):
        run.result()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "own")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own")
    assert run.result() == 1


def test_artifacts_that_the_server_may_not_hand_out(cluster):
    double = cluster("server-value")
    for key, exchanges in double.exchanges.items():
        if "/artifact-files/" in key:
            exchanges[:] = [
                {**exchanges[0], "status": 500, "base64": base64.b64encode(b"Internal Server Error").decode()}
            ]
    with pytest.raises(ClusterError, match="must be allowed to read the secrets of the artifact repository"):
        programs.coin.submit(1).result()


@pytest.mark.parametrize("repository, told", [
    ({"archiveLogs": False}, "no artifact repository"),
    ({"hdfs": {"addresses": ["a"]}}, "kind hdfs cannot be read from here: set ARGO_SERVER"),
])  # fmt: skip
def test_repositories_that_cannot_be_read(repository, told):
    with pytest.raises(ClusterError, match=told):
        of_repository(repository, lambda name, key: "x")


def test_credentials_come_from_the_secrets_of_the_repository():
    asked = []

    def secret(name, key):
        asked.append((name, key))
        return base64.b64encode(b"key").decode() if name == "azure" else json.dumps({"type": "service_account"})

    s3 = {
        "endpoint": "minio:9000", "insecure": True, "bucket": "b", "accessKeySecret": {"name": "s3", "key": "a"},
        "secretKeySecret": {"name": "s3", "key": "s"},
    }  # fmt: skip
    assert of_repository({"s3": s3}, secret)._place == "s3://b at http://minio:9000"
    azure = {
        "endpoint": "https://account.blob.core.windows.net", "container": "c",
        "accountKeySecret": {"name": "azure", "key": "k"},
    }  # fmt: skip
    assert of_repository({"azure": azure}, secret)._place == "az://c at https://account.blob.core.windows.net"
    assert asked == [("s3", "a"), ("s3", "s"), ("azure", "k")]


def test_what_was_submitted_carries_its_mark(cluster):
    double = cluster("server-value")
    programs.coin.submit(1)
    metadata = double.bodies[0]["workflow"]["metadata"]
    assert "generateName" not in metadata and metadata["labels"]["tangentflow.dev/workflow"] == "coin"
    assert metadata["annotations"][SUBMISSION]


def test_a_blob_service_at_another_address():
    """Azure's own address has the account before the host; an emulator and some proxies have it as the path."""
    asked = []

    class Service(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["Authorization"].partition(":")[0]))
            self.send_response(404)
            self.end_headers()

        def log_message(self, *told):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{server.server_port}/account"
        found = {"azure": {"endpoint": place, "container": "c", "accountKeySecret": {"name": "keys", "key": "k"}}}
        store = of_repository(found, lambda name, key: base64.b64encode(b"key").decode())
        assert store.read("run/main/x/v") is None
        server.shutdown()
    assert asked == [("/account/c/run/main/x/v", "SharedKey account")]
