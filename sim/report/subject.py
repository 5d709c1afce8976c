"""What a report is about: one experiment on one accelerator, and what it is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass

from pinta_hw.spec.config import AcceleratorConfig

from ..baselines.gpu import Gpus, check_fraction
from ..baselines.machine import FloatMachine
from ..baselines.network import Sizes
from ..closed_form.comparison import Compared
from ..energy_table import EnergyTable
from ..program import ProgramEstimate
from ..program_energy import StepEnergy


@dataclass(frozen=True)
class Cost:
    """Time and energies of a step.

    Parameters
    ----------
    time_us : float
        At the accelerator's clock.
    energy_uj, chip_uj : mapping of str to float
        By energy table, with and without the memory outside.
    source : str
        How it was found.
    limit : str
        What decides the time.
    """

    time_us: float
    energy_uj: Mapping[str, float]
    chip_uj: Mapping[str, float]
    source: str
    limit: str


@dataclass(frozen=True)
class Accuracy:
    """A trained result.

    Parameters
    ----------
    method : str
        Row of the accuracy table.
    relative_l2, trivial_l2 : float
        Median over the seeds, and the best trivial predictor's.
    steps, seeds : int
        Trained steps, and trainings.
    source : str
        Files of the results.
    """

    method: str
    relative_l2: float
    trivial_l2: float
    steps: int
    seeds: int
    source: str


@dataclass(frozen=True)
class Subject:
    """One experiment.

    Parameters
    ----------
    name, title : str
        Of the experiment, and in words.
    config : AcceleratorConfig
        On what it runs.
    estimate : ProgramEstimate
        Of its program.
    energies : mapping of str to StepEnergy
        By energy table.
    sizes : Sizes
        Network and batch, with tensor trains where the experiment has them.
    pairs : int
        Antithetic pairs of directions of the Stein baseline.
    serial : Cost
        The same program with one unit working at a time.
    wide : Cost
        The same with 16 bits in each role.
    like_for_like : Cost
        ``diffquant`` with as many pairs as the Stein baseline.
    closed_form : tuple of Compared
        What the closed form, which ``wide`` and ``like_for_like`` rest on, says of the experiment itself.
    accuracies : tuple of Accuracy
        What was trained of this problem.
    """

    name: str
    title: str
    config: AcceleratorConfig
    estimate: ProgramEstimate
    energies: Mapping[str, StepEnergy]
    sizes: Sizes
    pairs: int
    serial: Cost
    wide: Cost
    like_for_like: Cost
    closed_form: tuple[Compared, ...]
    accuracies: tuple[Accuracy, ...] = ()

    @property
    def cost(self) -> Cost:
        """Of a step as it is."""
        return Cost(
            self.estimate.time_us(self.estimate.step.cycles),
            {name: one.total_pj / 1e6 for name, one in self.energies.items()},
            {name: one.chip_pj / 1e6 for name, one in self.energies.items()},
            OURS_SOURCE,
            f"ours: array busy {self._busy('gemm'):.0f} % of a step, elementwise unit "
            f"{self._busy('elementwise'):.0f} %, block units {100 * self.estimate.array_utilization:.0f} % needed",
        )

    @property
    def largest_parts(self) -> str:
        """The two parts that spend most, by the first energy table."""
        energy = next(iter(self.energies.values()))
        first, second, *_ = sorted(energy.parts_pj, key=lambda name: -energy.parts_pj[name])
        shares = (f"{name} {energy.parts_pj[name] / energy.total_pj:.0%}" for name in (first, second))
        return f"of ours, by {energy.table}: {', '.join(shares)}"

    def _busy(self, unit: str) -> float:
        return 100 * self.estimate.step.units[unit].busy_cycles / self.estimate.step.cycles


@dataclass(frozen=True)
class Surroundings:
    """What all experiments are compared with.

    Parameters
    ----------
    tables : tuple of EnergyTable
        The first one is shown where only one can be.
    machine, train_machine : FloatMachine
        FP32, of the accelerator's area: split between array and lanes for dense layers, and for the experiments' own.
    gpus : Gpus
        By roofline.
    fraction : float
        Of a GPU's peak that is called realistic.

    Raises
    ------
    UserError
        If the fraction is not possible.
    """

    tables: tuple[EnergyTable, ...]
    machine: FloatMachine
    train_machine: FloatMachine
    gpus: Gpus
    fraction: float

    def __post_init__(self) -> None:
        check_fraction(self.fraction)


OURS_SOURCE = (
    "cycles of the lowered program, which are those of the RTL (`pinta cycles`); energy: counted events times the table"
)
