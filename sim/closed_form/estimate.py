"""The closed form of a training step: cycles, energy, area."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from pinta_hw.spec.activity import MOST, Activity
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment
from pinta_hw.spec.isa.instruction import Unit
from pinta_hw.spec.operation_timing import MEMORY_LATENCY_CYCLES

from ..area import area_um2
from ..energy import OUTSIDE_MEMORY, energy_pj, standing_pj
from ..energy_table import EnergyTable
from ..step import unit_name
from .cost import CostModel, UnitWork
from .overlap import step_cycles
from .problem import ProblemShape
from .step import StepWork, step_work

ASSUMPTION = (
    "cycles in closed form: within 3 % of the cycle model on the experiments on edge, half of the errors below 1.8 % "
    "and nine tenths below 3.3 % over groups, ranks and widths (docs/models.md)"
)
"""What a report says beside such figures."""


@dataclass(frozen=True)
class StepCost:
    """What a step costs.

    Parameters
    ----------
    cycles : int
        From a step's begin to the next one's, about.
    time_us : float
        The same at the accelerator's clock.
    busy_cycles, instructions : mapping of str to int
        Of each unit; exact where the compiler changes nothing.
    parts_pj : mapping of str to float
        Energy by part (pJ).
    chip_pj, total_pj : float
        Without and with the memory outside (pJ).
    area_um2 : mapping of str to float
        By part.
    """

    cycles: int
    time_us: float
    busy_cycles: Mapping[str, int]
    instructions: Mapping[str, int]
    parts_pj: Mapping[str, float]
    chip_pj: float
    total_pj: float
    area_um2: Mapping[str, float]

    @property
    def total_area_um2(self) -> float:
        """Of the whole accelerator."""
        return sum(self.area_um2.values())


def estimate(
    experiment: Experiment,
    problem: ProblemShape,
    config: AcceleratorConfig,
    table: EnergyTable,
    memory_latency: int = MEMORY_LATENCY_CYCLES,
    activity: Activity = MOST,
) -> StepCost:
    """Cost of a training step of an experiment, which need not be compiled; ``activity`` is that of its products.

    Raises
    ------
    UserError
        As `step_cost` does.
    """
    return step_cost(CostModel(config, memory_latency, activity), table, step_work(experiment, problem))


def step_cost(model: CostModel, table: EnergyTable, step: StepWork) -> StepCost:
    """Cost of a step's work.

    Raises
    ------
    UserError
        If something cannot fit: a tensor into a group, all that is kept into the scratchpad, the parameters into the
        real memory, the instructions into the program stores.
    """
    config = model.config
    units, counts = model.whole(step)
    _check(config, step, units)
    cycles = step_cycles(model, step, units)
    parts = energy_pj(config, table, counts) | standing_pj(config, table, cycles)
    total_pj = sum(parts.values())
    return StepCost(
        cycles,
        cycles / config.clock_ghz / 1e3,
        {unit_name(unit): own.cycles for unit, own in units.items()},
        {unit_name(unit): own.instructions for unit, own in units.items()},
        parts,
        total_pj - parts.get(OUTSIDE_MEMORY, 0.0),
        total_pj,
        _area_um2(config),
    )


@lru_cache(maxsize=1024)
def _area_um2(config: AcceleratorConfig) -> Mapping[str, float]:
    return area_um2(config)


def _check(config: AcceleratorConfig, step: StepWork, units: Mapping[Unit, UnitWork]) -> None:
    smaller = "a smaller training.micro_batch or estimator.chunk fits"
    largest = max([step.largest_words, *(table.words(config) for table in step.tables if table.row_blocks)])
    if largest > config.group_words:
        raise UserError(
            f"rows of a layer: {largest} words; allowed: {config.group_words}, one group of {config.name}; {smaller}"
        )
    if step.kept_words > config.scratchpad_words:
        raise UserError(
            f"what a micro-batch keeps: {step.kept_words} words; allowed: {config.scratchpad_words}, the scratchpad of "
            f"{config.name}; {smaller}"
        )
    if step.parameters > config.real_group_words:
        raise UserError(
            f"parameters: {step.parameters} words; allowed: {config.real_group_words}, one group of the real memory of "
            f"{config.name}; real_words of the configuration, or smaller layers or ranks"
        )
    unit, most = max(((unit, own.instructions) for unit, own in units.items()), key=lambda pair: pair[1])
    if most > config.program_depth:
        raise UserError(
            f"program_depth: {most} {unit_name(unit)} instructions; allowed: {config.program_depth} in a program store "
            f"of {config.name}; larger micro-batches or chunks need fewer"
        )
