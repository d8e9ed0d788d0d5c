"""The works of steps that no pod of ours does, as templates: `suspend`, `container` and `resource`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from typing import Any

from tangentflow.argo.calls import UNKNOWN, constant, written
from tangentflow.argo.constants import Constants
from tangentflow.argo.parts import Work
from tangentflow.argo.workpolicies import covers, times
from tangentflow.commands import CommandFailed
from tangentflow.conditions import requirements
from tangentflow.containers import asked_of, container, written_for
from tangentflow.decorators import StepFunction
from tangentflow.errors import StepFailed, UsageError
from tangentflow.graph.nodes import Step
from tangentflow.parts import POD
from tangentflow.resources import manifest_text, resource
from tangentflow.runtime.podfiles import FOLDER
from tangentflow.runtime.policies import Policy, seconds
from tangentflow.waiting import DEFAULT, lasting, readable, suspend

__all__ = ["work_of"]

Json = dict[str, Any]


def work_of(step: Step, function: StepFunction[..., Any], constants: Constants) -> Work | None:
    """Return the work of a step that no pod of ours does; None for all others. Raises UsageError if a document cannot say it."""
    maker = _MAKERS.get(function.base)
    return maker(step, constants, function) if maker is not None else None


def _refused(step: Step, why: str) -> UsageError:
    place = f"{step.origin.filename}:{step.origin.lineno}"
    return UsageError(f"the Argo document cannot say this {step.name}(...) ({place}): {why}")


# -- suspend ----------------------------------------------------------------------------------------------------------


def _suspended(step: Step, constants: Constants, function: StepFunction[..., Any]) -> Work:
    call = written(step.slice)
    if call is None:
        raise _refused(
            step, "the names of its inputs are known to a run only; write them out, `suspend('...', approve=False)`"
        )
    keywords = dict(call.keywords)
    text = constant(call.args[0] if call.args else keywords.pop("message", None), "")
    limit = _limit(constant(keywords.pop("timeout", None), None))
    keywords.pop("message", None)
    before = text is UNKNOWN or limit is UNKNOWN
    inputs: list[Json] = []
    if before:
        inputs = [{"name": name} for name in ("message", "duration")]
    elif text:
        inputs = [{"name": "message", "value": readable(str(text))}]
    for name, default in keywords.items():
        if not name.isascii():
            raise _refused(step, f"an input of a document has a name of ASCII letters, digits and _, not {name!r}")
        inputs.append(_input(name, constant(default)))
    template: Json = {"inputs": {"parameters": inputs}} if inputs else {}
    if keywords:
        shown = {p["name"]: p["default"] for p in inputs if p["name"] in keywords}
        template["outputs"] = {
            "parameters": [{"name": name, "valueFrom": {"supplied": {}, "default": shown[name]}} for name in keywords]
        }
    waits: Json = {}
    if before:
        waits = {"duration": "{{inputs.parameters.duration}}"}
    elif limit is not None:
        waits = {"duration": lasting(limit)}
    template["suspend"] = waits
    # All outputs at once: who resumes a wait by its name may leave some without a value, and a tag of one of those would be waited for
    # without end. The status is asked first, so that the engine leaves the expression alone as long as it does not know the task.
    task = "(tasks['t-work'].status == 'Succeeded' ? toBase64(toJson(tasks['t-work'])) : '')"
    given = {"task": task} if keywords else {}
    return Work(template, "waits for an answer", ("message", "duration") if before else (), given)


def _limit(timeout: Any) -> Any:
    """Return a constant limit in seconds; one that is wrong is left to the run, which says so."""
    if timeout is None or timeout is UNKNOWN:
        return timeout
    try:
        found = seconds(timeout)
    except ValueError:
        return UNKNOWN
    return found if found >= 0.001 else UNKNOWN


def _input(name: str, default: Any) -> Json:
    """Return an input that somebody may answer. A default that the document cannot show is known to the program."""
    if isinstance(default, bool):
        return {"name": name, "default": "true" if default else "false", "enum": ["true", "false"]}
    text = str(default) if isinstance(default, (str, int, float)) else ""
    plain = text and text.isprintable() and text == text.strip() and "{{" not in text and "}}" not in text
    return {"name": name, "default": text if plain and len(text) < 1000 else DEFAULT}


# -- container --------------------------------------------------------------------------------------------------------

_STDOUT = "/var/run/argo/ctr/main/stdout"
"""Where the engine keeps what a command writes to its standard output, if it archives the logs of its pod."""

_ENDED = ("Succeeded", "Failed", "Error")


def _contained(step: Step, constants: Constants, function: StepFunction[..., Any]) -> Work:
    call = written(step.slice)
    policy = function.policy
    files, out = (call is None or name in call.keywords for name in ("files", "out"))
    fields = _fields(step, constants, function.option("secrets", {}))
    template: Json = {"archiveLocation": {"archiveLogs": True}}
    before: tuple[str, ...] = ()
    if fields is None:
        before = ("image", "program", "patch")
        template["inputs"] = {"parameters": [{"name": name} for name in before]}
        template["podSpecPatch"] = _decoded("patch")
        fields = {"image": "{{inputs.parameters.image}}", "command": [_decoded("program")]}
        if call is not None and len(call.args) < 2 and "command" not in call.keywords:
            raise _refused(step, "its arguments are known to a run only, so it needs a command")
        if "podSpecPatch" in function.option("argo", {}):
            raise _refused(
                step,
                "its arguments are known to a run only, and travel as its podSpecPatch; leave that out of argo={...}",
            )
    if (files or out) and "command" not in fields:
        raise _refused(step, "with files= or out= it needs a command")
    template["container"] = {**fields, "workingDir": FOLDER}
    if not (files or out):
        template["volumes"] = [{"name": "work", "emptyDir": {}}]
        template["container"]["volumeMounts"] = [{"name": "work", "mountPath": FOLDER}]
    checks = _checks(step, constants, policy, out)
    return Work(
        template,
        "runs the command",
        before,
        {"code": _CODE, **times(policy), **({POD: "toBase64(tasks['t-work']?.id ?? '')"} if policy.retries else {})},
        {"stdout": _STDOUT, **({"left": FOLDER} if out else {})},
        {"files": FOLDER} if files or out else {},
        frozenset(("files", "left")),
        frozenset(("stdout",) if policy.retries else ()),
        done=_ENDED,
        fails=((CommandFailed, "lastRetry.status == 'Failed' && asInt(lastRetry.exitCode) > 0"),) if checks else (),
    )


def _checks(step: Step, constants: Constants, policy: Policy, out: bool) -> bool:
    """Return whether a status other than 0 is a failure. Raises UsageError if that matters for further attempts, and only a run knows."""
    bound, call = _bound(step, constants, container), written(step.slice)
    found: Any = UNKNOWN
    if bound is not None:
        found = bound["check"]
    elif call is not None:
        found = constant(call.keywords.get("check"), True)
    if policy.retries and found is UNKNOWN and covers(policy, CommandFailed):
        raise _refused(
            step,
            "with retries= it must be known whether a status other than 0 is tried again: write check=True or check=False in the call",
        )
    if policy.retries and out and any(covers(policy, missed) for missed in _MISSED):
        raise _refused(
            step, "a document tries a command again that fails, is lost or takes too long, but not one that leaves no output as in out=: say "
            "which exceptions of it are tried again, container.options(retries=..., on=(CommandFailed, StepKilled))",
        )  # fmt: skip
    return found is UNKNOWN or bool(found)


_MISSED = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError, UnicodeDecodeError)
"""What may be raised for an output that is not as it was wanted."""

_CODE = "toBase64(tasks['t-work']?.exitCode ?? '')"


def _decoded(parameter: str) -> str:
    return f"{{{{= fromBase64(inputs.parameters['{parameter}']) }}}}"


def _fields(step: Step, constants: Constants, secrets: Collection[str]) -> Json | None:
    """Return the fields of the container, if all of them are known now. What is wrong is left to the run, which says so."""
    bound = _bound(step, constants, container)
    if bound is None:
        return None
    try:
        asked = asked_of(bound["image"], bound["command"], bound["env"], secrets)
    except (TypeError, ValueError):
        return None
    return {"image": asked.image, **written_for(asked)}


def _bound(step: Step, constants: Constants, function: StepFunction[..., Any]) -> dict[str, Any] | None:
    """Return the arguments of a call by name, if all of them are known now and fit."""
    call = constants.call(step.slice)
    if call is None:
        return None
    try:
        bound = inspect.signature(function.function).bind(*call[0], **call[1])
    except TypeError:
        return None
    bound.apply_defaults()
    return bound.arguments


# -- resource ---------------------------------------------------------------------------------------------------------


def _resource(step: Step, constants: Constants, function: StepFunction[..., Any]) -> Work:
    timed = times(function.policy)
    fields = _object(step, constants)
    template: Json = {"outputs": {"parameters": [{"name": "object", "valueFrom": {"jsonPath": "{@}"}}]}}
    given = {"object": "toBase64(tasks['t-work']?.outputs?.parameters?.object ?? '')"}
    given |= {"code": _CODE, **timed} if timed else {}
    fails = ((StepFailed, "lastRetry.status == 'Failed'"),)
    if fields is not None:
        return Work({**template, "resource": fields}, "makes the object", (), given, done=_ENDED, fails=fails)
    before = ("success", "failure")
    conditions = {f"{name}Condition": _decoded(name) for name in before}
    template["inputs"] = {"parameters": [{"name": name} for name in before]}
    template["resource"] = {"action": "create", **conditions, "manifestFrom": {"artifact": {"name": "manifest"}}}
    finds = {"manifest": "/tmp/manifest"}
    return Work(template, "makes the object", before, given, finds=finds, done=_ENDED, fails=fails)


def _object(step: Step, constants: Constants) -> Json | None:
    """Return the fields of the work, if all of them are known now, and nothing in them is anything to the engine."""
    bound = _bound(step, constants, resource)
    if bound is None:
        return None
    try:
        manifest, conditions = manifest_text(bound["manifest"]), [bound["success"], bound["failure"]]
        for condition in conditions:
            requirements(condition or "status")
    except (TypeError, ValueError):
        return None
    if isinstance(bound["manifest"], str) and ("{{" in manifest or "$" in manifest):
        return None
    if not isinstance(bound["manifest"], str):
        manifest = manifest.replace("$", "\\u0024").replace("{{", "{\\u007b")
    named = zip(("successCondition", "failureCondition"), conditions)
    return {"action": "create", **{name: text for name, text in named if text}, "manifest": manifest}


_MAKERS: dict[Any, Callable[[Step, Constants, StepFunction[..., Any]], Work]] = {
    suspend: _suspended,
    container: _contained,
    resource: _resource,
}
