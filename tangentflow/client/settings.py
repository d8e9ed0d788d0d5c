"""How a cluster is reached: the environment of the `argo` command, and the options of a run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from tangentflow.errors import UsageError

__all__ = ["Settings"]

_TRUTH = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}


@dataclass(frozen=True)
class Settings:
    """Where to submit to.

    `server` is the base address of an Argo Server, empty if the Kubernetes API is to be used. `namespace` is empty if it was not
    given: then that of the kubeconfig's context. `token` is what `Authorization` holds. `artifacts` is the address of the artifact
    repository as this machine reaches it (`s3://bucket/prefix`), empty if the cluster is asked.
    """

    namespace: str = ""
    server: str = ""
    token: str = ""
    verify: bool = True
    authority: str = ""
    instance: str = ""
    artifacts: str = ""

    @classmethod
    def of(cls, options: Mapping[str, str | None], environment: Mapping[str, str] = os.environ) -> Settings:
        """Read ARGO_SERVER, ARGO_TOKEN, ARGO_NAMESPACE, ARGO_SECURE, ARGO_INSECURE_SKIP_VERIFY, ARGO_BASE_HREF and ARGO_INSTANCEID.

        SSL_CERT_FILE names the authorities to trust, TANGENTFLOW_ARTIFACTS the artifact repository. Options (`namespace`, `artifacts`)
        go first. Raises UsageError for a value that cannot be meant.
        """
        token = environment.get("ARGO_TOKEN", "").strip()
        if token and " " not in token:
            token = f"Bearer {token}"
        return cls(
            namespace=options.get("namespace") or environment.get("ARGO_NAMESPACE", ""),
            server=_address(environment),
            token=token,
            verify=not _flag(environment, "ARGO_INSECURE_SKIP_VERIFY", False),
            authority=environment.get("SSL_CERT_FILE", ""),
            instance=environment.get("ARGO_INSTANCEID", ""),
            artifacts=options.get("artifacts") or environment.get("TANGENTFLOW_ARTIFACTS", ""),
        )


def _address(environment: Mapping[str, str]) -> str:
    server = environment.get("ARGO_SERVER", "").strip().rstrip("/")
    if not server:
        return ""
    scheme, found, host = server.rpartition("://")
    if not found:
        scheme = "https" if _flag(environment, "ARGO_SECURE", True) else "http"
    if scheme not in ("http", "https") or "/" in host or not host:
        raise UsageError(f"ARGO_SERVER must be host:port, as localhost:2746, not {server!r}")
    base = environment.get("ARGO_BASE_HREF", "").strip("/")
    return f"{scheme}://{host}" + (f"/{base}" if base else "")


def _flag(environment: Mapping[str, str], name: str, default: bool) -> bool:
    text = environment.get(name, "").strip().lower()
    if not text:
        return default
    if text not in _TRUTH:
        raise UsageError(f"{name} must be true or false, not {text!r}")
    return _TRUTH[text]
