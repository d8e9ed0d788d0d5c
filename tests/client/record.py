"""Record what real servers answer: `python -m tests.client.record [NAME...]`, with the environment of a cluster with controller, Argo Server and S3.

Each scenario is run through a proxy that writes down what passes. Of the code that documents carry only the plan is kept, except
where the result has to be replayed.
"""

from __future__ import annotations

import base64
import io
import json
import os
import ssl
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import urllib3
import yaml

from tangentflow.bundling.text import from_text, to_text
from tangentflow.client.find import attach, runs
from tangentflow.errors import ClusterError
from tangentflow.runtime.pod import PLAN
from tests.client.double import RECORDINGS, Handler, key_of, shape
from tests.cluster import programs

Json = dict[str, Any]


class Recorder(ThreadingHTTPServer):
    """A proxy that writes down what passes."""

    daemon_threads = True

    def __init__(self, route: Callable[[str], tuple[str, urllib3.PoolManager]], whole: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.route, self.whole = route, whole
        self.exchanges: list[Json] = []
        self.name = ""
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def answer(self, method: str, target: str, headers: Any, body: bytes) -> tuple[int, str, bytes]:
        base, pool = self.route(target)
        passed = {k: v for k, v in headers.items() if k.lower() not in ("connection", "accept-encoding")}
        if base.startswith("https"):  # a signature of S3 covers the host that the client knows; TLS wants the real one
            passed.pop("Host", None)
        found = pool.request(method, base + target, body=body or None, headers=passed, redirect=False, retries=False)
        kind = found.headers.get("Content-Type", "")
        sent = json.loads(body) if body else None
        exchange: Json = {
            "request": key_of(method, target, headers), "authorized": bool(headers.get("Authorization")),
            "sent": None if sent is None else shape(sent), "status": found.status, "type": kind,
        }  # fmt: skip
        if method == "POST" and sent is not None:
            self.name = (sent.get("workflow") or sent)["metadata"]["name"]
        try:
            exchange["json"] = self._less(json.loads(found.data), self.whole and method == "GET")
        except ValueError:
            exchange["base64"] = base64.b64encode(found.data).decode()
        with self._lock:
            same = [e for e in self.exchanges if e["request"] == exchange["request"]]
            if not same or same[-1] != exchange:
                if len(same) > 3:  # of many looks at a run that goes on, a few will do
                    self.exchanges.remove(same[-1])
                self.exchanges.append(exchange)
        return found.status, kind, found.data

    def _less(self, answer: Any, whole: bool) -> Any:
        """Leave out what nobody reads: other runs, who changed which field, and most of the code."""
        if isinstance(answer, dict) and "items" in answer:
            answer["items"] = [item for item in answer["items"] or [] if item["metadata"]["name"] == self.name]
        for workflow in [answer, *(answer.get("items") or [])] if isinstance(answer, dict) else []:
            workflow.get("metadata", {}).pop("managedFields", None)
            for parameter in workflow.get("spec", {}).get("arguments", {}).get("parameters") or []:
                if parameter["name"] == "code" and not whole:
                    parameter["value"] = _plan_alone(parameter["value"])
        for secret in [answer] if isinstance(answer, dict) and answer.get("kind") == "Secret" else []:
            secret["data"] = {name: base64.b64encode(b"not-the-real-one").decode() for name in secret["data"]}
        return answer


def _plan_alone(code: str) -> str:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(from_text(code))) as archive, zipfile.ZipFile(made, "w") as kept:
        info = zipfile.ZipInfo(PLAN, (1980, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        kept.writestr(info, archive.read(PLAN))
    return to_text(made.getvalue())


# -- the ways to a cluster -------------------------------------------------------------------------------------------------


def _through_server(server: str) -> Callable[[str], tuple[str, urllib3.PoolManager]]:
    pool = urllib3.PoolManager()
    return lambda target: (f"http://{server}", pool)


def _through_kube(folder: Path, credentials: bool) -> Callable[[str], tuple[str, urllib3.PoolManager]]:
    config = yaml.safe_load(Path(os.environ["KUBECONFIG"]).read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    files = {}
    for name, source in (("ca", cluster), ("certificate", user), ("key", user)):
        field = {"ca": "certificate-authority", "certificate": "client-certificate", "key": "client-key"}[name]
        files[name] = folder / name
        data = source.get(f"{field}-data")
        files[name].write_bytes(base64.b64decode(data) if data else Path(source[field]).read_bytes())
    context = ssl.create_default_context(cafile=str(files["ca"]))
    if credentials:
        context.load_cert_chain(files["certificate"], files["key"])
    kube, store = urllib3.PoolManager(ssl_context=context), urllib3.PoolManager()
    own = ("/api/", "/apis/")
    return lambda t: (cluster["server"], kube) if t.startswith(own) else (os.environ["S3_ENDPOINT"], store)


def kubeconfig(folder: Path, address: str, token: str = "") -> Path:
    """Write a kubeconfig for a server without TLS."""
    content = {
        "apiVersion": "v1", "kind": "Config", "current-context": "a",
        "clusters": [{"name": "a", "cluster": {"server": f"http://{address}"}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a", "namespace": "argo"}}],
        "users": [{"name": "a", "user": {"token": token} if token else {}}],
    }  # fmt: skip
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(content))
    return path


@contextmanager
def _environment(**values: str):
    kept = dict(os.environ)
    for name in [n for n in os.environ if n.startswith("ARGO_")]:
        del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


# -- scenarios -------------------------------------------------------------------------------------------------------------


def _look(run: Any) -> None:
    """Ask all that the tests ask."""
    run.wait()
    try:
        run.result()
    except BaseException as error:
        print(f"   {error!r}")
    for step in run.steps:
        print(f"   {step!r} {step.result!r} {step.error!r}")
    run.logs()
    attach(run.id).steps
    assert runs()


def _refused(call: Callable[[], object]) -> None:
    try:
        call()
    except ClusterError as error:
        print(f"   {error}")
        return
    raise AssertionError("not refused")


def _cancelled() -> None:
    run = programs.naps.submit()
    while run.status != "Running":
        time.sleep(0.2)
    time.sleep(2)
    print(run.steps)
    run.cancel()
    _look(run)


SCENARIOS: dict[str, tuple[str, Callable[[], object]]] = {
    "server-value": ("server", lambda: _look(programs.coin.submit(1))),
    "server-exception": ("server", lambda: _look(programs.one_fails.submit(3))),
    "server-branch": ("server", lambda: _look(programs.branch.submit(1))),
    "server-constant": ("server whole", lambda: _look(programs.greet.submit())),
    "server-lost": ("server", lambda: _look(programs.dies.submit(3))),
    "server-cancelled": ("server", _cancelled),
    "server-namespace": ("server", lambda: _refused(lambda: programs.coin.options(namespace="nowhere").submit(1))),
    "server-unknown": ("server", lambda: _refused(lambda: attach("no-such-run"))),
    "server-unauthorized": ("strict-server token", lambda: _refused(lambda: programs.coin.submit(1))),
    "server-forbidden": ("strict-server viewer", lambda: _refused(lambda: programs.coin.submit(1))),
    "kube-value": ("kube", lambda: _look(programs.coin.submit(1))),
    "kube-exception": ("kube", lambda: _look(programs.one_fails.submit(3))),
    "kube-cancelled": ("kube", _cancelled),
    "kube-namespace": ("kube", lambda: _refused(lambda: programs.coin.options(namespace="nowhere").submit(1))),
    "kube-unauthorized": ("kube-token token", lambda: _refused(lambda: programs.coin.submit(1))),
}
"""Scenarios by name: the way to the cluster, and what to do. `strict-server` is an Argo Server of auth-mode client at STRICT_SERVER;
VIEWER_TOKEN belongs to an account that may only read workflows."""


def record(name: str) -> None:
    """Run one scenario and write its recording."""
    print(name)
    way, act = SCENARIOS[name]
    tokens = {"token": "Bearer nonsense", "viewer": f"Bearer {os.environ.get('VIEWER_TOKEN', '')}"}
    token = next((tokens[word] for word in way.split()[1:] if word in tokens), "")
    with tempfile.TemporaryDirectory() as folder:
        if "kube" in way:
            route = _through_kube(Path(folder), credentials="kube-token" not in way)
        else:
            route = _through_server(os.environ["STRICT_SERVER" if "strict" in way else "ARGO_SERVER"])
        recorder = Recorder(route, "whole" in way)
        if "kube" in way:
            path = kubeconfig(Path(folder), recorder.address, token.removeprefix("Bearer "))
            values = {"KUBECONFIG": str(path), "AWS_ENDPOINT_URL": f"http://{recorder.address}"}
        else:
            values = {
                "ARGO_SERVER": recorder.address,
                "ARGO_SECURE": "false",
                "ARGO_NAMESPACE": "argo",
                "ARGO_TOKEN": token,
            }
        with _environment(**values):
            act()
        recorder.shutdown()
    lines = ",\n".join(json.dumps(exchange, separators=(",", ":")) for exchange in recorder.exchanges)
    text = f'{{"name": "{recorder.name}", "exchanges": [\n{lines}\n]}}\n'
    (RECORDINGS / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for wanted in sys.argv[1:] or SCENARIOS:
        record(wanted)
