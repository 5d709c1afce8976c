"""One experiment's tables."""

from ..area import area_table, area_um2
from .attribution import Design, factors, total
from .comparison import Baseline
from .subject import OURS_SOURCE, Subject, Surroundings
from .table import Column, Row, Table

_US, _UJ = "us", "uJ"


def step_table(subject: Subject, surroundings: Surroundings) -> Table:
    """Time and energy of a step, by energy table."""
    estimate, cost = subject.estimate, subject.cost
    cycles = "timing formulas of pinta_hw/spec, equal to the RTL (`pinta train-rtl`)"
    rows = [
        Row(("cycles of a step", estimate.step.cycles, "cycles"), cycles),
        Row(("time of a step", cost.time_us, f"us at {estimate.clock_ghz:g} GHz"), cycles),
        Row(("array utilization", 100 * estimate.array_utilization, "% of the block units' cycles"), cycles),
        Row(("trained parameters", subject.sizes.parameters, "numbers"), "the experiment file"),
    ]
    for table in surroundings.tables:
        rows.append(Row((f"energy of a step, {table.name}", cost.energy_uj[table.name], "uJ"), OURS_SOURCE))
        rows.append(Row((f"without outside memory, {table.name}", cost.chip_uj[table.name], "uJ"), OURS_SOURCE))
        watts = cost.chip_uj[table.name] / cost.time_us
        rows.append(Row((f"power of the chip, {table.name}", watts, "W, mean over a step"), OURS_SOURCE))
    return Table(
        f"{subject.name}-step",
        f"A step of {subject.name} on {subject.config.name}",
        (Column("quantity"), Column("value", "see unit"), Column("unit")),
        tuple(rows),
    )


def baseline_table(subject: Subject, surroundings: Surroundings, found: tuple[Baseline, ...]) -> Table:
    """Every baseline, and its ratio to ours in time and, by energy table, in energy."""
    ours = subject.cost
    columns = [
        Column("method"),
        Column("platform"),
        Column("assumption"),
        Column("time", _US),
        Column("to ours", "x"),
    ]
    for table in surroundings.tables:
        columns += [Column(f"energy, {table.name}", _UJ), Column("to ours", "x"), Column("chip alone to ours", "x")]
    columns.append(Column("array utilization", "%"))
    first: list[str | float | int | None] = ["ours", subject.config.name, subject.name, ours.time_us, 1.0]
    for table in surroundings.tables:
        first += [ours.energy_uj[table.name], 1.0, 1.0]
    rows = [Row((*first, 100 * subject.estimate.array_utilization), OURS_SOURCE)]
    for one in found:
        values: list[str | float | int | None] = [
            one.method,
            one.platform,
            one.variant,
            one.time_us,
            one.time_us / ours.time_us,
        ]
        for table in surroundings.tables:
            name = table.name
            chip = one.chip_uj[name] / ours.chip_uj[name] if one.chip_uj else None
            values += [one.energy_uj[name], one.energy_uj[name] / ours.energy_uj[name], chip]
        values.append(100 * one.utilization if one.utilization is not None else None)
        rows.append(Row(tuple(values), one.source))
    return Table(
        f"{subject.name}-baselines",
        f"{subject.name} beside every baseline",
        tuple(columns),
        tuple(rows),
        (
            "the FP32 machine's time is its fastest schedule's, its energies its thriftiest ones'; none has all",
            "a GPU's energy is the power stated times the time; it does not depend on the energy table",
            f"Stein: {subject.pairs:,} antithetic pairs of directions a point, as the cited work",
        ),
    )


def attribution_table(subject: Subject, surroundings: Surroundings, designs: tuple[Design, ...]) -> Table:
    """The gain over nested reverse mode on the FP32 machine, factor by factor."""
    columns = [Column("design"), Column("change"), Column("time", _US), Column("factor", "x")]
    for table in surroundings.tables:
        columns += [Column(f"energy, {table.name}", _UJ), Column("factor", "x"), Column("factor of the chip", "x")]
    rows = []
    for index, design in enumerate(designs):
        factor = factors(designs)[index - 1] if index else None
        values: list[str | float | int | None] = [
            design.name,
            design.change or "-",
            design.time_us,
            factor.time if factor else None,
        ]
        for table in surroundings.tables:
            values += [
                design.energy_uj[table.name],
                factor.energy[table.name] if factor else None,
                factor.chip[table.name] if factor else None,
            ]
        rows.append(Row(tuple(values), design.source))
    product = total(designs)
    last: list[str | float | int | None] = ["all factors multiplied", product.change, None, product.time]
    for table in surroundings.tables:
        last += [None, product.energy[table.name], product.chip[table.name]]
    rows.append(
        Row(tuple(last), "the product of the factors above, which is the first design's cost over the last one's")
    )
    return Table(
        f"{subject.name}-attribution",
        f"Where the gain of {subject.name} comes from",
        tuple(columns),
        tuple(rows),
        (
            "one thing changes from row to row; another order gives other factors and the same product",
            "that units work at the same time saves time and, in tables without leakage, no energy",
        ),
    )


def unit_table(subject: Subject, surroundings: Surroundings) -> Table:
    """Units: how long they work, what they wait for, their energy."""
    step = subject.estimate.step
    columns = [Column("unit"), Column("instructions", "count"), Column("busy", "cycles"), Column("busy", "% of a step")]
    columns += [Column("waits longest for"), Column("that long", "cycles")]
    columns += [Column(f"energy, {table.name}", "nJ") for table in surroundings.tables]
    rows = []
    for name, unit in step.units.items():
        longest = unit.waits_longest_for
        energies = [subject.energies[table.name].units_pj.get(name, 0.0) / 1e3 for table in surroundings.tables]
        busy = 100 * unit.busy_cycles / step.cycles
        values = (name, unit.instructions, unit.busy_cycles, busy, longest or "-")
        rows.append(Row((*values, unit.wait_cycles[longest] if longest else None, *energies), OURS_SOURCE))
    return Table(f"{subject.name}-units", "By unit", tuple(columns), tuple(rows))


def phase_table(subject: Subject, surroundings: Surroundings) -> Table:
    """Phases, which overlap."""
    step = subject.estimate.step
    columns = [Column("phase"), Column("instructions", "count"), Column("active", "cycles"), Column("of a step", "%")]
    columns += [Column(f"energy, {table.name}", "nJ") for table in surroundings.tables]
    rows = [
        Row(
            (
                name,
                phase.instructions,
                phase.active_cycles,
                100 * phase.active_cycles / step.cycles,
                *(subject.energies[table.name].phases_pj[name] / 1e3 for table in surroundings.tables),
            ),
            OURS_SOURCE,
        )
        for name, phase in step.phases.items()
    ]
    notes = ("phases overlap, so that active cycles add up to more than a step",)
    return Table(f"{subject.name}-phases", "By phase", tuple(columns), tuple(rows), notes)


def part_table(subject: Subject, surroundings: Surroundings) -> Table:
    """Energy by part of the machine, and its sum."""
    columns = [Column("part")]
    for table in surroundings.tables:
        columns += [Column(f"energy, {table.name}", "nJ"), Column("share", "%")]
    names = list(dict.fromkeys(name for one in subject.energies.values() for name in one.parts_pj))
    rows = []
    for name in (*names, None):
        values: list[str | float | int | None] = [name or "together"]
        for table in surroundings.tables:
            energy = subject.energies[table.name]
            part = energy.total_pj if name is None else energy.parts_pj.get(name, 0.0)
            values += [part / 1e3, 100 * part / energy.total_pj]
        rows.append(Row(tuple(values), OURS_SOURCE))
    return Table(f"{subject.name}-parts", "Energy by part", tuple(columns), tuple(rows))


def accuracy_table(subject: Subject, surroundings: Surroundings, found: tuple[Baseline, ...]) -> Table:
    """What was trained of this problem and network, and what such trainings cost where the design is priced here."""
    table = surroundings.tables[0].name
    forward = next(one for one in found if one.kind == "machine" and one.method == "forward Laplacian")
    ranks = {layer.train.ranks for layer in subject.sizes.layers if layer.train}
    own = {f"ours, rank {max(max(one) for one in ranks)}"} if ranks else {"ours, dense"}
    rows = []
    for one in subject.accuracies:
        energy = None
        if one.method in own:
            energy = subject.cost.energy_uj[table] * one.steps / 1e3
        elif one.method == "FP32 dense AD":
            energy = forward.energy_uj[table] * one.steps / 1e3
        error = 100 * one.relative_l2
        values = (one.method, error, 100 * one.trivial_l2, one.steps, one.seeds, energy)
        rows.append(Row(values, one.source))
    return Table(
        f"{subject.name}-accuracy",
        "Accuracy beside energy",
        (
            Column("method"),
            Column("relative L2 error, median", "%"),
            Column("best trivial predictor", "%"),
            Column("steps", "count"),
            Column("seeds", "count"),
            Column(f"energy of the training, {table}", "mJ"),
        ),
        tuple(rows),
        (
            "energy of FP32 dense AD: the forward Laplacian, whose gradients are the same, on the FP32 machine",
            "methods without an energy are not the design that this report prices",
        ),
    )


def area_rows(subject: Subject) -> Table:
    """Area by part."""
    source = area_table().source
    areas = area_um2(subject.config)
    whole = sum(areas.values())
    rows = [Row((name, area, 100 * area / whole), source) for name, area in areas.items()]
    rows.append(Row(("together", whole, 100.0), source))
    return Table(
        f"{subject.config.name}-area",
        f"Area of {subject.config.name}",
        (Column("part"), Column("area", "um2"), Column("share", "%")),
        tuple(rows),
        tuple(f"not included: {one}" for one in area_table().excluded),
    )
