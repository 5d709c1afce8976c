"""The closed form beside the cycle model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..program import ProgramEstimate
from ..program_energy import StepEnergy
from .estimate import StepCost


@dataclass(frozen=True)
class Compared:
    """A quantity of a step, estimated and exact."""

    quantity: str
    unit: str
    closed_form: float
    exact: float

    @property
    def error(self) -> float:
        """Of the estimate, relative; 0 where both are 0."""
        return self.closed_form / self.exact - 1 if self.exact else 0.0


def compare(cost: StepCost, estimate: ProgramEstimate, energy: StepEnergy) -> list[Compared]:
    """Cycles, busy cycles of the units, and energy of a compiled step beside its closed form."""
    found = [Compared("a step", "cycles", cost.cycles, estimate.step.cycles)]
    for name, unit in estimate.step.units.items():
        found.append(Compared(f"{name} busy", "cycles", cost.busy_cycles[name], unit.busy_cycles))
    found.append(Compared("energy of a step", "uJ", cost.total_pj / 1e6, energy.total_pj / 1e6))
    found.append(Compared("without outside memory", "uJ", cost.chip_pj / 1e6, energy.chip_pj / 1e6))
    return found


@dataclass(frozen=True)
class ErrorDistribution:
    """Of relative errors: how many, the median and the nine tenths of their magnitudes, the extremes."""

    count: int
    median: float
    nine_tenths: float
    lowest: float
    highest: float

    @staticmethod
    def of(errors: Sequence[float]) -> "ErrorDistribution":
        """Of some errors, at least one."""
        sizes = np.abs(errors)
        return ErrorDistribution(
            len(errors), float(np.median(sizes)), float(np.quantile(sizes, 0.9)), min(errors), max(errors)
        )
