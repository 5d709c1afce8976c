"""Figures of a training: curves and fields."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib.figure import Figure

from golden.fields import Field
from golden.studies.precision import Choice
from golden.studies.precision import front as pareto


def curves(lines: Sequence[dict[str, Any]], path: Path) -> None:
    """Losses and relative L2 error by step, logarithmic."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    losses = [line for line in lines if "losses" in line]
    for name in losses[0]["losses"] if losses else ():
        axes.plot([line["step"] for line in losses], [line["losses"][name] for line in losses], lw=0.8, label=name)
    errors = [line for line in lines if line.get("relative_l2") is not None]
    if errors:
        steps = [line["step"] for line in errors]
        axes.plot(steps, [line["relative_l2"] for line in errors], "k.-", label="relative L2 error")
    axes.set(xlabel="step", ylabel="weighted loss, relative error", yscale="log")
    axes.legend(loc="upper right")
    figure.savefig(path, dpi=150)


def solution(field: Field, path: Path) -> None:
    """The prediction and, where the solution is known, the solution and the error."""
    maps = {"prediction": field.predicted}
    if field.exact is not None:
        maps |= {"solution": field.exact, "error": field.predicted - field.exact}
    figure = Figure(figsize=(4.5 * len(maps), 4), layout="constrained")
    for index, (name, values) in enumerate(maps.items()):
        axes = figure.add_subplot(1, len(maps), index + 1)
        if field.axes[1]:
            limit = abs(values).max() or 1.0
            style = {"cmap": "RdBu", "vmin": -limit, "vmax": limit} if name == "error" else {"cmap": "viridis"}
            image = axes.imshow(values, origin="lower", extent=field.extent, aspect="auto", **style)
            figure.colorbar(image, ax=axes)
        else:
            axes.plot(field.first, values[0])
        axes.set(title=name, xlabel=field.axes[0], ylabel=field.axes[1])
    if field.fixed is not None:
        figure.suptitle(f"slice with the other coordinates at {field.fixed:g}")
    figure.savefig(path, dpi=150)


def front(groups: Mapping[str, Sequence[Choice]], path: Path) -> None:
    """Error by digit-cycles for each group of choices, and each group's Pareto front; logarithmic."""
    matplotlib.rcParams["svg.hashsalt"] = "pinta"  # the same bytes each time
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    for index, (name, choices) in enumerate(groups.items()):
        if not choices:
            continue
        best = pareto(choices)
        style = {"color": f"C{index}"}
        axes.plot([c.digit_cycles for c in choices], [c.error for c in choices], ".", alpha=0.5, **style)
        axes.plot([c.digit_cycles for c in best], [c.error for c in best], "o-", label=name, **style)
        for choice in best:
            text = "/".join(map(str, choice.bits))
            axes.annotate(text, (choice.digit_cycles, choice.error), xytext=(4, 4), textcoords="offset points", size=7)
    axes.set(xlabel="digit-cycles a step", ylabel="relative L2 error", xscale="log", yscale="log")
    axes.legend()
    figure.savefig(path, format="svg", metadata={"Date": None})
