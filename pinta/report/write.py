"""A report's files: one page of HTML, JSON, Markdown, and a CSV file for each table."""

import csv
import dataclasses
import io
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from sim.report.report import Report, Section
from sim.report.table import Table, markdown, shown

from . import plots

PAGE, DATA, TEXT, TABLES = "report.html", "report.json", "report.md", "tables"
_TEMPLATE = Path(__file__).parent / "page.html"
_COMMAND = "pinta report"


def write(report: Report, folder: Path) -> None:
    """Write all files of a report into a folder that exists."""
    (folder / PAGE).write_text(page(report), encoding="utf-8")
    (folder / DATA).write_text(json.dumps(data(report), indent=1), encoding="utf-8")
    (folder / TEXT).write_text(text(report), encoding="utf-8")
    (folder / TABLES).mkdir()
    for table in report.all_tables:
        (folder / TABLES / f"{table.key}.csv").write_text(comma_separated(table), encoding="utf-8")


def data(report: Report) -> dict[str, Any]:
    """All tables as a JSON object, by key."""
    return {table.key: dataclasses.asdict(table) for table in report.all_tables}


def text(report: Report) -> str:
    """All tables as Markdown."""
    parts = [f"# {_title(report)}\n", f"{_subtitle(report)}.\n"]
    parts += [f"## {table.title}\n\n{markdown(table)}" for table in report.all_tables]
    return "\n".join(parts)


def comma_separated(table: Table) -> str:
    """A table with its units in the heading and the source in the last column."""
    buffer = io.StringIO()
    lines = csv.writer(buffer, lineterminator="\n")
    lines.writerow([*(f"{one.name} [{one.unit}]" if one.unit else one.name for one in table.columns), "source"])
    for row in table.rows:
        lines.writerow([*("" if value is None else value for value in row.values), row.source])
    return buffer.getvalue()


def page(report: Report) -> str:
    """The page: everything in it, nothing is loaded."""
    sources = list(dict.fromkeys(row.source for table in report.all_tables for row in table.rows))
    numbers = {source: index + 1 for index, source in enumerate(sources)}
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        title=_title(report),
        subtitle=_subtitle(report),
        command=_COMMAND,
        ratios=Markup(plots.ratios(report)),
        headline=report.table("headline"),
        ours=report.table("ours"),
        like=report.table("like-for-like"),
        goals=report.table("goals"),
        machine=report.table("fp32-machine"),
        areas=[table for table in report.tables if table.key.endswith("-area")],
        assumptions=report.table("assumptions"),
        sections=[_shown(section) for section in report.sections],
        sources=sources,
        number=numbers.__getitem__,
        shown=shown,
    )


def _title(report: Report) -> str:
    names = [section.subject.name for section in report.sections]
    return f"PINTA: {names[0]}" if len(names) == 1 else f"PINTA: {len(names)} experiments"


def _subtitle(report: Report) -> str:
    configs = ", ".join(dict.fromkeys(section.subject.config.name for section in report.sections))
    tables = ", ".join(table.name for table in report.surroundings.tables)
    return f"A training step on {configs}, beside every baseline; energies by {tables}"


def _shown(section: Section) -> dict[str, Any]:
    subject = section.subject
    accuracy = next((table for table in section.tables if table.key.endswith("-accuracy")), None)
    return {
        "name": subject.name,
        "title": subject.title,
        "accelerator": subject.config.name,
        "cards": _cards(section),
        "timeline": Markup(plots.timeline(section)),
        "attribution": Markup(plots.attribution(section)),
        "breakdown": Markup(plots.breakdown(section)),
        "roofline": Markup(plots.roofline(section)),
        "units": section.table("units"),
        "phases": section.table("phases"),
        "parts": section.table("parts"),
        "attribution_table": section.table("attribution"),
        "baselines": section.table("baselines"),
        "roofline_table": section.table("roofline"),
        "accuracy": accuracy,
        "step": section.table("step"),
    }


def _cards(section: Section) -> list[dict[str, str]]:
    """The figures that one looks for first."""
    cost, estimate = section.subject.cost, section.subject.estimate
    nested = next(one for one in section.baselines if one.kind == "machine")
    energies = sorted(cost.energy_uj.values())
    gains = sorted(nested.energy_uj[name] / cost.energy_uj[name] for name in cost.energy_uj)
    return [
        {"value": f"{shown(cost.time_us)} us", "label": f"a step, {estimate.step.cycles:,} cycles"},
        {"value": f"{_span(energies)} uJ", "label": "energy of a step, over the tables"},
        {"value": f"{100 * estimate.array_utilization:.0f} %", "label": "of the block units' cycles are needed"},
        {"value": f"{nested.time_us / cost.time_us:.1f}x", "label": "faster than nested AD in FP32, same area"},
        {"value": f"{_span(gains)}x", "label": "less energy than that, over the tables"},
    ]


def _span(values: list[float]) -> str:
    least, most = shown(values[0]), shown(values[-1])
    return least if least == most else f"{least} to {most}"
