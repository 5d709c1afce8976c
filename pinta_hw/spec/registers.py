"""The registers: the one description that the decoder, the driver, the SystemRDL file and the manual come from.

All registers are 32 bits wide. Fields lie one after the other from bit 0 on; bits above read as zeros.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from .control_timing import STEP_BITS
from .faults import ERROR_TEXT, ErrorKind
from .isa.instruction import WAIT_BITS, Unit
from .isa.transfer import MEMORY_ADDRESS_BITS

IDENTITY = int.from_bytes(b"PNTA", "big")
MAP_VERSION = 1
REGISTER_BYTES = 4
REGISTER_BITS = 8 * REGISTER_BYTES
ADDRESS_BITS = 12
"""Width of the addresses, in bytes."""
PROGRAM_WINDOW = 32
"""Registers that hold an instruction on its way to a program store."""
PROGRAM_ADDRESS_BITS = 16
_UNIT_BITS = 3
_POSITION_BITS = WAIT_BITS + 2
_HIGH_ADDRESS_BITS = MEMORY_ADDRESS_BITS - REGISTER_BITS


class Access(Enum):
    """What reading and writing do."""

    READING = "r"
    """Reads the machine; writing does nothing."""
    SETTING = "rw"
    """Holds what was written."""
    WINDOW = "w"
    """Holds what was written; reads as zero."""
    COMMAND = "w1"
    """What is written happens once; reads as zero."""
    EVENT = "w1c"
    """Reads the machine; a one that is written clears the bit."""


@dataclass(frozen=True)
class RegisterField:
    """Consecutive bits of a register."""

    name: str
    bits: int
    text: str


@dataclass(frozen=True)
class Register:
    """A register, or ``count`` equal ones in a row.

    A locked one is not written while a program runs: the attempt is `ErrorKind.WRITE_REFUSED`.
    """

    name: str
    offset: int
    access: Access
    text: str
    fields: tuple[RegisterField, ...]
    count: int = 1
    locked: bool = False

    def address(self, index: int = 0) -> int:
        """Byte address."""
        assert 0 <= index < self.count
        return self.offset + REGISTER_BYTES * index


def _value(bits: int = REGISTER_BITS, text: str = "The number.") -> tuple[RegisterField, ...]:
    return (RegisterField("value", bits, text),)


def _lengths(name: str, offset: int) -> Register:
    text = f"Instructions of the {name}, one register for each unit."
    return Register(f"{name}_length", offset, Access.SETTING, text, _value(WAIT_BITS), len(Unit), locked=True)


_INTERRUPTS = (
    RegisterField("done", 1, "The program has ended."),
    RegisterField("error", 1, "An error was recorded."),
)

REGISTERS = (
    Register("identity", 0x000, Access.READING, "The four letters PNTA.", _value()),
    Register("version", 0x004, Access.READING, "Version of this map.", _value()),
    Register(
        "configuration",
        0x008,
        Access.READING,
        "First 32 bits of the SHA-256 of the accelerator's configuration, as the generator's manifest has it.",
        _value(),
    ),
    Register(
        "control",
        0x010,
        Access.COMMAND,
        "Commands; more than one at a time is possible.",
        (
            RegisterField("start", 1, "Run the program. Refused while busy and while an error stands."),
            RegisterField("clear", 1, "Forget errors, interrupts and the sticky bits of the status."),
            RegisterField(
                "reset",
                1,
                "Stop at once: bursts on their way are finished, then all units and the control are reset, errors and "
                "counters included. Memories, program stores and settings keep their contents.",
            ),
        ),
    ),
    Register(
        "status",
        0x014,
        Access.READING,
        "State of the machine.",
        (
            RegisterField("idle", 1, "Neither busy nor resetting."),
            RegisterField("busy", 1, "A program runs."),
            RegisterField("resetting", 1, "A reset waits for the memory to answer."),
            RegisterField("done", 1, "Sticky: a program has ended without an error."),
            RegisterField("error", 1, "An error stands."),
            RegisterField("nan", 1, "Sticky: a NaN block or number was written."),
            RegisterField("section", 2, "Prologue, body or epilogue: 0, 1, 2."),
        ),
    ),
    Register("interrupt_enable", 0x018, Access.SETTING, "Events that raise the interrupt.", _INTERRUPTS),
    Register("interrupt_status", 0x01C, Access.EVENT, "Events since they were cleared.", _INTERRUPTS),
    Register(
        "errors",
        0x020,
        Access.READING,
        "Errors since the last clear.",
        tuple(RegisterField(kind.name.lower(), 1, ERROR_TEXT[kind]) for kind in ErrorKind),
    ),
    Register(
        "error_place",
        0x024,
        Access.READING,
        "Where the first error that stopped the machine happened.",
        (
            RegisterField("unit", _UNIT_BITS, "The unit; 7 if it is none's."),
            RegisterField("section", 2, "The section."),
            RegisterField("position", _POSITION_BITS, "The instruction's place in the unit's program store."),
        ),
    ),
    Register("error_step", 0x028, Access.READING, "The step of that error.", _value(STEP_BITS)),
    Register("error_address_low", 0x02C, Access.READING, "AXI address of that error, low bits.", _value()),
    Register(
        "error_address_high", 0x030, Access.READING, "AXI address of that error, high bits.", _value(_HIGH_ADDRESS_BITS)
    ),
    Register(
        "watchdog",
        0x034,
        Access.SETTING,
        "Cycles without an ended instruction after which the program fails; 0 for never.",
        _value(),
        locked=True,
    ),
    Register("steps", 0x038, Access.SETTING, "Times that the body runs.", _value(STEP_BITS), locked=True),
    Register("step", 0x03C, Access.READING, "Steps ended since the start.", _value(STEP_BITS)),
    Register(
        "memory_base_low",
        0x040,
        Access.SETTING,
        "Added to the addresses of all transfers, low bits; a multiple of 16.",
        _value(),
        locked=True,
    ),
    Register(
        "memory_base_high",
        0x044,
        Access.SETTING,
        "Added to the addresses of all transfers, high bits.",
        _value(_HIGH_ADDRESS_BITS),
        locked=True,
    ),
    Register("cycles_low", 0x048, Access.READING, "Cycles of the program, low bits.", _value()),
    Register("cycles_high", 0x04C, Access.READING, "Cycles of the program, high bits.", _value()),
    Register(
        "program_write",
        0x050,
        Access.COMMAND,
        "Writes the instruction in program_data to a program store.",
        (
            RegisterField("address", PROGRAM_ADDRESS_BITS, "Its place."),
            RegisterField("unit", _UNIT_BITS, "The unit whose store it is."),
        ),
        locked=True,
    ),
    _lengths("prologue", 0x080),
    _lengths("body", 0x0A0),
    _lengths("epilogue", 0x0C0),
    Register(
        "busy_cycles_low",
        0x100,
        Access.READING,
        "Cycles of each unit's instructions in the program, low bits.",
        _value(),
        len(Unit),
    ),
    Register(
        "busy_cycles_high",
        0x120,
        Access.READING,
        "Cycles of each unit's instructions in the program, high bits.",
        _value(),
        len(Unit),
    ),
    Register(
        "ended_instructions",
        0x140,
        Access.READING,
        "Instructions that each unit has ended in the program.",
        _value(),
        len(Unit),
    ),
    Register(
        "program_data",
        0x200,
        Access.WINDOW,
        "An instruction, its lowest bits first.",
        _value(),
        PROGRAM_WINDOW,
        locked=True,
    ),
)
REGISTER = {register.name: register for register in REGISTERS}


def words() -> Iterator[tuple[int, Register, int]]:
    """Every register: byte address, register, index."""
    for register in REGISTERS:
        for index in range(register.count):
            yield register.address(index), register, index


def pack_fields(register: Register, values: dict[str, int]) -> int:
    """The word of a register from the values of its fields; those left out are zeros.

    Raises
    ------
    ValueError
        If a value does not fit its field.
    """
    word = offset = 0
    unknown = values.keys() - {field.name for field in register.fields}
    if unknown:
        raise ValueError(f"{register.name}: no field {min(unknown)}")
    for field in register.fields:
        value = values.get(field.name, 0)
        if not 0 <= value < 1 << field.bits:
            raise ValueError(f"{register.name}.{field.name}: {value}; allowed: 0 to {(1 << field.bits) - 1}")
        word |= value << offset
        offset += field.bits
    return word


def unpack_fields(register: Register, word: int) -> dict[str, int]:
    """The values of a register's fields."""
    values = {}
    for field in register.fields:
        values[field.name] = word & ((1 << field.bits) - 1)
        word >>= field.bits
    return values
