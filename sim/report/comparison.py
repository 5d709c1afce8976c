"""One experiment beside every baseline."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..baselines.forward_laplacian import forward_laplacian
from ..baselines.gpu import on_gpu
from ..baselines.machine import FloatMachine
from ..baselines.nested import nested_reverse
from ..baselines.stein import stein
from ..baselines.systolic import BestEstimate, estimate
from ..baselines.workload import Workload
from .attribution import Design
from .subject import Cost, Subject, Surroundings

Kind = Literal["machine", "edge", "workstation"]
NO_LAUNCHES = "roofline at peak, no launches"
"""A GPU that nobody has: the bound of what launching less can gain."""


@dataclass(frozen=True)
class Baseline:
    """A method on a machine that is not ours.

    Parameters
    ----------
    method, platform, variant : str
        What runs on what, and by which assumption.
    kind : str
        ``machine``, ``edge`` or ``workstation``.
    time_us : float
        Of a step.
    energy_uj : mapping of str to float
        By energy table.
    chip_uj : mapping of str to float or None
        Without the memory outside, where that is known.
    utilization : float or None
        Of the array by its fastest schedule, while it works.
    source : str
        How it was found.
    """

    method: str
    platform: str
    variant: str
    kind: Kind
    time_us: float
    energy_uj: Mapping[str, float]
    chip_uj: Mapping[str, float] | None
    utilization: float | None
    source: str


def workloads(subject: Subject) -> tuple[Workload, Workload, Workload]:
    """Nested reverse mode, forward Laplacian, Stein: FP32 and dense."""
    dense = subject.sizes.dense()
    return nested_reverse(dense), forward_laplacian(dense), stein(dense, subject.pairs)


def on_machine(
    surroundings: Surroundings, workload: Workload, machine: FloatMachine | None = None
) -> Mapping[str, BestEstimate]:
    """A workload on an FP32 machine, by energy table; on that for dense layers where none is given."""
    chosen = machine or surroundings.machine
    return {table.name: estimate(chosen, table, workload) for table in surroundings.tables}


def baselines(subject: Subject, surroundings: Surroundings) -> tuple[Baseline, ...]:
    """All baselines of an experiment."""
    return baselines_of(workloads(subject), surroundings)


def baselines_of(work: tuple[Workload, Workload, Workload], surroundings: Surroundings) -> tuple[Baseline, ...]:
    """Nested reverse mode, forward Laplacian and Stein on the FP32 machine; the first two on GPUs."""
    nested, forward, by_stein = work
    found = [_machine(surroundings, workload) for workload in (nested, forward, by_stein)]
    for gpu in surroundings.gpus.gpus:
        for workload in (nested, forward):
            for fraction, launches, variant in (
                (1.0, False, NO_LAUNCHES),
                (1.0, True, f"peak, {gpu.launch_us:g} us a launch"),
                (surroundings.fraction, True, f"{surroundings.fraction:.0%} of peak, {gpu.launch_us:g} us a launch"),
            ):
                one = on_gpu(gpu, workload, fraction, launches=launches)
                source = f"roofline; {gpu.source}; {gpu.power_w:g} W, {gpu.power_source}"
                energy = {table.name: one.energy_uj for table in surroundings.tables}
                found.append(Baseline(one.method, gpu.name, variant, gpu.kind, one.time_us, energy, None, None, source))
    return tuple(found)


def _machine(surroundings: Surroundings, workload: Workload) -> Baseline:
    best = on_machine(surroundings, workload)
    first = best[surroundings.tables[0].name]
    return Baseline(
        workload.method,
        f"{surroundings.machine}, same area",
        "fastest and thriftiest schedules",
        "machine",
        first.time_us,
        {name: one.energy_uj for name, one in best.items()},
        {name: one.chip_uj for name, one in best.items()},
        first.fastest.array_utilization,
        _MACHINE_SOURCE,
    )


_MACHINE_SOURCE = "sim/baselines/systolic.py: cycles of an output-stationary array, events times the same energy tables"


def designs(subject: Subject, surroundings: Surroundings) -> tuple[Design, ...]:
    """From nested reverse mode on the FP32 machine to ours, one change at a time."""
    dense = subject.sizes.dense()
    found = [
        _float_design(surroundings, nested_reverse(dense), "dense FP32, nested reverse mode, FP32 machine", ""),
        _float_design(
            surroundings, forward_laplacian(dense), "dense FP32, forward Laplacian, FP32 machine", "estimator"
        ),
    ]
    if dense != subject.sizes:
        found.append(
            _float_design(
                surroundings,
                forward_laplacian(subject.sizes),
                "tensor trains in FP32, forward Laplacian, FP32 machine split for them",
                "tensor trains",
                surroundings.train_machine,
            )
        )
    name, wide, serial, ours = subject.config.name, subject.wide, subject.serial, subject.cost
    found += [
        _own_design(f"SMX-16 in each role, {name}, one unit at a time", "SMX-16 and our units for FP32", wide),
        _own_design(f"widths of the experiment, {name}, one unit at a time", "widths of the experiment", serial),
        _own_design(f"ours: {subject.name} on {name}", "units at the same time", ours),
    ]
    return tuple(found)


def _own_design(name: str, change: str, cost: Cost) -> Design:
    return Design(name, change, cost.time_us, cost.energy_uj, cost.chip_uj, cost.source)


def _float_design(
    surroundings: Surroundings, workload: Workload, name: str, change: str, machine: FloatMachine | None = None
) -> Design:
    best = on_machine(surroundings, workload, machine)
    return Design(
        name,
        change,
        best[surroundings.tables[0].name].time_us,
        {table: one.energy_uj for table, one in best.items()},
        {table: one.chip_uj for table, one in best.items()},
        _MACHINE_SOURCE,
    )
