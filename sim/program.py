"""Cycles of a whole program, from the formulas that the gateware follows; they are those of the RTL, exactly."""

from collections.abc import Callable
from dataclasses import dataclass

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.control_timing import section_cycles
from pinta_hw.spec.isa.gemm import Gemm
from pinta_hw.spec.isa.instruction import Instruction, Program, Unit
from pinta_hw.spec.isa.transfer import BEAT_BYTES, Transfer
from pinta_hw.spec.operation_timing import MEMORY_LATENCY_CYCLES, operation_cycles
from pinta_hw.spec.timing import GemmShape, useful_unit_cycles
from pinta_hw.spec.transfer_timing import BOUNDARY_BYTES

from .step import StepEstimate, estimate_step, unit_name

STEP_PERIOD = BOUNDARY_BYTES // BEAT_BYTES
"""Steps after which every transfer meets the boundaries of bursts as before: strides are multiples of a beat."""


@dataclass(frozen=True)
class ProgramEstimate:
    """What a program costs in cycles. Steps differ only by where their transfers meet the boundaries of bursts.

    Parameters
    ----------
    config : str
        Name of the accelerator.
    clock_ghz : float
        Its clock.
    memory_latency_cycles : int
        Of the AXI memory.
    steps : int
        Times that the body runs.
    prologue_cycles, body_cycles, epilogue_cycles : int
        The body's are those of all steps.
    shortest_step_cycles, longest_step_cycles : int
        Over the steps.
    step : StepEstimate
        The first step.
    array_utilization : float
        Share of the block units' cycles in the first step that its products need.
    busiest_cycles : int
        Of the array or of the elementwise unit in the first step, whichever works longer.
    ratio_to_busiest : float
        The first step's cycles to those; infinite where neither works.
    """

    config: str
    clock_ghz: float
    memory_latency_cycles: int
    steps: int
    prologue_cycles: int
    body_cycles: int
    epilogue_cycles: int
    shortest_step_cycles: int
    longest_step_cycles: int
    step: StepEstimate
    array_utilization: float
    busiest_cycles: int
    ratio_to_busiest: float

    @property
    def cycles(self) -> int:
        """Of the whole program."""
        return self.prologue_cycles + self.body_cycles + self.epilogue_cycles

    def time_us(self, cycles: int) -> float:
        """Time at the accelerator's clock."""
        return cycles / self.clock_ghz / 1e3


def simulate(
    config: AcceleratorConfig, program: Program, memory_latency: int = MEMORY_LATENCY_CYCLES
) -> ProgramEstimate:
    """Cycles of a program.

    Parameters
    ----------
    config : AcceleratorConfig
        On what it runs.
    program : Program
        What runs; its memory begins at a multiple of 4 KiB.
    memory_latency : int
        Of the AXI memory, in cycles, 1 or more.
    """
    prologue, epilogue = (
        section_cycles(section, [operation_cycles(config, each.operation, memory_latency) for each in section])
        for section in (program.prologue, program.epilogue)
    )
    durations = _durations_by_step(config, program, memory_latency)
    # Steps of equal durations, which most are, take equally long.
    known: dict[tuple[int, ...], int] = {}
    cycles = []
    for step in range(min(program.steps, STEP_PERIOD)):
        own = durations(step)
        if own not in known:
            known[own] = section_cycles(program.body, own)
        cycles.append(known[own])
    rounds, rest = divmod(program.steps, STEP_PERIOD)
    first = estimate_step(program.body, durations(0))
    busiest = max(first.units[unit_name(unit)].busy_cycles for unit in (Unit.GEMM, Unit.ELEMENTWISE))
    products = [each.operation for each in program.body if isinstance(each.operation, Gemm)]
    useful = sum(useful_unit_cycles(GemmShape.of(product)) for product in products)
    return ProgramEstimate(
        config.name,
        config.clock_ghz,
        memory_latency,
        program.steps,
        prologue,
        rounds * sum(cycles) + sum(cycles[:rest]),
        epilogue,
        min(cycles, default=first.cycles),
        max(cycles, default=first.cycles),
        first,
        useful / (config.units * first.cycles),
        busiest,
        first.cycles / busiest if busiest else float("inf"),
    )


def _durations_by_step(
    config: AcceleratorConfig, program: Program, memory_latency: int
) -> Callable[[int], tuple[int, ...]]:
    """Durations of the body's instructions in a step; only those of transfers are computed more than once."""

    def cycles(instruction: Instruction, step: int) -> int:
        return operation_cycles(config, instruction.operation, memory_latency, step)

    at_first = [cycles(each, 0) for each in program.body]
    moving = [
        index
        for index, each in enumerate(program.body)
        if isinstance(each.operation, Transfer) and each.operation.step_stride % BOUNDARY_BYTES
    ]

    def durations(step: int) -> tuple[int, ...]:
        found = list(at_first)
        for index in moving:
            found[index] = cycles(program.body[index], step)
        return tuple(found)

    return durations
