"""``pinta ablate estimator``: what quantization does to the estimators of derivatives."""

import dataclasses
import json as json_format
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from golden.studies import estimator_error
from pinta.options import Json
from pinta_hw.spec.errors import UserError

_DEFAULT = estimator_error.Setting()


def estimator(
    sigma: Annotated[
        list[float] | None, typer.Option("--sigma", help="Size of the perturbations; may be repeated.  [0.1 to 0.001]")
    ] = None,
    bits: Annotated[list[int] | None, typer.Option("--bits", help="SMX width; may be repeated.  [4, 8, 12]")] = None,
    directions: Annotated[
        Literal["gaussian", "rademacher", "orthogonal", "coordinate"], typer.Option("--directions", help="Their kind.")
    ] = "gaussian",
    count: Annotated[int, typer.Option("--count", min=1, help="Directions, K.")] = _DEFAULT.count,
    space: Annotated[int, typer.Option("--space", min=1, help="Coordinates, D.")] = _DEFAULT.space,
    width: Annotated[int, typer.Option("--width", min=1, max=4096, help="Of each hidden layer.")] = _DEFAULT.width,
    hidden: Annotated[int, typer.Option("--hidden", min=1, help="Hidden layers.")] = _DEFAULT.hidden,
    points: Annotated[
        int, typer.Option("--points", min=1, max=2048, help="Where derivatives are taken.")
    ] = _DEFAULT.points,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of weights, points and directions.")] = _DEFAULT.seed,
    json: Json = False,
) -> None:
    """Measure the error that quantization adds to gradient and Laplacian, by estimator, sigma and SMX width.

    The reference is the same recurrence with the same directions in float64. A minute with the defaults.

    Example: `pinta ablate estimator --bits 8 --directions orthogonal --count 21`
    """
    sigmas, widths = sigma or [*estimator_error.SIGMAS], bits or [*estimator_error.BITS]
    for step in sigmas:
        if not 0 < step <= 1:
            raise UserError(f"sigma: {step} is not possible; allowed: above 0, at most 1")
    setting = estimator_error.Setting(width, hidden, space, count, directions, points, seed)
    columns = (TextColumn("measuring"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    errors = Console(stderr=True)
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("measuring", total=None)
        rows = estimator_error.run(
            setting, sigmas, widths, lambda done, total: bar.update(task, completed=done, total=total)
        )
    if json:
        typer.echo(
            json_format.dumps({"setting": dataclasses.asdict(setting), "rows": [*map(dataclasses.asdict, rows)]})
        )
        return
    for quantity in ("gradient", "laplacian"):
        Console().print(_table(rows, quantity, widths))


def _table(rows: list[estimator_error.Row], quantity: str, bits: list[int]) -> Table:
    table = Table(title=f"{quantity}: relative error", title_justify="left")
    for name in ("estimator", "sigma", *(f"SMX-{width}" for width in bits)):
        table.add_column(name, justify="left" if name == "estimator" else "right")
    for name, sigma in dict.fromkeys((row.estimator, row.sigma) for row in rows):
        figures = [getattr(row, quantity) for row in rows if (row.estimator, row.sigma) == (name, sigma)]
        table.add_row(name, "-" if sigma is None else f"{sigma:g}", *(f"{figure:.2g}" for figure in figures))
    return table
