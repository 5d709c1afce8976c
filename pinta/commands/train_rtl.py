"""``pinta train-rtl``: a training on the simulated hardware, from one start to its end."""

import dataclasses
import json as json_format
import math
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from pinta import output
from pinta.options import Json
from pinta_hw.spec.experiment import load_experiment
from tb.training.follow import StepTold
from tb.training.report import TrainingReport, train_and_compare

REPORT = Path("build/reports/train-rtl.json")


def train_rtl(
    experiment: Annotated[Path, typer.Argument(help="Experiment; it names the accelerator.")] = Path(
        "experiments/poisson2d-edge.yaml"
    ),
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="Steps to run; all of the experiment's if absent.")
    ] = None,
    report: Annotated[Path, typer.Option("--report", help="Where to write all figures as JSON.")] = REPORT,
    json: Json = False,
) -> None:
    """Train on the RTL under Verilator: one start at the AXI ports, one interrupt at the end.

    Nothing outside the machine computes any part of a step. Afterwards every word of its memories is compared with the
    golden machine, weights and losses with the golden trainer, cycles with the timing formulas. Exit status 1 if
    anything differs.

    Example: `pinta train-rtl experiments/poisson2d-edge.yaml --steps 100`
    """
    chosen = load_experiment(experiment)
    total = chosen.training.steps if steps is None else steps
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[now]}"),
    )
    with output.file(report) as staging:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("starting", total=total, now="")

            def told(step: StepTold) -> None:
                error = "" if math.isnan(step.relative_l2) else f", error {step.relative_l2:.4g}"
                now = f"loss {step.loss:.4g}{error}, {step.cycles_per_second:,.0f} cycles/s"
                bar.update(task, completed=step.step, now=now)

            result = train_and_compare(chosen, steps, lambda text: bar.update(task, description=text), told)
        text = json_format.dumps({**dataclasses.asdict(result), "passed": result.passed}, indent=2)
        staging.write_text(text)
    if json:
        typer.echo(text)
    else:
        print_training(result, report)
    if not result.passed:
        raise typer.Exit(1)


def print_training(result: TrainingReport, report: Path) -> None:
    """The figures of a training on the RTL."""
    console = Console()
    table = Table(
        title=f"{result.steps} steps of {result.experiment} on the RTL of {result.accelerator}", title_justify="left"
    )
    table.add_column("quantity")
    table.add_column("value", justify="right")
    table.add_column("compared with")
    wrong = sum(result.wrong.values())
    table.add_row("words that differ", f"{wrong:,} of {result.words:,}", "golden machine")
    table.add_row("master weights", "equal" if result.weights_equal else "DIFFERENT", "golden trainer")
    table.add_row("losses", "equal" if result.losses_equal else "DIFFERENT", "golden trainer")
    table.add_row("cycles", f"{result.cycles:,}", f"predicted {result.predicted_cycles:,}")
    table.add_section()
    table.add_row("cycles of a step", f"{result.step_cycles:,}", "")
    table.add_row("array utilization", f"{100 * result.array_utilization:.1f} %", "multipliers, over a step")
    for unit, cycles in result.busy_cycles.items():
        table.add_row(f"{unit} busy", f"{100 * cycles / result.cycles:.1f} %", "the machine's own counter")
    table.add_section()
    table.add_row("first loss", f"{result.losses[0]:.4g}", "")
    table.add_row("last loss", f"{result.losses[-1]:.4g}", "")
    table.add_row("relative L2 error", f"{result.relative_l2:.4g}", "the machine's weights")
    table.add_row("simulation", f"{result.cycles_per_second:,.0f}", "cycles/s")
    console.print(table)
    console.print(f"{'passed' if result.passed else 'FAILED'}; report: {report}", highlight=False)
