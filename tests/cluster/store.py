"""Reading an S3 bucket with the standard library: requests signed as AWS's version 4 asks for."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import os
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree
from pathlib import Path

__all__ = ["download"]


def download(prefix: str, folder: Path) -> None:
    """Copy all objects under a prefix to files below a folder, by their whole keys.

    S3_ENDPOINT, S3_BUCKET, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY say from where.
    """
    for key in _keys(prefix):
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_get("/" + urllib.parse.quote(key), {}))


def _keys(prefix: str) -> list[str]:
    keys: list[str] = []
    token = ""
    while True:
        query = {"list-type": "2", "prefix": prefix, **({"continuation-token": token} if token else {})}
        tree = ElementTree.fromstring(_get("/", query))
        space = tree.tag.partition("}")[0] + "}" if tree.tag.startswith("{") else ""
        keys += [entry.findtext(f"{space}Key", "") for entry in tree.iter(f"{space}Contents")]
        token = tree.findtext(f"{space}NextContinuationToken", "")
        if not token:
            return keys


def _get(path: str, query: dict[str, str]) -> bytes:
    endpoint = urllib.parse.urlsplit(os.environ["S3_ENDPOINT"])
    path = f"/{os.environ['S3_BUCKET']}{path}"
    text = "&".join(f"{_quoted(k)}={_quoted(v)}" for k, v in sorted(query.items()))
    now = datetime.datetime.now(datetime.timezone.utc)
    day, stamp = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
    region = os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
    empty = hashlib.sha256(b"").hexdigest()
    headers = {"host": endpoint.netloc, "x-amz-content-sha256": empty, "x-amz-date": stamp}
    names = ";".join(headers)
    request = "\n".join(["GET", path, text, *[f"{k}:{v}" for k, v in headers.items()], "", names, empty])
    scope = f"{day}/{region}/s3/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
    credential = f"Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}"
    url = f"{endpoint.scheme}://{endpoint.netloc}{path}{'?' + text if text else ''}"
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        data: bytes = answer.read()
    return data


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="-_.~")
