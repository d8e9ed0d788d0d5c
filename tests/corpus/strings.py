"""Text that tries to break generated code and documents."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.steps import e, f, join, show, upper


@workflow
def passed_through(s):
    return show(s)


@workflow
def formatted(s):
    return f"{show(s)}|{s!r}|{s:>5}|{{}}|{len(s)}"


@workflow
def literals(n):
    return [
        show("{{inputs.parameters.x}}"), show('quote " and \''), show("line\nbreak\ttab"), show("\\n \\ \x00 \x1b"), show("🐋 é ü"),
        show("$HOME `ls` $(ls)"), show("# no comment"), show("'tf-note: no note'"), show("a\u2028b\x0cc\x85d"), show(""), show(r"\d+\s"),
    ]  # fmt: skip


@workflow
def triple_quoted(n):
    return show("""first
    second 'quoted' "twice"
\ttabbed \\ back""")


@workflow
def multi_line_f_string(n):
    a = f(n)
    return f"""first {a}
    second {show(a)}
tf-note: third
        fourth {a!r}"""


@workflow
def multi_line_f_string_in_loop(k):
    out = []
    for i in range(k):
        r = f(i)
        out.append(f"""a {r}
  b {i}
""")
    return out


@workflow
def multi_line_f_string_argument(n):
    return show(f"""one {n}
   two {f(n)}
""")


@workflow
def note_like_strings(n):
    a = f(n)
    xs = ["tf-note: a", "'tf-note: b'"]
    return show("tf-note: c"), xs, f"tf-note: {a}"


@workflow
def special_characters_in_f_string(n):
    a = f(n)
    return f"{a}\x0c\x85\u2028\t\\{{{a}}}\n'\"\x00é🐋"


@workflow
def concatenated(s):
    return show(f"ab{s}c{show(s)}")


@workflow
def percent_and_format(s):
    return "%s|%r" % (show(s), s), "{0}-{0!r}-{x}".format(show(s), x=upper("y"))


@workflow
def bytes_and_raw(n):
    return show(b"\xff\x00'"), show(rb"\d"), show(b"".join([bytes([f(n) % 256])]))


@workflow
def joined_text(s):
    return join(s, "\n", s), upper(s + "ß"), [show(c) for c in s[:3]]


@workflow
def keys_of_dicts(s):
    d = {s: 1, "": 2, "a b": 3}
    d[show(s)] = len(s)
    return d


@workflow
def docstring(n):
    """A docstring with 'quotes', a \\ backslash and {{tags}}.

    tf-note: it is no note.
    """
    "and a string statement"
    return f(n)


@workflow
def large_text(n):
    text = "x\n" * 5000
    e(len(text))
    return upper(text)[:10]


@workflow
def surrogate(n):
    return show("\ud800")


@workflow
def numbers(n):
    return (
        show(1e309),
        show(-0.0),
        show(1e-7),
        show(10**40),
        show(0x1F),
        show(1_000),
        show(1j),
        show(float("nan")),
        show(-1e309),
    )


@workflow
def text_like_the_mark_of_a_line(n):
    a = show("see  # line x")
    b = show("  # line 5")
    for i in range(2):
        a = show(a + "  # line " + str(i))
    return a, b, f"  # line {n}"
