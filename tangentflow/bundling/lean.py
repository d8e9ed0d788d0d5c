"""Source without what only readers need, line for line: every pod of a run carries the pod side of this package."""

from __future__ import annotations

import ast
import functools
import io
import tokenize

__all__ = ["lean"]


@functools.lru_cache(maxsize=256)
def lean(source: bytes) -> bytes:
    """Return source with empty docstrings and without comments; all else stays on its line."""
    lines = [line.encode() for line in source.decode().splitlines()]
    for token in tokenize.generate_tokens(io.StringIO(source.decode()).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = token.line[:column].rstrip().encode()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            assert node.end_lineno is not None and node.end_col_offset is not None
            rest = lines[node.end_lineno - 1][node.end_col_offset :]
            lines[node.lineno - 1] = lines[node.lineno - 1][: node.col_offset] + b'""' + rest
            lines[node.lineno : node.end_lineno] = [b""] * (node.end_lineno - node.lineno)
    return b"\n".join(lines) + b"\n"
