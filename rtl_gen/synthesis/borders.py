"""Stronger drivers where a net leaves its module.

A module that occurs more than once is mapped by itself, and its cells are sized as if each of its outputs, and each
input of the modules in it, were a small load. Here the loads are known.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .liberty import Liberty
from .netlist_text import ASSIGN, INSTANCE, PIN, modules, plain

_PORT = re.compile(r"^  (input|output) (\S+) ?;$", re.MULTILINE)
_HEADER = re.compile(r"^  (\S+)( +(\S+) +\()$", re.MULTILINE)
MARGIN = 8
"""A cell shall drive no more than its largest load divided by this: about ten gates like itself."""


def strengthen(netlist: Path, top: str, library: Liberty) -> int:
    """Replace, in a netlist, cells that are too weak for a load beyond the border of their module.

    The smallest cell of the same function takes their place that is strong enough, or the strongest one.

    Returns how many were replaced, counted once in a module that occurs more than once.
    """
    text = netlist.read_text()
    parts = {name: _Part(name, own, library) for name, own in modules(text).items()}
    order = _children_first(parts, top)
    into: dict[str, dict[str, float]] = {}
    """By module, what each of its inputs is for whoever drives it, in the library's unit."""
    for name in order:
        into[name] = parts[name].input_loads(into)
    beyond: dict[str, dict[str, float]] = {name: {} for name in order}
    """By module, the load of each of its outputs outside, the largest of all its places."""
    count = 0
    for name in reversed(order):
        changes = parts[name].changes(into, beyond)
        count += len(changes)
        if changes:
            changed = _HEADER.sub(lambda m, to=changes: f"  {to.get(plain(m[3]), m[1])}{m[2]}", parts[name].text)
            text = text.replace(parts[name].text, changed)
    netlist.write_text(text)
    return count


@dataclass(frozen=True)
class _Part:
    """A module of the netlist."""

    name: str
    text: str
    liberty: Liberty

    @cached_property
    def places(self) -> list[tuple[str, str, dict[str, str]]]:
        """Kind, name, and net by pin of every instance."""
        return [
            (plain(kind), plain(name), {plain(pin): self._net(net) for pin, net in PIN.findall(body)})
            for kind, name, body in INSTANCE.findall(self.text)
        ]

    def input_loads(self, into: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
        """The load of each input port; those of the modules in this one are known."""
        loads = self._loads(into)
        return {port: loads[self._net(port)] for port in self._ports("input")}

    def changes(self, into: Mapping[str, Mapping[str, float]], beyond: dict[str, dict[str, float]]) -> dict[str, str]:
        """The new kind of each cell to replace; notes in ``beyond`` what outputs of the modules in this one drive."""
        loads = self._loads(into)
        crossing = set()
        for port, load in beyond[self.name].items():
            loads[self._net(port)] += load
            crossing.add(self._net(port))
        drivers: dict[str, tuple[str, str, str]] = {}
        for kind, name, pins in self.places:
            if kind in into:
                crossing |= {net for pin, net in pins.items() if pin in into[kind]}
            elif kind in self.liberty.cells:
                drivers |= {pins[pin]: (kind, name, pin) for pin in self.liberty.cells[kind].functions if pin in pins}
        for kind, _, pins in self.places:
            if kind in into:
                for pin, net in pins.items():
                    if pin not in into[kind]:
                        beyond[kind][pin] = max(beyond[kind].get(pin, 0.0), loads[net])
        found: dict[str, str] = {}
        for net in sorted(crossing & drivers.keys()):
            kind, name, pin = drivers[net]
            before = found.get(name, kind)  # a cell may have another output that crosses
            stronger = self.liberty.strong_enough(self.liberty.cells[before], pin, MARGIN * loads[net])
            if stronger.name != before:
                found[name] = stronger.name
        return found

    @cached_property
    def _same(self) -> dict[str, str]:
        return {plain(target): plain(source) for target, source in ASSIGN.findall(self.text)}

    def _net(self, written: str) -> str:
        name = plain(written)
        while name in self._same:
            name = self._same[name]
        return name

    def _ports(self, direction: str) -> list[str]:
        return [plain(port) for own, port in _PORT.findall(self.text) if own == direction]

    def _loads(self, into: Mapping[str, Mapping[str, float]]) -> defaultdict[str, float]:
        """The load of each net within the module and the modules in it."""
        loads: defaultdict[str, float] = defaultdict(float)
        for kind, _, pins in self.places:
            known = into.get(kind)
            if known is None and kind in self.liberty.cells:
                cell = self.liberty.cells[kind]
                known = {pin: cell.capacitances.get(pin, 0.0) for pin in cell.inputs}
            for pin, load in (known or {}).items():
                if pin in pins:
                    loads[pins[pin]] += load
        return loads


def _children_first(parts: Mapping[str, _Part], top: str) -> list[str]:
    order: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in order:
            return
        for kind in dict.fromkeys(kind for kind, _, _ in parts[name].places):
            if kind in parts:
                visit(kind)
        order[name] = None

    visit(top)
    return list(order)
