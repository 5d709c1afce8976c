"""Energy of counted events and of time, by the part of the machine that spends it."""

from functools import lru_cache

from pinta_hw.spec.config import WORD_BITS, WORD_MANTISSA_BYTES, AcceleratorConfig
from pinta_hw.spec.isa.instruction import Unit, stream_bits
from pinta_hw.spec.isa.transfer import BEAT_BYTES

from .area import MEMORIES, area_um2, flip_flops
from .energy_table import EnergyTable
from .events import Counts, Event

_REAL_BITS = 32
OUTSIDE_MEMORY = "outside memory"
"""The part that does not belong to the chip."""
CLOCK = "registers and clock"
LEAKAGE = "leakage"

_OPERATION_OF = {
    Event.DIGIT_MULTIPLY: ("multipliers", "digit_multiply"),
    Event.LIVE_MULTIPLY: ("multipliers", "live_multiply"),
    Event.DIGIT_ADD: ("partial sums", "digit_add"),
    Event.ACCUMULATE: ("accumulators", "accumulate"),
    Event.LIVE_ACCUMULATE: ("accumulators", "live_accumulate"),
    Event.ALIGN: ("accumulators", "align"),
    Event.QUANTIZE: ("quantizers", "quantize"),
    Event.ROUND: ("FP32 roundings", "round"),
    Event.ELEMENT_MULTIPLY: ("elementwise lanes", "element_multiply"),
    Event.ELEMENT_ADD: ("elementwise lanes", "element_add"),
    Event.TABLE_READ: ("tables", "table_read"),
    Event.FETCH: ("operand fetch", "fetch"),
    Event.CONVERT: ("converter", "convert"),
    Event.VECTOR: ("FP32 lanes", "vector"),
    Event.REAL_ADD: ("FP32 lanes", "real_add"),
    Event.REAL_MULTIPLY: ("FP32 lanes", "real_multiply"),
    Event.REAL_DIVIDE: ("FP32 lanes", "real_divide"),
    Event.REAL_SQUARE_ROOT: ("FP32 lanes", "real_square_root"),
    Event.SCRATCHPAD_READ: ("scratchpad switch", "scratchpad_word"),
    Event.SCRATCHPAD_WRITE: ("scratchpad switch", "scratchpad_word"),
    Event.REAL_READ: ("real memory switch", "real_word"),
    Event.REAL_WRITE: ("real memory switch", "real_word"),
    Event.BEAT: ("transfer", "beat"),
    Event.INSTRUCTION: ("control", "instruction"),
}
"""Part and entry of the table."""
_MEMORY_OF = {
    Event.SCRATCHPAD_READ: "scratchpad reads",
    Event.SCRATCHPAD_WRITE: "scratchpad writes",
    Event.REAL_READ: "real memory reads",
    Event.REAL_WRITE: "real memory writes",
    Event.BEAT: OUTSIDE_MEMORY,
    Event.INSTRUCTION: "program stores",
}
"""Part of the memory access that comes with an event."""


def event_energy_pj(config: AcceleratorConfig, table: EnergyTable, event: Event) -> float:
    """Energy of one event (pJ)."""
    return sum(_shares_pj(config, table, event).values())


def energy_pj(config: AcceleratorConfig, table: EnergyTable, counts: Counts) -> dict[str, float]:
    """Energy of events by part (pJ); only parts with any, in the order of `Event`."""
    parts: dict[str, float] = {}
    for event, shares in _prices(config, table):
        count = counts[event]
        if count:
            for part, share_pj in shares:
                parts[part] = parts.get(part, 0.0) + count * share_pj
    return parts


def standing_pj(config: AcceleratorConfig, table: EnergyTable, cycles: int) -> dict[str, float]:
    """Energy of time by part (pJ): registers whose clock always runs, and leakage; only parts with any."""
    return {name: cycles * share_pj for name, share_pj in _standing_prices(config, table)}


@lru_cache(maxsize=1024)
def _prices(config: AcceleratorConfig, table: EnergyTable) -> tuple[tuple[Event, tuple[tuple[str, float], ...]], ...]:
    """Shares of every event by part (pJ)."""
    return tuple((event, tuple(_shares_pj(config, table, event).items())) for event in Event)


@lru_cache(maxsize=1024)
def _standing_prices(config: AcceleratorConfig, table: EnergyTable) -> tuple[tuple[str, float], ...]:
    """Energy of a cycle by part (pJ)."""
    clock = sum(clock_energy_pj(table, part, registers) for part, registers in flip_flops(config).items())
    logic_um2 = sum(area for part, area in area_um2(config).items() if part not in MEMORIES)
    standing = {CLOCK: clock, LEAKAGE: leakage_energy_pj(config, table, logic_um2)}
    return tuple((name, share_pj) for name, share_pj in standing.items() if share_pj)


def clock_energy_pj(table: EnergyTable, part: str, registers: float) -> float:
    """Energy of a cycle (pJ) for the clock of a part with so many flip-flops, while the part does nothing."""
    return registers * table.standing.clock_pj.get(part, 0.0)


def leakage_energy_pj(config: AcceleratorConfig, table: EnergyTable, logic_um2: float) -> float:
    """Energy of a cycle (pJ) that logic of some area leaks."""
    return table.standing.leakage_nw_per_um2 * logic_um2 * 1e-6 / config.clock_ghz  # 1 nW x 1 ns = 1e-6 pJ


def logic_energy_pj(table: EnergyTable, event: Event) -> float:
    """Energy of one event (pJ) without the memory access that may come with it."""
    _, entry = _OPERATION_OF[event]
    energy: float = getattr(table.operations, entry).energy_pj
    return energy


def memory_energy_pj(config: AcceleratorConfig, table: EnergyTable, event: Event) -> float:
    """Energy of the memory access that comes with one event (pJ), on the chip or outside."""
    sram = table.sram
    if event in (Event.SCRATCHPAD_READ, Event.SCRATCHPAD_WRITE):
        return sram.access_pj(config.words * WORD_MANTISSA_BYTES / 1024, WORD_BITS)
    if event in (Event.REAL_READ, Event.REAL_WRITE):
        return sram.access_pj(config.real_words * _REAL_BITS / 8 / 1024, _REAL_BITS)
    if event is Event.INSTRUCTION:
        widths = [stream_bits(config, unit) for unit in Unit]
        return sum(sram.access_pj(config.program_depth * width / 8 / 1024, width) for width in widths) / len(widths)
    if event is Event.BEAT:
        return table.outside_memory.energy_pj * BEAT_BYTES * 8 / table.outside_memory.width_bits
    return 0.0


def _shares_pj(config: AcceleratorConfig, table: EnergyTable, event: Event) -> dict[str, float]:
    """Energy of one event by part (pJ), without parts that spend none."""
    logic, _ = _OPERATION_OF[event]
    shares = {logic: logic_energy_pj(table, event), _MEMORY_OF.get(event, ""): memory_energy_pj(config, table, event)}
    return {part: share_pj for part, share_pj in shares.items() if share_pj}
