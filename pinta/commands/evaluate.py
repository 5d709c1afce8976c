"""``pinta eval``: the error of a trained network."""

import json as json_format
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from golden.run import trained
from pinta.options import Json


def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder that `pinta train` wrote.")],
    points: Annotated[
        int | None, typer.Option("--points", min=1, help="Test points; as the experiment says where not given.")
    ] = None,
    json: Json = False,
) -> None:
    """Print the relative L2 error of a run's last checkpoint, beside those of trivial predictors.

    Example: `pinta eval runs/poisson2d`
    """
    trainer = trained(folder)
    error, trivial = trainer.relative_l2(points), trainer.trivial_l2(points)
    if json:
        report = {"steps": trainer.steps_done, "relative_l2": error if error == error else None, "trivial_l2": trivial}
        typer.echo(json_format.dumps(report))
        return
    table = Table(title=f"{trainer.experiment.name} after {trainer.steps_done} steps", title_justify="left")
    table.add_column("predictor")
    table.add_column("relative L2 error", justify="right")
    table.add_row("network", f"{error:.3g}" if error == error else "the solution is not known")
    for name, value in trivial.items():
        table.add_row(name, f"{value:.3g}" if value == value else "-")
    Console().print(table)
