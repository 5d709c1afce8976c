"""Cycles of the residual unit and of the update unit, in closed form, as `timing` has them for products."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from .config import AcceleratorConfig
from .isa.real import VECTOR_OPERATION_OF, Optimizer, Update, Vector, VectorOperation
from .isa.real_memory import REAL_BANKS, RealGroup
from .real import ADAM, REAL_TIMING, SGD, RealOperation, RealProgram
from .real_schedule import Schedule, schedule

_REAL_OPERATION_OF = {vector: real for real, vector in VECTOR_OPERATION_OF.items()}

OPERANDS_CYCLES = 4
"""From a chunk's first read to its first operands at the lanes: a is read, then b; both are there; a beat is taken."""


@dataclass(frozen=True)
class VectorPace:
    """How the residual unit works on chunks of `REAL_BANKS` elements; the first cycle of a chunk reads ``a``.

    Parameters
    ----------
    beats : int
        Times that the lanes take operands for one chunk.
    spacing_cycles : int
        From one of them to the next.
    period_cycles : int
        From one chunk's first cycle to the next one's.
    wait_cycles : int
        Of a computed chunk until it is written, so that this meets no read.
    write_cycle : int
        When a chunk is written, from its first cycle on.
    """

    beats: int
    spacing_cycles: int
    period_cycles: int
    wait_cycles: int
    write_cycle: int


@cache
def vector_pace(lanes: int, operation: VectorOperation, a_repeats: bool, b_repeats: bool) -> VectorPace:
    """The shortest period whose reads and writes never share a cycle.

    Parameters
    ----------
    lanes : int
        Elements computed at a time; `VectorOperation.SUM` uses one.
    a_repeats, b_repeats : bool
        The operand is read for the first chunk only, if at all.
    """
    adds = operation is VectorOperation.SUM
    timing = REAL_TIMING[RealOperation.ADD if adds else _REAL_OPERATION_OF[operation]]
    beats = REAL_BANKS if adds else REAL_BANKS // lanes
    spacing = timing.latency_cycles if adds else timing.interval_cycles
    computed = OPERANDS_CYCLES + (beats - 1) * spacing + timing.latency_cycles
    reads = [phase for phase, repeats in enumerate((a_repeats, b_repeats)) if not repeats]
    # The lanes work on a chunk at a time, and operands stay until the last beat has taken them.
    period = max(len(reads) + 1, beats * spacing, (beats - 1) * spacing + OPERANDS_CYCLES - 2)
    while True:
        # A computed chunk stays until the first result of the next one takes its place.
        for write in range(computed + 1, period + OPERANDS_CYCLES + timing.latency_cycles + 1):
            if write % period not in reads:
                return VectorPace(beats, spacing, period, write - computed - 1, write)
        period += 1


def instruction_pace(config: AcceleratorConfig, instruction: Vector) -> VectorPace:
    """The pace of an instruction."""
    monadic = instruction.operation in (VectorOperation.SQUARE_ROOT, VectorOperation.SUM)
    return vector_pace(
        config.residual_lanes, instruction.operation, instruction.a_scalar, instruction.b_scalar or monadic
    )


def vector_cycles(config: AcceleratorConfig, instruction: Vector) -> int:
    """Cycles from a vector instruction's start to its last write, both included."""
    pace = instruction_pace(config, instruction)
    if instruction.operation is VectorOperation.SUM:
        return 2 + OPERANDS_CYCLES + instruction.length * pace.spacing_cycles + 1
    chunks = -(-instruction.length // REAL_BANKS)
    return 2 + (chunks - 1) * pace.period_cycles + pace.write_cycle


UPDATE_PROGRAMS: dict[Optimizer, RealProgram] = {Optimizer.ADAM: ADAM, Optimizer.SGD: SGD}
PARAMETER_GROUPS = {
    "w": RealGroup.WEIGHT,
    "m": RealGroup.FIRST_MOMENT,
    "v": RealGroup.SECOND_MOMENT,
    "g": RealGroup.GRADIENT,
}
"""Where the streamed inputs of the programs lie."""

FIRST_ROW_CYCLE = 3
"""The update unit reads its first row after its start and two reads of constants."""
OPERAND_CYCLES = 2
"""From the read of a row to its first operands at the lanes."""


@dataclass(frozen=True)
class UpdatePace:
    """How the update unit works on rows of `REAL_BANKS` parameters; cycles count from the first read of a row.

    Parameters
    ----------
    schedule : Schedule
        Of the optimizer's program; what it counts as 0 is `OPERAND_CYCLES`.
    beats : int
        Times that the lanes take operands for one row, in as many cycles.
    period_cycles : int
        From one row to the next.
    reads : mapping of str to int
        When the streamed inputs are read.
    waits : mapping of str to int
        Cycles that results wait, because their group is read where they would be written.
    writes : mapping of str to int
        When they are written.
    """

    schedule: Schedule
    beats: int
    period_cycles: int
    reads: Mapping[str, int]
    waits: Mapping[str, int]
    writes: Mapping[str, int]


@cache
def update_pace(lanes: int, optimizer: Optimizer) -> UpdatePace:
    """A group is read once and written at most once a period."""
    steps = schedule(UPDATE_PROGRAMS[optimizer], PARAMETER_GROUPS)
    beats = REAL_BANKS // lanes
    period = max(2, beats)
    waits, writes = {}, {}
    for name, index in steps.results.items():
        write = OPERAND_CYCLES + steps.steps[index].end_cycle + beats
        waits[name] = int((write - steps.entries[name]) % period == 0)
        writes[name] = write + waits[name]
    return UpdatePace(steps, beats, period, steps.entries, waits, writes)


def update_cycles(config: AcceleratorConfig, instruction: Update) -> int:
    """Cycles from an update's start to its last write, both included."""
    pace = update_pace(config.update_lanes, instruction.optimizer)
    rows = -(-instruction.count // REAL_BANKS)
    return 1 + FIRST_ROW_CYCLE + (rows - 1) * pace.period_cycles + max(pace.writes.values())
