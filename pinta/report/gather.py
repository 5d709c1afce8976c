"""Experiments lowered and priced for a report."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from golden.lowering.compiler import lower
from golden.results import kept_accuracies
from pinta.sizes import sizes_of
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment, Precision
from sim.baselines.published import stein_pairs
from sim.energy_table import EnergyTable
from sim.program import ProgramEstimate, simulate
from sim.program_energy import StepEnergy, step_energy
from sim.report.subject import Accuracy, Cost, Subject

_WIDE = Precision(inputs=16, activations=16, weights=16, gradients=16, tt_intermediate=16)
_ROOMY_INSTRUCTIONS = 4096
"""Of each unit, in programs that only say what another precision would cost."""


def subject(
    experiment: Experiment,
    config: AcceleratorConfig,
    tables: Sequence[EnergyTable],
    memory_latency: int,
    results: Path,
) -> Subject:
    """An experiment on an accelerator: its program's cycles and energies, its sizes, what was trained of it.

    Parameters
    ----------
    experiment : Experiment
        In SMX.
    config : AcceleratorConfig
        On what it runs.
    tables : sequence of EnergyTable
        Energies.
    memory_latency : int
        Cycles.
    results : Path
        Folder of trained results.

    Raises
    ------
    UserError
        If the experiment cannot be lowered.
    """
    estimate, energies = _priced(experiment, config, tables, memory_latency)
    return Subject(
        experiment.name,
        _title(experiment),
        config,
        estimate,
        energies,
        sizes_of(experiment),
        stein_pairs(experiment),
        _wide(experiment, config, tables, memory_latency),
        None,
        tuple(
            Accuracy(
                one.method,
                one.relative_l2,
                one.trivial_l2,
                one.steps,
                one.seeds,
                f"trained bit for bit in the golden models: {', '.join(one.files)}",
            )
            for one in kept_accuracies(results, experiment)
        ),
    )


def _priced(
    experiment: Experiment, config: AcceleratorConfig, tables: Sequence[EnergyTable], memory_latency: int
) -> tuple[ProgramEstimate, Mapping[str, StepEnergy]]:
    program = lower(experiment, config).program
    estimate = simulate(config, program, memory_latency)
    return estimate, {table.name: step_energy(config, table, program) for table in tables}


def _wide(
    experiment: Experiment, config: AcceleratorConfig, tables: Sequence[EnergyTable], memory_latency: int
) -> Cost | None:
    """The same with 16 bits everywhere, one unit at a time; None where it does not fit."""
    roomy = replace(config, program_depth=max(config.program_depth, _ROOMY_INSTRUCTIONS))
    try:
        estimate, energies = _priced(experiment.model_copy(update={"precision": _WIDE}), roomy, tables, memory_latency)
    except UserError:
        return None
    return Cost(
        estimate.time_us(sum(one.cycles for one in estimate.step.executed)),
        {name: one.total_pj / 1e6 for name, one in energies.items()},
        {name: one.chip_pj / 1e6 for name, one in energies.items()},
        "the lowered program of the same experiment with 16 bits in each role, its operations one after the other",
    )


def _title(experiment: Experiment) -> str:
    network, training = experiment.network, experiment.training
    widths = "-".join(map(str, network.hidden))
    kind = f"tensor trains of rank {network.tt.rank}" if network.tt else "dense"
    bits = experiment.precision
    return (
        f"{experiment.problem.name}: {widths} {network.activation}, {kind}, {experiment.estimator.name}, "
        f"SMX-{bits.activations}/{bits.weights}/{bits.gradients}, {training.interior} interior points"
    )
