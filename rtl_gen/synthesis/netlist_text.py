"""How Yosys writes a netlist, for all who read its text."""

import re

_MODULE = re.compile(r"^module (\\\S+|\w+) ?\(.*?^endmodule\n?", re.MULTILINE | re.DOTALL)
INSTANCE = re.compile(r"^  (\\\S+|\w+) +(\\\S+|\w+) +\(\n(.*?)^  \);", re.MULTILINE | re.DOTALL)
"""Kind, name and connections."""
PIN = re.compile(r"\.(\\\S+ |\w+) ?\(([^)]*)\)")
"""Pin and net, in the connections of an instance."""
ASSIGN = re.compile(r"^  assign (.+?) = (.+?);$", re.MULTILINE)
"""Net and what it is."""


def modules(text: str) -> dict[str, str]:
    """The text of each module, by its name."""
    return {plain(match[1]): match[0] for match in _MODULE.finditer(text)}


def plain(name: str) -> str:
    """A name without the marks of an escaped identifier."""
    return name.strip().lstrip("\\").strip()
