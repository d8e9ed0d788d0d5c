"""Documents as YAML text, in which no scalar can be taken for another type."""

from __future__ import annotations

from typing import Any

__all__ = ["to_yaml"]


def to_yaml(document: dict[str, Any]) -> str:
    """Return a document as YAML: keys in their order, texts quoted, longer ones as blocks. Equal documents give equal bytes."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        block = (
            "\n" in value
            and not any(line != line.rstrip() for line in value.split("\n"))
            and value.isprintable() is False
        )
        if block and all(char.isprintable() or char == "\n" for char in value):
            return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|")
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"')

    def key(dumper: yaml.SafeDumper, value: dict[str, Any]) -> yaml.MappingNode:
        node = dumper.represent_mapping("tag:yaml.org,2002:map", value.items())
        for name, _ in node.value:
            if name.value.isidentifier() and name.value not in (
                "y",
                "n",
                "yes",
                "no",
                "on",
                "off",
                "true",
                "false",
                "null",
            ):
                name.style = None
        return node

    Dumper.add_representer(str, text)
    Dumper.add_representer(dict, key)
    return yaml.dump(document, Dumper=Dumper, sort_keys=False, width=10**6, allow_unicode=True)
