"""``pinta report``: experiments beside every baseline, as a page to read."""

from pathlib import Path
from typing import Annotated

import typer

from pinta import output
from pinta.options import MemoryLatency, OtherPreset, OutFolder
from pinta.report.gather import compare
from pinta_hw.spec.operation_timing import MEMORY_LATENCY_CYCLES

EnergyTables = Annotated[
    list[str] | None,
    typer.Option("--energy-table", help="Energies: a table of the package or a YAML file; may be given again."),
]
Fraction = Annotated[float | None, typer.Option("--fraction", help="Share of a GPU's peak that is called realistic.")]
Results = Annotated[Path, typer.Option("--results", help="Folder of trained results.")]


def report(
    experiments: Annotated[list[Path], typer.Argument(metavar="EXPERIMENT...", help="Experiment files.")],
    out: OutFolder,
    preset: OtherPreset = None,
    memory_latency: MemoryLatency = MEMORY_LATENCY_CYCLES,
    energy_table: EnergyTables = None,
    fraction: Fraction = None,
    results: Results = Path("docs/results/data"),
) -> None:
    """Write a report: one page of HTML that needs nothing else, and the same figures as JSON, CSV and Markdown.

    Time and energy of a training step, by unit, phase and part; every baseline beside it and where the gain comes from;
    roofline, area, and the accuracy of what was trained.

    Example: `pinta report experiments/poisson2d-edge.yaml --out build/report`
    """
    found = compare(experiments, preset, energy_table, memory_latency, fraction, results)
    from pinta.report import write  # matplotlib takes a second to import

    with output.folder(out, proof=write.PAGE) as staging:
        write.write(found, staging)
    typer.echo(f"{out / write.PAGE}: {len(found.sections)} experiments, {len(found.all_tables)} tables")
