"""Recordings of the real controller (Argo v4.1.2) as data, and the comparison of a simulated run with one of them.

A file holds the document, options of the probe and what was recorded. In a document `@FILL n@` stands for n bytes of
text, and a list element `{"@REPEAT n@": x}` for n elements x with `@i@` counted. Options: `hang`, `dry` (validation by
the API server alone), `resume`, `stop`, `terminate`, `delete_pod` (the display name of a node), `unstable` (fields that
vary from run to run), `either` (Failed and Error of a DAG are not told apart).
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from pathlib import Path
from typing import Any

from tangentflow.simulator import Action, SimulatedRun

FOLDER = Path(__file__).parent / "recordings"
SMALL = 2000
VERBS = ("resume", "stop", "terminate", "delete_pod")


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def load(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text())


def document(recording: dict[str, Any], scale: float = 1.0) -> dict[str, Any]:
    """Return the document with its macros written out; what its shells sleep is scaled like the engine's own times."""
    return _expand(recording["document"], scale)


def actions(options: dict[str, Any]) -> list[Action]:
    return [Action(verb, options[verb]) for verb in VERBS if verb in options]


def _expand(value: Any, scale: float) -> Any:
    if isinstance(value, str):
        value = re.sub(r"@FILL (\d+)@", lambda m: ("0123456789abcdef" * (int(m[1]) // 16 + 1))[: int(m[1])], value)
        return re.sub(r"\bsleep (\d+)", lambda m: f"sleep {int(m[1]) * scale:g}", value)
    if isinstance(value, dict):
        return {k: _expand(v, scale) for k, v in value.items()}
    if isinstance(value, list):
        return [one for element in value for one in _repeated(element, scale)]
    return value


def _repeated(element: Any, scale: float) -> list[Any]:
    if isinstance(element, dict) and len(element) == 1:
        (key, inner), *_ = element.items()
        if match := re.fullmatch(r"@REPEAT (\d+)@", key):
            return [json.loads(json.dumps(inner).replace("@i@", str(i))) for i in range(int(match[1]))]
    return [_expand(element, scale)]


def normal(text: str, run: SimulatedRun) -> str:
    text = text.replace(run.uid, "UID").replace(run.name, "WF")
    text = re.sub(r"\b(WF(?:-[A-Za-z0-9-]+?)?)-\d{6,10}\b", r"\1-HASH", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)", "TIME", text)
    text = re.sub(r"compressed size \d+", "compressed size SIZE", text)
    return re.sub(r"Resumed by: map\[.*?\]", "Resumed by: USER", text)


def short(text: str) -> Any:
    if len(text) <= SMALL:
        return text
    return {"length": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest(), "head": text[:200]}


def outcome(run: SimulatedRun, store: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Return a run in the form of a recording."""
    rows = []
    for node in run.nodes:
        row: dict[str, Any] = {
            "name": normal(node.name, run),
            "displayName": normal(node.display_name, run),
            "type": node.type,
            "phase": node.phase,
            "templateName": node.template,
        }
        if node.message:
            row["message"] = normal(node.message, run)
        if node.inputs:
            row["inputs"] = {k: short(normal(v, run)) for k, v in node.inputs.items()}
        if node.outputs:
            row["outputs"] = {k: None if v is None else short(normal(v, run)) for k, v in node.outputs.items()}
        if node.exit_code is not None:
            row["exitCode"] = str(node.exit_code)
        if node.result is not None:
            row["result"] = short(node.result)
        if node.output_artifacts:
            row["outputArtifacts"] = sorted(normal(k, run) for k in node.output_artifacts)
        if node.children:
            row["children"] = sorted(normal(c, run) for c in node.children)
        if node.logs.rstrip("\n"):
            row["log"] = short(normal("\n".join(node.logs.splitlines()), run))
        if options.get("either") and row["type"] == "DAG" and row["phase"] in ("Failed", "Error"):
            row["phase"] = "Failed or Error"
        rows.append({k: v for k, v in row.items() if k not in options.get("unstable", [])})
    result: dict[str, Any] = {"phase": run.phase, "message": normal(run.message, run)}
    if run.hang:
        result["hang"] = True
    if options.get("either") and run.phase in ("Failed", "Error"):
        result["phase"] = "Failed or Error"
    return {**result, "pods": run.pods, "nodes": {r["name"]: r for r in rows}, "artifacts": _artifacts(run, store)}


def expected(recording: dict[str, Any]) -> dict[str, Any]:
    """Return a recording in the form of `outcome`: without the lines that the engine's own programs add to logs."""
    recorded = {k: v for k, v in recording["recorded"].items() if k != "after_s"}
    recorded["message"] = re.sub(r"compressed size \d+", "compressed size SIZE", recorded["message"])
    nodes = {}
    for row in recorded.get("nodes", []):
        row = {k: v for k, v in row.items() if k not in recording["options"].get("unstable", [])}
        if isinstance(row.get("log"), str):
            lines = [line for line in row["log"].split("\n") if not re.fullmatch(r"Error: exit status \d+", line)]
            row["log"] = "\n".join(lines)
            if not lines:
                del row["log"]
        nodes[row["name"]] = row
    return {**recorded, "nodes": nodes}


def _artifacts(run: SimulatedRun, store: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted(p for p in (store / run.uid).rglob("*") if p.is_file()):
        data = path.read_bytes()
        key = "UID/" + path.relative_to(store / run.uid).as_posix()
        if data[:2] == b"\x1f\x8b":
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                found[key] = {"tgz": sorted(archive.getnames())}
            continue
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = None
        if text is not None and len(data) <= SMALL:
            found[key] = normal(text, run)
        else:
            found[key] = {"length": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    return found


def differences(want: Any, got: Any, path: str = "") -> list[str]:
    """Return a line for each value that differs."""
    if isinstance(want, dict) and isinstance(got, dict):
        keys = sorted({*want, *got})
        return [d for k in keys for d in differences(want.get(k), got.get(k), f"{path}.{k}")]
    return [] if want == got else [f"{path}: recorded {json.dumps(want)[:300]}, simulated {json.dumps(got)[:300]}"]
