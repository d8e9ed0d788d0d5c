"""The plan of a run, as it lies in the run's own code: which template is which step, and what comes first in the program."""

from __future__ import annotations

import base64
import binascii
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from tangentflow.argo.arguments import ADDRESS
from tangentflow.argo.document import parameter_names
from tangentflow.bundling.text import from_text
from tangentflow.errors import ClusterError, UsageError
from tangentflow.runtime.exits import FRAME, LAST
from tangentflow.runtime.pod import PLAN, call_path
from tangentflow.runtime.podfiles import Indices, parse_ix, spell

__all__ = ["NoArguments", "Plan"]

Json = dict[str, Any]


class NoArguments(ClusterError):
    """The arguments of a run are not where its pods get them: no pod has put them there, or they were deleted."""


class Plan:
    """What a workflow document carries about itself. Raises UsageError for a document of another origin."""

    def __init__(self, workflow: Mapping[str, Any]) -> None:
        name = workflow["metadata"].get("name", "")
        spec = workflow["spec"]
        stored = (workflow.get("status") or {}).get("storedWorkflowTemplateSpec") or {}
        self.given: dict[str, str] = {}
        for source in (stored, spec):
            for parameter in (source.get("arguments") or {}).get("parameters") or []:
                if parameter.get("value") is not None:
                    self.given[parameter["name"]] = str(parameter["value"])
        own = "tangentflow-code" if "tangentflow-code" in self.given else "code"
        try:
            self.bundle = from_text(self.given[own])
            with zipfile.ZipFile(io.BytesIO(self.bundle)) as archive:
                self.content: Json = json.loads(archive.read(PLAN))
        except (KeyError, binascii.Error, zipfile.BadZipFile, ValueError) as error:
            raise UsageError(f"the workflow {name} was not made by tangentflow: it carries no code of a run") from error
        self.spec: Json = {**stored, **spec}
        self.templates = {t["name"]: t for t in spec.get("templates") or stored.get("templates") or []}
        self.flow: Json = self.content["flows"][self.content["root"]]

    @property
    def name(self) -> str:
        """The name of the workflow function."""
        return str(self.flow["name"])

    @property
    def exit_name(self) -> str:
        """The name of the exit handler; empty if there is none."""
        return str(self.content["flows"][self.content["exit"]]["name"]) if "exit" in self.content else ""

    def parameters(self, read: Callable[[str], bytes | None]) -> dict[str, str]:
        """Return the arguments of the main workflow, as its pods get them. `read` gives a file of the run by its key behind the run's uid.

        Raises NoArguments if the arguments are such a file, and it is not there.
        """
        if self.content.get("placed"):
            found = read(f"{ADDRESS}/v")
            if found is None:
                raise NoArguments(f"the arguments of this run of {self.name} are not in its artifact repository")
            return {"frame": "main", "arguments": base64.b64encode(found).decode()}
        names = parameter_names(self.flow["params"])
        if names["own:arguments"] in self.given:
            return {"frame": "main", "arguments": self.given[names["own:arguments"]]}
        texts = {name: self.given.get(names[name], "") for name in self.flow["params"]}
        return {"frame": "main"} | {f"arg.{k}": base64.b64encode(v.encode()).decode() for k, v in texts.items()}

    def step(self, template: str) -> tuple[Json, Json] | None:
        """Return the flow and the node of the step that a template's pods run; None if they run none."""
        pod = self.content["pods"].get(template)
        if pod is None or pod["step"] is None or "before" in pod:
            return None
        flow = self.content["flows"][pod["flow"]]
        return flow, flow["nodes"][pod["step"]]

    def worked(self, template: str) -> tuple[Json, Json] | None:
        """Return the flow and the node of the step whose work a template does; None if it does none."""
        return self.step(self.content.get("works", {}).get(template, ""))

    def skipped(self, template: str) -> list[tuple[Json, Json]]:
        """Return the steps that do not run where a task of this template is skipped."""
        found = self.content["skips"].get(template)
        if found is None:
            return []
        flow = self.content["flows"][found["flow"]]
        return [(flow, flow["nodes"][site]) for site in found["steps"]]

    def path(self, frame: str, site: str, indices: Indices) -> str:
        """Return the path of a step run as users know it."""
        prefix, own = call_path(self.content, frame), spell(site, indices)
        return f"{prefix}.{own}" if prefix else own

    def order(self, frame: str, site: str, indices: Indices) -> tuple[int, ...]:
        """Return a sort key: program order, iteration after iteration."""
        first, *rest = frame.split("/.")
        flow = self.content["flows"][self.content["exit"]] if first == FRAME else self.flow
        found: list[int] = [LAST] if first == FRAME else []
        for part in rest:
            number, _, ix = part.partition("/")
            call = flow["calls"][number]
            found += self._places(flow, call, parse_ix(ix))
            flow = self.content["flows"][flow["nodes"][call]["flow"]]
        return (*found, *self._places(flow, site, indices))

    def _places(self, flow: Json, site: str, indices: Indices) -> Iterator[int]:
        rest = iter(indices)
        for place in self._chains[flow["key"]][site]:
            yield next(rest, 0) if place is None else place

    @cached_property
    def _chains(self) -> dict[str, dict[str, tuple[int | None, ...]]]:
        """For each flow and node: its place in each region around it, None where an index of a loop stands."""
        found: dict[str, dict[str, tuple[int | None, ...]]] = {}
        for key, flow in self.content["flows"].items():
            found[key] = {}
            _walk(flow, "", (), found[key])
        return found


def _walk(flow: Json, region: str, chain: tuple[int | None, ...], found: dict[str, tuple[int | None, ...]]) -> None:
    for place, name in enumerate(flow["regions"][region]["nodes"]):
        found[name] = (*chain, place)
        node = flow["nodes"][name]
        for number, inner in enumerate(node.get("regions", ())):
            _walk(flow, inner, (*found[name], None if node["kind"] in ("Map", "Loop") else number), found)
