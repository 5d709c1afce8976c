"""The headline as a page of Markdown."""

from .report import Report
from .table import markdown


def markdown_page(report: Report, command: str) -> str:
    """Headline, goals, and for each experiment every baseline and the gain factor by factor."""
    about = "One training step; what the baselines are, and what they are not, is in [baselines](../baselines.md)."
    parts = [
        "# Headline\n",
        f"Written by `{command}`. {about}\n",
        f"## {report.table('ours').title}\n",
        markdown(report.table("ours")),
        f"## {report.table('headline').title}\n",
        markdown(report.table("headline")),
        "## Goals\n",
        markdown(report.table("goals")),
        f"## {report.table('like-for-like').title}\n",
        markdown(report.table("like-for-like")),
    ]
    for section in report.sections:
        parts.append(f"## {section.subject.name}\n")
        parts.append(f"{section.subject.title}, on {section.subject.config.name}.\n")
        for name in ("step", "baselines", "attribution", "parts"):
            table = section.table(name)
            parts += [f"### {table.title}\n", markdown(table)]
    for key in ("fp32-machine", "closed-form", "assumptions"):
        table = report.table(key)
        parts += [f"## {table.title}\n", markdown(table)]
    return "\n".join(parts)
