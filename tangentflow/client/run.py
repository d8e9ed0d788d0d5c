"""`Run` of a workflow on a cluster: live, and found again by its id."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, cast

from tangentflow.argo.document import CODE_TASK
from tangentflow.argo.policies import LATE
from tangentflow.argo.taken import Source
from tangentflow.client.artifacts import TO_REPOSITORY, Artifacts, ServedArtifacts, at_address, of_repository
from tangentflow.client.begun import Target, call_arguments, submitted_from
from tangentflow.client.cluster import Cluster, Json, Snapshot, snapshot
from tangentflow.client.given import given
from tangentflow.client.overrides import override, overrides
from tangentflow.client.placed import Placed
from tangentflow.client.plan import NoArguments, Plan
from tangentflow.client.records import Record
from tangentflow.client.replaying import replayed
from tangentflow.client.steps import ArgoStepRun, nodes_of, step_runs, taken_runs
from tangentflow.decorators import WorkflowFunction
from tangentflow.engine.policies import run_timeout
from tangentflow.engine.run import Run
from tangentflow.engine.store import locate, user_files
from tangentflow.errors import Cancelled, ClusterError, StepFailed, StepKilled, StepTimeout, UsageError
from tangentflow.runtime.codec import decode
from tangentflow.runtime.exits import PATH, RESULT, exit_failed
from tangentflow.runtime.outcome import Outcome, Raised, Value

__all__ = ["PATIENCE", "ArgoRun"]

PATIENCE = 60.0
"""How many seconds a client waits for a cluster that does not answer."""

_FIRST, _LAST, _FACTOR = 0.25, 5.0, 1.3
"""Seconds between two looks at a run: at first, at last, and how they grow."""


class ArgoRun(Run):
    """A run on a cluster. It goes on whatever happens here; `attach(id)` finds it again."""

    def __init__(self, cluster: Cluster, found: Snapshot, artifacts: str = "") -> None:
        super().__init__(found.name, found.workflow, None, self.argo_steps)
        self._cluster = cluster
        self._seen = found
        self._address = artifacts
        self._last: Json | None = None
        self.record = self.earlier

    killed = False
    """A run on a cluster needs no process here."""

    def __repr__(self) -> str:
        return f"<Run {self.id} of {self.workflow}, {self._seen.status} when last looked at: {self._cluster.place}>"

    # -- how it stands -------------------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """ "Pending" until a controller takes it up, then "Running", "Succeeded", "Failed" or "Cancelled". Asks the cluster."""
        return self._look().status

    @property
    def uid(self) -> str:
        """The uid of its Workflow, with which the addresses of its artifacts begin."""
        return self._seen.uid

    @property
    def namespace(self) -> str:
        """The namespace that it is in."""
        return self._cluster.namespace

    @property
    def created(self) -> float:
        """When it was submitted, in seconds since the epoch."""
        return self._seen.created

    @property
    def started(self) -> float | None:
        """When the engine took it up."""
        return self._times[0]

    @property
    def finished(self) -> float | None:
        """When it ended, None while it runs."""
        return self._times[1]

    @property
    def _times(self) -> tuple[float | None, float | None]:
        seen = self._look()
        if seen.phase and seen.started is None:  # labels, which do not tell
            seen = snapshot(self._document)
        return seen.started, seen.finished

    def _look(self) -> Snapshot:
        if not self._seen.over:
            self._seen = self._about(lambda: self._cluster.peek(self.id))
        return self._seen

    def _about(self, ask: Callable[[], Any]) -> Any:
        """Ask the cluster something about this run; an error says which run it is."""
        try:
            return ask()
        except ClusterError as error:
            if error.status == 404:
                told = f"{error}; the run {self.id} was deleted, by hand or because its time to live was over"
            else:
                told = f"{error}; the run {self.id} is not lost: attach({self.id!r}) finds it again"
            raise ClusterError(told, error.status, self.id) from error

    @property
    def _document(self) -> Json:
        """The whole workflow; asked for anew as long as it is not over."""
        if self._last is None:
            found: Json = self._about(lambda: self._cluster.get(self.id))
            seen = snapshot(found)
            if not seen.over:
                return found
            self._seen, self._last = seen, found
        return self._last

    def wait(self, timeout: float | None = None) -> ArgoRun:
        """Wait until the run is finished and return it.

        Raises TimeoutError after `timeout` seconds, and ClusterError if the cluster refuses to answer, or does not for a minute. The run
        goes on in both cases.
        """
        end = None if timeout is None else time.monotonic() + timeout
        pause, silent = _FIRST, None
        while True:
            now = time.monotonic()
            try:
                seen, silent = self._look(), None
                if seen.over:
                    return self
            except ClusterError as error:
                silent = now if silent is None else silent
                if not error.passing or now - silent > PATIENCE:
                    raise
            if end is not None and now >= end:
                raise TimeoutError(
                    f"the run {self.id} did not finish within {timeout} seconds: {_why(self._seen, self._cluster)}"
                )
            time.sleep(pause if end is None else min(pause, max(0.0, end - now)))
            pause = min(pause * _FACTOR, _LAST)

    def cancel(self) -> None:
        """Stop the run: what runs is ended, nothing more is started but the exit handler. Nothing happens if it is over."""
        if self._look().over:
            return
        try:
            self._about(lambda: self._cluster.stop(self.id))
        except ClusterError:
            if not self._look().over:
                raise

    # -- what it gave --------------------------------------------------------------------------------------------------

    @property
    def outcome(self) -> Outcome | None:
        """What it gave; None while it runs. Raises ClusterError if that cannot be read."""
        return self._given if self._look().over else None

    @cached_property
    def _given(self) -> Outcome:
        seen = self._seen
        if seen.status == "Cancelled":
            return Raised(Cancelled(f"the run {self.id} was cancelled"))
        data = self._read(f"{seen.uid}/result/v")
        if data is not None:
            outcome = decode(data, where=self.workflow, files=user_files(locate(None)))
        else:
            outcome = self._replayed()
        late = self._late(outcome, data is not None)
        if late is not None:
            return Raised(late)
        if isinstance(outcome, Value) and seen.phase != "Succeeded":
            if self._exit_failed:
                return Raised(exit_failed(self._plan.exit_name, self._exit_cause))
            return Raised(
                StepFailed(f"the run {self.id} ended as {seen.phase}: {seen.message or 'the engine does not say why'}")
            )
        if isinstance(outcome, Raised) and isinstance(outcome.exception, StepKilled):
            self._explain(outcome.exception, seen)
        return outcome

    def _replayed(self) -> Outcome:
        """Return what the steps say that the run gave. Where its first pod did not hand on the arguments, no step has run, and that is why."""
        try:
            return replayed(self._plan, self._read_of, self.id)
        except NoArguments:
            first = f"{self.id}.{CODE_TASK}"
            node = next((node for node in nodes_of(self._document).values() if node.get("name") == first), {})
            if node.get("phase") == "Succeeded":
                raise
            told = node.get("message") or self._seen.message or "the engine does not say why"
            lost = StepKilled(
                f"the first pod of {self.id}, which hands on its arguments, did not end well: {told}",
                self.workflow,
                self.id,
            )
            return Raised(lost)

    @property
    def _exit_failed(self) -> bool:
        """Whether the exit handler ended badly."""
        found = [node for node in nodes_of(self._document).values() if node.get("name") == f"{self.id}.onExit"]
        return any(node.get("phase") in ("Failed", "Error") for node in found) and self._plan.exit_name != ""

    @property
    def _exit_cause(self) -> BaseException | None:
        """Return what the exit handler raised: what it recorded, else what its only step raised that failed."""
        data = self._read(f"{self._seen.uid}/{RESULT}/v")
        if data is not None:
            outcome = decode(data, where=self._plan.exit_name, files=user_files(locate(None)))
            return outcome.exception if isinstance(outcome, Raised) else None
        failed = [run for run in self.argo_steps() if run.path.startswith(f"{PATH}.") and run.error is not None]
        return failed[0].error if len(failed) == 1 else None

    def _late(self, outcome: Outcome, recorded: bool) -> StepTimeout | None:
        """Return that the run took too long, if that is why there is no outcome, or why what was left of the run was ended."""
        spec = self._plan.spec
        if self._seen.phase == "Succeeded" or "activeDeadlineSeconds" not in spec:
            return None
        if not any(node.get("message") == LATE for node in nodes_of(self._document).values()):
            return None
        if isinstance(outcome, Raised):
            lost = outcome.exception
            if not isinstance(lost, StepKilled):
                return None
            other = "" if recorded else LATE
            if next((run.message for run in self.argo_steps() if run.path == lost.path), other) != LATE:
                return None
        return run_timeout(self.workflow, float(spec["activeDeadlineSeconds"]))

    def _explain(self, lost: StepKilled, seen: Snapshot) -> None:
        """Add to the exception for a lost pod what the engine says about the pod, or about the run if there was no pod."""
        told = next((run.message for run in self.argo_steps() if run.path == lost.path), seen.message)
        if told and told not in str(lost):
            lost.args = (f"{lost.args[0]}: {told}", *lost.args[1:])

    def _read(self, key: str) -> bytes | None:
        artifacts = self._artifacts
        found: bytes | None = self._about(lambda: artifacts.read(key))
        return found

    def _read_of(self, number: int, key: str) -> bytes | None:
        """Return a file of this run (0), or of an earlier one that it took outcomes over from."""
        sources = self._plan.content.get("taken", {}).get("sources", [])
        return self.read(Source(*sources[number - 1]) if number else Source(self._seen.uid, self.id), key)

    def read(self, source: Source, key: str) -> bytes | None:
        """Return a file that a run of this namespace recorded; None if there is none. Raises ClusterError."""
        if source.run == self.id or not isinstance(self._artifacts, ServedArtifacts):
            return self._read(f"{source.uid}/{key}")
        if source.is_put:
            raise ClusterError(
                f"{self.id} has taken over values of {source.run}, which was not on this cluster: who submitted it put them into the artifact repository, "
                f"and Argo Server hands out only what pods recorded; {TO_REPOSITORY}", run=self.id,
            )  # fmt: skip
        if source.run not in self._others:
            try:
                found = self._cluster.get(source.run)
            except ClusterError as error:
                if error.status != 404:
                    raise
                found = {}
            own = nodes_of(found) if found.get("metadata", {}).get("uid") == source.uid else {}
            self._others[source.run] = ServedArtifacts(self._cluster, source.run, own.values)
        others = self._others[source.run]
        return cast("bytes | None", self._about(lambda: others.read(f"{source.uid}/{key}")))

    @cached_property
    def _others(self) -> dict[str, ServedArtifacts]:
        return {}

    @cached_property
    def _artifacts(self) -> Artifacts:
        if self._address:
            return at_address(self._address)
        found = (self._document.get("status") or {}).get("artifactRepositoryRef")
        repository = (found or {}).get("artifactRepository") or {}
        if self._cluster.serves and (repository or not found):
            return ServedArtifacts(self._cluster, self.id, lambda: nodes_of(self._document).values())
        return of_repository(repository, self._cluster.secret)

    @cached_property
    def _plan(self) -> Plan:
        return Plan(self._document)

    # -- its steps -----------------------------------------------------------------------------------------------------

    def argo_steps(self) -> list[ArgoStepRun]:
        """Return the same as `steps`, as what they are on a cluster."""
        runs = step_runs(self._plan, self._document, self._read, self._log)
        content = self._plan.content
        if "codes" in content:
            runs = sorted([*runs, *taken_runs(self.receipts, {run.path for run in runs})], key=lambda run: run.order)
        for run in runs:
            self._furnish(run)
        return runs

    def _furnish(self, run: ArgoStepRun) -> None:
        """Let a step run have what the record of the run tells of it."""
        if "codes" not in self._plan.content or run.place is None:
            return
        number = self.receipts.number(*run.place)
        if number and run.status == "Succeeded":  # its pod was there for what it evaluates besides
            run.status, run.cached, run.why = "Cached", True, self.receipts.taken["told"].get(str(number), "")
        run.why = run.why or self._plan.content.get("why", {}).get(run.path, "")
        if run.status != "Skipped":
            run.given = partial(given, self.receipts, run)
        if run.path in self.overridden:
            data = self.overridden[run.path]
            run.recorded = lambda: decode(data, where=run.name, files=user_files(locate(None)))
            run.status, run.why = "Succeeded", "overridden"
        if self._seen.over:
            run.overriding = self._override

    def _override(self, path: str, data: bytes) -> None:
        self.overridden[path] = data
        override(locate(None), self._seen.uid, path, data)

    @cached_property
    def overridden(self) -> dict[str, bytes]:
        """The outcomes that were changed by hand on this machine, by the paths of their step runs."""
        return overrides(locate(None), self._seen.uid)

    def arguments(self, workflow: WorkflowFunction[..., Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return what the workflow was called with, as (args, kwargs)."""
        return call_arguments(self._plan, workflow, partial(self._read_of, 0))

    @property
    def target(self) -> Target | None:
        """Where its workflow is on this machine, if it was submitted from here; else None."""
        return submitted_from(locate(None), self._seen.uid)

    @cached_property
    def receipts(self) -> Record:
        """What it has on record. Raises UsageError if its document does not tell of its code."""
        return Record(self._plan, Source(self._seen.uid, self.id), self.read, self.overridden)

    def earlier(self) -> Placed:
        """Return what it has on record, for a later run that takes it over.

        Raises UsageError if the run is not over, or if its document does not tell of its code; ClusterError if what it recorded is not there: a
        repository that is another one is empty, too.
        """
        if self.finished is None:
            raise UsageError(
                f"the run {self.id} is still {self.status}; wait for its end, or cancel it, before it is reused"
            )
        for step in self.argo_steps():
            if step.status == "Succeeded" and step.pod and step.place is not None and step.path not in self.overridden:
                if self.receipts.original(*step.place) is None:
                    raise ClusterError(
                        f"{step.path} of {self.id} has succeeded, and its value is not in the artifact repository: it was removed there, or "
                        "TANGENTFLOW_ARTIFACTS names another repository; nothing of the run can be taken over", run=self.id,
                    )  # fmt: skip
                break
        return Placed(self.receipts)

    @property
    def pods(self) -> int:
        """The number of pods so far, those included that run no step."""
        return sum(node.get("type") == "Pod" for node in nodes_of(self._document).values())

    @pods.setter
    def pods(self, value: int | None) -> None:
        """Take what the constructor has to say, which is nothing."""

    def logs(self) -> str:
        """Return what the steps printed, in program order; each line begins with the path of its step."""
        lines = []
        for run in self.argo_steps():
            if run.pod:
                try:
                    printed = run.logs()
                except ClusterError as error:
                    if error.status != 404:
                        raise
                    printed = f"[{error}]"
                lines += [f"{run.path}: {line}" for line in printed.splitlines()]
        return "".join(f"{line}\n" for line in lines)

    def _log(self, run: ArgoStepRun) -> str:
        if not run.pod:
            return ""
        found = self._about(lambda: self._cluster.logs(self.id, run.pod))
        if found is None:
            kept = self._read_log(run)
            if kept is None:
                raise ClusterError(
                    f"the pod {run.pod} of {run.path} is gone, and the repository keeps no logs", 404, self.id
                )
            found = kept
        return "".join(f"{line}\n" for line in found.splitlines() if not _engine(line))

    def _read_log(self, run: ArgoStepRun) -> str | None:
        """Return the archived log of a step's pod, if there is one."""
        for node in nodes_of(self._document).values():
            if run.pod.endswith(node["id"].rpartition("-")[2]):
                for artifact in (node.get("outputs") or {}).get("artifacts") or []:
                    if artifact["name"] == "main-logs" and (artifact.get("s3") or {}).get("key"):
                        data = self._read(artifact["s3"]["key"])
                        return None if data is None else data.decode(errors="replace")
        return None


def _why(seen: Snapshot, cluster: Cluster) -> str:
    """Say why a run is not finished."""
    if not seen.phase:
        return f"no controller has taken it up; does one watch the namespace? ({cluster.place})"
    return f"it is {seen.phase}{f': {seen.message}' if seen.message else ''}"


def _engine(line: str) -> bool:
    """Whether a line of a log comes from the engine's own program in the container."""
    return line.startswith("time=") and " argo=true" in line
