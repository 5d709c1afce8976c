"""Switching activity of a mapped netlist under given stimuli, simulated at zero delay (so without glitches).

Many independent streams run at once: a net is one integer with a bit for each stream.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from .liberty import Liberty
from .timing import Activity

_INSTANCE = re.compile(r"^  (\S+) +(\S+) +\(\n(.*?)^  \);", re.MULTILINE | re.DOTALL)
_PIN = re.compile(r"\.(\w+)\(([^)]*)\)")
_ASSIGN = re.compile(r"^  assign (.+?) = (.+?);$", re.MULTILINE)
_DIRECTION = {"*": "&", "&": "&", "+": "|", "|": "|", "^": "^", "(": "(", ")": ")"}


class Netlist:
    """A flat netlist as a function from one cycle to the next.

    A flip-flop takes its input where its clock pin is 1 with the clock at 1 and every latch open: so
    clock gates work without a model of their own.

    Parameters
    ----------
    path : Path
        Netlist written by `rtl_gen.synthesis`, one module.
    library : Liberty
    streams : int
        Independent simulations.
    """

    def __init__(self, path: Path, library: Liberty, streams: int):
        self._all = (1 << streams) - 1
        self._streams = streams
        text = path.read_text()
        self._index: dict[str, int] = {}
        drivers: dict[int, tuple[str, tuple[int, ...]]] = {}
        flops: list[tuple[int, int, int, bool]] = []
        self.pins: dict[str, int] = {}
        """Net number by pin, ``instance/pin``."""
        for target, source in _ASSIGN.findall(text):
            drivers[self._net(target)] = ("{0}", (self._net(source),))
        for cell_name, instance, body in _INSTANCE.findall(text):
            cell = library.cells.get(cell_name)
            if cell is None:
                continue
            nets = {pin: self._net(net) for pin, net in _PIN.findall(body)}
            self.pins |= {f"{instance.lstrip(chr(92))}/{pin}": net for pin, net in nets.items()}
            for pin, function in cell.functions.items():
                if pin not in nets:
                    continue
                if cell.flops:
                    clock, data = cell.flop_pins
                    flops.append((nets[pin], nets[data], nets[clock], cell.flop_inverts(pin)))
                elif cell.latch:
                    drivers[nets[pin]] = ("{0}", (nets[cell.latch["data_in"]],))
                else:
                    drivers[nets[pin]] = _expression(function, nets)
        self._flops = flops
        self._code = self._compiled(drivers)
        self.values = [0] * len(self._index)

    def run(self, cycles: Iterable[Mapping[str, int]]) -> tuple[dict[str, Activity], dict[str, Activity]]:
        """Simulate; each cycle gives input bits (by port, such as ``a[3]``) as integers of one bit a stream.

        Returns the activity of all pins and of the inputs. ``values`` then holds the last cycle.
        """
        values = self.values
        toggles, ones = [0] * len(values), [0] * len(values)
        before: list[int] | None = None
        count = 0
        for inputs in cycles:
            for name, value in inputs.items():
                values[self._index[name]] = value & self._all
            values[self._index["clk"]] = self._all
            self._code(values, self._all)
            if before is not None:
                count += 1
                for net, value in enumerate(values):
                    toggles[net] += (value ^ before[net]).bit_count()
                    ones[net] += value.bit_count()
            before = values.copy()
            latched = [
                (q, values[q] & ~values[clock] | (values[d] ^ (self._all if inverts else 0)) & values[clock])
                for q, d, clock, inverts in self._flops
            ]
            for q, value in latched:
                values[q] = value
        total = max(count, 1) * self._streams
        inputs_seen = {name: self._activity(toggles, ones, self._index[name], total) for name in inputs}
        return {pin: self._activity(toggles, ones, net, total) for pin, net in self.pins.items()}, inputs_seen

    def bit(self, name: str) -> int:
        """Value of a net in the last cycle, one bit a stream."""
        return self.values[self._index[name]]

    @staticmethod
    def _activity(toggles: list[int], ones: list[int], net: int, total: int) -> Activity:
        return Activity(round(toggles[net] / total, 2), round(ones[net] / total, 2))

    def _net(self, name: str) -> int:
        name = name.strip().lstrip("\\").strip()
        return self._index.setdefault(name, len(self._index))

    def _compiled(self, drivers):
        """The combinational nets in topological order, as one Python function."""
        order, state = [], {}
        for root in drivers:
            stack = [root]
            while stack:
                net = stack[-1]
                if net not in drivers or state.get(net) == 2:
                    stack.pop()
                elif state.get(net) == 1:
                    state[net] = 2
                    order.append(net)
                    stack.pop()
                else:
                    state[net] = 1
                    stack += [source for source in drivers[net][1] if state.get(source) != 2]
        constants = {index: value for name, index in self._index.items() if (value := _constant(name)) is not None}
        lines = ["def step(v, ones):"]
        lines += [f" v[{index}] = {'ones' if value else '0'}" for index, value in constants.items()]
        for net in order:
            expression, sources = drivers[net]
            lines.append(f" v[{net}] = ({expression.format(*(f'v[{source}]' for source in sources))}) & ones")
        scope: dict = {}
        exec("\n".join(lines) + "\n", scope)
        return scope["step"]


def _constant(name: str) -> int | None:
    match = re.fullmatch(r"1'[bh]([01x])", name)
    return None if match is None else int(match[1] == "1")


def _expression(function: str, nets: Mapping[str, int]) -> tuple[str, tuple[int, ...]]:
    """A Liberty function as a Python expression, with the nets in the order of their places in it."""
    text, sources = "", []
    for token in re.findall(r"\w+|[!*&+|^()']", function):
        if token == "!":
            text += "~"
        elif token in _DIRECTION:
            text += f" {_DIRECTION[token]} " if token not in "()" else token
        elif token in "01":
            text += "ones" if token == "1" else "0"
        else:
            text += f"{{{len(sources)}}}"
            sources.append(nets[token])
    return text, tuple(sources)
