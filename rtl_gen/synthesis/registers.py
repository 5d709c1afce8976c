"""Which register of the description a pin of a netlist belongs to."""

import re
from dataclasses import dataclass
from functools import cached_property

from .netlist_text import modules

COMMANDS = ("rename -enumerate -pattern flop_% t:$_DFF*", "dump -m -o registers.il t:$_DFF*")
"""For Yosys, before flip-flops become library cells: name them, and write what they drive to `FILE`."""
FILE = "registers.il"

_INSTANCE = re.compile(r"^  (\\?\S+) +\\?(\S+) +\($", re.MULTILINE)
_LINE = re.compile(r"^ *(module|cell|connect \\Q) (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Names:
    """The places of pins in the words of the description, such as ``lane_0/divider.quotient[2]``.

    Parameters
    ----------
    top : str
    netlist : str
        Verilog as Yosys writes it.
    registers : str
        What `COMMANDS` wrote.
    """

    top: str
    netlist: str
    registers: str

    def described(self, pin: str) -> str:
        """The place of ``instance/.../cell/pin`` from OpenSTA, or a port; only flip-flops have another than that."""
        if "/" not in pin:
            return pin
        *path, cell, _ = pin.split("/")
        module = self.top
        for instance in path:
            module = self._kinds.get(module, {}).get(instance, "")
        net = self._driven.get((module, cell))
        return "/".join([*path, net]) if net else pin

    @cached_property
    def _driven(self) -> dict[tuple[str, str], str]:
        return driven(self.registers)

    @cached_property
    def _kinds(self) -> dict[str, dict[str, str]]:
        """The module of every instance, by the module that it lies in."""
        texts = modules(self.netlist)
        return {
            name: {
                instance: kind.lstrip("\\") for kind, instance in _INSTANCE.findall(text) if kind.lstrip("\\") in texts
            }
            for name, text in texts.items()
        }


def driven(registers: str) -> dict[tuple[str, str], str]:
    """The net that each flip-flop drives, by module and cell."""
    module = cell = ""
    found = {}
    for kind, rest in _LINE.findall(registers):
        if kind == "module":
            module = rest.lstrip("\\")
        elif kind == "cell":
            cell = rest.split()[-1].lstrip("\\")
        else:
            found[module, cell] = rest.lstrip("\\").replace(" ", "")
    return found


def split(net: str) -> tuple[str, int]:
    """Name and bit of a net such as ``exponent[3]``; a net of one bit has bit 0."""
    name, bracket, bit = net.partition("[")
    return (name, int(bit.rstrip("]"))) if bracket else (name, 0)
