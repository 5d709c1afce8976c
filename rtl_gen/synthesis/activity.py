"""What a mapped netlist does, simulated at zero delay (so without glitches).

A net is one integer with a bit for each of many simulations: independent streams that run side by side, or the cycles
of one run whose registers are known beforehand.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path

from .liberty import Cell, Liberty
from .netlist_text import ASSIGN, INSTANCE, PIN, modules, plain
from .timing import Activity

_DIRECTION = {"*": "&", "&": "&", "+": "|", "|": "|", "^": "^", "(": "(", ")": ")"}
_STATEMENTS = 5000
"""Of one compiled function; Python takes long over larger ones."""
CLOCK = "clk"


@dataclass(frozen=True)
class Flop:
    """A flip-flop: its instance, output net, data net, clock net, and whether the output shows the data inverted."""

    instance: str
    output: int
    data: int
    clock: int
    inverts: bool


@dataclass(frozen=True)
class Apart:
    """A netlist taken apart: every cell between ports of its own.

    Parameters
    ----------
    verilog : str
    names : dict of str to str
        Instance in the netlist, by cell.
    inputs : dict of str to int
        Net by input port; all clocks are the port `CLOCK`.
    outputs : dict of str to (str, int, float)
        By output port the pin that drives it, its net, and the capacitance of all pins at that net.
    """

    verilog: str
    names: dict[str, str]
    inputs: dict[str, int]
    outputs: dict[str, tuple[str, int, float]]


class Netlist:
    """A netlist as a function from one cycle to the next.

    A flip-flop takes its input where its clock pin is 1 with the clock at 1 and every latch open: so
    clock gates work without a model of their own. Modules below the top become part of it; those without a
    definition, such as memories, are left out, and their outputs are given from outside.

    Parameters
    ----------
    path : Path
        Netlist written by `rtl_gen.synthesis`.
    library : Liberty
    streams : int
        Independent simulations, or cycles of one.
    top : str, optional
        Module; by default the only one of the netlist.

    Attributes
    ----------
    pins : dict of str to int
        Net number by pin, ``instance/pin`` with all instances on the way.
    cells : dict of str to str
        Library cell by instance.
    flops, falling : list of Flop
        On the rising and on the falling edge.
    module_of : dict of str to str
        Module by the instances on the way to it.
    driving_cell : dict of int to str
        Instance by the net that it drives, but for flip-flops.
    inputs : dict of str to int
        Nets that no gate drives, by name.
    ports : dict of str to int
        Nets at modules without a definition, by instances, port and bit, such as ``store.bank.read_data[3]``.
    """

    def __init__(self, path: Path, library: Liberty, streams: int, top: str | None = None):
        self._all = (1 << streams) - 1
        self._streams = streams
        self._library = library
        self._modules = modules(path.read_text())
        self._index: dict[str, int] = {}
        self._drivers: dict[int, tuple[str, tuple[int, ...]]] = {}
        self._same: dict[int, int] = {}
        self.pins: dict[str, int] = {}
        self.cells: dict[str, str] = {}
        self.flops: list[Flop] = []
        self.falling: list[Flop] = []
        self.module_of: dict[str, str] = {}
        self.driving_cell: dict[int, str] = {}
        self.inputs: dict[str, int] = {}
        self.ports: dict[str, int] = {}
        self._add(top or next(iter(self._modules)), "", {})
        self._open_falling()
        self._pulses = self._all
        self._given: frozenset[int] = frozenset()
        self._steps: dict[frozenset[int], list[Callable[[list[int], int], None]]] = {}
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
            self._evaluate()
            if before is not None:
                count += 1
                for net, value in enumerate(values):
                    toggles[net] += (value ^ before[net]).bit_count()
                    ones[net] += value.bit_count()
            before = values.copy()
            latched = [(flop.output, self.following(flop)) for flop in self.flops]
            for output, value in latched:
                values[output] = value
        total = max(count, 1) * self._streams
        inputs_seen = {name: self._activity(toggles, ones, self._index[name], total) for name in inputs}
        return {pin: self._activity(toggles, ones, net, total) for pin, net in self.pins.items()}, inputs_seen

    def replay(self, registers: Mapping[str, int], inputs: Mapping[int, int], clock: int | None = None) -> int:
        """All cycles at once: what the registers (by instance of the flip-flop) and inputs (by net) were in each.

        In cycles that ``clock`` has not, the clock of the whole netlist rests.

        Registers not named follow from the others; none of them may depend on itself but by holding its value. One on
        the falling edge keeps its value while its clock rests: it has to be named where that happens. Returns how many
        bits of the registers named differ from what the netlist makes of the cycle before. ``values`` then holds all
        nets, a bit a cycle.
        """
        for net, value in inputs.items():
            self.values[net] = value & self._all
        self._pulses = self._all if clock is None else clock & self._all
        unknown = []
        held = [flop for flop in self.falling if flop.instance in registers]
        self._given = frozenset(flop.output for flop in held)
        for flop in (*self.flops, *held):
            known = registers.get(flop.instance)
            if known is None:
                unknown.append(flop)
            else:
                self.values[flop.output] = (known ^ self._all if flop.inverts else known) & self._all
        self._evaluate()
        for _ in unknown:
            before = [self.values[flop.output] for flop in unknown]
            for flop in unknown:
                self.values[flop.output] = self._held(flop)
            if before == [self.values[flop.output] for flop in unknown]:
                break
            self._evaluate()
        later = self._all >> 1
        named = [flop for flop in self.flops if flop.instance in registers]
        differing = [self.following(flop) ^ (self.values[flop.output] >> 1) for flop in named]
        differing += [(self._at_falling(flop) ^ self.values[flop.output]) >> 1 for flop in held]
        return sum((bits & later).bit_count() for bits in differing)

    def _at_falling(self, flop: Flop) -> int:
        """The output of a flip-flop on the falling edge: taken in each cycle that a pulse has begun, held in others."""
        data = self.values[flop.data] ^ (self._all if flop.inverts else 0)
        pulses = ~self.values[flop.clock] << 1  # its clock is low while that of the others is high
        return data & pulses | self.values[flop.output] << 1 & ~pulses

    def _held(self, flop: Flop) -> int:
        """The output of a flip-flop over all cycles, from its data and clock; it has taken its data of the first."""
        clock = self.values[flop.clock]
        data = self.values[flop.data] ^ (self._all if flop.inverts else 0)
        value, holds = (data & clock) << 1 | data & 1, (~clock & self._all) << 1
        distance = 1
        while holds and distance <= self._streams:
            value |= value << distance & holds
            holds &= holds << distance
            distance *= 2
        return value & self._all

    def following(self, flop: Flop) -> int:
        """What the output of a flip-flop is in the next cycle."""
        q, d, clock = self.values[flop.output], self.values[flop.data], self.values[flop.clock]
        return q & ~clock | (d ^ (self._all if flop.inverts else 0)) & clock

    @cached_property
    def loads(self) -> dict[int, float]:
        """Capacitance of all pins at a net."""
        found: dict[int, float] = {}
        for place, net in self.pins.items():
            instance, _, pin = place.rpartition("/")
            cell = self._library.cells[self.cells[instance]]
            if pin not in cell.functions:
                root = self.root(net)
                found[root] = found.get(root, 0.0) + cell.capacitances.get(pin, 0.0)
        return found

    @cached_property
    def nets_of(self) -> dict[str, dict[str, int]]:
        """Net by instance and pin."""
        found: dict[str, dict[str, int]] = {}
        for place, net in self.pins.items():
            instance, _, pin = place.rpartition("/")
            found.setdefault(instance, {})[pin] = self.root(net)
        return found

    def outputs_of(self, instance: str) -> Mapping[str, str]:
        """Output pins of a cell, with their functions."""
        return self._library.cells[self.cells[instance]].functions

    def apart(self, name: str, instances: Sequence[str]) -> "Apart":
        """Some cells as one module in which none drives another, for tools that would guess what lies between them."""
        constants = {index: bit for text, index in self._index.items() if (bit := _constant(text)) is not None}
        lines: list[str] = []
        inputs: dict[str, int] = {}
        outputs: dict[str, tuple[str, int, float]] = {}
        for number, instance in enumerate(instances):
            own = []
            for pin, net in self.nets_of[instance].items():
                if pin in self._library.cells[self.cells[instance]].functions:
                    text = f"o{len(outputs)}"
                    outputs[text] = (f"u{number}/{pin}", net, self.loads.get(net, 0.0))
                elif net in constants:
                    text = f"1'b{constants[net]}"
                else:
                    text = CLOCK if net in self.clocks else f"n{net}"
                    if text != CLOCK:
                        inputs[text] = net
                own.append(f".{pin}({text})")
            lines.append(f"  {self.cells[instance]} u{number} ({', '.join(own)});")
        declared = [
            f"module {name}({', '.join([CLOCK, *inputs, *outputs])});",
            f"  input {', '.join([CLOCK, *inputs])};",
        ]
        declared += [f"  output {', '.join(outputs)};"] if outputs else []
        names = {f"u{number}": instance for number, instance in enumerate(instances)}
        return Apart("\n".join([*declared, *lines, "endmodule", ""]), names, inputs, outputs)

    def bit(self, name: str) -> int:
        """Value of a net in the last cycle, one bit a stream."""
        return self.values[self._index[name]]

    def _evaluate(self) -> None:
        self.values[self._index[CLOCK]] = self._pulses
        if self._given not in self._steps:
            self._steps[self._given] = self._compiled()
        for step in self._steps[self._given]:
            step(self.values, self._all)

    @staticmethod
    def _activity(toggles: list[int], ones: list[int], net: int, total: int) -> Activity:
        return Activity(round(toggles[net] / total, 4), round(ones[net] / total, 4))

    @property
    def clock(self) -> int:
        """Net of the clock."""
        return self._index[CLOCK]

    def root(self, net: int) -> int:
        """The net that a net is another name of."""
        while net in self._same:
            net = self._same[net]
        return net

    @cached_property
    def clocks(self) -> frozenset[int]:
        """The clock, and the clocks behind gates."""
        return frozenset(map(self.root, {self.clock, *(flop.clock for flop in self.flops)}))

    @cached_property
    def clock_of(self) -> dict[str, int]:
        """The clock net of each flip-flop, of a clock gate the one behind it, of all else at the clock that itself."""
        found = {pin.rpartition("/")[0]: net for pin, net in self.pins.items() if net == self.clock}
        for flop in self.flops:
            net = found[flop.instance] = self.root(flop.clock)
            if net in self.driving_cell:
                found[self.driving_cell[net]] = net
        for flop in self.falling:
            # Its own net is that clock inverted.
            _, sources = self._drivers.get(self.root(flop.clock), ("", (flop.clock,)))
            found[flop.instance] = self.root(sources[0])
        return found

    def _open_falling(self) -> None:
        """Flip-flops on the falling edge took their input half a cycle before: they pass it on, as open latches do.

        That holds as long as their clock does not rest.
        """
        rises = {self.clock: True}
        rising = []
        for flop in self.flops:
            if self._rises(flop.clock, rises):
                rising.append(flop)
            else:
                self._drivers[flop.output] = ("~{0}" if flop.inverts else "{0}", (flop.data,))
                self.falling.append(flop)
        self.flops = rising

    def _rises(self, net: int, known: dict[int, bool]) -> bool:
        """Whether a clock net rises with the clock, the gates on the way being open."""
        if net not in known:
            known[net] = True  # a net that the clock does not reach
            expression, sources = self._drivers.get(net, ("", ()))
            for place, source in enumerate(sources):
                if source == self.clock or source in self._clock_nets:
                    levels = self._levels(expression, len(sources), place)
                    known[net] = self._rises(source, known) == levels
        return known[net]

    @staticmethod
    def _levels(expression: str, inputs: int, place: int) -> bool:
        """Whether an expression rises with one of its inputs, for some values of the others."""
        for others in product((0, 1), repeat=inputs):
            low, high = (
                eval(expression.format(*(*others[:place], bit, *others[place + 1 :])), {"ones": 1}) & 1
                for bit in (0, 1)
            )
            if low != high:
                return high > low
        return True

    @cached_property
    def _clock_nets(self) -> set[int]:
        """Nets that the clock reaches through gates."""
        reached = {self.clock}
        below: dict[int, list[int]] = {}
        for net, (_, sources) in self._drivers.items():
            for source in sources:
                below.setdefault(source, []).append(net)
        waiting = [self.clock]
        while waiting:
            for net in below.get(waiting.pop(), ()):
                if net not in reached:
                    reached.add(net)
                    waiting.append(net)
        return reached

    def _net(self, name: str) -> int:
        return self._index.setdefault(name, len(self._index))

    def _add(self, module: str, path: str, ports: Mapping[str, int]) -> None:
        """Add the cells of a module at ``path``, whose ports are the given nets."""
        text = self._modules[module]
        self.module_of[path.rstrip("/")] = module

        def net(written: str) -> int:
            name = plain(written)
            if name in ports:
                return ports[name]
            return self._net(name if _constant(name) is not None else path + name)

        for target, source in ASSIGN.findall(text):
            given, driver = net(target), net(source)
            self._drivers[given] = ("{0}", (driver,))
            self._same[given] = driver
        for kind, name, body in INSTANCE.findall(text):
            kind, instance = kind.lstrip("\\"), path + name.lstrip("\\")
            if kind in self._modules:
                self._add(kind, f"{instance}/", {plain(pin): net(given) for pin, given in PIN.findall(body)})
            elif kind in self._library.cells:
                pins = {pin: net(given) for pin, given in PIN.findall(body)}
                self._add_cell(self._library.cells[kind], instance, pins)
            else:
                for port, given in PIN.findall(body):
                    bits = [net(bit) for bit in reversed(given.strip(" {}").split(", "))]
                    where = f"{instance.replace('/', '.')}.{plain(port)}"
                    self.ports |= {f"{where}[{number}]": bit for number, bit in enumerate(bits)}
        if not path:
            self.inputs = {name: net for name, net in self._index.items() if net not in self._drivers}

    def _add_cell(self, cell: Cell, instance: str, nets: Mapping[str, int]) -> None:
        self.cells[instance] = cell.name
        self.pins |= {f"{instance}/{pin}": net for pin, net in nets.items()}
        for pin, function in cell.functions.items():
            if pin not in nets:
                continue
            if not cell.flops:
                self.driving_cell[nets[pin]] = instance
            if cell.flops:
                clock, data = cell.flop_pins
                self.flops.append(Flop(instance, nets[pin], nets[data], nets[clock], cell.flop_inverts(pin)))
            elif cell.latch:
                self._drivers[nets[pin]] = ("{0}", (nets[cell.latch["data_in"]],))
            else:
                self._drivers[nets[pin]] = _expression(function, nets)

    def _compiled(self) -> list[Callable[[list[int], int], None]]:
        """The combinational nets in topological order, as Python functions one after the other."""
        drivers = {net: driver for net, driver in self._drivers.items() if net not in self._given}
        order: list[int] = []
        state: dict[int, int] = {}
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
        lines = [f" v[{index}] = {'ones' if value else '0'}" for index, value in constants.items()]
        for net in order:
            expression, sources = drivers[net]
            lines.append(f" v[{net}] = ({expression.format(*(f'v[{source}]' for source in sources))}) & ones")
        steps = []
        for first in range(0, len(lines), _STATEMENTS):
            scope: dict[str, Callable[[list[int], int], None]] = {}
            exec("\n".join(["def step(v, ones):", *lines[first : first + _STATEMENTS]]) + "\n", scope)
            steps.append(scope["step"])
        return steps


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
