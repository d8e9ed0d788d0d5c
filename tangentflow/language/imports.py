"""Imports in the body: as if they stood at the top of the module.

A module cannot be sent from one step to another, so the name of one is no variable of the workflow: it means the same
object everywhere, as a global does, and each slice that reads it imports it again. That is Python's meaning where the import
stands at the top of the body, before all that reads the name, and nothing else binds it. The rest is refused.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import gast

from tangentflow.language import core
from tangentflow.language.patterns import named
from tangentflow.language.registry import statement
from tangentflow.language.uses import uses
from tangentflow.source.find import FunctionSource
from tangentflow.source.printer import to_text

__all__ = ["Imported", "Imports", "imports_of"]

_BRANCH = (
    "whether its names are bound would be decided in the run, and a module cannot be sent from one step to another"
)
_FUNCTION = "what an inner function imports is not known before it is called, and so is not what it does with it"
_INSTEAD = "import at the top of the function, or of the module"


@dataclass(frozen=True)
class Imported:
    """An import statement, with absolute names of modules, and the local names that it binds.

    `always`: nothing reads them, so the module is imported for what that does.
    """

    node: Any
    names: tuple[str, ...]
    always: bool = False


@dataclass
class Imports:
    """The imports of a function: the statements in order, what their names mean, and offences (node, what, why, instead)."""

    statements: list[Imported] = field(default_factory=list)
    meaning: dict[str, object] = field(default_factory=dict)
    offences: list[tuple[Any, str, str, str]] = field(default_factory=list)
    _by_node: dict[int, Imported] = field(default_factory=dict)

    def of(self, node: Any) -> Imported | None:
        """Return the import that a statement is, if it is an accepted one."""
        return self._by_node.get(id(node))

    def refuse(self, node: Any, why: str, instead: str = _INSTEAD) -> None:
        """Note an offence."""
        self.offences.append((node, f"`{_shown(node)}` in a workflow", why, instead))

    def accept(self, node: Any, found: Imported, meaning: Mapping[str, object]) -> None:
        """Note an import as accepted."""
        self.statements.append(found)
        self._by_node[id(node)] = found
        self.meaning |= meaning


def imports_of(source: FunctionSource, params: Sequence[str], body: Sequence[Any]) -> Imports:
    """Return the imports of a function whose statements are `body`. Imports the modules: a step may be among their names."""
    found, reads = Imports(), uses(*body).reads
    others = uses(*[stmt for stmt in body if not _is_import(stmt)]).binds | set(params)
    for index, node in enumerate(body):
        if not _is_import(node):
            for inner, why in _hidden(node, _BRANCH):
                found.refuse(inner, why)
            continue
        _top_level(found, source, node, others, uses(*body[:index]).reads, reads)
    return found


def _top_level(
    found: Imports, source: FunctionSource, node: Any, others: set[str], before: set[str], reads: set[str]
) -> None:
    names = tuple(dict.fromkeys(name for alias in node.names if (name := named(alias)) is not None))
    early = sorted(set(names) & before - set(found.meaning))
    twice = sorted(set(names) & others)
    if twice:
        why = f"'{twice[0]}' is bound by something else too, and a module cannot be sent from one step to another as a variable can"
        found.refuse(node, why, f"give one of them another name: `import … as {twice[0]}_module`")
        return
    if early:
        found.refuse(node, f"'{early[0]}' is read before it", "import before the name is read")
        return
    try:
        absolute = _absolute(node, source)
        meaning = _run(absolute, source)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module may raise anything
        why = f"the module cannot be imported here: {type(error).__name__}: {error}"
        found.refuse(node, why, "install the module, or import it inside the step that needs it")
        return
    other = [name for name in names if name in found.meaning and found.meaning[name] is not meaning[name]]
    if other:
        found.refuse(node, f"'{other[0]}' means something else by an import above", "give one of them another name")
        return
    found.accept(node, Imported(absolute, names, not reads & set(names)), meaning)


def _hidden(node: Any, why: str) -> Iterator[tuple[Any, str]]:
    """Yield the imports inside a statement, each with the reason why it is refused."""
    if isinstance(node, (gast.FunctionDef, gast.AsyncFunctionDef)):
        why = _FUNCTION
    for inner in gast.iter_child_nodes(node):
        if _is_import(inner):
            yield inner, why
        yield from _hidden(inner, why)


def _is_import(node: Any) -> bool:
    return isinstance(node, (gast.Import, gast.ImportFrom))


def _shown(node: Any) -> str:
    return " ".join(to_text([node]).split())


def _absolute(node: Any, source: FunctionSource) -> Any:
    """Return the import with an absolute name: slices and the regenerated source belong to no package."""
    if isinstance(node, gast.Import) or not node.level:
        return node
    package = source.globals.get("__package__") or ""
    name = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
    return gast.copy_location(gast.ImportFrom(module=name, names=node.names, level=0), node)


def _run(node: Any, source: FunctionSource) -> dict[str, object]:
    """Import as the function does; return what the names mean then."""
    builtins = source.globals.get("__builtins__")
    space: dict[str, Any] = {"__name__": source.globals.get("__name__"), "__builtins__": builtins}
    exec(compile(to_text([node]), source.filename, "exec", dont_inherit=True), space)
    del space["__name__"], space["__builtins__"]
    return space


@statement(gast.Import, "imports at the top of the body", "as if they stood at the top of the module")
def _import(lowering: Any, node: gast.Import) -> None:
    # No emit(): the names are no variables of the workflow.
    imported = lowering.imports.of(node)
    if imported is not None:
        lowering.out.append(core.Glue(lowering.origin, imported.node, total=True))


statement(gast.ImportFrom, "`from … import …` at the top of the body", "as if they stood at the top of the module")(
    _import
)
