"""What a pod of an Argo workflow does: run its step, then evaluate what it hosts for others.

A bundle's `plan.json` says for each template which step it runs, which recorded outcomes it loads, what it evaluates afterwards,
and whether it may end an iteration of a loop or the workflow. Standard library only.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tangentflow.errors import MutatedArgument, StepFailed, StepKilled, StepTimeout
from tangentflow.runtime.bundle import load
from tangentflow.runtime.codec import decode, holds_exception, roundtrip
from tangentflow.runtime.exits import FRAME, PATH
from tangentflow.runtime.mutation import changed_since, digests_of
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.packing import Room
from tangentflow.runtime.podfiles import Files, chunk_items, ix_text, lost, parse_ix, root, spell
from tangentflow.runtime.podhosted import Hosted
from tangentflow.runtime.podreplay import Json
from tangentflow.runtime.policies import Overdue, duration
from tangentflow.runtime.replay import SKIP, Done, Next, NotRun, Returned, Threw
from tangentflow.runtime.supervised import AGAIN, FAILED, Terms, Watch, apart, supervised

__all__ = ["PLAN", "Pod", "call_path", "main"]

PLAN = "plan.json"
"""The member of a bundle that says what each pod does."""


def main(bundle: str, template: str, parameters: Mapping[str, str]) -> int:
    """Do the work of a template; return the exit code: 0, 1 if its step raised or the workflow ends with an exception, 75 if the step is to
    be tried again.

    `parameters`: `frame`, `ix` (indices, as `/2/7`), `count` (of all iterations, where a pod runs several), `given` (base64 of bound arguments), `arguments` (the same for the main
    workflow), `arg.<name>` (base64 of the Python literal of one argument of the main workflow); of steps that may be tried again or have
    a limit of time `attempt`, counted from 0.
    """
    functions = load(bundle, root() + "/tf/code")
    plan = json.loads((Path(root() + "/tf/code") / PLAN).read_text())
    spec = plan["pods"][template]
    flow = plan["flows"][spec["flow"]]
    table = plan.get("taken", {}).get("table", {}).get(parameters["frame"], {})
    files = Files(spec["inputs"], spec.get("earlier", {}), table)
    for flag, default in spec["flags"].items():
        files.flag(flag, default)
    kind = Chunk if "chunk" in spec else Pod
    pod = kind(flow, spec, files, functions, parameters, call_path(plan, parameters["frame"]))
    if isinstance(pod, Chunk):
        return pod.run_all()
    return supervised(pod.run, pod.lost) if "attempt" in parameters else pod.run(Watch())


def call_path(plan: Json, frame: str) -> str:
    """Return the path of a call as users know it, from its prefix of addresses: `loop[3].sub` from `main/.0/3`."""
    first, *rest = frame.split("/.")
    flow = plan["flows"][plan["exit" if first == FRAME else "root"]]
    parts = [PATH] if first == FRAME else []
    for part in rest:
        number, _, ix = part.partition("/")
        call = flow["calls"][number]
        parts.append(spell(call, parse_ix(ix)))
        flow = plan["flows"][flow["nodes"][call]["flow"]]
    return ".".join(parts)


class Pod(Hosted):
    """One pod: its step, what it hosts, the ends that it may reach."""

    def run(self, watch: Watch) -> int:
        """Run the step, if there is one, then everything hosted, then the ends; return the exit code."""
        code = self._step(self.nodes[self.spec["step"]], watch) if self.spec["step"] is not None else 0
        if code == AGAIN:
            return code
        if not code:
            self.region(self.spec["region"], self.indices)
        return self._end(bool(code) or self.uncaught)

    def lost(self, how: str) -> None:
        """Record that the step was ended: because its time was over, or (`how`) its process ended; then do what is left to do."""
        node = self.nodes[self.spec["step"]]
        path, step = self.path(node["id"], self.indices), self.functions[node["callee"]]
        if how:
            error: StepFailed = StepKilled(f"the process of step {path} died: {how}", step.__name__, path)
        else:
            error = _late(step, path)
        print(f"tangentflow: {error}", file=sys.stderr)
        self._record_step(node, Raised(error))
        self._end(True)

    def _end(self, failed: bool) -> int:
        for end in self.spec["ends"]:
            bad = self._result() if end is None else self._advance(self.nodes[end])
            failed = failed or bad
        for flag, default in self.spec["flags"].items():
            self.files.flag(flag, self.flags.get(flag, default))
        return FAILED if failed else 0

    # -- the step ------------------------------------------------------------------------------------------------------

    def _step(self, node: Json, watch: Watch) -> int:
        """Run the step and record its outcome, unless it is to be tried again; return the exit code."""
        where = self.path(node["id"], self.indices)
        known = self.store.taken((node["id"], self.indices))
        if known is not None:
            self.files.put(self._place(node), known)
            return 0
        try:
            arguments = self.replay(node["slice"], self.indices)
        except NotRun as missing:
            print(f"tangentflow: {where} cannot run: {self.path(*missing.address)} has no outcome", file=sys.stderr)
            return FAILED
        except BaseException:
            traceback.print_exc()
            print(f"tangentflow: {where} is not reached: this was raised before", file=sys.stderr)
            return FAILED
        if arguments is SKIP:
            print(f"tangentflow: {where} is not reached", file=sys.stderr)
            return FAILED
        with Room(self.files.scratch) as room:
            return self._called(node, watch, arguments, where, room)

    def _called(self, node: Json, watch: Watch, arguments: Any, where: str, room: Room) -> int:
        try:
            args, kwargs = _own_copy(arguments(), node["name"], where, room)
            step = self.functions[node["callee"]]
        except BaseException as error:
            traceback.print_exc()
            self._record_step(node, Raised(error))
            return FAILED
        attempt = int(self.parameters.get("attempt", "0")) + 1
        watch.began(_terms(step, where, attempt))
        outcome = _call(step.function, args, kwargs, node["name"], node["line"], step.policy.check)
        if isinstance(outcome, Raised) and isinstance(outcome.exception, Overdue):
            outcome = Raised(_late(step, where))
        if isinstance(outcome, Raised):
            traceback.print_exception(outcome.exception)
        data = self.files.encoded(outcome, where, files=True)
        watch.ended()
        raised = holds_exception(data)
        if "attempt" in self.parameters and raised:
            seen = decode(data, where=where)
            if isinstance(seen, Raised) and step.policy.again(seen.exception, attempt):
                return AGAIN
        self.files.put(self._place(node), data)
        self.store.data[(node["id"], self.indices)] = data
        return FAILED if raised else 0

    def _record_step(self, node: Json, outcome: Outcome) -> None:
        data = self.files.write(self._place(node), outcome, self.path(node["id"], self.indices))
        self.store.data[(node["id"], self.indices)] = data

    def _place(self, node: Json) -> str:
        """Return where the outcome of the step lies below the folder of outputs."""
        return "outcome"

    # -- ends ----------------------------------------------------------------------------------------------------------

    def _advance(self, node: Json) -> bool:
        """End an iteration, if all that it needs is there; return whether the loop ended with an exception."""
        outer, i = self.indices[:-1], self.indices[-1]
        try:
            moved = self.replay(node["advance"], self.indices)
        except NotRun as missing:
            if node["id"] not in self.spec["final"]:
                return False
            return self.leave(node, outer, Raised(self._killed(missing)))
        except BaseException as error:
            return self.leave(node, outer, Raised(error))
        if isinstance(moved, Next):
            self.hosted = set(self.spec["begins"])
            return self.proceed(node, outer, i + 1, moved.state)
        assert isinstance(moved, (Done, Returned, Threw))
        return self.leave(node, outer, Value(moved))

    def _result(self) -> bool:
        """Record the outcome of the workflow, if all that it needs is there; return whether it is an exception.

        The first replay finds out; the second one issues the messages.
        """
        outcome = self._replayed_result()
        if outcome is None:
            return False
        self.store.issue = True
        outcome = self._replayed_result()
        assert outcome is not None
        data = self.files.write("result", outcome, self.flow["name"])
        if not holds_exception(data):
            return False
        if self.spec["step"] is None:
            raised = outcome if isinstance(outcome, Raised) else decode(data)
            assert isinstance(raised, Raised)
            traceback.print_exception(raised.exception)
        return True

    def _replayed_result(self) -> Outcome | None:
        try:
            return Value(self.replay(self.flow["result"], ()))
        except NotRun as missing:
            return Raised(self._killed(missing)) if None in self.spec["final"] else None
        except BaseException as error:
            return Raised(error)

    def _killed(self, missing: NotRun) -> StepKilled:
        node = self.nodes[missing.address[0]]
        path = self.path(*missing.address)
        return lost(node["kind"], node.get("name", path), path)


class Chunk(Pod):
    """A pod that runs its step for several iterations of a fan-out, one after the other.

    Each iteration leaves what a pod of its own would leave. One that fails does not keep the others from running.
    """

    def run_all(self) -> int:
        """Run all iterations; return the exit code: 0, or 1 if one of them raised."""
        *outer, chunk = self.indices
        node, code = self.nodes[self.spec["step"]], 0
        told: dict[int, list[float]] = {}
        for i in chunk_items(chunk, self.spec["chunk"], int(self.parameters["count"])):
            self.indices = (*outer, i)
            began = time.time()
            failed, attempts = self._tried(self.functions[node["callee"]])
            told[i] = [attempts, began, time.time()]
            code = code or failed
            self.store.data.clear()
            self.heads.clear()
        self.files.put("runs", json.dumps(told).encode())
        return code

    def _tried(self, step: Any) -> tuple[int, int]:
        """Run the step for an iteration until no other attempt is to be made; return the exit code and the number of attempts."""
        if "attempt" not in self.parameters:
            return self.run(Watch()), 1
        attempts = 0
        while True:
            self.parameters = {**self.parameters, "attempt": str(attempts)}
            attempts += 1
            code = apart(self.run, self.lost)
            if code != AGAIN:
                return code, attempts
            time.sleep(step.policy.pause(attempts))

    def _place(self, node: Json) -> str:
        return f"hosted/{node['key']}{ix_text(self.indices)}/v"


def _late(step: Any, path: str) -> StepTimeout:
    limit = duration(step.policy.timeout or 0.0)
    return StepTimeout(f"step {path} ran longer than its timeout of {limit}", step.__name__, path)


def _terms(step: Any, path: str, attempt: int) -> Terms:
    """Return what is to follow if the step does not end by itself."""
    policy = step.policy
    killed = StepKilled("", step.__name__, path)
    return Terms(policy.timeout, policy.again(_late(step, path), attempt), policy.again(killed, attempt))


def _own_copy(arguments: Any, name: str, path: str, room: Room) -> Any:
    """Return arguments as another process would get them. Raises NotPicklable, as local runs do."""
    copied = roundtrip(Value(arguments), where=name, what="an argument", path=path, files=room)
    assert isinstance(copied, Value)
    return copied.value


def _call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str, line: int, check: bool) -> Outcome:
    """Call a step function; with `check`, refuse a change of its arguments in place, as local runs do."""
    before = digests_of(args, kwargs) if check else {}
    try:
        outcome: Outcome = Value(function(*args, **kwargs))
    except BaseException as error:
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
        outcome = Raised(error)
    changed = before and changed_since(before, function, args, kwargs)
    return Raised(MutatedArgument(name, changed, line)) if changed else outcome
