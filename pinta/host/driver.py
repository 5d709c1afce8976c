"""The driver of a machine: programs, runs, errors, counters."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.faults import ERROR_TEXT, NO_UNIT, ErrorKind
from pinta_hw.spec.identity import configuration_sha256
from pinta_hw.spec.isa.instruction import Instruction, Program, Unit, stream_bits, stream_word
from pinta_hw.spec.registers import (
    IDENTITY,
    MAP_VERSION,
    PROGRAM_WINDOW,
    REGISTER,
    REGISTER_BITS,
    pack_fields,
    unpack_fields,
)

from .transport import Transport

SECTIONS = ("prologue", "body", "epilogue")


@dataclass(frozen=True)
class Counters:
    """What a program, or the last one, took."""

    cycles: int
    busy_cycles: Mapping[Unit, int]
    """Cycles from a start to its done, both included."""
    ended_instructions: Mapping[Unit, int]


class MachineError(RuntimeError):
    """The machine reported errors. The message is one line.

    Attributes
    ----------
    kinds : tuple of ErrorKind
        All that stand.
    unit : Unit or None
        Whose instruction failed first, in ``section`` (0 to 2), ``step``, at ``position`` of its program store.
    address : int
        On the AXI port, for errors of transfers.
    """

    def __init__(
        self,
        kinds: tuple[ErrorKind, ...],
        unit: Unit | None,
        section: int,
        step: int,
        position: int,
        address: int,
        instruction: str = "",
    ):
        self.kinds = kinds
        self.unit = unit
        self.section = section
        self.step = step
        self.position = position
        self.address = address
        text = " ".join(f"{kind.name.lower()}: {ERROR_TEXT[kind]}" for kind in kinds)
        if unit is not None:
            text += (
                f" First at {unit.name.lower()} instruction {position}{instruction}, {SECTIONS[section]}, step {step}"
            )
            text += f", address {address:#x}." if address else "."
        super().__init__(text)


class Host:
    """A machine as its host sees it.

    Parameters
    ----------
    transport : Transport
    config : AcceleratorConfig
        What the machine was generated from.

    Raises
    ------
    UserError
        If something else answers, or a machine of another configuration.
    """

    def __init__(self, transport: Transport, config: AcceleratorConfig):
        self._transport = transport
        self._config = config
        self._window: list[int | None] = [None] * PROGRAM_WINDOW
        self._program: Program | None = None
        wanted = (
            ("identity", IDENTITY),
            ("version", MAP_VERSION),
            ("configuration", int(configuration_sha256(config)[: REGISTER_BITS // 4], 16)),
        )
        for name, value in wanted:
            found = self.read(name)["value"]
            if found != value:
                raise UserError(f"{name}: the machine answers {found:#010x}; allowed: {value:#010x} ({config.name})")

    def read(self, name: str, index: int = 0) -> dict[str, int]:
        """Fields of a register."""
        register = REGISTER[name]
        return unpack_fields(register, self._transport.read_register(register.address(index)))

    def write(self, name: str, index: int = 0, **fields: int) -> None:
        """Fields of a register; those left out become zeros."""
        register = REGISTER[name]
        self._transport.write_register(register.address(index), pack_fields(register, fields))

    def write_memory(self, offset: int, content: bytes) -> None:
        """Bytes to the memory that transfers see, ``offset`` bytes behind its beginning."""
        self._transport.write_memory(offset, content)

    def read_memory(self, offset: int, size: int) -> bytes:
        """Bytes of the memory that transfers see."""
        return self._transport.read_memory(offset, size)

    def load(self, program: Program) -> None:
        """Write a program and its number of steps.

        Raises
        ------
        UserError
            If it does not fit the program stores, or the number of steps is too large.
        """
        self._window = [None] * PROGRAM_WINDOW  # the machine may have refused what was written before
        words: dict[Unit, list[int]] = {unit: [] for unit in Unit}
        lengths = []
        for section in program.sections:
            before = {unit: len(words[unit]) for unit in Unit}
            for instruction in section:
                words[instruction.unit].append(stream_word(self._config, instruction))
            lengths.append({unit: len(words[unit]) - before[unit] for unit in Unit})
        depth, most_steps = self._config.program_depth, (1 << REGISTER["steps"].fields[0].bits) - 1
        longest = (1 << REGISTER["body_length"].fields[0].bits) - 1
        for unit in Unit:
            if len(words[unit]) > depth:
                raise UserError(
                    f"program_depth: {len(words[unit])} {unit.name.lower()} instructions; allowed: {depth} "
                    f"({self._config.name})"
                )
            for name, count in zip(SECTIONS, lengths, strict=True):
                if count[unit] > longest:
                    raise UserError(
                        f"{name}: {count[unit]} {unit.name.lower()} instructions; allowed: {longest} in a section"
                    )
        if not 0 <= program.steps <= most_steps:
            raise UserError(f"steps: {program.steps} is not possible; allowed: 0 to {most_steps}")
        for unit in Unit:
            for position, word in enumerate(words[unit]):
                self.write_instruction(unit, position, word)
            for name, count in zip(SECTIONS, lengths, strict=True):
                self.write(f"{name}_length", unit, value=count[unit])
        self._program = program
        self.write("steps", value=program.steps)
        base = self._transport.memory_base
        self.write("memory_base_low", value=base & ((1 << REGISTER_BITS) - 1))
        self.write("memory_base_high", value=base >> REGISTER_BITS)

    def write_instruction(self, unit: Unit, position: int, word: int) -> None:
        """A word of a unit's stream; what the window holds already is not written again."""
        for index in range(-(-stream_bits(self._config, unit) // REGISTER_BITS)):
            part = word >> (REGISTER_BITS * index) & ((1 << REGISTER_BITS) - 1)
            if self._window[index] != part:
                self.write("program_data", index, value=part)
                self._window[index] = part
        self.write("program_write", unit=unit, address=position)

    def start(self) -> None:
        """Run the program that was loaded, and have the interrupt raised at its end."""
        self.write("interrupt_status", done=1, error=1)
        self.write("interrupt_enable", done=1, error=1)
        self.write("control", start=1)

    def finish(self, timeout_s: float | None = None) -> Counters:
        """Wait for the end of a program.

        Raises
        ------
        MachineError
            If the machine reports an error.
        TimeoutError
            If it is still busy after ``timeout_s`` seconds.
        """
        limit = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            status = self.read("status")
            errors = self.read("errors")
            if status["idle"] or errors["watchdog"]:
                break
            if limit is not None and time.monotonic() > limit:
                raise TimeoutError(f"the program still runs after {timeout_s} s")
            self._transport.wait()
        self.write("interrupt_status", done=1, error=1)
        if status["error"]:
            raise self._error(errors)
        return self.counters()

    def run(self, program: Program, timeout_s: float | None = None) -> Counters:
        """Load, start, finish; raises as these do."""
        self.load(program)
        self.start()
        return self.finish(timeout_s)

    def counters(self) -> Counters:
        """Cycles and instructions; of a running program, up to now."""

        def wide(name: str, index: int = 0) -> int:
            while True:  # the upper half may move on between two reads
                high = self.read(f"{name}_high", index)["value"]
                low = self.read(f"{name}_low", index)["value"]
                if self.read(f"{name}_high", index)["value"] == high:
                    return high << REGISTER_BITS | low

        return Counters(
            wide("cycles"),
            {unit: wide("busy_cycles", unit) for unit in Unit},
            {unit: self.read("ended_instructions", unit)["value"] for unit in Unit},
        )

    def clear(self) -> None:
        """Forget errors and sticky bits."""
        self.write("control", clear=1)

    def reset(self, timeout_s: float = 10.0) -> None:
        """Stop whatever runs, and make the machine ready for another program.

        Raises
        ------
        TimeoutError
            If the AXI memory does not answer what it owes.
        """
        self.write("control", reset=1)
        limit = time.monotonic() + timeout_s
        while not self.read("status")["idle"]:
            if time.monotonic() > limit:
                raise TimeoutError("the machine does not become idle: the memory owes it a response")
        self.write("interrupt_status", done=1, error=1)

    def _error(self, errors: dict[str, int]) -> MachineError:
        place = self.read("error_place")
        unit = None if place["unit"] == NO_UNIT else Unit(place["unit"])
        address = self.read("error_address_high")["value"] << REGISTER_BITS | self.read("error_address_low")["value"]
        kinds = tuple(kind for kind in ErrorKind if errors[kind.name.lower()])
        step, position = self.read("error_step")["value"], place["position"]
        instruction = self._instruction(unit, position)
        name = f" ({instruction.name}, {instruction.phase})" if instruction and instruction.name else ""
        return MachineError(kinds, unit, place["section"], step, position, address, name)

    def _instruction(self, unit: Unit | None, position: int) -> Instruction | None:
        """What was loaded there."""
        if self._program is None or unit is None:
            return None
        own = [instruction for section in self._program.sections for instruction in section if instruction.unit == unit]
        return own[position] if position < len(own) else None
