"""``pinta plot``: solution, error field and training curves of a run."""

from pathlib import Path
from typing import Annotated

import typer

from golden import metrics
from golden.fields import field
from golden.run import METRICS, trained
from pinta import output
from pinta_hw.spec.errors import UserError


def plot(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder that `pinta train` wrote.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the figures; `RUN/plots` where not given.")
    ] = None,
    size: Annotated[int, typer.Option("--size", help="Points along each axis of the fields.")] = 101,
    kind: Annotated[str, typer.Option("--format", help="`png`, `pdf` or `svg`.")] = "png",
) -> None:
    """Draw the solution, its error and the training curves; of more than two coordinates, a slice.

    Example: `pinta plot runs/poisson2d`
    """
    if kind not in ("png", "pdf", "svg"):
        raise UserError(f"format: {kind!r} is not possible; allowed: png, pdf, svg")
    from pinta import figures  # matplotlib takes a second to import

    values = field(trained(folder), size)
    place = out or folder / "plots"
    with output.folder(place, proof=f"curves.{kind}") as staging:
        figures.curves(metrics.read(folder / METRICS), staging / f"curves.{kind}")
        figures.solution(values, staging / f"solution.{kind}")
    typer.echo(f"curves.{kind} and solution.{kind} in {place}")
