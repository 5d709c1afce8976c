"""Instructions of the transfer unit: between the AXI memory and the machine's own.

A transfer is one run of beats of `BEAT_BYTES` from the address ``memory + step * step_stride`` on, both multiples of
`BEAT_BYTES`; outside the body the step counts as 0. A beat carries one scratchpad word (plane in the low 64 bits,
exponent in the next 8) or four words of real memory, the first one lowest.
"""

from dataclasses import dataclass
from enum import IntEnum

from ..config import AcceleratorConfig
from .fields import Fields

BEAT_BYTES = 16
MEMORY_ADDRESS_BITS = 40
TRANSFER_COUNT_BITS = 20


class Direction(IntEnum):
    """Where a transfer begins and ends."""

    LOAD_TENSOR = 0
    """To scratchpad words."""
    LOAD_REAL = 1
    """To real memory."""
    STORE_REAL = 2
    """From real memory."""


@dataclass(frozen=True)
class Transfer:
    """One transfer.

    Parameters
    ----------
    direction : Direction
        Which way.
    memory : int
        Byte address in the AXI memory for step 0.
    step_stride : int
        Bytes from one step's data to the next's.
    local : int
        First scratchpad word, or first word of the real memory (a multiple of four).
    beats : int
        1 or more.
    """

    direction: Direction
    memory: int
    step_stride: int
    local: int
    beats: int


def transfer_fields(config: AcceleratorConfig) -> Fields:
    """Widths of a transfer word."""
    local = (max(config.scratchpad_words, config.real_memory_words) - 1).bit_length()
    return {
        "direction": 2,
        "memory": MEMORY_ADDRESS_BITS,
        "step_stride": MEMORY_ADDRESS_BITS,
        "local": local,
        "beats": TRANSFER_COUNT_BITS,
    }


def transfer_values(instruction: Transfer) -> dict[str, int]:
    """Values of the fields."""
    return {name: int(getattr(instruction, name)) for name in vars(instruction)}
