"""What all figures of a report rest on."""

from collections.abc import Sequence

from ..area import area_table
from ..baselines.machine import float_parts, replaced_um2
from ..closed_form.estimate import ASSUMPTION
from ..events import ZEROS_COUNTED
from .subject import Subject, Surroundings
from .table import Column, Row, Table

_COMPARED = "both by `pinta cycles --closed-form`; energies by the first table"


def machine_table(surroundings: Surroundings) -> Table:
    """What the FP32 machines are made of, and the area that they have."""
    parts, source = float_parts(), area_table().source
    rows = []
    for use, machine in (("dense layers", surroundings.machine), ("tensor trains", surroundings.train_machine)):
        areas = machine.area_um2(parts)
        counts = {
            "array": f"{machine.rows} x {machine.columns} multiply-adds a cycle",
            "epilogue lanes": f"{machine.epilogue_lanes} multiply-adds a cycle",
            "function lanes": f"{machine.function_lanes} activation functions a cycle",
            "update lanes": f"{machine.update_lanes} parameters a cycle",
        }
        rows += [Row((use, name, counts[name], area), source) for name, area in areas.items()]
        rows.append(Row((use, "together", "", sum(areas.values())), source))
    config = surroundings.machine.config
    what = "GEMM, elementwise, convert, update"
    rows.append(Row((config.name, "the same parts", what, replaced_um2(config)), source))
    return Table(
        "fp32-machine",
        f"The FP32 machine in the area of {config.name}",
        (Column("for"), Column("part"), Column("how much"), Column("area", "um2")),
        tuple(rows),
        (
            f"memories, port, clock, control, residual unit and switches are those of {config.name}",
            "of all splits between array and lanes, the one with the smallest mean time over the report's experiments",
            "baselines are dense; the split for tensor trains serves the attribution alone",
        ),
    )


def closed_form_table(subjects: Sequence[Subject]) -> Table:
    """The closed form of each experiment beside its program: how far off designs are that only it prices."""
    rows = [
        Row((subject.name, one.quantity, one.closed_form, one.exact, 100 * one.error, one.unit), _COMPARED)
        for subject in subjects
        for one in subject.closed_form
    ]
    return Table(
        "closed-form",
        "The closed form beside the cycle model",
        (
            Column("experiment"),
            Column("quantity"),
            Column("closed form", "see unit"),
            Column("cycle model", "see unit"),
            Column("error", "%"),
            Column("unit"),
        ),
        tuple(rows),
        (
            "the closed form prices designs that are not compiled: 16 bits in each role, and diffquant like for like",
            ASSUMPTION,
        ),
    )


def source_table(subjects: Sequence[Subject], surroundings: Surroundings) -> Table:
    """Sources and assumptions, in words."""
    rows = [
        Row(("cycles", "exact: those of the RTL, with a memory of fixed latency"), "docs/models.md"),
        Row(("energy", "events counted in closed form, times a table; a range over the tables"), "docs/models.md"),
        Row(("energy of products", f"{ZEROS_COUNTED}; their mean share in designs in closed form"), "docs/models.md"),
        Row(("energy of GPUs", "the board's power times the time, at all loads"), "docs/baselines.md"),
        Row(
            ("realistic GPU", f"{surroundings.fraction:.0%} of peak rate and bandwidth"),
            surroundings.gpus.realistic_fraction_source,
        ),
        Row(("area", area_table().name), area_table().source),
    ]
    for table in surroundings.tables:
        rows.append(Row((f"energy table {table.name}", f"{table.node_nm:g} nm"), table.source))
        rows += [Row((f"not in {table.name}", text), table.source) for text in table.excluded]
    for gpu in surroundings.gpus.gpus:
        rows.append(Row((gpu.name, f"{gpu.power_w:g} W: {gpu.power_source}"), gpu.source))
        rows.append(Row((gpu.name, f"{gpu.launch_us:g} us a launch: {gpu.launch_source}"), gpu.source))
    for subject in subjects:
        latency = subject.estimate.memory_latency_cycles
        rows.append(Row((subject.name, f"memory of {latency} cycles; {subject.title}"), "the experiment file"))
    return Table("assumptions", "Assumptions and sources", (Column("of what"), Column("assumption")), tuple(rows))
