"""Instructions of a program, and the words of the units' streams."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from ..config import AcceleratorConfig
from .convert import Decode, Encode, convert_fields, convert_values
from .elementwise import Elementwise, elementwise_fields, elementwise_values
from .fields import Fields, pack, width_of
from .gemm import Gemm, gemm_fields, gemm_values
from .real import Update, Vector, update_fields, update_values, vector_fields, vector_values
from .transfer import Transfer, transfer_fields, transfer_values

WAIT_BITS = 12
"""Width of a count to wait for: a section has fewer instructions of one unit than this counts."""


class Unit(IntEnum):
    """Units with a stream of their own."""

    GEMM = 0
    ELEMENTWISE = 1
    CONVERT = 2
    RESIDUAL = 3
    UPDATE = 4
    TRANSFER = 5


Operation = Gemm | Elementwise | Encode | Decode | Vector | Update | Transfer

UNIT_OF: dict[type, Unit] = {
    Gemm: Unit.GEMM,
    Elementwise: Unit.ELEMENTWISE,
    Encode: Unit.CONVERT,
    Decode: Unit.CONVERT,
    Vector: Unit.RESIDUAL,
    Update: Unit.UPDATE,
    Transfer: Unit.TRANSFER,
}

_OPERATION_FIELDS: dict[Unit, Callable[[AcceleratorConfig], Fields]] = {
    Unit.GEMM: gemm_fields,
    Unit.ELEMENTWISE: elementwise_fields,
    Unit.CONVERT: convert_fields,
    Unit.RESIDUAL: vector_fields,
    Unit.UPDATE: update_fields,
    Unit.TRANSFER: transfer_fields,
}


@dataclass(frozen=True)
class Instruction:
    """One instruction of a section.

    Parameters
    ----------
    operation : Operation
        What its unit does.
    after : mapping of Unit to int
        It begins when each of these units has ended that many of the section's instructions.
    phase : str
        The part of a step that it belongs to, such as ``forward``; for people and reports.
    name : str
        What it computes, such as ``layer1.intermediate``.
    """

    operation: Operation
    after: Mapping[Unit, int] = field(default_factory=dict)
    phase: str = ""
    name: str = ""

    @property
    def unit(self) -> Unit:
        """The unit that executes it."""
        return UNIT_OF[type(self.operation)]


@dataclass(frozen=True)
class Program:
    """Three sections in an order that, executed one by one, is the program's meaning."""

    prologue: Sequence[Instruction]
    body: Sequence[Instruction]
    epilogue: Sequence[Instruction]
    steps: int
    """Times that the body runs."""

    @property
    def sections(self) -> tuple[Sequence[Instruction], ...]:
        """In the order of their execution."""
        return self.prologue, self.body, self.epilogue


def operation_fields(config: AcceleratorConfig, unit: Unit) -> Fields:
    """Widths of an operation: what a unit is given when it starts."""
    return _OPERATION_FIELDS[unit](config)


def stream_fields(config: AcceleratorConfig, unit: Unit) -> Fields:
    """Widths of a word of a unit's stream: what it waits for, then the operation."""
    waits = {f"after_{other.name.lower()}": WAIT_BITS for other in Unit}
    return waits | operation_fields(config, unit)


def stream_word(config: AcceleratorConfig, instruction: Instruction) -> int:
    """The word of an instruction in the stream of its unit.

    Raises
    ------
    UserError
        If what moves in the same cycles shares a scratchpad group.
    """
    unit, operation = instruction.unit, instruction.operation
    values: dict[str, Any] = {f"after_{other.name.lower()}": instruction.after.get(other, 0) for other in Unit}
    if isinstance(operation, Gemm):
        values |= gemm_values(config, operation)
    elif isinstance(operation, Elementwise):
        values |= elementwise_values(config, operation)
    elif isinstance(operation, Encode | Decode):
        values |= convert_values(operation)
    elif isinstance(operation, Vector):
        values |= vector_values(operation)
    elif isinstance(operation, Update):
        values |= update_values(operation)
    else:
        values |= transfer_values(operation)
    return pack(stream_fields(config, unit), values)


def stream_bits(config: AcceleratorConfig, unit: Unit) -> int:
    """Bits of a word of a unit's stream."""
    return width_of(stream_fields(config, unit))
