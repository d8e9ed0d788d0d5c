"""Write docs/language.md from the compiler's own registry: `python docs/generate.py`."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterable
from pathlib import Path

from tangentflow.language.catalogue import CATALOGUE, FAMILIES, NOTES, PRELUDE, Entry
from tangentflow.language.registry import EXPRESSIONS, REFUSALS, STATEMENTS, Rule

HERE = Path(__file__).parent
TARGET = HERE / "language.md"

HEAD = """\
# The language

What a workflow may be made of, generated from the registry that the compiler itself uses (`python docs/generate.py`). A construct
that has no row under "accepted" is refused: nothing is ignored, guessed or run as it is. Inside a `@step` all of Python is allowed.

A workflow consists of *steps* (calls of `@step` functions), *sub-workflows* (calls of `@workflow` functions) and *glue*: everything
else. Constructs have Python's own meaning; the second column says what matters beyond it.

A value that a step has is immutable. Glue may change in place only what the workflow itself built and holds under one name, by
direct syntax (`xs.append(e)`, `d[k] = v`, `xs += ys`, `del d[k]`) or by a call whose result it uses (`x = heappop(h)`,
`v = rng.random()` with `rng = random.Random(seed)`, `n = take(queue)`) or that is made for the change alone (`heappush(h, x)`, `insort(xs, x)`). What a step or an unknown call gave is trusted to stay as it is
where unknown calls get it; where it does not, the run fails with `MutatedArgument`: copy it first, `q = copy.deepcopy(q)`.

What no compiler sees from a call is outside of the promise that plain call, local run and Argo run give the same:

* state that steps share behind the workflow's back: module globals that a step writes and another one reads, mutable defaults, class attributes, the working directory,
  `os.environ`, the seed of `random`. A step runs in a process that knows nothing of other steps: hand such things on as arguments and results;
* an iterable of the user's own class that gives the same object again with other content: a loop reads all items before it starts. Give copies, or a list;
* orders that depend on the hash seed, equality that is identity, wall time, how lines of parallel steps mix, and infinite iterables.
"""

CALLS = """\
## Calls in glue

What is called is analysed, helpers transitively:

| kind | examples | meaning |
| --- | --- | --- |
| pure | operators, `len`, `sorted`, `"".join`, helpers made of those | evaluated wherever it is needed |
| opaque | a library call whose result is used | ordered by its data, evaluated once |
| impure | `time.time()`, `random.random()`, `uuid.uuid4()` | ordered like an effect, evaluated once |
| message | `print`, `logging`, `warnings` | issued once, in order |
| outside | `open`, `os.makedirs`, `subprocess.run` | refused: belongs into a step |

A call whose result is dropped is refused unless it is a step, a sub-workflow, a message, or a direct change of a value that the
workflow built: it would happen on one machine only.
"""

NODES_HEAD = """\
## Every node of the syntax

A row for each class of Python's syntax tree. The programs are those of `tests/corpus`, the shortest first: the tests call each of them
plainly, judge its graph under adverse schedules and failing steps, run its regenerated source, run it on the local engine and run its
document on the simulator (a sample of them each time, all with `TANGENTFLOW_CORPUS=all`); `yes` says that all of them give the same. What is refused is shown by the programs of `tests/refused`.

"""

REFUSALS_HEAD = """\
## Refusals

Each offence has a code, a place (line and columns), a reason and what to write instead; a `LanguageError` holds all of a function, and
`tangentflow lint FILE` shows all of a file. Every program below is compiled by the tests: the refused one is refused with that code, the
other one gives the same value in every way to run it. Above each of them stands:

```python
{prelude}```

"""


NOTES_HEAD = """\
## Notes

Legal, and what Python does, but perhaps not what was meant. `g.notes` has them, and `tangentflow lint FILE` shows them behind the offences;
they refuse nothing and do not change its exit code. The first program of each has the note, the second one has not.

"""


def render() -> str:
    """Return the text of docs/language.md."""
    constructs = runpy.run_path(str(HERE / "constructs.py"))
    parts = [
        HEAD,
        f"## Accepted statements\n\n{_table(('construct', 'meaning'), _rows(STATEMENTS.values()))}",
        f"## Accepted expressions\n\n{_table(('construct', 'meaning'), _rows(EXPRESSIONS.values()))}",
        CALLS,
        f"## Refused constructs\n\n{_table(('code', 'construct', 'why', 'instead'), _refused())}",
        NODES_HEAD + _table(constructs["HEAD"], constructs["rows"]()),
        REFUSALS_HEAD.format(prelude=PRELUDE) + _table(("code", "what is refused"), _overview()),
        *[_entry(entry) for entry in CATALOGUE.values()],
        NOTES_HEAD + _table(("code", "what is noted"), [(_link(entry.code), entry.title) for entry in NOTES]),
        *[_entry(entry, "noted") for entry in NOTES],
    ]
    return "\n".join(parts)


def _rows(rules: Iterable[Rule]) -> list[tuple[str, ...]]:
    return sorted({(rule.construct, rule.meaning) for rule in rules}, key=lambda row: row[0].strip("`").lower())


def _refused() -> list[tuple[str, ...]]:
    rows = {(_link(refusal.code), refusal.construct, refusal.why, refusal.instead) for refusal in REFUSALS.values()}
    return sorted(rows)


def _overview() -> list[tuple[str, ...]]:
    rows = []
    for prefix, title, entries in FAMILIES:
        rows.append((f"**{prefix}…**", f"**{title}**"))
        rows += [(_link(entry.code), entry.title) for entry in entries]
    return rows


def _link(code: str) -> str:
    return f"[{code}](#{code.lower()})"


def _entry(entry: Entry, verdict: str = "refused") -> str:
    newer = f" (Python {'.'.join(map(str, entry.since))})" if entry.since > (3, 10) else ""
    programs = f"```python\n# {verdict}{newer}\n{entry.bad}```\n\n```python\n# instead\n{entry.good}```"
    return f"### {entry.code}\n\n**{entry.title}.** {entry.why}\n\n{programs}\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))  # the programs are those of the tests
    TARGET.write_text(render(), encoding="utf-8")
