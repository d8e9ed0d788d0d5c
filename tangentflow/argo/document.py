"""The Argo Workflow document of a graph."""

from __future__ import annotations

import base64
import inspect
import io
import json
import re
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from tangentflow.argo.arguments import ADDRESS, FEW, LARGEST, baked, declared, key_of
from tangentflow.argo.chunks import chunked
from tangentflow.argo.constants import Constants
from tangentflow.argo.elsewhere import around
from tangentflow.argo.emit import Emitter
from tangentflow.argo.exits import exit_template, outer_template, told_status
from tangentflow.argo.locks import locked
from tangentflow.argo.names import slug
from tangentflow.argo.options import hosts_glue, make_run, shared_names
from tangentflow.argo.plan import plan_flow
from tangentflow.argo.podplan import plan_json
from tangentflow.argo.pods import Settings, helper_names
from tangentflow.argo.policies import refuse_uncounted, refuse_unsaid
from tangentflow.argo.script import GIVEN, store_code
from tangentflow.argo.shape import FlowPlan, StepPods
from tangentflow.argo.share import MOST, share
from tangentflow.argo.taken import NOTHING, SEEDS, Taken
from tangentflow.bundling.pack import pack
from tangentflow.bundling.text import to_text
from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.errors import UsageError
from tangentflow.graph.exits import handler_of, with_exit
from tangentflow.graph.nodes import Call, Flow, Graph, Step
from tangentflow.runtime.pod import PLAN
from tangentflow.source.garbage import no_collection

__all__ = [
    "CODE_TASK",
    "Submission",
    "document",
    "helpers",
    "parameter_names",
    "planned",
    "result_address",
    "submission",
]

Json = dict[str, Any]
PARALLELISM = 50
"""How many pods of a run may be active at a time."""

ROOMY, LARGEST_DOCUMENT = 600_000, 1_000_000
"""Bytes of a document from which on the arguments of a run stand beside it, since what the engine notes of the run needs room too, and that it may have at all: the engine keeps 1 MiB."""

CODE_TASK = "t-code"
"""The task of the pod that hands on what no document carries to each pod."""

LARGEST_TEMPLATE = 128_000
"""Up to this size of a pod's template the code stands in its script: one of 128 KiB would take a ConfigMap for each pod."""


def document(
    graph: Graph, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None, *, taken: Taken = NOTHING
) -> Json:  # fmt: skip
    """Return the Workflow document; with arguments, they are baked in, else they are workflow parameters.

    `taken` is what its run takes over from earlier ones. Raises TypeError for arguments that do not fit, TangentflowError for code or arguments
    that cannot be sent.
    """
    return _Maker(graph, args, dict(kwargs or {}), taken=taken).document


@dataclass(frozen=True)
class Submission:
    """The document of one run, the templates of its pods that run no step with the reasons, and files that must be put into the artifact repository, by key."""

    document: Json
    helpers: Sequence[tuple[str, str]]
    files: Mapping[str, bytes]


def submission(
    graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any], taken: Taken = NOTHING, told: Mapping[str, Any] | None = None
) -> Submission:  # fmt: skip
    """Return the document of one run, of which defaults that are files are arguments too; large arguments stand beside it."""
    made = _Maker(graph, args, dict(kwargs), one_run=True, taken=taken, told=told)
    return Submission(made.document, made.helpers, made.files)


def helpers(graph: Graph) -> list[tuple[str, str]]:
    """Return the templates of pods that run no step, each with the reason why it exists."""
    return _Maker(graph, (), {}).helpers


def planned(graph: Graph, taken: Taken = NOTHING) -> tuple[Mapping[str, FlowPlan], Json]:
    """Return the plan of each flow, with the names of its templates, and the document made of them.

    To look at, not to submit: options of steps that it cannot say are not in it.
    """
    made = _Maker(graph, (), {}, whole=False, taken=taken)
    return made.plans, made.document


def result_address(uid: str) -> str:
    """Return the key at which a run records its outcome, if one of its pods does."""
    return f"{uid}/result/v"


def parameter_names(params: Sequence[str]) -> dict[str, str]:
    """Return the names of workflow parameters: those of a function's, and `own:code`, `own:arguments` where the function has no such."""
    names = {
        name: name if re.fullmatch(r"[-a-zA-Z0-9_]+", name) else f"argument-{number}"
        for number, name in enumerate(params)
    }
    own = {name: name if name not in names else f"tangentflow-{name}" for name in ("code", "arguments")}
    return {**{f"own:{k}": v for k, v in own.items()}, **names}


class _Maker:
    def __init__(
        self, graph: Graph, args: tuple[Any, ...], kwargs: dict[str, Any], whole: bool = True, one_run: bool = False,
        taken: Taken = NOTHING, told: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.taken, self.to_tell = taken, dict(told or {})
        self.exit = graph.exit.root if graph.exit is not None else ""
        graph = with_exit(graph)
        if whole:
            refuse_unsaid(graph)
        self.graph, self.whole, self.one_run = graph, whole, one_run
        self.files: dict[str, bytes] = {}
        with no_collection():
            self._make(args, kwargs)

    def _make(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        graph = self.graph
        calls = [node for flow in graph.flows for node in flow.body.walk() if isinstance(node, Call)]
        self.called = frozenset(call.flow for call in calls)
        root = cast(WorkflowFunction[..., Any], graph.bindings[graph.root])
        self.workflows = {f.key: cast(WorkflowFunction[..., Any], graph.bindings[f.key]) for f in graph.flows}
        self.image = root.option("image") or f"python:{sys.version_info[0]}.{sys.version_info[1]}-slim"
        self.plans = {
            flow.key: plan_flow(
                flow, self._step_pods(flow), flow.key in self.called, Constants(graph, flow), self.taken
            )
            for flow in graph.flows
        }
        for plan in self.plans.values():
            chunked(graph, plan)
        if self.whole:
            refuse_uncounted(graph, self.plans)
        data = baked(graph, args, kwargs, call=self.one_run or not self.whole)
        self.baked = data is not None
        self.names = parameter_names(graph.main.params)
        self._emit(data)
        if data is not None and self.one_run and not self.files and len(data) > FEW and _size(self.document) > ROOMY:
            self._emit(data, beside=True)
        if self.whole and (size := _size(self.document)) > LARGEST_DOCUMENT:
            raise UsageError(self._too_large(size, data))

    def _emit(self, data: bytes | None, beside: bool = False) -> None:
        """Make the document. `beside`: the arguments stand in the artifact repository, as those must that it cannot carry."""
        graph = self.graph
        if data is not None and len(data) > LARGEST:
            if not self.one_run:
                raise UsageError(
                    f"the arguments of {graph.main.name} take {len(data) / 1e6:.1f} MB, and a document carries up to {LARGEST / 1e6:.1f} MB; submit it "
                    "with them (`.submit`, which puts them into the artifact repository), or put large data where the pods reach it and let a step load it"
                )
            beside = True
        self.files = {key_of(data): data} if data is not None and beside else {}
        self.parameters, main = self._given(data)
        given = {graph.root: main, **self._told()}
        emitter = Emitter(graph, self.plans, self._settings(self.called, given, "no-args"))
        code = self._code(emitter)
        self.by_artifact = beside or self._is_large(emitter, code)
        if self.by_artifact:
            if self.baked:
                settings = self._settings(self.called | {graph.root}, self._told(), ADDRESS)
                emitter = Emitter(graph, self.plans, settings)
                code = self._code(emitter)
            emitter.fill(by_artifact=True)
        self.parameters.append({"name": self.names["own:code"], "value": code})
        self.helpers = [item for plan in self.plans.values() for item in helper_names(plan.pods)]
        self.document = self._document(emitter)

    def _too_large(self, size: int, data: bytes | None) -> str:
        """Return what to say of a document that the engine would not keep."""
        parts = {"the code": len(self.parameters[-1]["value"])}
        if data is not None and not self.files:
            parts["the arguments"] = len(data) * 4 // 3
        parts["the templates"] = size - sum(parts.values())
        told = ", ".join(f"{what} {bytes_:,}" for what, bytes_ in parts.items())
        return (
            f"the document of {self.graph.main.name} takes {size:,} bytes ({told}), and the engine keeps 1,048,576 with what it notes of the run; make loops of "
            "calls that are written out, let some of the work be a workflow of its own that is submitted with the result of the first, or put modules "
            "and data into the image"
        )

    def _given(self, data: bytes | None) -> tuple[list[Json], dict[str, str]]:
        """Return the workflow parameters with the arguments, and what the pods of the main workflow are given of them."""
        graph, own = self.graph, self.names["own:arguments"]
        if data is None:
            texts = {
                f"arg.{name}": f"{{{{= toBase64(workflow.parameters['{self.names[name]}']) }}}}"
                for name in graph.main.params
            }
            return declared(graph, self.names), texts
        if self.files:
            return [], {}
        parameter = {"name": own, "value": base64.b64encode(data).decode()}
        return [parameter], {"arguments": f"{{{{workflow.parameters.{own}}}}}"}

    def _told(self) -> dict[str, dict[str, str]]:
        """Return what the pods of the exit handler are given: the status of the run, as its first parameter."""
        if not self.exit:
            return {}
        first = next(iter(inspect.signature(self.workflows[self.exit].function).parameters.values()))
        return {self.exit: {f"arg.{first.name}": told_status(first.kind is inspect.Parameter.VAR_POSITIONAL)}}

    def _is_large(self, emitter: Emitter, code: str) -> bool:
        """Whether some pod's template is too large, once the engine has put code and arguments into it; else all get their programs."""
        arguments = sum(len(parameter.get("value", "")) for parameter in self.parameters)
        size = len(code) + 2 * arguments
        if size > LARGEST_TEMPLATE:
            return True
        emitter.fill(by_artifact=False)
        scripts = [json.dumps(template) for template in emitter.templates if "script" in template]
        return max(map(len, scripts)) + size > LARGEST_TEMPLATE

    def _image(self, flow: str) -> str:
        return cast(str, self.workflows[flow].option("image")) or self.image

    def _step_pods(self, flow: Flow) -> StepPods:
        images, apart = {}, set()
        for node in flow.body.walk():
            if isinstance(node, Step):
                step = cast(StepFunction[..., Any], self.graph.bindings[node.callee])
                image = step.option("image")
                if image and image != self._image(flow.key):
                    images[node.callee] = image
                if not hosts_glue(around(step)):
                    apart.add(node.callee)
        return StepPods(images, frozenset(apart))

    def _settings(self, called: frozenset[str], arguments: Mapping[str, Mapping[str, str]], address: str) -> Settings:
        root = self.workflows[self.graph.root]
        all_volumes = root.option("volumes", {})
        volumes = {key: {**all_volumes, **flow.option("volumes", {})} for key, flow in self.workflows.items()}
        images = {key: self._image(key) for key in self.workflows}
        return Settings(
            images,
            volumes,
            shared_names(root),
            self.names["own:code"],
            called,
            arguments,
            address,
            locked(self.graph, self.plans, self.called),
        )

    @cached_property
    def _bundle(self) -> bytes:
        keys = {flow.key for flow in self.graph.flows}
        keys |= {node.callee for flow in self.graph.flows for node in flow.body.walk() if isinstance(node, Step)}
        sent = {name: self.graph.bindings[name] for name in sorted(keys)}
        if self.exit:  # its function stands in a module under the handler's own name
            sent[self.exit] = handler_of(self.graph)
        return pack(sent)

    def _code(self, emitter: Emitter) -> str:
        """Return the bundle with its plan, as text."""
        bundle = io.BytesIO(self._bundle)
        plan = plan_json(self.plans, self.graph.root, self.exit, emitter.inputs) | self.to_tell
        if self.taken:
            plan["taken"] = self.taken.json()
        if self.files:
            plan["placed"] = True
        members = {PLAN: json.dumps(plan, sort_keys=True, separators=(",", ":")).encode()}
        members |= {f"{SEEDS}/{number}": seed for number, seed in enumerate(self.taken.seeds, 1)}
        with zipfile.ZipFile(bundle, "a") as archive:
            for name, data in members.items():
                info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                info.create_system, info.external_attr = 3, 0o644 << 16
                archive.writestr(info, data)
        return to_text(bundle.getvalue())

    def _document(self, emitter: Emitter) -> Json:
        workflow = self.workflows[self.graph.root]
        name = workflow.option("name") or self.graph.main.name
        starts = {p["name"]: p["value"] for p in emitter.templates[0]["inputs"]["parameters"]}
        if not self.by_artifact and any(p["name"] in starts for p in self.parameters):
            name = emitter.names.take("entry")
            emitter.templates.insert(0, outer_template(name, emitter.templates[0]["name"], starts))
        last = exit_template(emitter.flows[self.exit], emitter.names) if self.exit else None
        if last is not None:
            emitter.templates.append(last)
        templates = emitter.templates if len(emitter.templates) <= MOST else share(emitter.templates, emitter.names)
        entry = templates[0]["name"]
        if self.by_artifact:
            templates, entry = self._with_code(templates, emitter)
        metadata = {
            "generateName": f"{slug(name)}-",
            "labels": {"tangentflow.dev/workflow": _label(name)},
            "annotations": {"tangentflow.dev/pod-root": "1"},
        }
        spec = {
            "entrypoint": entry,
            "parallelism": PARALLELISM,
            "arguments": {"parameters": self.parameters},
            "templates": templates,
        }
        if last is not None:
            spec["onExit"] = last["name"]
        spec = make_run(metadata, spec, workflow)
        return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata, "spec": spec}

    def _with_code(self, templates: list[Json], emitter: Emitter) -> tuple[list[Json], str]:
        name, put = emitter.names.take("with-code"), emitter.names.take("code")
        reason = "writes the code (and arguments), too large for each pod's template, as artifacts"
        if self.files:
            reason = (
                "writes the code, and the arguments that were put into the artifact repository, as artifacts of the run"
            )
        self.helpers.append((put, reason))
        entry = templates[0]
        tasks = [
            {"name": CODE_TASK, "template": put},
            {
                "name": f"t-{slug(entry['name'])}", "template": entry["name"], "depends": f"{CODE_TASK}.Succeeded",
                "arguments": {"parameters": [dict(p) for p in entry["inputs"]["parameters"]]},
            },
        ]  # fmt: skip
        outer = {"name": name, "dag": {"failFast": False, "tasks": tasks}}
        outputs = [_stored("code", "{{workflow.uid}}/code/v")]
        own = {"code": self.names["own:code"]}
        writer: Json = {"name": put, "metadata": {"annotations": {"tangentflow.dev/reason": self.helpers[-1][1]}}}
        if self.baked:
            outputs.append(_stored("arguments", f"{{{{workflow.uid}}}}/{ADDRESS}/v"))
            own["arguments"] = "" if self.files else self.names["own:arguments"]
        if self.files:
            (key,) = self.files
            writer["inputs"] = {"artifacts": [{**_stored("arguments", key), "path": GIVEN}]}
        writer["outputs"] = {"artifacts": outputs}
        writer["script"] = {"image": self.image, "command": ["python"], "source": store_code(own)}
        return [outer, *templates, writer], name


def _size(document: Json) -> int:
    return len(json.dumps(document, separators=(",", ":")))


def _stored(name: str, key: str) -> Json:
    return {
        "name": name,
        "path": f"/tf/out/{name}",
        "archive": {"none": {}},
        "s3": {"key": key},
    }


def _label(name: str) -> str:
    """Return a name as the value of a label: itself if it can be one."""
    return name if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", name) else slug(name)
