"""``pinta ablate format``: square blocks against one-dimensional ones."""

import dataclasses
import json as json_format
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from golden.studies import format_blocks
from pinta.options import Json
from pinta_hw.spec.experiment import load_experiment


def block_format(
    experiment: Annotated[Path, typer.Argument(help="The experiment whose network and precisions count.")],
    rows: Annotated[int, typer.Option("--rows", min=1, help="Rows of a micro-batch: points times planes.")] = 500,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the values that are transposed.")] = 0,
    json: Json = False,
) -> None:
    """Count the bytes that training keeps in blocks of 4 x 4, 1 x 16 and 1 x 32, and transpose quantized values.

    Example: `pinta ablate format experiments/poisson2d-tt.yaml`
    """
    stored = format_blocks.bytes_of(load_experiment(experiment), rows)
    transposed = format_blocks.transpositions(seed)
    if json:
        content = {"stored": stored, "transposed": transposed}
        typer.echo(
            json_format.dumps({key: [dataclasses.asdict(row) for row in value] for key, value in content.items()})
        )
        return
    console = Console()
    console.print(_stored(stored, f"KiB that one step keeps for both passes, {rows} rows"))
    console.print(_transposed(transposed))


def _stored(rows: list[format_blocks.Row], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for name in ("network", "block", "forward copies", "backward copies", "together", "of 4 x 4"):
        table.add_column(name, justify="left" if name in ("network", "block") else "right")
    square = {row.network: row.total_bytes for row in rows if row.backward_bytes == 0}
    for row in rows:
        texts = (f"{size / 1024:,.0f}" for size in (row.forward_bytes, row.backward_bytes, row.total_bytes))
        table.add_row(row.network, row.block, *texts, f"{row.total_bytes / square[row.network]:.2f}")
    return table


def _transposed(rows: list[format_blocks.Transposition]) -> Table:
    table = Table(title="Standard normal values, quantized before and after transposition", title_justify="left")
    for name in ("bits", "block", "Q(X)^T == Q(X^T)", "error of Q", "difference of the two"):
        table.add_column(name, justify="left" if name == "block" else "right")
    for row in rows:
        table.add_row(
            str(row.bits), row.block, "yes" if row.equal else "no", f"{row.error:.2g}", f"{row.difference:.2g}"
        )
    return table
