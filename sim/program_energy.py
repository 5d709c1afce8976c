"""Energy of one step of a program."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pinta_hw.spec.activity import MOST, Activity
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.control_timing import section_cycles
from pinta_hw.spec.formats import BLOCK_ELEMENTS
from pinta_hw.spec.isa.elementwise import OPERANDS_OF, Elementwise
from pinta_hw.spec.isa.gemm import Gemm
from pinta_hw.spec.isa.instruction import Program
from pinta_hw.spec.operation_timing import operation_cycles

from .energy import OUTSIDE_MEMORY, energy_pj, standing_pj
from .energy_table import EnergyTable
from .events import UPPER_BOUND, ZEROS_COUNTED, Counts, Event
from .operation_events import operation_events
from .step import unit_name

STANDING = "clock and leakage"


@dataclass(frozen=True)
class StepEnergy:
    """What one step spends.

    Parameters
    ----------
    table : str
        Name of the energy table.
    events : mapping of str to int
        Counts by event, zeros included.
    elements : mapping of str to int
        Elements of the elementwise work by operation and widths, such as ``multiply 16x16 to 12``.
    cycles : int
        Of the step: what registers' clocks and leakage take depends on them.
    parts_pj, phases_pj, units_pj : mapping of str to float
        The same energy by part of the machine, by phase, and by unit (pJ); memories outside are a part of it. What does
        not belong to a phase or unit is `STANDING` there.
    chip_pj, total_pj : float
        Without and with the memory outside (pJ).
    assumptions : tuple of str
        What holds, and what is not included.
    """

    table: str
    events: Mapping[str, int]
    elements: Mapping[str, int]
    cycles: int
    parts_pj: Mapping[str, float]
    phases_pj: Mapping[str, float]
    units_pj: Mapping[str, float]
    chip_pj: float
    total_pj: float
    assumptions: tuple[str, ...]


def step_energy(
    config: AcceleratorConfig,
    table: EnergyTable,
    program: Program,
    cycles: int | None = None,
    activities: Sequence[Activity] | None = None,
) -> StepEnergy:
    """Energy of one step; what its events cost is the same for all steps.

    Parameters
    ----------
    config : AcceleratorConfig
    table : EnergyTable
    program : Program
    cycles : int, optional
        How long the step takes; by default as long as the first one, with a memory of `MEMORY_LATENCY_CYCLES`.
    activities : sequence of Activity, optional
        Of each instruction of the body; where not given, nothing is zero, so that the energy is an upper bound.
    """
    if cycles is None:
        cycles = section_cycles(program.body, [operation_cycles(config, each.operation) for each in program.body])
    total: Counts = Counter()
    phases: dict[str, Counts] = {}
    units: dict[str, Counts] = {}
    elements: Counter[str] = Counter()
    for instruction, activity in zip(program.body, activities or [MOST] * len(program.body), strict=True):
        counts = operation_events(config, instruction.operation, activity)
        total.update(counts)
        phases.setdefault(instruction.phase, Counter()).update(counts)
        units.setdefault(unit_name(instruction.unit), Counter()).update(counts)
        if isinstance(instruction.operation, Elementwise):
            elements[_widths(instruction.operation)] += _elements(instruction.operation)
    standing = standing_pj(config, table, cycles)
    parts = energy_pj(config, table, total) | standing
    total_pj = sum(parts.values())
    rest = {STANDING: sum(standing.values())} if standing else {}
    return StepEnergy(
        table.name,
        {event.value: count for event, count in total.items() if count},
        dict(sorted(elements.items())),
        cycles,
        parts,
        {name: sum(energy_pj(config, table, counts).values()) for name, counts in phases.items()} | rest,
        {name: sum(energy_pj(config, table, counts).values()) for name, counts in units.items()} | rest,
        total_pj - parts.get(OUTSIDE_MEMORY, 0.0),
        total_pj,
        (
            "every block unit works in every cycle of a product's steps, needed or not",
            UPPER_BOUND if activities is None else ZEROS_COUNTED,
            f"outside memory: {table.outside_memory.derivation}",
            f"clock and leakage: {table.standing.derivation}",
            *(f"not included: {item}" for item in table.excluded),
        ),
    )


def mean_activity(config: AcceleratorConfig, program: Program, activities: Sequence[Activity]) -> Activity:
    """Of all matrix products of a step together.

    Parameters
    ----------
    config : AcceleratorConfig
    program : Program
    activities : sequence of Activity
        Of each instruction of the body.
    """
    total: Counts = Counter()
    for instruction, activity in zip(program.body, activities, strict=True):
        if isinstance(instruction.operation, Gemm):
            total.update(operation_events(config, instruction.operation, activity))
    return Activity(
        total[Event.LIVE_MULTIPLY] / max(total[Event.DIGIT_MULTIPLY], 1),
        total[Event.LIVE_ACCUMULATE] / max(total[Event.ACCUMULATE], 1),
    )


def _widths(operation: Elementwise) -> str:
    walks = [getattr(operation, name) for name in OPERANDS_OF[operation.operation]]
    widths = "x".join(str((walk or operation.a).bits) for walk in walks)
    return f"{operation.operation.name.lower()} {widths} to {operation.result.bits}"


def _elements(operation: Elementwise) -> int:
    return operation.parts * operation.outer_blocks * operation.inner_blocks * BLOCK_ELEMENTS
