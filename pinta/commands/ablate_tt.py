"""``pinta ablate tt``: error of the tensor-train schedules."""

import dataclasses
import json as json_format
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from golden.studies import tt_error
from pinta.options import Json

_COMPARED = [name for name in tt_error.KINDS if name.startswith("sequential")]


def tt(
    bits: Annotated[int, typer.Option("--bits", help="SMX width of activations, weights and gradients.")] = 8,
    width: Annotated[int, typer.Option("--width", min=2, max=4096, help="Inputs and outputs of the layer.")] = 256,
    rows: Annotated[int, typer.Option("--rows", min=1, max=4096, help="Rows of x.")] = 64,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Random layers of each kind.")] = 4,
    json: Json = False,
) -> None:
    """Measure the error of a tensor-train layer by schedule, rank and depth; it takes half a minute.

    Example: `pinta ablate tt --bits 8`
    """
    with Console(stderr=True).status("measuring") as status:
        found = tt_error.run(bits, width, rows, seeds, progress=status.update)
    if json:
        typer.echo(json_format.dumps([dataclasses.asdict(row) for row in found]))
        return
    console = Console()
    console.print(f"Relative errors, SMX-{bits}, {width} x {width}, {rows} rows, {seeds} seeds", highlight=False)
    for result in tt_error.RESULTS:
        console.print(_table(result, found))


def _table(result: str, found: list[tt_error.Row]) -> Table:
    errors = {(row.depth, row.rank, row.schedule): row.errors[result] for row in found}
    table = Table(title=result, title_justify="left")
    for name in ("modes a side", "rank", *tt_error.KINDS, *(f"{name} / prs" for name in _COMPARED)):
        table.add_column(name, justify="right")
    for depth, rank in dict.fromkeys((row.depth, row.rank) for row in found):
        texts = [f"{errors[depth, rank, name]:.4f}" for name in tt_error.KINDS]
        texts += [f"{errors[depth, rank, name] / errors[depth, rank, 'prs']:.2f}" for name in _COMPARED]
        table.add_row(str(depth), str(rank), *texts)
    return table
