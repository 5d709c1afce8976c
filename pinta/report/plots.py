"""Figures of a report, as SVG text to stand in a page."""

import io
from collections.abc import Sequence
from itertools import cycle

import matplotlib

matplotlib.use("Agg")

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from sim.report.attribution import factors
from sim.report.comparison import NO_LAUNCHES, Baseline
from sim.report.report import Report, Section

OURS, OTHER, EDGE, STATION, INK, GRID = "#0b6e69", "#c26a1b", "#5b6fb5", "#8d6aa8", "#22303a", "#d9dee2"
_PALETTE = (
    "#0b6e69",
    "#c26a1b",
    "#5b6fb5",
    "#a8433f",
    "#8d6aa8",
    "#7a8b2f",
    "#3a8fb7",
    "#b58a2a",
    "#6b7680",
    "#c25b8a",
)
_ROOF_COLORS = (OURS, OTHER, EDGE, "#3a8fb7", STATION)
_KIND_COLOR = {"machine": OTHER, "edge": EDGE, "workstation": STATION}
_STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.edgecolor": "#9aa5ad",
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def _drawn(name: str, figure: Figure) -> str:
    """SVG without the XML heading; names inside are its own, the same each time."""
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    text = buffer.getvalue()
    svg = text[text.index("<svg") :]
    return svg.replace('id="', f'id="{name}-').replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')


def _plain(value: float, _: object = None) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _logarithmic(axes: Axes, label: str) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(_plain))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="x", color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    axes.set_xlabel(label)


def ratios(report: Report) -> str:
    """Time and energy of baselines in units of ours, a row for each; energies as a range over the tables."""
    with matplotlib.rc_context(_STYLE):
        shown = [
            [
                one
                for one in section.baselines
                if one.kind == "machine" or (one.method == "nested reverse" and one.variant != NO_LAUNCHES)
            ]
            for section in report.sections
        ]
        labels = [_label(one) for one in shown[0]]
        count = len(report.sections)
        figure = Figure(figsize=(10.4, 0.9 + len(labels) * (0.22 + 0.13 * count)), layout="constrained")
        time, energy = figure.subplots(1, 2, sharey=True)
        height = 0.8 / count
        for index, (section, found) in enumerate(zip(report.sections, shown, strict=True)):
            ours = section.subject.cost
            places = [row - 0.4 + height * (index + 0.5) for row in range(len(found))]
            shade = 1 - 0.45 * index / max(1, count - 1) if count > 1 else 1
            colors = [_KIND_COLOR[one.kind] for one in found]
            time.barh(places, [one.time_us / ours.time_us for one in found], height * 0.9, color=colors, alpha=shade)
            spans = [sorted(one.energy_uj[name] / ours.energy_uj[name] for name in ours.energy_uj) for one in found]
            energy.barh(places, [span[0] for span in spans], height * 0.9, color=colors, alpha=shade)
            for place, span in zip(places, spans, strict=True):
                energy.plot([span[0], span[-1]], [place, place], color=INK, lw=1.4, solid_capstyle="butt")
            for place, one, span in zip(places, found, spans, strict=True):
                name = f"  {section.subject.name}" if count > 1 and one is found[0] else ""
                time.annotate(
                    f"{_plain_ratio(one.time_us / ours.time_us)}{name}",
                    (one.time_us / ours.time_us, place),
                    xytext=(3, 0),
                    textcoords="offset points",
                    va="center",
                    size=7,
                    color=INK,
                )
                text = _plain_ratio(span[0])
                text += f" to {_plain_ratio(span[-1])}" if _plain_ratio(span[-1]) != text else ""
                energy.annotate(
                    text, (span[-1], place), xytext=(3, 0), textcoords="offset points", va="center", size=7, color=INK
                )
        for axes, title in (
            (time, "time, in units of ours"),
            (energy, "energy, in units of ours (line: over the tables)"),
        ):
            _logarithmic(axes, "ratio")
            axes.set_title(title)
            axes.axvline(1, color=OURS, lw=1.6)
            axes.margins(x=0.18)
            axes.tick_params(axis="y", length=0)
        time.set_yticks(range(len(labels)), labels)
        time.invert_yaxis()
        return _drawn("ratios", figure)


def _plain_ratio(value: float) -> str:
    return f"{value:,.0f}x" if value >= 99.5 else f"{value:.1f}x"


def _label(one: Baseline) -> str:
    method = {"nested reverse": "nested AD", "forward Laplacian": "forward Lap.", "Stein": "Stein"}[one.method]
    if one.kind == "machine":
        return f"{method}, FP32 same area"
    return f"{method}, {one.platform.replace('Jetson ', '')}, {one.variant.partition(',')[0]}"


def attribution(section: Section) -> str:
    """Time and energy of each design, the factor between two beside its bar."""
    with matplotlib.rc_context(_STYLE):
        designs = section.designs
        table = next(iter(designs[0].energy_uj))
        changes = [None, *factors(designs)]
        figure = Figure(figsize=(10.4, 0.7 + 0.42 * len(designs)), layout="constrained")
        time, energy = figure.subplots(1, 2, sharey=True)
        names = [design.change or "nested AD, dense FP32" for design in designs]
        names[1:] = [f"+ {name}" for name in names[1:]]
        for axes, values, gains, label in (
            (time, [one.time_us for one in designs], [one and one.time for one in changes], "us a step"),
            (
                energy,
                [one.energy_uj[table] for one in designs],
                [one and one.energy[table] for one in changes],
                f"uJ a step, {table}",
            ),
        ):
            colors = [OURS if index + 1 == len(designs) else OTHER for index in range(len(designs))]
            axes.barh(range(len(designs)), values, 0.62, color=colors)
            for row, (value, gain) in enumerate(zip(values, gains, strict=True)):
                text = f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
                text += f"   ÷ {gain:.2f}" if gain else ""
                axes.annotate(text, (value, row), xytext=(4, 0), textcoords="offset points", va="center", size=8)
            _logarithmic(axes, label)
            axes.margins(x=0.2)
            axes.tick_params(axis="y", length=0)
        time.set_yticks(range(len(designs)), names)
        time.invert_yaxis()
        time.set_title("time")
        energy.set_title("energy")
        return _drawn(f"attribution-{section.subject.name}", figure)


def breakdown(section: Section) -> str:
    """Energy by part as shares, a bar for each table."""
    with matplotlib.rc_context(_STYLE):
        energies = section.subject.energies
        figure = Figure(figsize=(10.4, 1.35 + 0.42 * len(energies)))
        figure.subplots_adjust(left=0.16, right=0.985, top=0.98, bottom=1.05 / (1.35 + 0.42 * len(energies)))
        axes = figure.add_subplot()
        first = next(iter(energies.values()))
        names = sorted(first.parts_pj, key=lambda name: -first.parts_pj[name])
        big = [name for name in names if any(e.parts_pj.get(name, 0) > 0.02 * e.total_pj for e in energies.values())]
        left = [0.0] * len(energies)
        for name, color in zip([*big, "others"], cycle(_PALETTE), strict=False):
            shares = [
                100
                * (
                    one.total_pj - sum(one.parts_pj.get(part, 0.0) for part in big)
                    if name == "others"
                    else one.parts_pj.get(name, 0.0)
                )
                / one.total_pj
                for one in energies.values()
            ]
            axes.barh(range(len(energies)), shares, 0.6, left=left, color=color, label=name, edgecolor="white", lw=0.6)
            for row, share in enumerate(shares):
                if share > 3.5:
                    axes.text(
                        left[row] + share / 2, row, f"{share:.0f}", ha="center", va="center", color="white", size=8
                    )
            left = [a + b for a, b in zip(left, shares, strict=True)]
        axes.set_yticks(
            range(len(energies)), [f"{name}, {one.total_pj / 1e6:,.1f} uJ" for name, one in energies.items()]
        )
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.set_xlabel("% of the energy of a step")
        axes.tick_params(axis="y", length=0)
        axes.legend(loc="upper center", bbox_to_anchor=(0.42, -1.02 / len(energies)), ncols=5, frameon=False)
        return _drawn(f"breakdown-{section.subject.name}", figure)


def timeline(section: Section) -> str:
    """When each unit works in a step, coloured by phase."""
    with matplotlib.rc_context(_STYLE):
        step, estimate = section.subject.estimate.step, section.subject.estimate
        units, phases = list(step.units), list(step.phases)
        colors = dict(zip(phases, cycle(_PALETTE), strict=False))
        figure = Figure(figsize=(10.4, 2.7), layout="constrained")
        axes = figure.add_subplot()
        # Neighbours closer than a tenth of a pixel are one bar: thousands of them would be a heavy page.
        gap = step.cycles / 8000
        for row, unit in enumerate(units):
            for phase in phases:
                own = [(one.start, one.done + 1) for one in step.executed if one.unit == unit and one.phase == phase]
                spans = _joined(sorted(own), gap)
                axes.broken_barh(
                    [(estimate.time_us(a), estimate.time_us(b - a)) for a, b in spans],
                    (row - 0.36, 0.72),
                    facecolors=colors[phase],
                    lw=0,
                )
        for phase in phases:
            axes.broken_barh([], (0, 0), facecolors=colors[phase], label=phase)
        labels = [f"{unit}  {100 * one.busy_cycles / step.cycles:.0f} %" for unit, one in step.units.items()]
        axes.set_yticks(range(len(units)), labels)
        axes.invert_yaxis()
        axes.set_xlim(0, estimate.time_us(step.cycles))
        axes.set_xlabel("us from the step's begin")
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=GRID, lw=0.7)
        axes.set_axisbelow(True)
        axes.legend(loc="upper center", bbox_to_anchor=(0.46, -0.2), ncols=len(phases), frameon=False, fontsize=8)
        return _drawn(f"timeline-{section.subject.name}", figure)


def _joined(spans: Sequence[tuple[int, int]], gap: float) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for begin, end in spans:
        if found and begin - found[-1][1] <= gap:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def roofline(section: Section) -> str:
    """Operations a second by operations a byte of the memory outside, under the roofs of the machines."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(10.4, 3.6), layout="constrained")
        axes = figure.add_subplot()
        colors = {roof.name: color for roof, color in zip(section.roofs, cycle(_ROOF_COLORS), strict=False)}
        reach = [point.operations_per_byte for point in section.points]
        low, high = min(0.5, *reach), 4 * max(reach)
        for roof in section.roofs:
            ridge = roof.peak_gops / roof.bandwidth_gb_s
            xs = [low, ridge, max(high, ridge)]
            ys = [min(roof.peak_gops, roof.bandwidth_gb_s * x) for x in xs]
            style = "-" if roof in section.roofs[:2] else "--"
            axes.plot(xs, ys, style, color=colors[roof.name], lw=1.6 if style == "-" else 1, label=roof.name)
        for number, point in enumerate(section.points):
            axes.plot(point.operations_per_byte, point.gops, "o", ms=7, color=colors[point.roof])
            axes.annotate(
                point.name,
                (point.operations_per_byte, point.gops),
                xytext=(7, -10 if number % 2 else 5),
                textcoords="offset points",
                size=8,
            )
        axes.set(xscale="log", yscale="log", ylabel="Gop/s", xlabel="operations a byte of the memory outside")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(_plain))
        axes.grid(color=GRID, lw=0.7)
        axes.legend(loc="lower right", frameon=False, fontsize=8)
        return _drawn(f"roofline-{section.subject.name}", figure)
