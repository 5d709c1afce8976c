"""``pinta accuracy``: the accuracy table."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from golden import accuracy as table
from pinta import output
from pinta.commands.train import run_with_bar
from pinta_hw.spec.accuracy import load_table
from pinta_hw.spec.errors import UserError


def accuracy(
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="The YAML file of the table.")] = Path(
        "experiments/tables/accuracy.yaml"
    ),
    experiment: Annotated[
        list[str] | None, typer.Option("--experiment", help="Train this experiment only; may be given again.")
    ] = None,
    row: Annotated[list[str] | None, typer.Option("--row", help="Train this row only; may be given again.")] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, help="Train at most this many seeds of a row.")] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="List what is not trained yet, and write nothing.")] = False,
    results: Annotated[Path, typer.Option("--results", help="Folder of the results.")] = Path("docs/results/data"),
    runs: Annotated[Path, typer.Option("--runs", help="Folder of the trainings.")] = Path("runs/accuracy"),
    out: Annotated[Path, typer.Option("--out", help="The page to write.")] = Path("docs/results/accuracy.md"),
) -> None:
    """Train what the accuracy table lacks and write it; interrupted, it goes on where it was.

    All rows in full take days on a small machine: choose with --experiment and --row.

    Example: `pinta accuracy --experiment poisson2d-256 --row "FP32 dense AD"`
    """
    cells = load_table(path)
    _refuse("experiment", experiment or (), list(cells))
    _refuse("row", row or (), list(dict.fromkeys(cell.row.name for of in cells.values() for cell in of)))
    chosen = {
        name: [cell.model_copy(update={"runs": cell.runs[:seeds]}) for cell in of if not row or cell.row.name in row]
        for name, of in cells.items()
        if not experiment or name in experiment
    }
    todo = table.missing(chosen, results)
    console = Console(stderr=not dry)
    for cell, one in todo:
        steps, seed = one.training.steps, one.training.seed
        console.print(f"{one.name}, {cell.row.name}, seed {seed}, {steps:,} steps", highlight=False)
        if not dry:
            table.train(cell, one, results, runs, run_with_bar)
    if dry:
        return
    with output.file(out) as staging:
        staging.write_text(table.markdown(cells, results, "pinta accuracy"), encoding="utf-8")
    typer.echo(f"{len(todo)} trained; {out}")


def _refuse(option: str, given: tuple[str, ...] | list[str], known: list[str]) -> None:
    for name in given:
        if name not in known:
            raise UserError(f"{option}: {name!r} is not in the table; allowed: {', '.join(known)}")
