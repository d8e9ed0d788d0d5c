"""A double of the servers that a client talks to: it answers as they did when `record.py` asked them.

A recording is a list of exchanges. To each request the double gives the answers that were recorded for it, one after the other, and
goes on giving the last. The name of the submitted run is a new one each time: it is put in the place of the recorded one. A request that
was never recorded, or whose parts differ from those of the recorded one, is answered by 599 and noted in `unexpected`.
"""

from __future__ import annotations

import base64
import gzip
import json
import threading
import urllib.parse
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

__all__ = ["RECORDINGS", "Double", "Handler", "key_of", "shape"]

RECORDINGS = Path(__file__).parent / "recordings"
Json = dict[str, Any]


def key_of(method: str, target: str, headers: Any) -> str:
    """Return a request line with its query in a fixed order, and whether only metadata are asked for."""
    path, _, query = target.partition("?")
    ordered = urllib.parse.urlencode(sorted(urllib.parse.parse_qsl(query, keep_blank_values=True)))
    less = " (metadata)" if "PartialObjectMetadata" in headers.get("Accept", "") else ""
    return f"{method} {urllib.parse.unquote(path)}{'?' + ordered if ordered else ''}{less}"


def shape(value: Any, depth: int = 3) -> Any:
    """Return the names in a body, down to a depth: what two requests of the same kind have in common."""
    if isinstance(value, dict) and depth:
        return {name: shape(inner, depth - 1) for name, inner in sorted(value.items())}
    return type(value).__name__


class Handler(BaseHTTPRequestHandler):
    """Hands each request to the `answer` method of its server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        found = self.server.answer(self.command, self.path, self.headers, self.rfile.read(length))  # type: ignore[attr-defined]
        if found is None:  # the server goes away in the middle
            self.close_connection = True
            self.connection.close()
            return
        status, kind, body = found
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", "Sat, 21 Nov 2026 14:00:00 GMT")
        self.send_header("ETag", '"0"')
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _any

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Double(ThreadingHTTPServer):
    """A server that plays a recording. `faults` are answers to give first: a status, or "drop" for none at all.

    `nodes` says how the engine keeps what it has on the nodes of a large run: "packed", packed as "zstd", or "offloaded" to a database of its own.
    With `lose_answer` the first creation is answered by nothing, and the next one by 409; with `taken` another run has the name already.
    """

    daemon_threads = True

    def __init__(self, recording: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        found = json.loads((RECORDINGS / f"{recording}.json").read_text(encoding="utf-8"))
        self.name: str = found["name"]
        self.new = self.name
        self.exchanges: dict[str, list[Json]] = defaultdict(list)
        for exchange in found["exchanges"]:
            self.exchanges[exchange["request"]].append(exchange)
        self.given: dict[str, int] = defaultdict(int)
        self.requests: list[str] = []
        self.bodies: list[Json] = []
        self.unexpected: list[str] = []
        self.faults: list[int | str] = []
        self.lose_answer = self.taken = False
        self.mark: Json | None = None
        self.nodes = ""
        self.open = True
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self.server_address[1]}"

    def finish(self) -> None:
        """From now on give the last answers only: the run is over."""
        for exchanges in self.exchanges.values():
            del exchanges[:-1]

    def close(self) -> None:
        """Stop answering."""
        self.open = False
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of connections that were cut."""

    def answer(self, method: str, target: str, headers: Any, body: bytes) -> tuple[int, str, bytes] | None:
        """Return status, content type and body for a request."""
        with self._lock:
            if not self.open:  # connections that were kept alive
                return None
            return self._answer(method, target, headers, body)

    def _answer(self, method: str, target: str, headers: Any, body: bytes) -> tuple[int, str, bytes] | None:
        sent = json.loads(body) if body else None
        if method == "POST" and sent is not None:
            self.bodies.append(sent)
            self.new = (sent.get("workflow") or sent)["metadata"]["name"]
        key = key_of(method, target, headers).replace(self.new, self.name)
        self.requests.append(key)
        if self.faults:
            fault = self.faults.pop(0)
            return (
                None if fault == "drop" else (int(fault), "application/json", b'{"code": 14, "message": "try later"}')
            )
        if method == "POST" and (self.lose_answer or self.taken):
            if not self.taken:
                self.lose_answer, self.taken, self.mark = False, True, sent
                return None
            return 409, "application/json", b'{"code": 6, "message": "workflows.argoproj.io already exists"}'
        known = self.exchanges.get(key)
        if not known:
            return self._unexpected(f"{key}: not recorded")
        exchange = known[min(self.given[key], len(known) - 1)]
        self.given[key] += 1
        if sent is not None and shape(sent) != exchange["sent"]:
            return self._unexpected(f"{key}: sent {shape(sent)}, recorded {exchange['sent']}")
        if bool(headers.get("Authorization")) is not exchange["authorized"]:
            return self._unexpected(f"{key}: authorization {headers.get('Authorization')!r}")
        return exchange["status"], exchange["type"], self._body(exchange)

    def _body(self, exchange: Json) -> bytes:
        if "base64" in exchange:
            return base64.b64decode(exchange["base64"])
        if self.mark is not None and exchange["json"].get("metadata", {}).get("annotations"):
            sent = (self.mark.get("workflow") or self.mark)["metadata"]["annotations"]
            exchange["json"]["metadata"]["annotations"].update(sent)
        found = json.loads(json.dumps(exchange["json"]).replace(self.name, self.new))
        status = found.get("status") if isinstance(found, dict) else None
        if self.nodes and isinstance(status, dict) and "nodes" in status:
            nodes = json.dumps(status.pop("nodes")).encode()
            data = gzip.compress(nodes) if self.nodes == "packed" else b"\x28\xb5\x2f\xfd" + nodes
            packed = {"compressedNodes": base64.b64encode(data).decode()}
            status |= {"offloadNodeStatusVersion": "fnv:123"} if self.nodes == "offloaded" else packed
        return json.dumps(found).encode()

    def _unexpected(self, told: str) -> tuple[int, str, bytes]:
        self.unexpected.append(told)
        return 599, "text/plain", told.encode()
