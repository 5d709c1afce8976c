"""``pinta headline``: the comparison that the project is about, as a page of the documentation."""

from pathlib import Path
from typing import Annotated

import typer

from pinta import output
from pinta.commands.report import EnergyTables, Fraction, Results
from pinta.options import MemoryLatency, OtherPreset
from pinta.report.gather import compare
from pinta_hw.spec.operation_timing import MEMORY_LATENCY_CYCLES
from sim.report.page import markdown_page


def headline(
    experiments: Annotated[list[Path], typer.Argument(metavar="EXPERIMENT...", help="Experiment files.")],
    out: Annotated[Path, typer.Option("--out", help="The page to write.")] = Path("docs/results/headline.md"),
    preset: OtherPreset = None,
    memory_latency: MemoryLatency = MEMORY_LATENCY_CYCLES,
    energy_table: EnergyTables = None,
    fraction: Fraction = None,
    results: Results = Path("docs/results/data"),
) -> None:
    """Write time and energy of a step beside every baseline, and the gain factor by factor, as Markdown.

    Example: `pinta headline experiments/poisson2d-edge.yaml --out build/headline.md`
    """
    found = compare(experiments, preset, energy_table, memory_latency, fraction, results)
    command = f"pinta headline {' '.join(str(path) for path in experiments)}"
    with output.file(out) as staging:
        staging.write_text(markdown_page(found, command), encoding="utf-8")
    typer.echo(f"{out}: {len(found.sections)} experiments")
