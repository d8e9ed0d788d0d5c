"""What a retryStrategy says after an attempt has failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tangentflow.simulator.expressions.evaluate import evaluate
from tangentflow.simulator.expressions.functions import go_text
from tangentflow.simulator.expressions.lexer import ExpressionError
from tangentflow.simulator.nodes import Node
from tangentflow.simulator.tags import environment
from tangentflow.simulator.templates import seconds

__all__ = ["Again", "GiveUp", "RetryError", "Wait", "attempt_values", "decide"]


class RetryError(Exception):
    """A retryStrategy that cannot be followed; the text is the message of the node."""


class Again:
    """Make another attempt now."""


class Wait:
    """Make another attempt, not before a time."""

    def __init__(self, until: float, message: str) -> None:
        self.until = until
        self.message = message


class GiveUp:
    """The last attempt decides; the message is that of the Retry node."""

    def __init__(self, message: str) -> None:
        self.message = message


def attempt_values(last: Node | None, number: int) -> dict[str, str]:
    """Return what an attempt can read: `retries` and `lastRetry.*`."""
    code = last.exit_code if last is not None else None
    return {
        "retries": str(number),
        "lastRetry.exitCode": "0" if code is None else str(code),
        "lastRetry.status": last.phase if last else "",
        "lastRetry.duration": _duration(last),
        "lastRetry.message": last.message if last else "",
    }


def decide(strategy: Mapping[str, Any], attempts: list[Node], now: float, scale: float) -> Again | Wait | GiveUp:
    """Return what follows on the last of the attempts, which Failed or is in Error.

    Raises:
        RetryError: for a strategy without sense.
    """
    last, limit = attempts[-1], strategy.get("limit")
    most = None if limit is None else _integer(limit, "limit")
    backoff = strategy.get("backoff")
    if backoff:
        pause = _backoff(backoff, attempts, most, now, scale)
        if pause is not None:
            return pause
    policy = strategy.get("retryPolicy") or ("Always" if strategy.get("expression") else "OnFailure")
    accepted = {"Always": ("Failed", "Error"), "OnFailure": ("Failed",), "OnError": ("Error",)}[policy]
    if last.phase not in accepted:
        return GiveUp(last.message)
    if most is not None and len(attempts) > most:
        return GiveUp("No more retries left")
    if strategy.get("expression") and not _wanted(strategy["expression"], last, len(attempts)):
        return GiveUp("retryStrategy.expression evaluated to false")
    return Again()


def _backoff(
    backoff: Mapping[str, Any], attempts: list[Node], most: int | None, now: float, scale: float
) -> Wait | GiveUp | None:
    end = None
    if backoff.get("maxDuration"):
        end = attempts[0].started + seconds(backoff["maxDuration"]) * scale
        if now > end:
            return GiveUp("Max duration limit exceeded")
    if not backoff.get("duration"):
        raise RetryError("no base duration specified for retryStrategy")
    pause = seconds(backoff["duration"])
    if "factor" in backoff and (factor := _integer(backoff["factor"], "factor")) > 0:
        pause *= float(factor) ** (len(attempts) - 1)
    if backoff.get("cap"):
        pause = min(pause, seconds(backoff["cap"]))
    until = (attempts[-1].finished or now) + pause * scale
    if end is not None and until > end:
        return GiveUp("Backoff would exceed max duration limit")
    if now < until and most is not None and len(attempts) <= most:
        return Wait(until, f"Backoff for {go_text(pause)} seconds")
    return None


def _wanted(expression: str, last: Node, count: int) -> bool:
    values = attempt_values(last, count - 1)
    values["lastRetry.exitCode"] = "-1" if last.exit_code is None else str(last.exit_code)
    try:
        wanted = evaluate(expression, environment(values))
    except ExpressionError as error:
        raise RetryError(f"unable to evaluate expression '{expression}': {error}") from error
    if not isinstance(wanted, bool):
        raise RetryError(f"unable to cast expression result '{go_text(wanted)}' to bool")
    return wanted


def _duration(node: Node | None) -> str:
    return "0" if node is None or node.finished is None else go_text(node.finished - node.started)


def _integer(value: Any, what: str) -> int:
    try:
        return int(str(value))
    except ValueError as error:
        raise RetryError(f"retryStrategy.{what}: {value!r} is no integer") from error
