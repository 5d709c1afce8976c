"""All experiments in one table, and what was to be shown."""

from collections.abc import Sequence

from ..area import area_um2
from ..baselines.machine import replaced_um2
from .comparison import NO_LAUNCHES, Baseline
from .goals import EDGE, EDGE_LARGEST, LIKE_FOR_LIKE, SAME_AREA, Goal
from .subject import OURS_SOURCE, Subject, Surroundings
from .table import Column, Row, Table, Value

Compared = Sequence[tuple[Subject, tuple[Baseline, ...]]]


_EDGE_WHY = "the least is against the data sheet's peak, which such small kernels do not reach"
_LARGEST_WHY = (
    "the published range is against an unnamed platform; no edge GPU here is that slow, even at realistic rates"
)


def own_table(compared: Compared, surroundings: Surroundings) -> Table:
    """Ours alone."""
    columns = [Column("experiment"), Column("cycles of a step", "count"), Column("time", "us")]
    for table in surroundings.tables:
        columns += [Column(f"energy, {table.name}", "uJ"), Column("of the chip", "uJ")]
    rows = []
    for subject, _ in compared:
        ours = subject.cost
        values: list[Value] = [subject.name, subject.estimate.step.cycles, ours.time_us]
        for table in surroundings.tables:
            values += [ours.energy_uj[table.name], ours.chip_uj[table.name]]
        rows.append(Row(tuple(values), OURS_SOURCE))
    return Table("ours", "Ours: a training step", tuple(columns), tuple(rows))


def short_table(compared: Compared, surroundings: Surroundings) -> Table:
    """Each baseline's ratio to ours, in time, and in energy as a range over the tables; experiments side by side."""
    columns = [Column("baseline")]
    for subject, _ in compared:
        columns += [Column(f"{subject.name}: time", "x"), Column("energy", "x over the tables")]
    rows = []
    for index, one in enumerate(compared[0][1]):
        values: list[Value] = [_name(one)]
        for subject, found in compared:
            ours, same = subject.cost, found[index]
            ratios = [same.energy_uj[name] / ours.energy_uj[name] for name in ours.energy_uj]
            values += [same.time_us / ours.time_us, _range(ratios)]
        rows.append(Row(tuple(values), one.source))
    return Table(
        "headline",
        "Baselines to ours",
        tuple(columns),
        tuple(rows),
        (
            "above 1: ours needs less; the FP32 machine has ours' area and memories",
            f"energies by {', '.join(one.name for one in surroundings.tables)}",
        ),
    )


def like_table(compared: Compared, surroundings: Surroundings) -> Table:
    """Stein in FP32 beside ``diffquant`` with the same pairs, and beside ``jet``."""
    columns = [Column("experiment"), Column("pairs", "count"), Column("Stein, FP32", "us"), Column("diffquant", "us")]
    columns += [Column("time", "x"), Column("time to jet", "x")]
    for table in surroundings.tables:
        columns += [Column(f"energy, {table.name}", "x"), Column("of the chip", "x"), Column("energy to jet", "x")]
    rows = []
    for subject, found in compared:
        stein, like, ours = _stein(found), subject.like_for_like, subject.cost
        values: list[Value] = [subject.name, subject.pairs, stein.time_us, like.time_us]
        values += [stein.time_us / like.time_us, stein.time_us / ours.time_us]
        for table in surroundings.tables:
            name = table.name
            assert stein.chip_uj is not None
            values += [
                stein.energy_uj[name] / like.energy_uj[name],
                stein.chip_uj[name] / like.chip_uj[name],
                stein.energy_uj[name] / ours.energy_uj[name],
            ]
        rows.append(Row(tuple(values), like.source))
    return Table(
        "like-for-like",
        "Like for like: Stein in FP32 on the machine of the same area, to diffquant on ours",
        tuple(columns),
        tuple(rows),
        ("jet computes the same derivatives from far fewer rows, which is why it stands apart",),
    )


def goal_table(compared: Compared, surroundings: Surroundings) -> Table:
    """Each goal, what was reached, and where."""
    rows = []
    for goal in EDGE:
        for subject, ratios in _ratios(compared, goal, "edge"):
            realistic = _realistic(compared, subject, goal, surroundings.fraction)
            why = f"at {surroundings.fraction:.0%} of peak, at least {realistic:.3g}"
            rows.append(_judged(goal, subject.name, ratios, f"{_EDGE_WHY}; {why}"))
    for goal in EDGE_LARGEST:
        reached = [(subject.name, max(ratios)) for subject, ratios in _ratios(compared, goal, "edge")]
        name, best = max(reached, key=lambda one: one[1])
        rows.append(_judged(goal, f"largest: {name}", [best], _LARGEST_WHY))
    for goal in SAME_AREA:
        for subject, ratios in _ratios(compared, goal, "machine"):
            why = f"{subject.cost.limit}; {_area_share(subject)}" if goal.quantity == "time" else subject.largest_parts
            rows.append(_judged(goal, subject.name, ratios, why))
    for goal in LIKE_FOR_LIKE:
        for subject, found in compared:
            rows.append(_judged(goal, subject.name, _like(subject, found, goal), subject.like_for_like.limit))
    return Table(
        "goals",
        "Goals",
        (
            Column("against"),
            Column("experiment"),
            Column("quantity"),
            Column("goal", "x"),
            Column("least", "x"),
            Column("most", "x"),
            Column("met"),
            Column("why not"),
        ),
        tuple(rows),
        (
            "least and most: over edge GPUs at peak and at realistic rates, launches included, and over energy tables",
            "a goal is met where the least does, in part where the most does",
        ),
    )


def _area_share(subject: Subject) -> str:
    areas, given = area_um2(subject.config), replaced_um2(subject.config)
    unit, array = areas["elementwise unit"] / given, areas["array"] / given
    return f"of the area that becomes FP32, the elementwise unit is {unit:.0%} and the array {array:.0%}"


def _judged(goal: Goal, experiment: str, ratios: Sequence[float], why: str) -> Row:
    least, most = min(ratios), max(ratios)
    met = "yes" if least >= goal.wanted else "in part" if most >= goal.wanted else "no"
    reason = None if met == "yes" else why
    return Row((goal.against, experiment, goal.quantity, goal.wanted, least, most, met, reason), goal.source)


def _ratios(compared: Compared, goal: Goal, kind: str) -> list[tuple[Subject, list[float]]]:
    found = []
    for subject, all_of_it in compared:
        chosen = [
            one
            for one in all_of_it
            if one.kind == kind and one.method == "nested reverse" and one.variant != NO_LAUNCHES
        ]
        found.append((subject, [ratio for one in chosen for ratio in _ratio(goal, one, subject)]))
    return found


def _realistic(compared: Compared, subject: Subject, goal: Goal, fraction: float) -> float:
    """The least ratio over edge GPUs at the realistic fraction of their peak."""
    found = next(of_it for one, of_it in compared if one is subject)
    chosen = [
        one
        for one in found
        if one.kind == "edge" and one.method == "nested reverse" and one.variant.startswith(f"{fraction:.0%}")
    ]
    return min(ratio for one in chosen for ratio in _ratio(goal, one, subject))


def _ratio(goal: Goal, one: Baseline, subject: Subject) -> list[float]:
    ours = subject.cost
    if goal.quantity == "time":
        return [one.time_us / ours.time_us]
    return [one.energy_uj[name] / ours.energy_uj[name] for name in ours.energy_uj]


def _like(subject: Subject, found: tuple[Baseline, ...], goal: Goal) -> list[float]:
    like = subject.like_for_like
    stein = _stein(found)
    if goal.quantity == "time":
        return [stein.time_us / like.time_us]
    assert stein.chip_uj is not None
    totals = [stein.energy_uj[name] / like.energy_uj[name] for name in like.energy_uj]
    return totals + [stein.chip_uj[name] / like.chip_uj[name] for name in like.chip_uj]


def _stein(found: tuple[Baseline, ...]) -> Baseline:
    return next(one for one in found if one.method == "Stein")


def _name(one: Baseline) -> str:
    method = {"nested reverse": "nested AD"}.get(one.method, one.method)
    return f"{method}, {one.platform}" + ("" if one.kind == "machine" else f", {one.variant}")


def _range(values: Sequence[float]) -> str:
    def text(value: float) -> str:
        return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"

    least, most = text(min(values)), text(max(values))
    return least if least == most else f"{least} to {most}"
