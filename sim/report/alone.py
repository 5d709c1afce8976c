"""Baselines by themselves: their work, and what it costs."""

from collections.abc import Sequence

from ..baselines.forward_laplacian import forward_laplacian
from ..baselines.nested import nested_reverse
from ..baselines.network import Sizes
from ..baselines.stein import stein
from ..baselines.workload import Workload
from .assumptions import machine_table
from .comparison import Baseline, baselines_of, on_machine
from .subject import Surroundings
from .table import Column, Row, Table, Value


def alone_tables(sizes: Sizes, pairs: int, surroundings: Surroundings) -> tuple[Table, ...]:
    """Work, the FP32 machine, its schedules, and time and energy everywhere.

    Parameters
    ----------
    sizes : Sizes
        Network and batch; layers are taken as dense ones.
    pairs : int
        Of Stein's directions.
    surroundings : Surroundings
        Energy tables and machines.
    """
    dense = sizes.dense()
    work = nested_reverse(dense), forward_laplacian(dense), stein(dense, pairs)
    return (
        _work_table(sizes.name, work),
        machine_table(surroundings),
        _schedule_table(sizes.name, work, surroundings),
        _cost_table(sizes.name, baselines_of(work, surroundings), surroundings),
    )


def _work_table(name: str, work: Sequence[Workload]) -> Table:
    rows = [
        Row(
            (
                one.method,
                one.macs / 1e6,
                one.flops / 1e9,
                one.functions / 1e6,
                4 * one.words / 1e6,
                len(one.products),
                one.launches,
            ),
            f"sim/baselines: the method's equations, layer by layer; {one.parameters:,} parameters",
        )
        for one in work
    ]
    return Table(
        f"{name}-work",
        f"Work of a step of {name}: FP32, dense layers",
        (
            Column("method"),
            Column("multiply-adds", "millions"),
            Column("operations", "Gflop"),
            Column("functions", "millions"),
            Column("read and written", "MB"),
            Column("products", "count"),
            Column("kernels", "count"),
        ),
        tuple(rows),
        ("kernels: each product with what follows it fused in; a compiler needs more of them",),
    )


def _schedule_table(name: str, work: Sequence[Workload], surroundings: Surroundings) -> Table:
    table = surroundings.tables[0].name
    rows = []
    for workload in work:
        best = on_machine(surroundings, workload)[table]
        for label, one in (("fastest", best.fastest), ("least energy", best.thriftiest)):
            schedule = one.schedule
            rows.append(
                Row(
                    (
                        workload.method,
                        label,
                        schedule.handling,
                        f"{schedule.points} points, {schedule.directions} directions",
                        ", ".join(schedule.resident) or "nothing",
                        one.cycles,
                        100 * one.array_utilization,
                        100 * one.utilization,
                        one.outside_bytes / 1e6,
                    ),
                    "sim/baselines/schedule.py and systolic.py",
                )
            )
    return Table(
        f"{name}-schedules",
        f"Schedules on {surroundings.machine}, energies by {table}",
        (
            Column("method"),
            Column("schedule"),
            Column("rows of directions"),
            Column("chunk"),
            Column("stays on the chip"),
            Column("a step", "cycles"),
            Column("array busy", "% of its cycles"),
            Column("needed", "% of all cycles"),
            Column("outside", "MB"),
        ),
        tuple(rows),
    )


def _cost_table(name: str, found: tuple[Baseline, ...], surroundings: Surroundings) -> Table:
    columns = [Column("method"), Column("platform"), Column("assumption"), Column("time", "us")]
    columns += [Column(f"energy, {table.name}", "uJ") for table in surroundings.tables]
    rows = []
    for one in found:
        values: list[Value] = [one.method, one.platform, one.variant, one.time_us]
        rows.append(Row((*values, *(one.energy_uj[table.name] for table in surroundings.tables)), one.source))
    return Table(f"{name}-costs", f"A step of {name} elsewhere", tuple(columns), tuple(rows))
