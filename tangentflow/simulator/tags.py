"""Substitute `{{tag}}` and `{{= expression }}` in the texts of a document, pass by pass, as the engine does.

Values are raw: a key that holds None is an output of a task that was skipped and has no default. A tag of such a key is
an error for good; a tag of a key that is not there at all stays, or must be waited for (`Missing`), or is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tangentflow.simulator.expressions.evaluate import evaluate, identifiers
from tangentflow.simulator.expressions.functions import go_json
from tangentflow.simulator.expressions.lexer import ExpressionError

__all__ = ["Missing", "TagError", "all_tags", "environment", "replace", "replace_strict", "replace_task", "simple_tags"]

Values = Mapping[str, Any]
LATE = frozenset((
    "item", "retries", "lastRetry.exitCode", "lastRetry.status", "lastRetry.duration", "lastRetry.message",
    "workflow.status", "workflow.failures",
))  # fmt: skip
"""Variables that exist only later: an expression that needs one is left for then."""


class TagError(Exception):
    """A substitution that failed for good; the text is the message of the node."""


class Missing(Exception):
    """A reference that cannot be resolved yet: the engine looks again and again, for ever if it never can be."""

    def __init__(self, reference: str, message: str) -> None:
        super().__init__(message)
        self.reference = reference


def replace(value: Any, values: Values) -> Any:
    """Return `value` (text, or lists and dicts of it) with every tag replaced that can be; the others stay.

    Raises:
        TagError: for the tag of an absent output, for an expression that does not parse.
    """
    return _Pass(values, None).apply(value)


def replace_task(value: Any, values: Values) -> Any:
    """As `replace`, but every tag of `tasks.` or `steps.` must be resolved.

    Raises:
        Missing: for one that is not known (yet).
        TagError: as `replace`.
    """
    return _Pass(values, _is_task).apply(value)


def replace_strict(value: Any, values: Values) -> Any:
    """As `replace`, but every tag must be resolved: one that is not known is a `TagError`."""
    try:
        return _Pass(values, lambda _: True).apply(value)
    except Missing as error:
        raise TagError(str(error)) from error


def all_tags(text: str) -> list[str]:
    """Return the texts between `{{` and `}}`, those of expressions with their `=`."""
    return _split(text)[1::2]


def simple_tags(text: str) -> list[str]:
    """Return the texts of all tags that are no expressions."""
    return [tag for tag in all_tags(text) if not tag.startswith("=")]


def environment(values: Values) -> dict[str, Any]:
    """Return the values as nested maps, as expressions see them, with Argo's own functions."""
    keys = sorted(values)
    root: dict[str, Any] = {}
    for index, key in enumerate(keys):
        if index + 1 < len(keys) and keys[index + 1].startswith(key + "."):
            continue  # the engine drops a key that has children
        *parents, last = key.split(".")
        level = root
        for part in parents:
            level = level.setdefault(part, {})
            if not isinstance(level, dict):
                break
        if isinstance(level, dict):
            level[last] = values[key]
    root.update(asInt=_function, asFloat=_function, jsonpath=_function, toJson=_function, sprig=_function)
    return root


def _function(*_: Any) -> None:
    raise AssertionError("functions are called by name")


def _is_task(reference: str) -> bool:
    return re.match(r"(tasks|steps)(\.|$)", reference) is not None


class _Pass:
    """One walk over a value; `strict` says which references must be known."""

    def __init__(self, values: Values, strict: Callable[[str], bool] | None) -> None:
        self.values = values
        self.strict = strict
        self._environment: dict[str, Any] | None = None

    def apply(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value) if "{{" in value else value
        if isinstance(value, dict):
            return {self.apply(k): self.apply(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.apply(v) for v in value]
        return value

    def text(self, text: str) -> str:
        parts = _split(text)
        for index in range(1, len(parts), 2):
            tag = parts[index]
            parts[index] = self.expression(tag[1:]) if tag.startswith("=") else self.simple(tag)
        return "".join(parts)

    def simple(self, tag: str) -> str:
        name = tag.strip()
        if name in self.values:
            value = self.values[name]
            if value is None:
                why = "output is an absent optional (skipped/omitted node with no default)"
                raise TagError(f"unable to substitute {{{{{tag}}}}}: {why}")
            return quoted(value)
        start = tag.rfind("{{")
        if start > 0 and tag[start + 2 :] in self.values:
            nested = self.values[tag[start + 2 :]]
            if nested is None:
                raise TagError(
                    f'unable to substitute nested tag {{{{{tag}}}}}: "{tag[start + 2 :]}" is an absent optional'
                )
            return "{{" + tag[:start] + quoted(nested)
        artifact = self.strict is _is_task and ".outputs.artifacts." in name
        if self.strict is not None and self.strict(name) and not artifact:
            raise Missing(name, f"failed to resolve {{{{{tag}}}}}")
        return "{{" + tag + "}}"

    def expression(self, text: str) -> str:
        if self._environment is None:
            self._environment = environment(self.values)
        env = self._environment
        try:
            missing = [name for name in identifiers(text) if not _known(env, name)]
        except ExpressionError as error:
            raise TagError(f"failed to evaluate expression: {error}") from error
        for name in missing:
            if self.strict is not None and self.strict(name):
                whole = max((other for other in missing if other.startswith(name)), key=len)
                raise Missing(whole, f"failed to evaluate expression: {name} is missing")
        lenient = bool(missing) or self.strict is None
        if any(name in LATE for name in missing):
            return "{{=" + text + "}}"
        try:
            result = evaluate(text, env)
            if result is None:
                raise TagError(f'failed to evaluate expression "{text}"')
            return result if isinstance(result, str) else go_json(result)
        except (ExpressionError, TagError, ValueError) as error:
            if lenient:
                return "{{=" + text + "}}"
            raise (
                error if isinstance(error, TagError) else TagError(f"failed to evaluate expression: {error}")
            ) from error


def _split(text: str) -> list[str]:
    """Return literal text and tags by turns. A tag ends at the first `}}`; an opening without an end is literal."""
    parts: list[str] = []
    at = 0
    while True:
        start = text.find("{{", at)
        end = text.find("}}", start + 2) if start >= 0 else -1
        if end < 0:
            return [*parts, text[at:]]
        parts += [text[at:start], text[start + 2 : end]]
        at = end + 2


def quoted(value: str) -> str:
    """Return a value as it arrives after the engine has quoted it into JSON.

    Raises:
        TagError: for characters that the engine's quoting makes into no valid JSON (control characters and such).
    """
    if not value.isprintable() and any(_breaks(character) for character in value):
        raise TagError("cannot finish template replacement because the result was invalid JSON")
    return value


def _breaks(character: str) -> bool:
    if character < " ":
        return character not in "\b\f\n\r\t"
    return character == "\x7f" or (character >= "\U00010000" and not character.isprintable())


def _known(env: Mapping[str, Any], path: str) -> bool:
    level: Any = env
    for part in path.split("."):
        if not isinstance(level, Mapping) or part not in level:
            return False
        level = level[part]
    return True
