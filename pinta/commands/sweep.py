"""``pinta sweep``: many designs in closed form, and the best of them."""

import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from golden.short_training import relative_l2
from pinta.compiled_step import compiled_cycles
from pinta.problem_shape import problem_shape
from pinta.sweep_figure import fronts
from sim.energy_table import load_table
from sim.sweep.description import SweepFile, load_sweep
from sim.sweep.engine import Run
from sim.sweep.evaluate import UNITS, Short
from sim.sweep.executors import computed_by_dask, computed_by_processes, computed_here
from sim.sweep.output import ASSUMED, as_csv, as_json
from sim.sweep.points import Space
from sim.sweep.store import Store
from sim.sweep.version import MODEL, model_version

_SHOWN = 20
_REASONS = 5


def sweep(
    path: Annotated[Path, typer.Argument(metavar="SWEEP", help="The YAML file of the sweep.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the results, `runs/sweeps/<name>` where not given.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes on this machine.")] = 2,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Address of a Dask scheduler, `tcp://...`, to use instead.")
    ] = None,
    json_only: Annotated[
        bool, typer.Option("--json", help="Print everything as one JSON object, for scripts.")
    ] = False,
) -> None:
    """Compare designs: cycles, energy, area, and accuracy of all points, and which of them nothing beats.

    Cycles are those of the closed form, whose error is shown for the compiled points. Interrupted, it goes on where it
    was; a point that was computed before is not computed again.

    Example: `pinta sweep experiments/sweeps/array.yaml`
    """
    described = load_sweep(path)
    space, table = Space(path, described), load_table(described.energy_table)
    folder = out or Path("runs/sweeps") / described.name
    trains = described.accuracy is not None
    version, compiler = model_version((*MODEL, "golden") if trains else MODEL), model_version((*MODEL, "golden"))
    store = Store(folder / "results.txt")
    run = Run(space, described, table, store, version)
    if scheduler:
        execute = partial(computed_by_dask, address=scheduler)
    else:
        execute = partial(computed_by_processes, jobs=jobs) if jobs > 1 else computed_here
    accuracy = described.accuracy
    short = Short(relative_l2, accuracy.steps, accuracy.seeds) if accuracy else None
    console = Console(stderr=True)
    todo = len(run.todo)
    with progress_bar(console) as bar:
        task = bar.add_task("points", total=todo)
        run.complete(execute, problem_shape, short, partial(bar.advance, task))
    if described.exact:
        with progress_bar(console) as bar:
            chosen = run.first_of_fronts()
            compiled = bar.add_task("compiled", total=len(chosen))
            run.compile(chosen, compiled_cycles, compiler, partial(bar.advance, compiled))
    names = [base.name for base in space.bases]
    (folder / "points.csv").write_text(as_csv(described, names, run.rows), encoding="utf-8")
    best = [row for _, rows in run.fronts() for row in rows]
    (folder / "front.csv").write_text(as_csv(described, names, best), encoding="utf-8")
    everything = json.dumps(as_json(described, run, names, version), indent=2)
    (folder / "points.json").write_text(everything, encoding="utf-8")
    fronts(run, described.objectives, names, folder / "front.png")
    if json_only:
        typer.echo(everything)
        return
    _print(described, run, todo, store.broken, folder)


def progress_bar(console: Console) -> Progress:
    """Of points."""
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    return Progress(TextColumn("{task.description}"), *columns, console=console, transient=True)


def _print(described: SweepFile, run: Run, computed: int, broken: int, folder: Path) -> None:
    console = Console()
    for name, rows in run.fronts():
        table = Table(title=f"{name}: {len(rows)} points that nothing beats", title_justify="left")
        for key in described.parameters:
            table.add_column(key.replace(".", ".\n"))
        for objective in described.objectives:
            table.add_column(f"{objective}\n{UNITS[objective]}", justify="right")
        if described.exact:
            table.add_column("compiled", justify="right")
            table.add_column("error", justify="right")
        for row in rows[:_SHOWN]:
            figures = [f"{row.outcome[objective]:,.4g}" for objective in described.objectives]
            compiled = [f"{row.exact_cycles:,}" if row.exact_cycles else "does not fit" if row.exact_failed else ""]
            compiled.append("" if row.error is None else f"{100 * row.error:+.1f} %")
            table.add_row(*map(str, row.point.values), *figures, *(compiled if described.exact else []))
        console.print(table)
        if len(rows) > _SHOWN:
            console.print(f"and {len(rows) - _SHOWN} more in {folder}/front.csv", highlight=False)
    console.print(f"Assumed: {ASSUMED}.", highlight=False)
    reasons = Counter(row.outcome["failed"] for row in run.rows if "failed" in row.outcome)
    for reason, count in reasons.most_common(_REASONS):
        console.print(f"{count:,} failed: {reason}", highlight=False)
    again = f", {broken} damaged results not used" if broken else ""
    total = f"{len(run.rows):,} points: {computed:,} computed, {reasons.total():,} failed{again}; {folder}"
    console.print(total, highlight=False)
