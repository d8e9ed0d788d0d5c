#!/usr/bin/env python3
"""Stands for kubectl and a cluster in a folder: jobs end at the second look, as their command says; `python a_kubectl.py FOLDER create ...`."""

import json
import sys
import uuid
from pathlib import Path

import yaml

folder, verb, *rest = Path(sys.argv[1]), *sys.argv[2:]
if verb == "create":
    assert rest == ["-f", "-", "-o", "json"], rest
    made = yaml.safe_load(sys.stdin)
    if made["kind"] not in ("Job", "ConfigMap"):
        sys.exit(f'error: no matches for kind "{made["kind"]}"')
    metadata = made["metadata"]
    metadata.setdefault("name", metadata.get("generateName", "") + uuid.uuid4().hex[:5])
    metadata |= {"namespace": "argo", "uid": str(uuid.uuid4())}
    made["looks"] = 0
else:
    assert verb == "get" and rest[-2:] == ["-o", "json"], rest
    at = rest.index("-n")
    assert rest[at + 1] == "argo"
    [named] = [*rest[:at], *rest[at + 2 : -2]]
    kind, _, name = named.partition("/")
    assert kind in ("job.v1.batch", "configmap"), kind
    made = json.loads((folder / name).read_text())
    made["looks"] += 1
if made["kind"] == "Job" and made["looks"] >= 2:
    [container] = made["spec"]["template"]["spec"]["containers"]
    made["status"] = {"failed": 1} if container["command"][-1] == "exit 1" else {"succeeded": 1}
(folder / made["metadata"]["name"]).write_text(json.dumps(made))
if not (folder / "gone").exists() or verb == "create":
    print(json.dumps(made))
else:
    sys.exit("Error from server (NotFound)")
