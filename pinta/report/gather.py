"""Experiments lowered and priced for a report."""

from collections.abc import Sequence
from pathlib import Path

from golden.first_step import first_step_activities
from golden.lowering.compiler import lower
from golden.results import kept_accuracies
from pinta.problem_shape import problem_shape
from pinta.report.surroundings import surroundings_of
from pinta.sizes import sizes_of
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment, load_experiment
from pinta_hw.spec.presets import load_config
from sim.baselines.published import stein_pairs
from sim.closed_form.comparison import compare as compare_forms
from sim.closed_form.estimate import estimate as estimate_step
from sim.energy_table import EnergyTable, load_table, table_names
from sim.program import simulate
from sim.program_energy import mean_activity, step_energy
from sim.report import variants
from sim.report.report import Report, report
from sim.report.subject import Accuracy, Subject

DEFAULT_TABLE = "published-7nm"


def tables_of(names: Sequence[str] | None) -> list[EnergyTable]:
    """Energy tables by name or path; all of the package where none are named, the default one first."""
    every = sorted(table_names(), key=lambda name: name != DEFAULT_TABLE)
    return [load_table(name) for name in names or every]


def compare(
    experiments: Sequence[Path],
    preset: str | None,
    energy_tables: Sequence[str] | None,
    memory_latency: int,
    fraction: float | None,
    results: Path,
) -> Report:
    """A report on experiment files.

    Parameters
    ----------
    experiments : sequence of Path
        Files, of experiments with different names.
    preset : str or None
        Accelerator of all of them; each one's own where None.
    energy_tables : sequence of str or None
        As in `tables_of`.
    memory_latency : int
        Cycles.
    fraction : float or None
        Of a GPU's peak.
    results : Path
        Folder of trained results.

    Raises
    ------
    UserError
        If a file is wrong, a name comes twice, an experiment cannot be lowered, or accelerators differ.
    """
    described = [load_experiment(path) for path in experiments]
    names = [one.name for one in described]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"experiments: the name {name!r} comes twice; allowed: each once")
    accelerators = {preset or one.accelerator for one in described}
    if len(accelerators) > 1:
        raise UserError(
            f"accelerator: {', '.join(sorted(accelerators))} side by side; allowed: one for all, such as --preset edge"
        )
    config = load_config(accelerators.pop())
    tables = tables_of(energy_tables)
    surroundings = surroundings_of(config, tables, [sizes_of(one) for one in described], fraction)
    return report([_subject(one, config, tables, memory_latency, results) for one in described], surroundings)


def _subject(
    experiment: Experiment,
    config: AcceleratorConfig,
    tables: Sequence[EnergyTable],
    memory_latency: int,
    results: Path,
) -> Subject:
    """An experiment on an accelerator: its program's cycles and energies, its sizes, what was trained of it."""
    lowered = lower(experiment, config)
    program, activities = lowered.program, first_step_activities(lowered)
    estimate = simulate(config, program, memory_latency)
    cycles, activity = estimate.step.cycles, mean_activity(config, program, activities)
    energies = {table.name: step_energy(config, table, program, cycles, activities) for table in tables}
    problem, pairs = problem_shape(experiment.problem), stein_pairs(experiment)
    cost = estimate_step(experiment, problem, config, tables[0], memory_latency, activity)
    return Subject(
        experiment.name,
        _title(experiment),
        config,
        estimate,
        energies,
        sizes_of(experiment),
        pairs,
        variants.serial(config, tables, estimate, energies),
        variants.wide(config, tables, experiment, problem, memory_latency, activity),
        variants.like_for_like(config, tables, experiment, problem, memory_latency, activity, pairs),
        tuple(compare_forms(cost, estimate, energies[tables[0].name])),
        tuple(
            Accuracy(
                one.method,
                one.relative_l2,
                one.trivial_l2,
                one.steps,
                one.seeds,
                f"trained by `pinta accuracy`: {', '.join(one.files)}",
            )
            for one in kept_accuracies(results, experiment)
        ),
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
