"""A cluster through the Kubernetes API, as a kubeconfig (or the account of a pod) gives access to it."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tangentflow.client.cluster import LABEL, PLURAL, TIMEOUT, Json, Snapshot, asked, snapshot, unpacked
from tangentflow.client.packages import needed
from tangentflow.client.settings import Settings
from tangentflow.errors import ClusterError, UsageError

__all__ = ["KubeCluster", "context_namespace"]

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_METADATA = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1"
_ADVICE = {
    401: "the kubeconfig's credentials are missing, expired or wrong",
    403: "its account lacks the right to do this in this namespace: check ARGO_NAMESPACE and the kubeconfig's context",
    404: "check the name and ARGO_NAMESPACE, and that Argo Workflows is installed",
}


class KubeCluster:
    """A namespace as the Kubernetes API shows it."""

    serves = False

    def __init__(self, settings: Settings) -> None:
        self._kubernetes = needed("kubernetes.client")
        configuration = self._kubernetes.Configuration()
        _load(configuration)
        if not configuration.verify_ssl:  # the kubeconfig says so, and nobody need be told with each request
            urllib3 = needed("urllib3")
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self.namespace = settings.namespace or context_namespace() or "default"
        self.place = f"Kubernetes API {configuration.host}, namespace {self.namespace}"
        self._core = self._kubernetes.CoreV1Api(self._kubernetes.ApiClient(configuration))
        self._objects, self._metadata, self._metadata_list = (
            self._kubernetes.CustomObjectsApi(self._kubernetes.ApiClient(configuration, **header))
            for header in ({}, *({"header_name": "Accept", "header_value": _METADATA.format(s)} for s in ("", "List")))
        )
        self._instance = settings.instance

    def create(self, document: Json) -> Json:
        """Create a workflow; return it as the cluster stored it."""
        return self._json(
            "the workflow cannot be created",
            lambda **o: self._objects.create_namespaced_custom_object(
                *self._where(), document, field_validation="Strict", **o
            ),
        )

    def get(self, name: str) -> Json:
        """Return a whole workflow, the status of its nodes included."""
        return unpacked(
            self._json(
                f"{name} cannot be read",
                lambda **o: self._objects.get_namespaced_custom_object(*self._where(), name, **o),
            )
        )

    def peek(self, name: str) -> Snapshot:
        """Return how a workflow stands: by its labels while it runs, by all of it afterwards."""
        found = snapshot(
            self._json(
                f"{name} cannot be read",
                lambda **o: self._metadata.get_namespaced_custom_object(*self._where(), name, **o),
            )
        )
        return snapshot(self.get(name)) if found.over else found

    def list(self) -> list[Snapshot]:
        """Return all workflows of this package, newest first: what their labels tell."""
        selector = LABEL + (f",workflows.argoproj.io/controller-instanceid={self._instance}" if self._instance else "")
        found = self._json(
            "the workflows cannot be listed",
            lambda **o: self._metadata_list.list_namespaced_custom_object(*self._where(), label_selector=selector, **o),
        )
        return sorted(map(snapshot, found.get("items") or []), key=lambda s: (s.created, s.name), reverse=True)

    def stop(self, name: str) -> None:
        """Stop a workflow; its exit handler still runs."""
        self._json(
            f"{name} cannot be stopped",
            lambda **o: self._objects.patch_namespaced_custom_object(
                *self._where(), name, {"spec": {"shutdown": "Stop"}}, **o
            ),
        )

    def logs(self, name: str, pod: str) -> str | None:
        """Return what a pod's main container printed; None if the pod is gone."""
        try:
            data = self._ask(
                f"the log of {pod} cannot be read",
                lambda **o: self._core.read_namespaced_pod_log(pod, self.namespace, container="main", **o),
            )
        except ClusterError as error:
            if error.status == 404:
                return None
            raise
        return data.decode(errors="replace")

    def secret(self, name: str, key: str) -> str:
        """Return a value of a secret of the namespace."""
        found = self._json(
            f"secret {name!r} cannot be read", lambda **o: self._core.read_namespaced_secret(name, self.namespace, **o)
        )
        values = found.get("data") or {}
        if key not in values:
            raise ClusterError(f"secret {name!r} in namespace {self.namespace} has no key {key!r}", 404)
        return base64.b64decode(values[key]).decode()

    def artifact(self, name: str, node: str, artifact: str, rest: str) -> bytes | None:
        """Raise: the Kubernetes API knows nothing of artifacts."""
        raise ClusterError(f"{self.place} hands out no artifacts")

    def _where(self) -> tuple[str, str, str, str]:
        group, version, plural = PLURAL
        return group, version, self.namespace, plural

    def _json(self, doing: str, request: Callable[..., Any]) -> Json:
        found: Json = json.loads(self._ask(doing, request))
        return found

    def _ask(self, doing: str, request: Callable[..., Any]) -> bytes:
        def ask() -> bytes:
            answer = request(_preload_content=False, _request_timeout=TIMEOUT)
            data: bytes = answer.data
            return data

        return asked(doing, self.place, ask, (self._kubernetes.ApiException,), _ADVICE)


def _load(configuration: Any) -> None:
    """Fill in the address and credentials of the kubeconfig's context, or else of the pod that this runs in."""
    config = needed("kubernetes.config")
    try:
        config.load_kube_config(config_file=_file(), client_configuration=configuration)
    except config.ConfigException as error:
        try:
            config.load_incluster_config(client_configuration=configuration)
        except config.ConfigException:
            raise UsageError(
                f"no cluster is configured: set ARGO_SERVER to an Argo Server, or KUBECONFIG to a kubeconfig ({error})"
            ) from None


def context_namespace() -> str:
    """Return the namespace of the kubeconfig's context, or of the pod that this runs in; empty if there is none."""
    try:
        config = needed("kubernetes.config")
    except UsageError:
        return ""
    try:
        _, context = config.list_kube_config_contexts(_file())
    except config.ConfigException:
        return _ACCOUNT.read_text().strip() if _ACCOUNT.exists() else ""
    return str((context or {}).get("context", {}).get("namespace") or "")


def _file() -> str:
    """Return the kubeconfig as it is named now: the package looks only when it is imported."""
    return os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
