"""Run a pod as a process: load its inputs, run its command in a folder of its own, save its outputs, report."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tangentflow.simulator import dollar
from tangentflow.simulator.artifacts import ArtifactError, ArtifactStore
from tangentflow.simulator.document import kind_of
from tangentflow.simulator.errors import NotSimulated
from tangentflow.simulator.memory import bytes_of, watch
from tangentflow.simulator.orders import PodOrder, PodReport
from tangentflow.simulator.patch import patched
from tangentflow.simulator.resources import run_resource
from tangentflow.simulator.templates import seconds

__all__ = ["CommandNotFound", "Pod", "PodProcess", "PodRunner", "Workflow"]

Json = dict[str, Any]
SCRIPT = "/argo/staging/script"
KEPT_STDOUT = "/var/run/argo/ctr/main/stdout"
LONGEST_RESULT = 256 * 1024
GRACE = 2.0
TOO_LONG = "Pod was active on the node longer than the specified deadline"


class CommandNotFound(Exception):
    """A command that is not in the image."""


@dataclass(frozen=True)
class PodProcess:
    """A process to start: `root` is the folder that stands for the pod's `/`; `paths` are files it is given by name.

    `declared` are the variables of the pod's own description, `environment` these and those of an image; `mounts` are the paths of its volumes, with
    `:ro` behind those that it only reads.
    """

    root: Path
    image: str
    command: tuple[str, ...]
    declared: Mapping[str, str]
    environment: Mapping[str, str]
    directory: str
    paths: frozenset[str]
    mounts: tuple[str, ...] = ()


class PodRunner(Protocol):
    """Starts the main process of a pod. `has_images`: in its image, so it knows which command that has."""

    has_images: bool

    def start(self, process: PodProcess, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
        """Start the process in a session of its own, with no stdin.

        Raises:
            CommandNotFound: where the image has no such command.
        """

    def remove(self, process: PodProcess) -> None:
        """Make sure that nothing is left of a process that was ended."""

    def finish(self, process: PodProcess) -> int:
        """Return the most memory that a process has used which is over now, in bytes, or 0 where it is not known.

        Raises:
            CommandNotFound: where the image has no such command.
            SimulationError: where it was never really started.
        """


@dataclass(frozen=True)
class Workflow:
    """What the pods of a run have in common."""

    name: str
    uid: str
    store: ArtifactStore
    scratch: Path
    secrets: Mapping[str, Mapping[str, str]]
    scale: float
    kubectl: Sequence[str] | None = None


class Pod:
    """One pod, from its start to its report. `end` may be called from another thread at any time."""

    def __init__(self, order: PodOrder, workflow: Workflow, runner: PodRunner) -> None:
        self.order = order
        self.workflow = workflow
        self.runner = runner
        self.root = workflow.scratch / order.pod
        self.logs = workflow.scratch / f"{order.pod}.log"
        self._stdout = workflow.scratch / f"{order.pod}.out"
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self.ended = ""
        self._archives = (order.template.get("archiveLocation") or {}).get("archiveLogs", False)
        self._captures = order.wants_result or self._archives

    def end(self, why: str) -> None:
        """End the pod: SIGTERM, and SIGKILL a little later."""
        with self._lock:
            self.ended = self.ended or why
            process = self._process
        if process is not None and process.poll() is None:
            _signal(process, signal.SIGTERM)
            late = threading.Timer(GRACE, _signal, (process, signal.SIGKILL))
            late.daemon = True
            late.start()

    def run(self) -> PodReport:
        """Run the pod to its end.

        Raises:
            NotSimulated: for what the template asks and the simulator cannot do.
        """
        started = time.time()
        try:
            report = self._run()
        finally:
            logs = self.logs.read_text(errors="replace") if self.logs.exists() else ""
            if self._stdout.exists():
                logs = self._stdout.read_text(errors="replace") + logs
            shutil.rmtree(self.root, ignore_errors=True)
            for file in (self.logs, self._stdout):
                file.unlink(missing_ok=True)
        return PodReport(**{**vars(report), "logs": logs, "started": started, "finished": time.time()})

    def _run(self) -> PodReport:
        template = self.order.template
        kind = kind_of(template)
        if _size(template) <= dollar.LONGEST:
            # the init container reads the template from an environment variable, in which Kubernetes expands names
            template = _expanded(
                template, {"ARGO_WORKFLOW_NAME": self.workflow.name, "ARGO_WORKFLOW_UID": self.workflow.uid}
            )
        (self.root / "tmp").mkdir(parents=True)
        (self.root / "tmp").chmod(0o1777)
        inputs = (template.get("inputs") or {}).get("artifacts") or []
        try:
            for artifact in inputs:
                self.workflow.store.load(artifact, self._path(artifact["path"]))
        except ArtifactError as error:
            return PodReport("Error", f"init: Error (exit code 64): {error}")
        if kind == "resource":
            return self._resource(template)
        if template.get("script", {}).get("source"):
            script = self._path(SCRIPT)
            script.parent.mkdir(parents=True, exist_ok=True)
            script.write_text(template["script"]["source"])
            script.chmod(0o755)
        main = patched(self.order.template, self.order.template[kind])
        code, reason, note = self._main(main, bool(template.get("script", {}).get("source")), inputs)
        if self.ended:
            return PodReport("Failed", self.ended, code)
        return self._save(template, code, reason, note)

    def _resource(self, template: Json) -> PodReport:
        where, work = f"template {template['name']}", template["resource"]
        if self.workflow.kubectl is None:
            raise NotSimulated(where, "resource templates need a Kubernetes API server")
        manifest = work.get("manifest", "")
        if "manifestFrom" in work:
            name = work["manifestFrom"]["artifact"]["name"]
            [path] = [artifact["path"] for artifact in template["inputs"]["artifacts"] if artifact["name"] == name]
            manifest = self._path(path).read_text()
        with self._limited():
            return run_resource(template, manifest, self.workflow.kubectl, lambda: self.ended)

    def _path(self, path: str) -> Path:
        """Return where a path of the pod lies on this machine."""
        if not path.startswith("/") or ".." in path.split("/"):
            raise NotSimulated(f"template {self.order.template['name']}", f"path {path!r} is not absolute")
        return self.root / path.lstrip("/")

    # -- the main container -------------------------------------------------------------------------------------------

    def _main(self, container: Json, is_script: bool, inputs: list[Json]) -> tuple[int, str, str]:
        """Run the main process. Returns its exit code, how the kubelet calls its end, and the emissary's own message."""
        declared = self._environment(container)
        environment = {**self._image_environment(), **declared}
        command = [dollar.expand(c, declared) for c in container.get("command") or []]
        args = [dollar.expand(a, declared) for a in container.get("args") or []]
        if not command and not self.runner.has_images:
            raise NotSimulated(f"template {self.order.template['name']}", "a command is needed: images cannot be asked")
        if is_script:
            args.append(SCRIPT)
        if len(json.dumps(args)) > dollar.LONGEST:
            args = self._shortened(len(command) - 1, args)
        too_long = [
            t for t in (*command, *args, *(f"{k}={v}" for k, v in environment.items())) if len(t) >= dollar.LONGEST
        ]
        if too_long:
            self.logs.write_text("exec /var/run/argo/argoexec: argument list too long\n")
            return 1, "Error", ""
        process = PodProcess(
            self.root,
            container.get("image", ""),
            (*command, *args),
            declared,
            environment,
            container.get("workingDir", "/"),
            frozenset((SCRIPT, *(a["path"] for a in inputs))),
            tuple(
                mount["mountPath"] + (":ro" if mount.get("readOnly") else "")
                for mount in container.get("volumeMounts") or []
                if mount["mountPath"] != container.get("workingDir")
            ),
        )
        with (
            open(self.logs, "ab") as stderr,
            open(self._stdout if self._captures else self.logs, "ab") as stdout,
        ):
            try:
                with self._lock:
                    if self.ended:
                        return 143, "Error", ""
                    self._process = self.runner.start(process, stdout.fileno(), stderr.fileno())
            except CommandNotFound as error:
                return _not_found(error)
        memory = ((container.get("resources") or {}).get("limits") or {}).get("memory")
        limit = None if memory is None else bytes_of(memory)
        exceeded = None if limit is None else watch(self._process, limit)
        code = self._wait(self._process)
        if self.ended:
            self.runner.remove(process)
            return code, "Error", ""
        try:
            peak = self.runner.finish(process)
        except CommandNotFound as error:
            return _not_found(error)
        if self._captures:
            kept = self._path(KEPT_STDOUT)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._stdout, kept)
        if limit is not None and exceeded is not None and (exceeded() or peak > limit):
            return 137, "OOMKilled", ""
        return code, "Error", ""

    def _shortened(self, before: int, args: list[str]) -> list[str]:
        """Replace arguments that are too long by `@` and the name of a file, as the emissary does."""
        shortened = list(args)
        for index, argument in enumerate(args):
            if len(argument) > dollar.LONGEST:
                name = f"/tmp/argo_arg_{before + index}.txt"
                self._path(name).write_text(argument)
                shortened[index] = "@" + name
        return shortened

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for the process, not longer than its template allows. Returns the exit code."""
        with self._limited():
            code = process.wait()
        _signal(process, signal.SIGKILL)  # what the main process left behind
        return 128 - code if code < 0 else code

    @contextlib.contextmanager
    def _limited(self) -> Iterator[None]:
        """End the pod if the block takes longer than its template allows."""
        template = self.order.template
        limits = [seconds(template[key]) for key in ("activeDeadlineSeconds", "timeout") if key in template]
        timer = threading.Timer(min(limits, default=0.0) * self.workflow.scale, self.end, (TOO_LONG,))
        timer.daemon = True
        if limits:
            timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _image_environment(self) -> dict[str, str]:
        """Return the variables that come with an image and its host."""
        return {
            "HOME": "/root",
            "HOSTNAME": self.order.pod,
            "LANG": "C.UTF-8",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        }

    def _environment(self, container: Json) -> dict[str, str]:
        """Return the variables that the pod's own description has: only these are known to `$(NAME)`."""
        given = {
            "ARGO_CONTAINER_NAME": "main",
            "ARGO_NODE_ID": self.order.pod,
            "ARGO_WORKFLOW_NAME": self.workflow.name,
            "ARGO_WORKFLOW_UID": self.workflow.uid,
        }
        for variable in container.get("env") or []:
            if "valueFrom" in variable:
                secret = self._secret(variable["name"], variable["valueFrom"]["secretKeyRef"])
                if secret is not None:
                    given[variable["name"]] = secret
            else:
                given[variable["name"]] = dollar.expand(variable.get("value", ""), given)
        return given

    def _secret(self, name: str, reference: Json) -> str | None:
        value = self.workflow.secrets.get(reference["name"], {}).get(reference["key"])
        if value is None and not reference.get("optional"):
            where = f"secret {reference['name']!r}, key {reference['key']!r}"
            raise NotSimulated(f"template {self.order.template['name']}", f"env {name} needs {where}: pass `secrets=`")
        return value

    # -- the wait container -------------------------------------------------------------------------------------------

    def _save(self, template: Json, code: int, reason: str, note: str) -> PodReport:
        outputs = template.get("outputs") or {}
        values: dict[str, str | None] = {}
        problems = []
        for parameter in outputs.get("parameters") or []:
            path, source = parameter["valueFrom"]["path"], self._path(parameter["valueFrom"]["path"])
            default = parameter["valueFrom"].get("default")
            if source.is_file():
                values[parameter["name"]] = source.read_bytes().decode(errors="replace").removesuffix("\n")
            elif default is not None:
                values[parameter["name"]] = str(default)
            else:
                values[parameter["name"]] = None
                problems.append(f"open /var/run/argo/outputs/parameters{path}: no such file or directory")
        saved, lost = [], ""
        for artifact in outputs.get("artifacts") or []:
            try:
                self.workflow.store.save(artifact, self._path(artifact["path"]))
                saved.append(artifact["s3"]["key"])
            except FileNotFoundError:
                if not artifact.get("optional"):
                    lost += f"open /var/run/argo/outputs/artifacts{artifact['path']}.tgz: no such file or directory; "
            except ArtifactError as error:
                lost += f"{error}; "
        if self._path(KEPT_STDOUT).exists() and self._archives:
            saved.append(self._archive_logs())
        if lost:
            problems.append(lost)
        if code:
            phase, message = "Failed", f"main: {reason} (exit code {code}){note}"
        elif problems:
            phase, message = "Error", f"wait: Error (exit code 64): {problems[0]}"
        else:
            phase, message = "Succeeded", ""
        result = None
        if self.order.wants_result:
            result = self._stdout.read_bytes()[-LONGEST_RESULT:].decode(errors="replace").removesuffix("\n")
        return PodReport(phase, message, code, values or None, result, tuple(saved))

    def _archive_logs(self) -> str:
        """Save what the main container wrote, under the key that the engine gives it; return the key."""
        key = f"{self.workflow.name}/{self.order.pod}/main.log"
        whole = self.root / "main.log"
        whole.write_bytes(self._stdout.read_bytes() + self.logs.read_bytes())
        self.workflow.store.save({"name": "main-logs", "archive": {"none": {}}, "s3": {"key": key}}, whole)
        return key


def _not_found(error: CommandNotFound) -> tuple[int, str, str]:
    return 64, "Error", f': failed to find name in PATH: exec: "{error}": executable file not found in $PATH'


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _size(template: Json) -> int:
    """Return the bytes of a template as the engine passes it to the pod; input parameters are left out."""
    inputs = {k: v for k, v in (template.get("inputs") or {}).items() if k != "parameters"}
    return len(json.dumps({**template, "inputs": inputs}, ensure_ascii=False, separators=(",", ":")).encode())


def _expanded(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return dollar.expand(value, environment) if "$" in value else value
    if isinstance(value, dict):
        return {k: _expanded(v, environment) for k, v in value.items()}
    if isinstance(value, list):
        return [_expanded(v, environment) for v in value]
    return value
