"""The command line of a workflow: a flag for each parameter, read by its annotation.

`int`, `float`, `bool`, `str`, `Path`, enums, `Literal`, `Optional` of those and containers are read as what they are. Everything else is a Python
literal, or text if it is none.
"""

from __future__ import annotations

import argparse
import ast
import enum
import inspect
import sys
import types
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

from tangentflow.decorators import WorkflowFunction

__all__ = ["parse", "reader"]

_CONTAINERS = (list, tuple, dict, set, frozenset)
_TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def parse(
    workflow: WorkflowFunction[..., Any], arguments: Sequence[str], program: str, out: TextIO
) -> tuple[tuple[Any, ...], dict[str, Any]]:  # fmt: skip
    """Return the arguments of a call of the workflow. Exits as argparse does: 2 for what does not fit, 0 after `--help`."""
    parameters = inspect.signature(workflow.function).parameters
    parser = _parser(workflow, parameters, program, out)
    given = vars(parser.parse_args(list(arguments)))
    kinds = inspect.Parameter
    variadic = any(given.get(name) for name, p in parameters.items() if p.kind is kinds.VAR_POSITIONAL)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if parameter.kind is kinds.VAR_POSITIONAL:
            args += given.get(name, [])
        elif parameter.kind is kinds.VAR_KEYWORD:
            kwargs |= dict(given.get(name, []))
        elif parameter.kind is kinds.POSITIONAL_ONLY or (variadic and parameter.kind is kinds.POSITIONAL_OR_KEYWORD):
            args.append(given.get(name, parameter.default))
        elif name in given:
            kwargs[name] = given[name]
    return tuple(args), kwargs


class _Parser(argparse.ArgumentParser):
    """Prints its help where the command prints, and says where the command's own options belong."""

    out: TextIO = sys.stdout

    def print_help(self, file: Any = None) -> None:
        super().print_help(file or self.out)
        self.out.flush()

    def error(self, message: str) -> typing.NoReturn:
        if message.startswith("unrecognized arguments: -"):
            message += " (behind the file stand the arguments of the workflow; options of the command come before it)"
        super().error(message)


def _parser(
    workflow: WorkflowFunction[..., Any], parameters: typing.Mapping[str, inspect.Parameter], program: str, out: TextIO
) -> _Parser:  # fmt: skip
    doc = inspect.getdoc(workflow.function)
    if doc and "%(prog)" in doc:  # only then argparse formats it
        doc = doc.replace("%", "%%")
    parser = _Parser(
        prog=program, description=doc, allow_abbrev=False, argument_default=argparse.SUPPRESS,
        add_help="help" not in parameters, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.out = out
    hints = _hints(workflow)
    for name, parameter in parameters.items():
        read = reader(hints.get(name))
        spellings = dict.fromkeys([f"--{name}", f"--{name.replace('_', '-')}"])
        options: dict[str, Any] = {
            "dest": name,
            "type": read,
            "metavar": "V",
            "help": _help(parameter, hints.get(name)),
        }
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            options["nargs"] = "*"
        elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
            options |= {"nargs": "*", "metavar": "KEY=V", "type": _pair(read)}
        elif parameter.default is parameter.empty:
            options["required"] = True
        if hints.get(name) is bool:
            options |= {"nargs": "?", "const": True}
        parser.add_argument(*spellings, **options)
    return parser


def _hints(workflow: WorkflowFunction[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(workflow.function)
    except Exception:  # names that only a type checker knows: then the annotation says nothing here
        return {}


def _help(parameter: inspect.Parameter, hint: Any) -> str:
    words = [getattr(hint, "__name__", str(hint)) if isinstance(hint, type) else str(hint)] if hint is not None else []
    if parameter.default is not parameter.empty:
        words.append(f"(default: {parameter.default!r})")
    elif parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        words.append("(required)")
    return " ".join(words).replace("%", "%%")


def _pair(read: Callable[[str], Any]) -> Callable[[str], tuple[str, Any]]:
    def pair(text: str) -> tuple[str, Any]:
        name, equals, value = text.partition("=")
        if not equals:
            raise argparse.ArgumentTypeError(f"expected KEY=VALUE, not {text!r}")
        return name, read(value)

    return pair


def reader(hint: Any) -> Callable[[str], Any]:
    """Return what reads the text of an argument of this annotation (None: of none). It raises ArgumentTypeError."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _one_of(typing.get_args(hint))
    if origin is typing.Literal:
        return _choice({str(value): value for value in typing.get_args(hint)})
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _choice({member.name: member for member in hint})
    if hint is bool:
        return _choice(_TRUTH, str.lower)
    if hint in (int, float):
        return _number(hint)
    if hint in (str, Path):
        return typing.cast("Callable[[str], Any]", hint)
    container = origin or hint
    if container in _CONTAINERS:
        return _container(container)
    return literal


def literal(text: str) -> Any:
    """Return the value of a Python literal; text that is none stands for itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def _one_of(hints: tuple[Any, ...]) -> Callable[[str], Any]:
    """Read as the first of the types of a union that takes the text; `None` is None."""
    readers = [reader(hint) for hint in hints if hint is not type(None)]

    def read(text: str) -> Any:
        if text == "None" and type(None) in hints:
            return None
        for number, one in enumerate(readers):
            try:
                return one(text)
            except argparse.ArgumentTypeError:
                if number == len(readers) - 1:
                    raise
        return text

    return read


def _choice(values: typing.Mapping[str, Any], fold: Callable[[str], str] = str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if fold(text) not in values:
            raise argparse.ArgumentTypeError(f"expected one of {', '.join(values)}, not {text!r}")
        return values[fold(text)]

    return read


def _number(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return kind(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"expected {getattr(kind, '__name__', kind)}, not {text!r}") from error

    return read


def _container(kind: type) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        value = literal(text)
        if not isinstance(value, kind):
            raise argparse.ArgumentTypeError(f"expected a Python {kind.__name__}, not {text!r}")
        return value

    return read
