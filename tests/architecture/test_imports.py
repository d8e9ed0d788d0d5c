"""Imports point up the list of the package's parts, and `import tangentflow` stays light."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import tangentflow

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tangentflow"
FILES = sorted(PACKAGE.rglob("*.py"))

ORDER = (
    ("errors",),
    ("runtime",),
    ("accepts",),
    ("fields", "schedules"),
    ("readymade",),
    ("checks",),
    ("decorators", "order"),
    ("conditions", "parts"),
    ("running",),
    ("attempts", "commands", "merged", "resources", "waiting"),
    ("containers",),
    ("source",),
    ("language",),
    ("graph",),
    ("passes",),
    ("bundling", "draw", "engine", "argo", "simulator"),
    ("client", "explain"),
    ("cli",),
    ("__main__",),
)
"""Parts from the bottom up. A part imports from itself and from those above it in this list, never from one beside it."""

SEAM = ("compile", "compiled", "__init__", "decorators", "merged")
"""Where the parts are put together: these may import any part inside functions, and `compile` at its top too."""

BESIDE = {("argo", "bundling"), ("engine", "bundling"), ("engine", "argo"), ("engine", "simulator")}
"""What parts on one level may import from each other: emitting packs code, simulated runs use the emitter and the simulator."""

LIGHT = frozenset(sys.stdlib_module_names) | {"tangentflow"}


def part(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def level(name: str) -> int:
    return next(i for i, names in enumerate(ORDER) if name in names)


def imports(tree: ast.AST, at_top: bool) -> list[tuple[int, str]]:
    """Return (line, dotted module) of the imports; `at_top` only those that run when the module is imported."""
    found = []
    nodes = list(tree.body) if at_top else list(ast.walk(tree))
    while at_top and any(isinstance(node, (ast.If, ast.Try)) for node in nodes):
        nodes = [n for node in nodes for n in _inside(node)]
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def _inside(node: ast.stmt) -> list[ast.stmt]:
    if isinstance(node, ast.If):
        typing_only = ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        return [*([] if typing_only else node.body), *node.orelse]
    if isinstance(node, ast.Try):
        return [*node.body, *[s for h in node.handlers for s in h.body], *node.orelse, *node.finalbody]
    return [node]


def own(found: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return (line, part) of the imports from this package."""
    parts = [(line, name.split(".")) for line, name in found if name.split(".")[0] == "tangentflow"]
    return [(line, names[1] if len(names) > 1 and _is_part(names[1]) else "__init__") for line, names in parts]


def _is_part(name: str) -> bool:
    return (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()


def test_every_part_has_its_place():
    known = {name for names in ORDER for name in names} | set(SEAM)
    assert {part(path) for path in FILES} <= known


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_up(path):
    here = part(path)
    if here in ("compile", "compiled", "__init__"):
        return
    for line, there in own(imports(ast.parse(path.read_text()), at_top=here in SEAM)):
        if there in (here, "__init__") or (here, there) in BESIDE:
            continue
        assert there not in ("compile", "compiled"), f"{path}:{line}: {here} imports the seam {there}"
        assert level(there) < level(here), f"{path}:{line}: {here} imports {there}, which stands below it"


def test_the_simulator_knows_nothing_of_the_rest():
    for path in (PACKAGE / "simulator").rglob("*.py"):
        for line, name in imports(ast.parse(path.read_text()), at_top=False):
            if name.startswith("tangentflow"):
                assert name.startswith(("tangentflow.simulator", "tangentflow.errors", "tangentflow.conditions")), (
                    f"{path}:{line}: {name}"
                )


def test_emitters_know_nothing_of_syntax_and_the_language_nothing_of_yaml():
    for path in FILES:
        modules = {name.split(".")[0] for _, name in imports(ast.parse(path.read_text()), at_top=False)}
        if part(path) in ("argo", "simulator", "engine", "draw", "graph"):
            assert not modules & {"gast", "astor"}, path
        if part(path) in ("source", "language", "graph", "passes"):
            assert not modules & {"yaml", "loky"}, path


@pytest.mark.parametrize(
    "path",
    [p for p in FILES if part(p) in ("errors", "runtime", "checks", "decorators", "order", "commands", "merged")],
    ids=lambda p: p.stem,
)
def test_what_pods_import_is_the_standard_library(path):
    at_top = {name.split(".")[0] for _, name in imports(ast.parse(path.read_text()), at_top=True)}
    assert at_top <= LIGHT
    anywhere = {name.split(".")[0] for _, name in imports(ast.parse(path.read_text()), at_top=False)}
    assert anywhere <= LIGHT | {"cloudpickle"}


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_and_decorating_loads_nothing_heavy():
    code = (
        "import sys\n"
        "from tangentflow import step, workflow\n"
        "@step\ndef f(x): return x\n"
        "@workflow\ndef wf(x): return f(x)\n"
        "assert wf(3) == 3\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} & {'gast', 'astor', 'yaml', 'loky', 'cloudpickle', 'sqlite3'}))"
    )
    assert run(code).strip() == ""


def test_every_public_name_can_be_imported():
    for name in tangentflow.__all__:
        assert getattr(tangentflow, name) is not None
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = tangentflow.no_such_name
    assert set(tangentflow.__all__) <= set(dir(tangentflow))


NAMES = """
    step workflow sequential Run StepRun Graph
    TangentflowError LanguageError StepFailed StepTimeout Cancelled LoopLimit MutatedArgument
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_public_name(name):
    assert name in tangentflow.__all__
    assert getattr(importlib.import_module("tangentflow"), name).__doc__


def test_long_files_are_reported():
    counts = {path.relative_to(PACKAGE).as_posix(): len(path.read_text().splitlines()) for path in FILES}
    long = [f"{path} ({count})" for path, count in counts.items() if count > 350]
    if long:
        warnings.warn(f"files of more than 350 lines, do they hold one idea? {', '.join(long)}", stacklevel=1)
