"""All experiments in one table, and what was to be shown."""

from collections.abc import Sequence

from .comparison import Baseline
from .goals import EDGE, EDGE_LARGEST, LIKE_FOR_LIKE, SAME_AREA, Goal
from .subject import OURS_SOURCE, Subject, Surroundings
from .table import Column, Row, Table, Value

Compared = Sequence[tuple[Subject, tuple[Baseline, ...]]]


def headline_table(compared: Compared, surroundings: Surroundings, table: str) -> Table:
    """Ours, and the ratio of each baseline to it in time and energy, by one energy table."""
    columns = [Column("experiment"), Column("ours, time", "us"), Column("ours, energy", "uJ")]
    platforms = [(one.method, one.platform, one.variant) for one in compared[0][1]]
    for method, platform, variant in platforms:
        name = f"{method}, {platform}" + ("" if "schedule" in variant else f", {variant}")
        columns += [Column(f"{name}: time", "x"), Column("energy", "x")]
    rows = []
    for subject, found in compared:
        ours = subject.cost
        values: list[Value] = [subject.name, ours.time_us, ours.energy_uj[table]]
        for one in found:
            values += [one.time_us / ours.time_us, one.energy_uj[table] / ours.energy_uj[table]]
        rows.append(Row(tuple(values), OURS_SOURCE))
    return Table(f"headline-{table}", f"Baselines to ours, energies by {table}", tuple(columns), tuple(rows))


def short_table(compared: Compared, surroundings: Surroundings) -> Table:
    """The ratios that one asks for first: time, and energy as a range over the tables."""
    columns = [Column("experiment"), Column("ours, time", "us"), Column("ours, energy", "uJ over the tables")]
    chosen = _chosen(compared[0][1])
    for one in chosen:
        columns += [Column(f"{_short(one)}: time", "x"), Column("energy", "x over the tables")]
    rows = []
    for subject, found in compared:
        ours = subject.cost
        values: list[Value] = [subject.name, ours.time_us, _range(list(ours.energy_uj.values()))]
        for one in _chosen(found):
            ratios = [one.energy_uj[name] / ours.energy_uj[name] for name in ours.energy_uj]
            values += [one.time_us / ours.time_us, _range(ratios)]
        rows.append(Row(tuple(values), OURS_SOURCE))
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


def goal_table(compared: Compared, surroundings: Surroundings) -> Table:
    """Each goal, what was reached, and where."""
    rows = []
    for goal in EDGE:
        rows += [_judged(goal, subject.name, ratios) for subject, ratios in _ratios(compared, goal, "edge")]
    for goal in EDGE_LARGEST:
        reached = [(subject.name, max(ratios)) for subject, ratios in _ratios(compared, goal, "edge")]
        name, best = max(reached, key=lambda one: one[1])
        rows.append(_judged(goal, f"largest: {name}", [best]))
    for goal in SAME_AREA:
        rows += [_judged(goal, subject.name, ratios) for subject, ratios in _ratios(compared, goal, "machine")]
    for goal in LIKE_FOR_LIKE:
        rows += [
            _judged(goal, subject.name, _like(subject, found, goal))
            for subject, found in compared
            if subject.like_for_like is not None
        ]
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
        ),
        tuple(rows),
        (
            "least and most: over edge GPUs, with and without launches, at peak and realistic rates, and energy tables",
            "a goal is met where the least does, in part where the most does",
        ),
    )


def _judged(goal: Goal, experiment: str, ratios: Sequence[float]) -> Row:
    least, most = min(ratios), max(ratios)
    met = "yes" if least >= goal.wanted else "in part" if most >= goal.wanted else "no"
    return Row((goal.against, experiment, goal.quantity, goal.wanted, least, most, met), goal.source)


def _ratios(compared: Compared, goal: Goal, kind: str) -> list[tuple[Subject, list[float]]]:
    found = []
    for subject, all_of_it in compared:
        chosen = [one for one in all_of_it if one.kind == kind and one.method == "nested reverse"]
        found.append((subject, [ratio for one in chosen for ratio in _ratio(goal, one, subject)]))
    return found


def _ratio(goal: Goal, one: Baseline, subject: Subject) -> list[float]:
    ours = subject.cost
    if goal.quantity == "time":
        return [one.time_us / ours.time_us]
    return [one.energy_uj[name] / ours.energy_uj[name] for name in ours.energy_uj]


def _like(subject: Subject, found: tuple[Baseline, ...], goal: Goal) -> list[float]:
    like = subject.like_for_like
    assert like is not None
    stein = next(one for one in found if one.method == "Stein")
    if goal.quantity == "time":
        return [stein.time_us / like.time_us]
    assert stein.chip_uj is not None
    totals = [stein.energy_uj[name] / like.energy_uj[name] for name in like.energy_uj]
    return totals + [stein.chip_uj[name] / like.chip_uj[name] for name in like.chip_uj]


def _chosen(found: tuple[Baseline, ...]) -> list[Baseline]:
    """FP32 machine; the first edge and the first workstation GPU with nested reverse mode, launches included."""
    chosen = [one for one in found if one.kind == "machine"]
    for kind in ("edge", "workstation"):
        of_kind = [one for one in found if one.kind == kind and one.method == "nested reverse"]
        chosen += [one for one in of_kind if one.platform == of_kind[0].platform and "launches" not in one.variant]
    return chosen


def _short(one: Baseline) -> str:
    names = {"nested reverse": "nested AD"}
    method = names.get(one.method, one.method)
    return f"{method}, same area" if one.kind == "machine" else f"{method}, {one.platform}, {one.variant}"


def _range(values: Sequence[float]) -> str:
    def text(value: float) -> str:
        return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"

    least, most = text(min(values)), text(max(values))
    return least if least == most else f"{least} to {most}"
