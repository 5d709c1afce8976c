"""What every register of the machine is in every cycle of a program."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from golden.lowering.compiler import Lowered
from golden.machine import Machine as Memory
from pinta_hw.spec.isa.instruction import stream_word
from rtl_gen.synthesis.activity import CLOCK
from rtl_gen.synthesis.macro import memory_size
from rtl_gen.synthesis.units import UnitDesign
from tb.machine.design import machine_design
from tb.machine.session import Job, run_job
from tb.runner import Design, build

_REGISTER = re.compile(r"^ *(?:if \(.*\) )?(\\\S+|\w+)(?: ?\[[^\]]*\])? +<= ", re.MULTILINE)
_DECLARED = re.compile(r"^  reg (?:signed )?(?:\[(\d+):0\] )?(\\\S+ |\w+)(?: *=.*)?;$", re.MULTILINE)
_PORT = re.compile(r"^  (input|output) (?:\[(\d+):0\] )?(\\\S+ |\w+);$", re.MULTILINE)
_ALIAS = re.compile(r"^  assign (\\\S+|\w+) += (\\\S+|\w+) ?(?:\[(\d+)(?::(\d+))?\])? *;$", re.MULTILINE)
_INSTANCE = re.compile(r"^  (\w+) +\\?(\S+) +\($", re.MULTILINE)
_HELD = ("gate", "held")
"""Below the clock of a unit: what lets its pulses pass."""
_LEAST_BYTES = 1 << 16
_LIMIT_CYCLES = 1 << 20


@dataclass(frozen=True)
class Signal:
    """A register or a port of the machine: the instances on the way to it, its name, its bits.

    ``aliases`` are other names, by each of them the first bit and how many.
    """

    path: tuple[str, ...]
    name: str
    width: int
    place: tuple[str, ...] = ()
    """Instances and name in the machine, where it lies outside the unit."""
    aliases: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Path and name, joined by dots."""
        return ".".join((*self.path, self.name))


@dataclass(frozen=True)
class Recording:
    """A unit in every cycle of a program.

    Parameters
    ----------
    signals : tuple of Signal
        Their paths begin below the unit.
    file : Path
        A line of hexadecimal for each cycle, the first signal in the lowest bits.
    """

    signals: tuple[Signal, ...]
    file: Path

    @cached_property
    def digest(self) -> str:
        """Of all that was recorded."""
        return hashlib.sha256(self.file.read_bytes()).hexdigest()[:16]

    @cached_property
    def _bytes(self) -> npt.NDArray[np.uint8]:
        """Shape (cycles, bytes), the lowest first."""
        lines = self.file.read_bytes().split()
        size = 2 * -(-len(lines[0]) // 2)
        text = b"".join(line.rjust(size, b"0") for line in lines)
        return np.frombuffer(bytes.fromhex(text.decode()), np.uint8).reshape(len(lines), -1)[:, ::-1]

    @property
    def cycles(self) -> int:
        """Cycles recorded."""
        return len(self._bytes)

    def bits(self) -> Iterator[tuple[str, int, int]]:
        """For each bit of each signal its key, its number, and its values as an integer of one bit a cycle."""
        place = 0
        for signal in self.signals:
            first, last = place // 8, -(-(place + signal.width) // 8)
            columns = np.unpackbits(np.ascontiguousarray(self._bytes[:, first:last]), axis=1, bitorder="little")
            packed = np.packbits(columns.T, axis=1, bitorder="little")
            values = [
                int.from_bytes(packed[place - 8 * first + bit].tobytes(), "little") for bit in range(signal.width)
            ]
            for bit, value in enumerate(values):
                yield signal.key, bit, value
            for name, (low, width) in signal.aliases.items():
                for bit in range(width):
                    yield ".".join((*signal.path, name)), bit, values[low + bit]
            place += signal.width


def record(lowered: Lowered, units: Sequence[str]) -> tuple[UnitDesign, dict[str, Recording]]:
    """Run a program on the RTL and record units from its start to its end, one cycle a line.

    Returns the machine's Verilog, and what was recorded.

    Parameters
    ----------
    lowered : Lowered
        The program, and the machine's configuration.
    units : sequence of str
        Instances in the top.

    Raises
    ------
    UserError
        If the simulator is not installed.
    SimulationError
        If the machine reports an error or does not end.
    """
    size = max(_LEAST_BYTES, 1 << (lowered.memory.bytes - 1).bit_length())
    harness = machine_design(lowered.config, size)
    top = f"pinta_{lowered.config.name}"
    texts = {Path(file).stem: text for file, text in harness.sources.items()}
    design = UnitDesign({name: text for name, text in texts.items() if name.startswith(top)}, top)
    signals = {unit: tuple(_signals(design, unit)) for unit in sorted(units)}
    compiled = build(_with_recorder(harness, signals), checks=False)
    memory = Memory(lowered.config, size)
    memory.write(lowered.memory.image())
    content = memory.memory.tobytes()
    program = lowered.program
    words = [[stream_word(lowered.config, each) for each in section] for section in program.sections]
    name = hashlib.sha256(repr((words, program.steps)).encode() + content).hexdigest()[:16]
    folder = compiled.folder / name
    if not (folder / "recorded").exists():
        run_job(compiled, Job(lowered.config, program, content, _LIMIT_CYCLES), name)
        (folder / "recorded").touch()
    return design, {unit: Recording(signals[unit], folder / f"{unit}.bits") for unit in units}


def _signals(design: UnitDesign, unit: str) -> Iterator[Signal]:
    module = design.units[unit]
    clock = unit.replace("_unit", "_clock")
    if clock in design.units and clock != unit:
        yield Signal((), CLOCK, 1, (clock, *_HELD))
    for direction, last, name in _PORT.findall(design.modules[module]):
        if direction == "input" and name not in ("clk", "rst"):
            yield Signal((), name.strip("\\ "), int(last or 0) + 1)
    yield from _below(design, module, ())


def _below(design: UnitDesign, module: str, path: tuple[str, ...]) -> Iterator[Signal]:
    """Registers of a module and what it instantiates, or the outputs of a memory."""
    text = design.modules[module]
    if memory_size(text):
        for direction, last, name in _PORT.findall(text):
            if direction == "output":
                yield Signal(path, name, int(last or 0) + 1)
        return
    assigned = {name.strip("\\ ") for name in _REGISTER.findall(text)}
    parts = _aliases(text)
    for last, declared in _DECLARED.findall(text):
        name, width = declared.strip("\\ "), int(last or 0) + 1
        if name in assigned:
            yield Signal(path, name, width, aliases=_of_register(parts, name, width))
    for kind, name in _INSTANCE.findall(text):
        if kind in design.modules:
            yield from _below(design, kind, (*path, name))


def _aliases(text: str) -> dict[str, list[tuple[str, int, int | None]]]:
    """For each name those that are assigned a part of it, or all: the first bit and how many."""
    found: dict[str, list[tuple[str, int, int | None]]] = {}
    for alias, name, high, low in _ALIAS.findall(text):
        first = int(low or high or 0)
        width = int(high) - first + 1 if high else None
        found.setdefault(name.lstrip("\\"), []).append((alias.lstrip("\\"), first, width))
    return found


def _of_register(
    parts: Mapping[str, list[tuple[str, int, int | None]]], name: str, width: int
) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    waiting = [(name, 0, width)]
    while waiting:
        whole, offset, size = waiting.pop()
        for alias, first, count in parts.get(whole, ()):
            if alias not in found and alias != name:
                found[alias] = (offset + first, count or size)
                waiting.append((alias, *found[alias]))
    return found


def _with_recorder(harness: Design, signals: dict[str, tuple[Signal, ...]]) -> Design:
    """The harness, which also writes the signals of each unit to a file of its own while the machine is busy."""
    lines = []
    for number, (unit, own) in enumerate(signals.items()):
        places = [signal.place or (unit, *signal.path, signal.name) for signal in own]
        names = [".".join(f"\\{part} " for part in ("dut", *place)) for place in places]
        lines += [
            f"  integer record_{number};",
            f'  initial record_{number} = $fopen("{unit}.bits", "w");',
            "  always @(posedge clk)",
            f'    if (dut.control.busy) $fwrite(record_{number}, "%h\\n", {{{", ".join(reversed(names))}}});',
        ]
    sources = dict(harness.sources)
    file = f"{harness.top}.v"
    head, _, tail = sources[file].rpartition("endmodule")
    sources[file] = "\n".join([head, *lines, f"endmodule{tail}"])
    return replace(harness, sources=sources)
