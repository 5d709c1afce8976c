"""Where designs lie under their roofs: operations a second by operations a byte of the memory outside."""

from dataclasses import dataclass

from .comparison import Baseline, on_machine, workloads
from .subject import Subject, Surroundings
from .table import Column, Row, Table


@dataclass(frozen=True)
class Roof:
    """A machine.

    Parameters
    ----------
    name : str
        Of the machine.
    peak_gops : float
        Operations a nanosecond: FP32, or products of 8 x 8 bits and additions.
    bandwidth_gb_s : float
        To the memory outside.
    source : str
        Of both.
    """

    name: str
    peak_gops: float
    bandwidth_gb_s: float
    source: str


@dataclass(frozen=True)
class Point:
    """A step on a machine.

    Parameters
    ----------
    name, roof : str
        What runs on which machine.
    gops : float
        Operations a nanosecond: of the step's products as they are computed there.
    operations_per_byte : float
        Of the memory outside.
    source : str
        Of both.
    """

    name: str
    roof: str
    gops: float
    operations_per_byte: float
    source: str


def roofs(subject: Subject, surroundings: Surroundings) -> tuple[Roof, ...]:
    """Ours, the FP32 machine, and the GPUs."""
    config = subject.config
    port = 16 * config.clock_ghz
    ours = Roof(
        f"{config.name}, 8 x 8 bits",
        2 * config.units * 64 / 2 * config.clock_ghz,
        port,
        "block units x 64 multipliers of 4 x 8 bits; a beat of 128 bits a cycle",
    )
    machine = surroundings.machine
    other = Roof(str(machine), 2 * machine.elements * config.clock_ghz, port, "processing elements; the same port")
    gpus = tuple(
        Roof(one.name, 1e3 * one.peak_tflops, one.bandwidth_gb_s, one.source) for one in surroundings.gpus.gpus
    )
    return (ours, other, *gpus)


def points(subject: Subject, surroundings: Surroundings, found: tuple[Baseline, ...]) -> tuple[Point, ...]:
    """The step on our machine, and the baselines on theirs."""
    ours, other, *_ = roofs(subject, surroundings)
    events = next(iter(subject.energies.values())).events
    step = subject.estimate.step
    # An operation of 8 x 8 bits is two products of 4 x 8 bits; those of padding and idle units count as none.
    needed = subject.estimate.array_utilization * step.cycles * subject.config.units * 64 / 2 * 2
    size = 16 * events.get("beats outside", 0)
    time_ns = subject.cost.time_us * 1e3
    result = [
        Point(
            subject.name,
            ours.name,
            needed / time_ns,
            needed / max(1, size),
            "useful block-unit cycles of the program, beats of its transfers",
        )
    ]
    for workload in workloads(subject):
        best = on_machine(surroundings, workload)[surroundings.tables[0].name].fastest
        gops = workload.flops / best.time_us / 1e3
        result.append(
            Point(
                workload.method, other.name, gops, workload.flops / max(1, best.outside_bytes), "its fastest schedule"
            )
        )
    return tuple(result)


def roofline_table(subject: Subject, surroundings: Surroundings, found: tuple[Baseline, ...]) -> Table:
    """The points and, above them, the roofs."""
    peaks = {roof.name: roof for roof in roofs(subject, surroundings)}
    rows = []
    for point in points(subject, surroundings, found):
        roof = peaks[point.roof]
        reach = min(roof.peak_gops, roof.bandwidth_gb_s * point.operations_per_byte)
        rows.append(
            Row(
                (point.name, roof.name, point.operations_per_byte, point.gops, reach, 100 * point.gops / reach),
                f"{point.source}; roof: {roof.source}",
            )
        )
    return Table(
        f"{subject.name}-roofline",
        "Roofline",
        (
            Column("step"),
            Column("machine"),
            Column("intensity", "operations a byte outside"),
            Column("reached", "Gop/s"),
            Column("roof", "Gop/s"),
            Column("of the roof", "%"),
        ),
        tuple(rows),
        ("operations differ: 8 x 8 bits on ours, FP32 on the others; ours does fewer of them for the same step",),
    )
