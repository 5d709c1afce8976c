"""The FP32 machine that stands beside an accelerator: of all that fit its area, the fastest over given steps."""

from collections.abc import Sequence
from math import prod

from pinta_hw.spec.config import AcceleratorConfig

from .machine import FloatMachine, float_parts, machines_within
from .systolic import fastest_cycles
from .workload import Workload


def same_area_machine(config: AcceleratorConfig, budget_um2: float, workloads: Sequence[Workload]) -> FloatMachine:
    """The machine with the smallest geometric mean of times.

    Parameters
    ----------
    config : AcceleratorConfig
        Whose memories, clock and port it has.
    budget_um2 : float
        Area of its array and lanes (um2).
    workloads : sequence of Workload
        What it is chosen for.

    Raises
    ------
    UserError
        If no machine fits.
    """
    candidates = machines_within(config, float_parts(), budget_um2)
    return min(candidates, key=lambda one: prod(fastest_cycles(one, work) for work in workloads))
