"""``pinta baseline``: what a training step costs elsewhere."""

import dataclasses
import json as json_format
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table as RichTable

from pinta.options import Json, OtherPreset
from pinta.report.gather import tables_of
from pinta.report.measured import measured_table
from pinta.report.surroundings import surroundings_of
from pinta.sizes import sizes_of
from pinta_hw.spec.experiment import load_experiment
from pinta_hw.spec.presets import load_config
from sim.baselines.published import stein_pairs
from sim.report.alone import alone_tables
from sim.report.table import Table, shown


def baseline(
    experiment: Annotated[Path, typer.Argument(help="Experiment file.")],
    preset: OtherPreset = None,
    energy_table: Annotated[
        list[str] | None, typer.Option("--energy-table", help="A table or a YAML file; may be given again.")
    ] = None,
    fraction: Annotated[
        float | None, typer.Option("--fraction", help="Share of a GPU's peak that is called realistic.")
    ] = None,
    measure: Annotated[bool, typer.Option("--measure", help="Measure JAX, too; needs `pinta[baseline]`.")] = False,
    device: Annotated[str, typer.Option("--device", help="JAX's device to measure: `cpu`, `gpu`, ...")] = "cpu",
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Steps to measure.")] = 20,
    json: Json = False,
) -> None:
    """Print the work of a step in FP32 with dense layers, and its time and energy on other machines.

    Nested reverse mode, forward Laplacian and Stein on an FP32 array of the accelerator's area and on GPUs by roofline;
    with `--measure`, automatic differentiation in JAX on this host or its GPU.

    Example: `pinta baseline experiments/poisson2d-256.yaml --measure --device cpu`
    """
    described = load_experiment(experiment)
    config = load_config(preset or described.accelerator)
    tables = tables_of(energy_table)
    sizes = sizes_of(described)
    found = alone_tables(sizes, stein_pairs(described), surroundings_of(config, tables, [sizes], fraction))
    if measure:
        found = (*found, measured_table(described, device, repeats))
    if json:
        typer.echo(json_format.dumps({one.key: dataclasses.asdict(one) for one in found}, indent=1))
        return
    console = Console(width=None if Console().is_terminal else 160)
    for one in found:
        console.print(_printed(one))
        for note in dict.fromkeys((*one.notes, *(row.source for row in one.rows))):
            console.print(f"- {note}", highlight=False, markup=False)


def _printed(one: Table) -> RichTable:
    table = RichTable(title=one.title, title_justify="left")
    for column in one.columns:
        heading = f"{column.name}, {column.unit}" if column.unit else column.name
        table.add_column(heading, justify="right" if column.unit else "left")
    for row in one.rows:
        table.add_row(*(shown(value) for value in row.values))
    return table
