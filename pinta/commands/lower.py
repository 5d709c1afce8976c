"""``pinta lower``: the program of a training."""

import dataclasses
import json as json_format
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from golden.lowering.compiler import lower as compile_experiment
from golden.lowering.listing import listing
from pinta.options import Json
from pinta_hw.spec.experiment import load_experiment
from pinta_hw.spec.presets import load_config


def lower(
    experiment: Annotated[Path, typer.Argument(help="Experiment file.")],
    preset: Annotated[
        str | None,
        typer.Option("--preset", help="Accelerator: a preset or a YAML file; the experiment's own if absent."),
    ] = None,
    json: Json = False,
) -> None:
    """Print the program that trains an experiment: every instruction, its phase, what it waits for, its cycles.

    `g3+120` is word 120 of scratchpad group 3, `r1+8` word 8 of group 1 of the real memory; `9x64:12b` is a matrix of
    9 x 64 blocks in SMX-12. Nothing is executed.

    Example: `pinta lower experiments/poisson2d-tt.yaml`
    """
    described = load_experiment(experiment)
    config = load_config(preset or described.accelerator)
    lowered = compile_experiment(described, config, steps=1)
    lines = list(listing(config, lowered.program))
    if json:
        typer.echo(json_format.dumps([dataclasses.asdict(line) for line in lines], indent=2))
        return
    table = Table(title=f"{described.name} on {config.name}: one step", title_justify="left")
    for name in ("section", "unit", "#", "phase", "name", "operation", "after", "cycles"):
        table.add_column(name, justify="right" if name in ("#", "cycles") else "left", overflow="fold")
    for line in lines:
        table.add_row(
            line.section,
            line.unit,
            str(line.number),
            line.phase,
            line.name,
            line.operation,
            line.after,
            f"{line.cycles:,}",
        )
    Console(width=None if Console().is_terminal else 200, markup=False).print(table)
