"""Other designs of an experiment, priced in closed form: they need not fit the accelerator's memory.

Their products are taken to multiply by zero as often as those of the experiment.
"""

from collections.abc import Iterator, Mapping, Sequence

from pinta_hw.spec.activity import Activity
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.experiment import Experiment, Perturbations, Precision

from ..closed_form.cost import CostModel
from ..closed_form.overlap import step_cycles
from ..closed_form.problem import ProblemShape
from ..closed_form.step import StepWork, step_work
from ..energy import OUTSIDE_MEMORY, energy_pj, standing_pj
from ..energy_table import EnergyTable
from ..program import ProgramEstimate
from ..program_energy import StepEnergy
from ..step import unit_name
from .subject import Cost

_WIDE = Precision(inputs=16, activations=16, weights=16, gradients=16, tt_intermediate=16)
_MICRO_BATCHES = (4, 8, 12, 16, 20, 32)
_ROWS_BESIDE = 2
"""Of `jet` at each point, beside those of directions: its value and its Laplacian."""
_SIGMA = 0.01
"""Of perturbations; it decides no cost."""


def serial(
    config: AcceleratorConfig,
    tables: Sequence[EnergyTable],
    estimate: ProgramEstimate,
    energies: Mapping[str, StepEnergy],
) -> Cost:
    """A lowered program with one unit working at a time."""
    cycles = sum(one.cycles for one in estimate.step.executed)
    longer = {
        table.name: (_standing(config, table, cycles) - _standing(config, table, estimate.step.cycles)) / 1e6
        for table in tables
    }
    return Cost(
        estimate.time_us(cycles),
        {name: one.total_pj / 1e6 + longer[name] for name, one in energies.items()},
        {name: one.chip_pj / 1e6 + longer[name] for name, one in energies.items()},
        "the lowered program's operations, each in its exact cycles, one after the other",
        "the sum of all units",
    )


def wide(
    config: AcceleratorConfig,
    tables: Sequence[EnergyTable],
    experiment: Experiment,
    problem: ProblemShape,
    memory_latency: int,
    activity: Activity,
) -> Cost:
    """An experiment with 16 bits in each role, one unit working at a time."""
    work = step_work(experiment.model_copy(update={"precision": _WIDE}), problem)
    model = CostModel(config, memory_latency, activity)
    cycles = sum(one.cycles for one in model.units(work).values())
    limit = "the sum of all units"
    source = "closed form: all operations of the step with 16 bits in each role, one after the other; it need not fit"
    return _cost(config, tables, model, work, cycles, source, limit)


def like_for_like(
    config: AcceleratorConfig,
    tables: Sequence[EnergyTable],
    experiment: Experiment,
    problem: ProblemShape,
    memory_latency: int,
    activity: Activity,
    pairs: int,
) -> Cost:
    """``diffquant`` with as many pairs of directions as the Stein baseline.

    Its micro-batches and chunks are the fastest of those that have no more rows at once than the experiment's own.
    """
    model = CostModel(config, memory_latency, activity)
    cut = [step_work(one, problem) for one in _cut(experiment, problem, pairs)]
    priced = [(step_cycles(model, work, model.units(work)), work) for work in cut]
    cycles, work = min(priced, key=lambda one: one[0])
    busy = {unit_name(unit): one.cycles for unit, one in model.units(work).items()}
    first, second, *_ = sorted(busy, key=lambda name: -busy[name])
    limit = (
        f"{first} is busy {busy[first] / 1e6:,.1f} million cycles, {second} {busy[second] / 1e6:,.1f}: a row of "
        "diffquant takes sums of three products at every activation, forward twice and backward, in SMX-16"
    )
    source = (
        f"closed form (docs/models.md): `diffquant` with {pairs:,} pairs, tensor trains and SMX as in the experiment"
    )
    return _cost(config, tables, model, work, cycles, source, limit)


def _cut(experiment: Experiment, problem: ProblemShape, pairs: int) -> Iterator[Experiment]:
    """The experiment with ``diffquant`` in micro-batches of several sizes, chunks as large as its rows allow."""
    training = experiment.training
    rows = training.micro_batch * (_ROWS_BESIDE + min(experiment.estimator.chunk, problem.dimensions))
    for points in sorted({*_MICRO_BATCHES, training.micro_batch}):
        chunk = (rows // points - 1) // 2
        if points <= training.micro_batch and chunk >= 1:
            estimator = Perturbations(name="diffquant", count=pairs, chunk=min(chunk, pairs), sigma=_SIGMA)
            shorter = training.model_copy(update={"micro_batch": points})
            yield experiment.model_copy(update={"estimator": estimator, "training": shorter})


def _cost(
    config: AcceleratorConfig,
    tables: Sequence[EnergyTable],
    model: CostModel,
    work: StepWork,
    cycles: int,
    source: str,
    limit: str,
) -> Cost:
    counts = model.counts(work)
    total, chip = {}, {}
    for table in tables:
        parts = energy_pj(config, table, counts)
        total[table.name] = (sum(parts.values()) + _standing(config, table, cycles)) / 1e6
        chip[table.name] = total[table.name] - parts.get(OUTSIDE_MEMORY, 0.0) / 1e6
    return Cost(cycles / config.clock_ghz / 1e3, total, chip, source, limit)


def _standing(config: AcceleratorConfig, table: EnergyTable, cycles: int) -> float:
    return sum(standing_pj(config, table, cycles).values())
