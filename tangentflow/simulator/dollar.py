"""What Kubernetes does to `$` in commands, arguments and environment values, and so to a script's source."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["LONGEST", "expand"]

LONGEST = 131_072
"""Bytes that one argument or environment value may have; a longer template goes by a ConfigMap, where `$` is safe."""


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Return the text with `$(NAME)` replaced where the name is known, and `$$` by `$`."""

    def replace(match: re.Match[str]) -> str:
        if match.group() == "$$":
            return "$"
        return environment.get(match.group(1), match.group())

    return re.sub(r"\$\$|\$\(([A-Za-z_.][-A-Za-z0-9_.]*)\)", replace, text)
