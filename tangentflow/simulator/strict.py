"""What tangentflow's own documents must not hold, though the engine would run it: tags that never become values.

An expression with a function that the engine lacks stays a text, and so does a tag of something that does not exist. A
document that says of itself that it was emitted here is checked for both: in its texts before the run, and in each
template when its pod starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tangentflow.simulator.errors import NotSimulated
from tangentflow.simulator.expressions.evaluate import unknown_functions
from tangentflow.simulator.expressions.lexer import ExpressionError
from tangentflow.simulator.tags import all_tags

__all__ = ["check_expressions", "check_resolved"]

_OURS = ("inputs.", "outputs.", "tasks.", "workflow.", "item", "pod.", "node.", "retries", "lastRetry.")


def check_expressions(spec: Mapping[str, Any]) -> None:
    """Check every expression of a document: it parses, and each function exists.

    Raises:
        NotSimulated: for the first one that does not.
    """
    for path, text in _texts(spec, "spec"):
        bare = path.endswith((".valueFrom.expression", ".retryStrategy.expression"))
        found = [tag[1:] for tag in all_tags(text) if tag.startswith("=")]
        for expression in [*found, text] if bare and not found else found:
            try:
                unknown = unknown_functions(expression)
            except ExpressionError as error:
                raise NotSimulated(path, f"no expression: {error}") from error
            if unknown:
                raise NotSimulated(path, f"the engine has no function {unknown[0]}(): {expression.strip()!r}")


def check_resolved(template: Mapping[str, Any]) -> None:
    """Check that a template that is about to run holds no tag of the engine any more.

    Raises:
        NotSimulated: for the first one.
    """
    for path, text in _texts({k: v for k, v in template.items() if k != "inputs"}, f"template {template['name']}"):
        for tag in all_tags(text):
            if tag.startswith("=") or tag.strip().startswith(_OURS):
                raise NotSimulated(path, f"{{{{{tag}}}}} was never replaced")


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, element in value.items():
            yield from _texts(element, f"{path}.{key}")
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _texts(element, f"{path}[{index}]")
