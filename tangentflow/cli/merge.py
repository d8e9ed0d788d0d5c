"""`tangentflow merge`: one workflow out of several."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Sequence
from typing import Any

from tangentflow.cli.commands import emitted, finished, own_output, write
from tangentflow.cli.load import load
from tangentflow.decorators import BoundCall
from tangentflow.errors import UsageError
from tangentflow.merged import Common, merge, shared

__all__ = ["merge_files"]

_CALL = re.compile(r"(?P<target>.+:[^\W\d]\w*)\((?P<arguments>.*)\)", re.DOTALL)


def merge_files(targets: Sequence[str], name: str | None, what: str, output: str | None) -> int:
    """Merge workflows and write what `what` names: an output of `compile`, "shared" parts, or the result of a "run"."""
    with own_output() as out:
        parts = [_bound(target, what == "shared") for target in targets]
        if what == "shared":
            write("".join(map(_line, shared(*parts))), output, out)
            return 0
        try:
            merged = merge(*parts, name=name)
        except (TypeError, ValueError) as error:
            raise UsageError(str(error)) from error
        if what == "run":
            if output is not None:
                raise UsageError("-o is for what is printed; a run prints its result on standard output")
            return finished(merged.run(), out)
        write(emitted(merged.graph, what), output, out)
    return 0


def _bound(target: str, open_: bool) -> Any:
    """Return the workflow of a target, with its arguments if it has some or needs none."""
    call = None if os.path.exists(target) else _CALL.fullmatch(target)
    workflow = load(target if call is None else call["target"])
    if call is None and open_:
        return workflow
    args, kwargs = ((), {}) if call is None else _arguments(target, call["arguments"])
    try:
        return BoundCall(workflow, args, kwargs)
    except TypeError as error:
        hint = f"; write its arguments behind it, '{target}(…)'" if call is None else ""
        raise UsageError(f"{target}: {error}{hint}") from error


def _arguments(target: str, text: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    try:
        call = ast.parse(f"f({text})", mode="eval").body
        assert isinstance(call, ast.Call)
        args = tuple(ast.literal_eval(argument) for argument in call.args)
        kwargs = {str(keyword.arg or "**"): ast.literal_eval(keyword.value) for keyword in call.keywords}
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"{target}: arguments are Python literals, like (3, kind='net')") from error
    return args, kwargs


def _line(part: Common) -> str:
    places = ", ".join(f"{path} of {workflow} ({os.path.basename(place)})" for workflow, path, place in part.places)
    return f"{part}: {places}\n"
