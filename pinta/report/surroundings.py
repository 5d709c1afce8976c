"""What a report's experiments are compared with."""

from collections.abc import Sequence

from pinta_hw.spec.config import AcceleratorConfig
from sim.baselines.forward_laplacian import forward_laplacian
from sim.baselines.gpu import load_gpus
from sim.baselines.machine import replaced_um2
from sim.baselines.nested import nested_reverse
from sim.baselines.network import Sizes
from sim.baselines.sizing import same_area_machine
from sim.energy_table import EnergyTable
from sim.report.subject import Surroundings


def surroundings_of(
    config: AcceleratorConfig, tables: Sequence[EnergyTable], sizes: Sequence[Sizes], fraction: float | None
) -> Surroundings:
    """Energy tables, the FP32 machines of the accelerator's area that suit these networks best, and GPUs.

    Parameters
    ----------
    config : AcceleratorConfig
        Whose area the FP32 machine has.
    tables : sequence of EnergyTable
        At least one.
    sizes : sequence of Sizes
        Networks and batches.
    fraction : float or None
        Of a GPU's peak; that of the package's file where None.

    Raises
    ------
    UserError
        If the area holds no FP32 machine, or the fraction is not possible.
    """
    dense = [one.dense() for one in sizes]
    work = [method(one) for one in dense for method in (nested_reverse, forward_laplacian)]
    own = [forward_laplacian(one) for one in sizes]
    area = replaced_um2(config)
    machines = same_area_machine(config, area, work), same_area_machine(config, area, own)
    gpus = load_gpus()
    return Surroundings(tuple(tables), *machines, gpus, gpus.realistic_fraction if fraction is None else fraction)
