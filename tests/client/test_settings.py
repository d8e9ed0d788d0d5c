"""The environment is read as the `argo` command reads it."""

from __future__ import annotations

import pytest

from tangentflow.client.settings import Settings
from tangentflow.errors import UsageError


def settings(options=None, **environment):
    return Settings.of(options or {}, environment)


@pytest.mark.parametrize("environment, address", [
    ({}, ""),
    ({"ARGO_SERVER": "localhost:2746"}, "https://localhost:2746"),
    ({"ARGO_SERVER": "localhost:2746", "ARGO_SECURE": "false", "ARGO_HTTP1": "true"}, "http://localhost:2746"),
    ({"ARGO_SERVER": "argo.example.com:443", "ARGO_BASE_HREF": "/argo/"}, "https://argo.example.com:443/argo"),
    ({"ARGO_SERVER": "http://localhost:2746/"}, "http://localhost:2746"),
])  # fmt: skip
def test_the_address(environment, address):
    assert settings(**environment).server == address


@pytest.mark.parametrize(
    "token, header", [("", ""), ("abc", "Bearer abc"), ("Bearer abc", "Bearer abc"), ("Basic x", "Basic x")]
)
def test_the_token(token, header):
    assert settings(ARGO_TOKEN=token).token == header


def test_options_go_before_the_environment():
    environment = {"ARGO_NAMESPACE": "theirs", "TANGENTFLOW_ARTIFACTS": "s3://theirs"}
    assert settings(**environment).namespace == "theirs"
    found = settings({"namespace": "mine", "artifacts": "s3://mine"}, **environment)
    assert (found.namespace, found.artifacts) == ("mine", "s3://mine")


def test_certificates():
    assert settings().verify is True
    found = settings(ARGO_INSECURE_SKIP_VERIFY="true", SSL_CERT_FILE="/ca.pem")
    assert (found.verify, found.authority) == (False, "/ca.pem")


@pytest.mark.parametrize("environment, told", [
    ({"ARGO_SERVER": "localhost:2746/path"}, "host:port"),
    ({"ARGO_SERVER": "ftp://localhost"}, "host:port"),
    ({"ARGO_SERVER": "a", "ARGO_SECURE": "maybe"}, "ARGO_SECURE must be true or false"),
    ({"ARGO_INSECURE_SKIP_VERIFY": "2"}, "ARGO_INSECURE_SKIP_VERIFY must be true or false"),
])  # fmt: skip
def test_what_cannot_be_meant(environment, told):
    with pytest.raises(UsageError, match=told):
        settings(**environment)
