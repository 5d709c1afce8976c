"""Energy of counted events, by the part of the machine that spends it."""

from pinta_hw.spec.config import WORD_BITS, WORD_MANTISSA_BYTES, AcceleratorConfig
from pinta_hw.spec.isa.transfer import BEAT_BYTES

from .energy_table import EnergyTable
from .events import Counts, Event

_REAL_BITS = 32
OUTSIDE_MEMORY = "outside memory"
"""The part that does not belong to the chip."""

_PART_OF = {
    Event.DIGIT_MULTIPLY: "multipliers",
    Event.DIGIT_ADD: "partial sums",
    Event.ACCUMULATE: "accumulators",
    Event.QUANTIZE: "quantizers",
    Event.ROUND: "FP32 roundings",
    Event.ELEMENT_MULTIPLY: "elementwise lanes",
    Event.ELEMENT_ADD: "elementwise lanes",
    Event.REAL_ADD: "FP32 lanes",
    Event.REAL_MULTIPLY: "FP32 lanes",
    Event.REAL_DIVIDE: "FP32 lanes",
    Event.REAL_SQUARE_ROOT: "FP32 lanes",
    Event.SCRATCHPAD_READ: "scratchpad reads",
    Event.SCRATCHPAD_WRITE: "scratchpad writes",
    Event.REAL_READ: "real memory reads",
    Event.REAL_WRITE: "real memory writes",
    Event.BEAT: OUTSIDE_MEMORY,
}


def event_energy_pj(config: AcceleratorConfig, table: EnergyTable, event: Event) -> float:
    """Energy of one event (pJ)."""
    if event in (Event.SCRATCHPAD_READ, Event.SCRATCHPAD_WRITE):
        return table.sram.access_pj(config.words * WORD_MANTISSA_BYTES / 1024, WORD_BITS)
    if event in (Event.REAL_READ, Event.REAL_WRITE):
        return table.sram.access_pj(config.real_words * _REAL_BITS / 8 / 1024, _REAL_BITS)
    if event is Event.BEAT:
        return table.outside_memory.energy_pj * BEAT_BYTES * 8 / table.outside_memory.width_bits
    return {
        Event.DIGIT_MULTIPLY: table.operations.digit_multiply,
        Event.DIGIT_ADD: table.operations.digit_add,
        Event.ACCUMULATE: table.operations.accumulate,
        Event.QUANTIZE: table.operations.quantize,
        Event.ROUND: table.operations.round,
        Event.ELEMENT_MULTIPLY: table.operations.element_multiply,
        Event.ELEMENT_ADD: table.operations.element_add,
        Event.REAL_ADD: table.operations.real_add,
        Event.REAL_MULTIPLY: table.operations.real_multiply,
        Event.REAL_DIVIDE: table.operations.real_divide,
        Event.REAL_SQUARE_ROOT: table.operations.real_square_root,
    }[event].energy_pj


def energy_pj(config: AcceleratorConfig, table: EnergyTable, counts: Counts) -> dict[str, float]:
    """Energy by part (pJ); only parts with events, in the order of `Event`."""
    parts: dict[str, float] = {}
    for event in Event:
        if counts[event]:
            part = _PART_OF[event]
            parts[part] = parts.get(part, 0.0) + counts[event] * event_energy_pj(config, table, event)
    return parts
