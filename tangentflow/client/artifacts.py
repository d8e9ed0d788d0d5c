"""Reading what pods recorded: through Argo Server, or from the artifact repository itself.

Credentials come from the secrets that the repository's configuration names, where they may be read, else from the environment as
the store's own tools read it (AWS_ACCESS_KEY_ID, GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_ACCOUNT_KEY, ...).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from tangentflow.client.cluster import Cluster, Json
from tangentflow.client.packages import needed
from tangentflow.engine.objects import opened, plain_http, s3_endpoint
from tangentflow.errors import ClusterError

__all__ = [
    "TO_REPOSITORY",
    "Artifacts",
    "ServedArtifacts",
    "StoredArtifacts",
    "at_address",
    "of_repository",
    "without_advice",
]

TO_REPOSITORY = (
    "set TANGENTFLOW_ARTIFACTS to the repository as this machine reaches it (s3://bucket, gs://bucket, az://container), with credentials in the "
    "environment"
)
_INSTEAD = f"set ARGO_SERVER, which hands artifacts out itself, or {TO_REPOSITORY}"


_AT_A_TIME = 8
"""So many files are written at a time."""


def without_advice(error: ClusterError) -> str:
    """Return what an error of this file says, without what it tells those to do who only read."""
    return str(error).replace(f": {_INSTEAD}", "").replace(f", {_INSTEAD}", "")


class Artifacts(Protocol):
    """Files by their keys in the artifact repository."""

    def read(self, key: str) -> bytes | None:
        """Return a file, None if there is none. Raises ClusterError."""


class ServedArtifacts:
    """Files that Argo Server hands out: each is asked for as an output of a node of the workflow."""

    def __init__(self, cluster: Cluster, name: str, nodes: Callable[[], Iterable[Json]]) -> None:
        self._cluster = cluster
        self._name = name
        self._nodes = nodes

    def read(self, key: str) -> bytes | None:
        """Return a file, None if there is none. Raises ClusterError."""
        for node in self._nodes():
            for artifact in (node.get("outputs") or {}).get("artifacts") or []:
                own = (artifact.get("s3") or {}).get("key", "")
                if own and (key == own or key.startswith(f"{own}/")):
                    found = self._cluster.artifact(self._name, node["id"], artifact["name"], key[len(own) :].strip("/"))
                    if found is not None:
                        return found
        return None


class StoredArtifacts:
    """Files of an object store."""

    def __init__(self, store: Any, place: str) -> None:
        self._store = store
        self._place = place

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files by their keys. Raises ClusterError."""
        exceptions = needed("obstore.exceptions")
        try:
            with ThreadPoolExecutor(_AT_A_TIME) as pool:
                for written in [pool.submit(self._store.put, key, data) for key, data in files.items()]:
                    written.result()
        except (exceptions.BaseError, OSError) as error:
            told = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ClusterError(
                f"the artifact repository {self._place} cannot be written: {type(error).__name__}: {told}"
            ) from error

    def read(self, key: str) -> bytes | None:
        """Return a file, None if there is none. Raises ClusterError."""
        exceptions = needed("obstore.exceptions")
        try:
            return bytes(self._store.get(key).bytes())
        except (FileNotFoundError, exceptions.NotFoundError):
            return None
        except (exceptions.BaseError, OSError) as error:
            told = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ClusterError(
                f"the artifact repository {self._place} cannot be read: {type(error).__name__}: {told}; if it has another address or "
                f"other credentials from here, {_INSTEAD}"
            ) from error


def at_address(address: str) -> StoredArtifacts:
    """Return the repository at an address such as `s3://bucket/prefix`, with credentials of the environment. Raises UsageError."""
    return StoredArtifacts(opened(address), address)


def of_repository(repository: Mapping[str, Any], secret: Callable[[str, str], str]) -> StoredArtifacts:
    """Return the repository that a workflow's status describes; `secret` reads a value of a secret.

    Raises ClusterError if there is none that can be read from here.
    """
    for kind, make in (("s3", _s3), ("gcs", _gcs), ("azure", _azure)):
        if repository.get(kind):
            return make(repository[kind], secret)
    kinds = sorted(set(repository) - {"archiveLogs"})
    if not kinds:
        raise ClusterError(
            "no artifact repository is configured for this namespace, so the run could record nothing: "
            "give it one (ConfigMap `artifact-repositories`, or `artifactRepository` of the controller)"
        )
    raise ClusterError(f"an artifact repository of kind {', '.join(kinds)} cannot be read from here: {_INSTEAD}")


def _s3(found: Mapping[str, Any], secret: Callable[[str, str], str]) -> StoredArtifacts:
    store = needed("obstore.store")
    host, bucket = found.get("endpoint") or "s3.amazonaws.com", found.get("bucket", "")
    address = s3_endpoint(f"{'http' if found.get('insecure') else 'https'}://{host}")
    options: dict[str, Any] = {"region": found.get("region") or os.environ.get("AWS_REGION") or "us-east-1"}
    if not address.endswith("amazonaws.com"):
        options["endpoint"] = address
    options |= plain_http(address)
    for option, selector in (
        ("access_key_id", "accessKeySecret"), ("secret_access_key", "secretKeySecret"), ("session_token", "sessionTokenSecret"),
    ):  # fmt: skip
        value = _secret(found, selector, secret, "AWS_SECRET_ACCESS_KEY")
        if value is not None:
            options[option] = value
    authority = _secret(found, "caSecret", secret, "")
    if authority is not None:
        options.setdefault("client_options", {})["root_certificate"] = authority
    if found.get("addressingStyle") == "virtual-hosted":
        options["virtual_hosted_style_request"] = True
    return StoredArtifacts(store.S3Store(bucket, **options), f"s3://{bucket} at {address}")


def _gcs(found: Mapping[str, Any], secret: Callable[[str, str], str]) -> StoredArtifacts:
    options = {}
    key = _secret(found, "serviceAccountKeySecret", secret, "GOOGLE_APPLICATION_CREDENTIALS")
    if key is not None:
        options["service_account_key"] = key
    return StoredArtifacts(
        needed("obstore.store").GCSStore(found.get("bucket", ""), **options), f"gs://{found.get('bucket')}"
    )


def _azure(found: Mapping[str, Any], secret: Callable[[str, str], str]) -> StoredArtifacts:
    address = str(found.get("endpoint", "")).rstrip("/")
    host, _, path = address.rpartition("://")[2].partition(
        "/"
    )  # the account stands before the service's host, or is a path
    options: dict[str, Any] = {
        "account_name": path or host.partition(".")[0],
        "endpoint": address,
        **plain_http(address),
    }
    key = _secret(found, "accountKeySecret", secret, "AZURE_STORAGE_ACCOUNT_KEY")
    if key is not None:
        options["account_key"] = key
    container = found.get("container", "")
    return StoredArtifacts(needed("obstore.store").AzureStore(container, **options), f"az://{container} at {address}")


def _secret(
    found: Mapping[str, Any], selector: str, secret: Callable[[str, str], str], variable: str
) -> str | None:  # fmt: skip
    """Return what a selector names, or None if it names nothing or the environment has credentials for those who may not read it."""
    chosen = found.get(selector)
    if not chosen:
        return None
    try:
        return secret(chosen["name"], chosen["key"])
    except ClusterError as error:
        if error.status not in (403, 404):
            raise
        if variable and os.environ.get(variable):
            return None
        raise ClusterError(
            f"{error}; this is the one with the credentials of the artifact repository: {_INSTEAD}", error.status
        ) from error
