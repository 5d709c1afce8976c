"""Figures of points, a batch at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment

from ..closed_form.cost import CostModel
from ..closed_form.estimate import step_cost
from ..closed_form.problem import ProblemShape
from ..closed_form.step import StepWork, step_work
from ..energy_table import EnergyTable
from .store import Outcome

Training = Callable[[Experiment], float]
"""Relative L2 error after a training."""


@dataclass(frozen=True)
class Short:
    """The trainings behind the objective ``accuracy``."""

    train: Training
    steps: int
    seeds: tuple[int, ...]

    def relative_l2(self, experiment: Experiment) -> float:
        """The median over the seeds."""
        return median(
            self.train(
                experiment.model_copy(
                    update={"training": experiment.training.model_copy(update={"steps": self.steps, "seed": seed})}
                )
            )
            for seed in self.seeds
        )


@dataclass(frozen=True)
class Batch:
    """Some points, and what all of them share.

    Parameters
    ----------
    keys : tuple of str
        Of the points.
    experiments, problems, configs : tuples
        What points are made of; ``places`` has the indices into experiments (and problems) and configs for each point.
    table : EnergyTable
    memory_latency : int
        Cycles.
    short : Short, optional
        Where accuracy is an objective.
    """

    keys: tuple[str, ...]
    experiments: tuple[Experiment, ...]
    problems: tuple[ProblemShape, ...]
    configs: tuple[AcceleratorConfig, ...]
    places: tuple[tuple[int, int], ...]
    table: EnergyTable
    memory_latency: int
    short: Short | None = None


def evaluate(batch: Batch) -> list[tuple[str, Outcome]]:
    """Figures of all points; a point that fails has its reason and does not stop the rest."""
    models = [CostModel(config, batch.memory_latency) for config in batch.configs]
    works: dict[int, StepWork] = {}
    return [
        (key, _outcome(batch, place, models[at], works))
        for key, (place, at) in zip(batch.keys, batch.places, strict=True)
    ]


def _outcome(batch: Batch, place: int, model: CostModel, works: dict[int, StepWork]) -> Outcome:
    experiment = batch.experiments[place]
    try:
        if place not in works:
            works[place] = step_work(experiment, batch.problems[place])
        cost = step_cost(model, batch.table, works[place])
        figures: dict[str, Any] = {
            "cycles": cost.cycles,
            "time": cost.time_us,
            "energy": cost.total_pj / 1e6,
            "chip_energy": cost.chip_pj / 1e6,
            "area": cost.total_area_um2 / 1e6,
            "array_busy": cost.busy_cycles["gemm"] / cost.cycles,
        }
        if batch.short is not None:
            figures["accuracy"] = batch.short.relative_l2(experiment)
        return figures
    except UserError as error:
        return {"failed": str(error)}
    except Exception as error:  # whatever is wrong with one point, the others go on
        return {"failed": f"{type(error).__name__}: {error}"}


UNITS = {
    "cycles": "cycles a step",
    "time": "us a step",
    "energy": "uJ a step",
    "chip_energy": "uJ a step, without the memory outside",
    "area": "mm2",
    "accuracy": "relative L2 error",
    "array_busy": "share of the step",
}
"""Of the figures."""
