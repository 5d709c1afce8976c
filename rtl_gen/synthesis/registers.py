"""Which register of the description a pin of a netlist belongs to."""

import re

COMMANDS = ("rename -enumerate -pattern flop_% t:$_DFF*", "dump -m -o registers.il t:$_DFF*")
"""For Yosys, before flip-flops become library cells: name them, and write what they drive to `FILE`."""
FILE = "registers.il"

_MODULE = re.compile(r"^module (\\\S+|\w+) ?\(.*?^endmodule", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^ *(module|cell|connect \\Q) (.*)$", re.MULTILINE)


def described(pin: str, top: str, netlist: str, registers: str) -> str:
    """The place of a pin in the words of the description, such as ``lane_0/divider.quotient[2]``.

    Parameters
    ----------
    pin : str
        ``instance/.../cell/pin`` from OpenSTA, or a port. Only flip-flops have another place than it.
    netlist : str
        Verilog as Yosys writes it.
    registers : str
        What `COMMANDS` wrote.
    """
    if "/" not in pin:
        return pin
    modules = {match[1].lstrip("\\"): match[0] for match in _MODULE.finditer(netlist)}
    *path, cell, _ = pin.split("/")
    module = top
    for instance in path:
        kind = re.search(rf"^  (\\?\S+) +\\?{re.escape(instance)} +\($", modules.get(module, ""), re.MULTILINE)
        module = kind[1].lstrip("\\") if kind else ""
    net = driven(registers).get((module, cell))
    return "/".join([*path, net]) if net else pin


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
