"""The figure of a sweep."""

from itertools import combinations
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib.figure import Figure

from sim.sweep.engine import Run
from sim.sweep.evaluate import UNITS


def fronts(run: Run, objectives: tuple[str, ...], names: list[str], path: Path) -> None:
    """All points and the fronts, a panel for each two objectives; logarithmic."""
    pairs = list(combinations(objectives, 2)) or [(objectives[0], objectives[0])]
    figure = Figure(figsize=(5 * len(pairs), 4.2), layout="constrained")
    for index, (across, up) in enumerate(pairs):
        axes = figure.add_subplot(1, len(pairs), index + 1)
        for number, name in enumerate(names):
            own = [row for row in run.rows if row.point.base == number and "failed" not in row.outcome]
            if not own:
                continue
            colour = f"C{number}"
            axes.plot(
                [row.outcome[across] for row in own],
                [row.outcome[up] for row in own],
                ".",
                color=colour,
                alpha=0.25,
                markersize=3,
                rasterized=True,
            )
            best = sorted((row.outcome[across], row.outcome[up]) for row in own if row.in_front)
            axes.plot(*zip(*best, strict=True), "o", color=colour, markersize=5, label=name) if best else None
        axes.set(xlabel=_label(across), ylabel=_label(up))
        if axes.lines:
            axes.set(xscale="log", yscale="log")
            if index == 0:
                axes.legend(title="front")
    figure.savefig(path, dpi=130)


def _label(name: str) -> str:
    return UNITS[name] if name in UNITS[name] else f"{name}, {UNITS[name]}"
