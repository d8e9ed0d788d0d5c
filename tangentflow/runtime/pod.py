"""What a pod of an Argo workflow does: run its step, then evaluate what it hosts for others.

A bundle's `plan.json` says for each template which step it runs, which recorded outcomes it loads, which glue, tests, scans and
arguments it evaluates afterwards, and whether it may end a loop's iteration or the workflow. Hosted glue never fails its
host: what goes wrong in it is recorded, and whoever needs it raises. Standard library only.
"""

from __future__ import annotations

import ast
import base64
import inspect
import json
import sys
import traceback
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from tangentflow.errors import InternalError, LoopLimit, MutatedArgument, StepKilled, UsageError
from tangentflow.runtime.bundle import load
from tangentflow.runtime.codec import decode, digest, roundtrip
from tangentflow.runtime.glue import glue
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.podfiles import Files, Indices, Outcomes, ix_text, parse_ix, root, spell
from tangentflow.runtime.replay import SKIP, Done, Next, NotRun, Replay, Returned, Scanned, Store
from tangentflow.runtime.slices import bind, compile_slice

__all__ = ["PLAN", "Pod", "main"]

PLAN = "plan.json"
"""The member of a bundle that says what each pod does."""

Json = dict[str, Any]


def main(bundle: str, template: str, parameters: Mapping[str, str]) -> int:
    """Do the work of a template; return the exit code: 0, or 1 if its step raised or the workflow ends with an exception.

    `parameters`: `frame`, `ix` (indices, as `/2/7`), `given` (base64 of bound arguments), `arguments` (the same for the main
    workflow) and `arg.<name>` (base64 of the Python literal of one argument of the main workflow).
    """
    functions = load(bundle, root() + "/tf/code")
    plan = json.loads((Path(root() + "/tf/code") / PLAN).read_text())
    spec = plan["pods"][template]
    flow = plan["flows"][spec["flow"]]
    files = Files(spec["inputs"])
    for flag, default in spec["flags"].items():
        files.flag(flag, default)
    path = _call_path(plan, parameters["frame"])
    return Pod(flow, spec, files, functions, parameters, path).run()


def _call_path(plan: Json, frame: str) -> str:
    """Return the path of a call as users know it, from its prefix of addresses: `loop[3].sub` from `main/.0/3`."""
    flow = plan["flows"][plan["root"]]
    parts = []
    for part in frame.split("/.")[1:]:
        number, _, ix = part.partition("/")
        call = flow["calls"][number]
        parts.append(spell(call, parse_ix(ix)))
        flow = plan["flows"][flow["nodes"][call]["flow"]]
    return ".".join(parts)


class Pod:
    """One pod: its flow, what it has to do, its files."""

    def __init__(
        self,
        flow: Json,
        spec: Json,
        files: Files,
        functions: Mapping[str, Any],
        parameters: Mapping[str, str],
        path: str = "",
    ) -> None:
        self.flow = flow
        self.spec = spec
        self.files = files
        self.functions = functions
        self.parameters = parameters
        self.path = path
        self.indices = parse_ix(parameters.get("ix", ""))
        self.store = Outcomes(files, self.indices)
        self.nodes: dict[str, Json] = flow["nodes"]
        self.heads: dict[tuple[str, Indices], dict[str, Any]] = {}
        self.entries: dict[tuple[str, Indices], dict[str, Any]] = {}
        self.flags: dict[str, str] = {}
        self.hosted = set(spec["hosted"])
        self._args: dict[str, Any] | None = None

    def run(self) -> int:
        """Run the step, if there is one, then everything hosted, then the ends; return the exit code."""
        failed = False
        if self.spec["step"] is not None:
            failed = not self._step(self.nodes[self.spec["step"]])
        if not failed:
            self.region(self.spec["region"], self.indices)
            for flag in self.spec["flags"]:
                if flag in self.flags:
                    self.files.flag(flag, self.flags[flag])
        for end in self.spec["ends"]:
            bad = self._result() if end is None else self._advance(self.nodes[end])
            failed = failed or bad
            for flag in self.spec["flags"]:
                if flag in self.flags:
                    self.files.flag(flag, self.flags[flag])
        return int(failed)

    # -- names and replays ---------------------------------------------------------------------------------------------

    def args(self) -> dict[str, Any]:
        """Return the arguments of this call of the workflow, by name."""
        if self._args is None:
            self._args = self._read_args()
        return self._args

    def _read_args(self) -> dict[str, Any]:
        loaded = self.files.load("args")
        if loaded is not None:
            return cast(dict[str, Any], loaded)
        for source in ("given", "arguments"):
            text = self.parameters.get(source)
            if text:
                outcome = decode(base64.b64decode(text), where="the arguments")
                assert isinstance(outcome, Value)
                return cast(dict[str, Any], outcome.value)
        found = {}
        defaults = inspect.signature(self._function()).parameters
        for name in self.flow["params"]:
            text = base64.b64decode(self.parameters.get(f"arg.{name}", "")).decode()
            found[name] = _literal(name, text) if text.strip() else _default(defaults[name])
        return found

    def _function(self) -> types.FunctionType:
        return cast(types.FunctionType, self.functions[self.flow["key"]].function)

    def head(self, loop: str, indices: Indices) -> dict[str, Any]:
        """Return the names at the head of an iteration, or those of them that this pod loads."""
        key = loop, indices
        if key not in self.heads:
            node = self.nodes[loop]
            self.heads[key] = self._map_head(node, indices) if node["kind"] == "Map" else self._loop_head(node, indices)
        return self.heads[key]

    def _map_head(self, node: Json, indices: Indices) -> dict[str, Any]:
        if node["static"]:
            scanned = self.replay(node["scan"], indices[:-1])
            assert isinstance(scanned, Scanned)
            return scanned.entry | scanned.items[indices[-1]]
        return (self.files.load(f"entry:{node['id']}") or {}) | (self.files.load(f"item:{node['id']}") or {})

    def _loop_head(self, node: Json, indices: Indices) -> dict[str, Any]:
        outer, i = indices[:-1], indices[-1]
        entry = self._entry(node, outer)
        carried = self.files.load(f"head:{node['id']}")
        if carried is None and node["static"]:
            carried = {name: entry[name] for name in node["carried"] if name in entry}
        return self._state(node, entry, carried or {}, i)

    def _entry(self, node: Json, outer: Indices) -> dict[str, Any]:
        key = node["id"], outer
        if key not in self.entries:
            found = self.files.load(f"entry:{node['id']}")
            if found is None:
                found = self.replay(node["entry"], outer) if node["static"] else {}
            self.entries[key] = found
        return self.entries[key]

    def _state(self, node: Json, entry: dict[str, Any], carried: dict[str, Any], i: int) -> dict[str, Any]:
        head = {name: entry[name] for name in node["invariant"] if name in entry} | carried
        if node["var"] is not None and node["items"] in entry:
            head[node["var"]] = entry[node["items"]][i]
        return head

    def replay(self, slice_: Json, indices: Indices, store: Store | None = None) -> Any:
        """Run a slice. Raises NotRun where it looks up what this pod has not."""
        names: dict[str, Any] = {}
        if slice_["names"]:
            names = self.args() if slice_["start"] is None else self.head(slice_["start"], indices)
        compiled = compile_slice(slice_["code"], self._function(), slice_["label"])
        return compiled(Replay(store or self.store, names, indices, self.functions))

    # -- the step ------------------------------------------------------------------------------------------------------

    def _step(self, node: Json) -> bool:
        """Run the step and record its outcome; return whether it gave a value."""
        where = self._path(node["id"], self.indices)
        try:
            arguments = self.replay(node["slice"], self.indices)
        except NotRun as missing:
            print(f"tangentflow: {where} cannot run: {self._path(*missing.address)} has no outcome", file=sys.stderr)
            return False
        except BaseException:
            traceback.print_exc()
            print(f"tangentflow: {where} is not reached: this was raised before", file=sys.stderr)
            return False
        if arguments is SKIP:
            print(f"tangentflow: {where} is not reached", file=sys.stderr)
            return False
        try:
            args, kwargs = _own_copy(arguments(), node["name"], where)
            step = self.functions[node["callee"]]
            outcome = _call(step.function, args, kwargs, node["name"], node["line"], bool(step.option("check", True)))
        except BaseException as error:
            outcome = Raised(error)
        if isinstance(outcome, Raised):
            traceback.print_exception(outcome.exception)
        outcome = self.files.write("outcome", outcome, where)
        self.store.record((node["id"], self.indices), outcome)
        return isinstance(outcome, Value)

    def _path(self, site: str, indices: Indices) -> str:
        """Return the path of a step run as users know it."""
        return f"{self.path}.{spell(site, indices)}" if self.path else spell(site, indices)

    # -- what is hosted ------------------------------------------------------------------------------------------------

    def region(self, region: str, indices: Indices) -> None:
        """Evaluate what of a region this pod hosts, in program order."""
        body = self.flow["regions"][region]
        for name in body["nodes"]:
            node = self.nodes[name]
            if name in self.hosted:
                _HOSTED[node["kind"]](self, node, indices)
        for gate in body["gates"]:
            if gate["flag"] in self.hosted:
                self.flags[gate["flag"]] = self._gate(gate, indices)

    def _write(self, node: Json, suffix: str, indices: Indices, outcome: Outcome) -> Outcome:
        path = f"hosted/{node['key']}{suffix}{ix_text(indices)}/v"
        return self.files.write(path, outcome, self._path(node["id"], indices))

    def _record(self, node: Json, indices: Indices, outcome: Outcome) -> None:
        outcome = self._write(node, "", indices, outcome)
        self.store.record((node["id"], indices), outcome)

    def _gate(self, gate: Json, indices: Indices) -> str:
        """Tell whether a step is reached. If that cannot be told, its own pod raises what there is to raise."""
        try:
            return "0" if self.replay(gate["slice"], indices) is SKIP else "1"
        except BaseException:
            return "1"

    def _glue(self, node: Json, indices: Indices) -> None:
        try:
            call = self.replay(node["slice"], indices)
            if call is SKIP:
                return
            outcome: Outcome = Value(_evaluate_once(call, node))
        except NotRun:
            return
        except BaseException as error:
            outcome = Raised(error)
        self._record(node, indices, outcome)

    def _call(self, node: Json, indices: Indices) -> None:
        flag = node["flag"]
        self.flags[flag] = "0"
        try:
            call = self.replay(node["slice"], indices)
            if call is SKIP:
                return
            args, kwargs = call()
            bound = bind(self.functions[node["flow"]].function, args, kwargs)
        except NotRun:
            return
        except BaseException as error:
            self._record(node, indices, Raised(error))
            return
        written = self._write(node, "-args", indices, Value(bound))
        if isinstance(written, Raised):
            self._record(node, indices, written)
            return
        self.flags[flag] = "1"

    def _if(self, node: Json, indices: Indices) -> None:
        """Decide a branch: "2" if that raises, or if it is not reached. One that only tells whether it is reached is then entered or not."""
        other = (True, False) if node["guard"] else (None, None)
        try:
            test = self.replay(node["test"], indices)
            test = other[1] if test is SKIP else bool(test)
        except BaseException:
            test = other[0]
        self.flags[node["flag"]] = "2" if test is None else "1" if test else "0"
        if test is not None:
            self.region(node["regions"][0 if test else 1], indices)

    def _map(self, node: Json, indices: Indices) -> None:
        try:
            scanned = self.replay(node["scan"], indices)
        except BaseException:
            scanned = SKIP
        found = scanned if isinstance(scanned, Scanned) else Scanned({}, [])
        inner = []
        if found.items:
            self._write(node, "-entry", indices, Value(found.entry))
        for i, item in enumerate(found.items):
            at = (*indices, i)
            self.heads[(node["id"], at)] = found.entry | item
            self._write(node, "-item", at, Value(item))
            outer, self.flags = self.flags, dict(node["item_flags"])
            self.region(node["regions"][0], at)
            inner.append({"i": str(i), **{flag: self.flags[flag] for flag in node["item_flags"]}})
            self.flags = outer
        self.flags[node["flag"]] = json.dumps(inner, separators=(",", ":")) if node["item_flags"] else str(len(inner))

    def _loop(self, node: Json, indices: Indices) -> None:
        try:
            entry = self.replay(node["entry"], indices)
        except NotRun:
            return
        except BaseException as error:
            self._record(node, indices, Raised(error))
            return
        if entry is SKIP:
            return
        if node["limit"] is not None and len(entry[node["items"]]) > node["limit"]:
            self._record(node, indices, Raised(LoopLimit(node["limit"], node["file"], node["line"])))
            return
        self.entries[(node["id"], indices)] = entry
        self._write(node, "-entry", indices, Value(entry))
        carried = {name: entry[name] for name in node["carried"] if name in entry}
        self._proceed(node, indices, 0, carried)

    # -- iterations of serial loops --------------------------------------------------------------------------------------

    def _proceed(self, node: Json, outer: Indices, i: int, carried: dict[str, Any]) -> bool:
        """Go on at the head of iteration i, past iterations that need no step; return whether an exception ended the loop.

        What can be evaluated at a head is; if the iteration then lacks an outcome, a step gives it.
        """
        entry = self._entry(node, outer)
        while True:
            if node["items"] is not None and i >= len(entry[node["items"]]):
                return self._leave(node, outer, Value(Done(carried)))
            at = (*outer, i)
            self.heads[(node["id"], at)] = self._state(node, entry, carried, i)
            self.flags.update(node["carried_flags"])
            self.region(node["regions"][0], at)
            try:
                moved = self.replay(node["advance"], at, self.store.own)
            except NotRun as missing:
                if node["local"]:
                    raise InternalError("a loop without steps lacks an outcome", address=repr(missing.address)) from None
                break
            except BaseException as error:
                return self._leave(node, outer, Raised(error))
            if not isinstance(moved, Next):
                return self._leave(node, outer, Value(moved))
            i, carried = i + 1, moved.state
        self._write(node, "-head", at, Value(carried))
        self.flags[node["flag"]] = "1"
        self.flags[node["index_flag"]] = str(i)
        return False

    def _leave(self, node: Json, outer: Indices, outcome: Outcome) -> bool:
        self._record(node, outer, outcome)
        return isinstance(outcome, Raised)

    def _advance(self, node: Json) -> bool:
        """End an iteration, if all that it needs is there; return whether the loop ended with an exception."""
        outer, i = self.indices[:-1], self.indices[-1]
        try:
            moved = self.replay(node["advance"], self.indices)
        except NotRun as missing:
            if node["id"] not in self.spec["final"]:
                return False
            return self._leave(node, outer, Raised(self._killed(missing)))
        except BaseException as error:
            return self._leave(node, outer, Raised(error))
        if isinstance(moved, Next):
            self.hosted = set(self.spec["begins"])
            return self._proceed(node, outer, i + 1, moved.state)
        assert isinstance(moved, (Done, Returned))
        return self._leave(node, outer, Value(moved))

    # -- the result ----------------------------------------------------------------------------------------------------

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
        outcome = self.files.write("result", outcome, self.flow["name"])
        if isinstance(outcome, Raised) and self.spec["step"] is None:
            traceback.print_exception(outcome.exception)
        return isinstance(outcome, Raised)

    def _replayed_result(self) -> Outcome | None:
        try:
            return Value(self.replay(self.flow["result"], ()))
        except NotRun as missing:
            return Raised(self._killed(missing)) if None in self.spec["final"] else None
        except BaseException as error:
            return Raised(error)

    def _killed(self, missing: NotRun) -> StepKilled:
        path = self._path(*missing.address)
        name = self.nodes[missing.address[0]].get("name", path)
        return StepKilled(f"the pod of {path} ended without recording an outcome", name, path)


_HOSTED = {"Glue": Pod._glue, "Call": Pod._call, "If": Pod._if, "Map": Pod._map, "Loop": Pod._loop}


def _own_copy(arguments: Any, name: str, path: str) -> Any:
    """Return arguments as another process would get them. Raises NotPicklable, as local runs do."""
    copied = roundtrip(Value(arguments), where=name, what="an argument", path=path)
    assert isinstance(copied, Value)
    return copied.value


def _call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str, line: int, check: bool) -> Outcome:
    """Call a step function; with `check`, refuse a change of its arguments in place, as local runs do."""
    before = digest((args, kwargs)) if check else None
    try:
        outcome: Outcome = Value(function(*args, **kwargs))
    except BaseException as error:
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
        outcome = Raised(error)
    if before is not None and digest((args, kwargs)) != before:
        bound = inspect.signature(function).bind(*args, **kwargs).arguments
        changed = [
            k for k, v in bound.items() if not isinstance(v, (int, float, complex, str, bytes, bool, type(None)))
        ]
        return Raised(MutatedArgument(name, ", ".join(changed) or ", ".join(bound) or name, line))
    return outcome


def _evaluate_once(call: Any, node: Json) -> Any:
    """Evaluate recorded glue; refuse a change of its operands in place, which nobody else would see."""
    operands = [cell.cell_contents for cell in getattr(call, "__closure__", None) or ()]
    before = digest(operands)
    with glue():
        value = call()
    if digest(operands) != before:
        raise MutatedArgument(node["text"], ", ".join(call.__code__.co_freevars), node["line"])
    return value


def _literal(name: str, text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError) as error:
        raise UsageError(
            f"the workflow parameter {name!r} holds {text!r}, which is no Python literal; a text is written with quotes: {text.strip()!r}"
        ) from error


def _default(parameter: inspect.Parameter) -> Any:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return ()
    if parameter.kind is parameter.VAR_KEYWORD:
        return {}
    if parameter.default is parameter.empty:
        raise UsageError(f"the workflow parameter {parameter.name!r} has no value")
    return parameter.default
