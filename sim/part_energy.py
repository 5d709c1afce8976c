"""Energy by the parts that have an area: what power of the netlists is compared with."""

from collections import Counter
from collections.abc import Iterable

from pinta_hw.spec.activity import Activity
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.instruction import Instruction, Unit

from .area import MEMORIES, Part, area_um2, flip_flops
from .energy import OUTSIDE_MEMORY, clock_energy_pj, leakage_energy_pj, logic_energy_pj, memory_energy_pj
from .energy_table import EnergyTable
from .events import Event
from .operation_events import operation_events

_OWN_PART: dict[Unit, Part] = {
    Unit.ELEMENTWISE: "elementwise unit",
    Unit.CONVERT: "converter",
    Unit.RESIDUAL: "residual unit",
    Unit.UPDATE: "update unit",
    Unit.TRANSFER: "transfer",
}
_ARRAY = (
    Event.DIGIT_MULTIPLY,
    Event.LIVE_MULTIPLY,
    Event.DIGIT_ADD,
    Event.ACCUMULATE,
    Event.LIVE_ACCUMULATE,
    Event.ALIGN,
)
_MEMORIES_OF: dict[Event, tuple[Part, str]] = {
    Event.SCRATCHPAD_READ: ("scratchpad switch", "scratchpad banks"),
    Event.SCRATCHPAD_WRITE: ("scratchpad switch", "scratchpad banks"),
    Event.REAL_READ: ("real memory switch", "real memory banks"),
    Event.REAL_WRITE: ("real memory switch", "real memory banks"),
    Event.INSTRUCTION: ("control", "program stores"),
    Event.BEAT: ("transfer", OUTSIDE_MEMORY),
}


def part_of(unit: Unit, event: Event) -> Part:
    """The part of `sim.area` whose logic spends the energy of a unit's event."""
    if event in _MEMORIES_OF:
        return _MEMORIES_OF[event][0]
    if unit is not Unit.GEMM:
        return _OWN_PART[unit]
    if event in _ARRAY:
        return "array"
    return "quantizers" if event is Event.QUANTIZE else "operands and results"


def part_energy_pj(
    config: AcceleratorConfig, table: EnergyTable, work: Iterable[tuple[Instruction, Activity]], cycles: int
) -> dict[str, float]:
    """Energy of instructions and of the cycles they take, by part of `sim.area` and for the memory outside (pJ)."""
    counts: Counter[tuple[Unit, Event]] = Counter()
    for instruction, activity in work:
        for event, count in operation_events(config, instruction.operation, activity).items():
            counts[instruction.unit, event] += count
    energy = {part: clock_energy_pj(table, part, registers) * cycles for part, registers in flip_flops(config).items()}
    for part, area in area_um2(config).items():
        leakage = 0.0 if part in MEMORIES else leakage_energy_pj(config, table, area) * cycles
        energy[part] = energy.get(part, 0.0) + leakage
    for (unit, event), count in counts.items():
        energy[part_of(unit, event)] += count * logic_energy_pj(table, event)
        if event in _MEMORIES_OF:
            memory = _MEMORIES_OF[event][1]
            energy[memory] = energy.get(memory, 0.0) + count * memory_energy_pj(config, table, event)
    return energy
