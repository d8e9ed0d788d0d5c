"""A cluster through Argo Server, by the generated client of the `argo-workflows` package.

Answers are read as plain JSON: the types of that package know less than servers send.
"""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any, TypeVar

from tangentflow.client.cluster import LABEL, TIMEOUT, Json, Snapshot, asked, snapshot
from tangentflow.client.kube import context_namespace
from tangentflow.client.packages import needed
from tangentflow.client.settings import Settings
from tangentflow.errors import ClusterError

__all__ = ["ServerCluster"]

T = TypeVar("T")
_ONE = (
    "metadata.name,metadata.uid,metadata.labels,metadata.creationTimestamp,spec.shutdown,"
    "status.phase,status.message,status.startedAt,status.finishedAt"
)
_MANY = ",".join(f"items.{field}" for field in _ONE.split(","))
_SECRETS = (
    "the secrets of the artifact repository (else set TANGENTFLOW_ARTIFACTS, with credentials in the environment)"
)
_ADVICE = {
    401: "ARGO_TOKEN is missing, expired or wrong: set it to what `argo auth token` prints",
    403: "its account lacks the right to do this in this namespace: check ARGO_NAMESPACE and ARGO_TOKEN",
    404: "check the name and ARGO_NAMESPACE",
}


class ServerCluster:
    """A namespace as an Argo Server shows it."""

    serves = True

    def __init__(self, settings: Settings) -> None:
        argo = needed("argo_workflows")
        services = needed("argo_workflows.api.workflow_service_api")
        configuration = argo.Configuration(host=settings.server)
        configuration.verify_ssl = settings.verify
        if not settings.verify:  # the user has said so, and need not be told with each request
            urllib3 = needed("urllib3")
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        if settings.authority:
            configuration.ssl_ca_cert = settings.authority
        address = urllib.parse.urlsplit(settings.server)
        if not urllib.request.proxy_bypass(address.hostname or ""):
            configuration.proxy = urllib.request.getproxies().get(address.scheme)
        if settings.token:
            configuration.api_key["BearerToken"] = settings.token
        self.namespace = settings.namespace or context_namespace() or "default"
        self.place = f"Argo Server {settings.server}, namespace {self.namespace}"
        self._argo = argo
        self._client = argo.ApiClient(configuration)
        self._workflows = services.WorkflowServiceApi(self._client)
        self._selector = LABEL + (
            f",workflows.argoproj.io/controller-instanceid={settings.instance}" if settings.instance else ""
        )

    def create(self, document: Json) -> Json:
        """Create a workflow; return it as the cluster stored it."""
        body = self._request("create", workflow=document)
        return self._json(
            "the workflow cannot be created", lambda **o: self._workflows.create_workflow(self.namespace, body, **o)
        )

    def get(self, name: str) -> Json:
        """Return a whole workflow, the status of its nodes included."""
        return self._json(f"{name} cannot be read", lambda **o: self._workflows.get_workflow(self.namespace, name, **o))

    def peek(self, name: str) -> Snapshot:
        """Return how a workflow stands, as cheaply as can be."""
        return snapshot(
            self._json(
                f"{name} cannot be read",
                lambda **o: self._workflows.get_workflow(self.namespace, name, fields=_ONE, **o),
            )
        )

    def list(self) -> list[Snapshot]:
        """Return all workflows of this package, newest first."""
        found = self._json(
            "the workflows cannot be listed",
            lambda **o: self._workflows.list_workflows(
                self.namespace, list_options_label_selector=self._selector, fields=_MANY, **o
            ),
        )
        return sorted(map(snapshot, found.get("items") or []), key=lambda s: (s.created, s.name), reverse=True)

    def stop(self, name: str) -> None:
        """Stop a workflow; its exit handler still runs."""
        body = self._request("stop")
        self._ask(
            f"{name} cannot be stopped", lambda **o: self._workflows.stop_workflow(self.namespace, name, body, **o)
        )

    def logs(self, name: str, pod: str) -> str | None:
        """Return what a pod's main container printed; None if the pod is gone."""
        lines = self._ask(
            f"the log of {pod} cannot be read",
            lambda **o: self._workflows.workflow_logs(
                self.namespace, name, pod_name=pod, log_options_container="main", **o
            ),
        )
        found = [json.loads(line) for line in lines.splitlines() if line.strip()]
        wrong = [entry["error"] for entry in found if "error" in entry]
        if wrong:
            raise ClusterError(f"the log of {pod} cannot be read at {self.place}: {wrong[0].get('message', wrong[0])}")
        return (
            "".join(f"{entry['result'].get('content', '')}\n" for entry in found if "result" in entry)
            if found
            else None
        )

    def secret(self, name: str, key: str) -> str:
        """Raise: Argo Server shows no secrets."""
        raise ClusterError(f"Argo Server shows no secrets, so {name!r} cannot be read", 403)

    def artifact(self, name: str, node: str, artifact: str, rest: str) -> bytes | None:
        """Return a file of an output artifact of a node, None if there is none."""
        parts = [self.namespace, "workflows", name, node, "outputs", artifact, *rest.split("/")]
        path = "/artifact-files/" + "/".join(urllib.parse.quote(part, safe="") for part in parts if part)
        try:
            return self._ask(
                f"artifact {artifact} of {node} cannot be read",
                lambda **o: self._client.call_api(path, "GET", auth_settings=["BearerToken"], **o),
            )
        except ClusterError as error:
            if error.status == 404:
                return None
            if error.status == 500:
                told = f"{error}; where the server acts for the account of the token, that one must be allowed to read {_SECRETS}"
                raise ClusterError(told, error.status) from error
            raise

    def _request(self, verb: str, **fields: Any) -> Any:
        """Return the body of a request, whose parts that package does not check."""
        model = needed(f"argo_workflows.model.io_argoproj_workflow_v1alpha1_workflow_{verb}_request")
        return getattr(model, f"IoArgoprojWorkflowV1alpha1Workflow{verb.title()}Request")(**fields, _check_type=False)

    def _json(self, doing: str, request: Callable[..., Any]) -> Json:
        data = self._ask(doing, request)
        try:
            found: Json = json.loads(data)
        except ValueError:
            raise ClusterError(
                f"{doing} at {self.place}: the answer is no JSON, so this is no Argo Server: {data[:80]!r}", 0
            ) from None
        return found

    def _ask(self, doing: str, request: Callable[..., Any]) -> bytes:
        def ask() -> bytes:
            answer = request(_preload_content=False, _request_timeout=TIMEOUT)
            answer = answer[0] if isinstance(answer, tuple) else answer
            data: bytes = answer.data
            return data

        return asked(doing, self.place, ask, (self._argo.ApiException,), _ADVICE)
