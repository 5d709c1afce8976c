"""``pinta train``: train an experiment, in its own arithmetic or with a baseline."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from golden.run import Run, RunResult
from golden.train import StepReport
from pinta.options import Json
from pinta_hw.spec.experiment import load_experiment


def train(
    path: Annotated[Path, typer.Argument(metavar="EXPERIMENT", help="The YAML file.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the run; `runs/NAME` where not given.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an earlier run of the same experiment.")] = False,
    baseline: Annotated[
        str | None,
        typer.Option("--baseline", help="Train by automatic differentiation in FP32: `ad` or `forward-laplacian`."),
    ] = None,
    checkpoint_every: Annotated[
        int, typer.Option("--checkpoint-every", help="Steps between checkpoints: the most that is ever lost.")
    ] = 100,
    json: Json = False,
) -> None:
    """Train an experiment; a run that was interrupted goes on with --resume, bit for bit as if it had not been.

    The folder gets metrics.jsonl, checkpoint.npz and, at the end, result.json.

    Example: `pinta train experiments/poisson2d.yaml --out runs/poisson2d`
    """
    experiment = load_experiment(path)
    name = experiment.name if baseline is None else f"{experiment.name}-{baseline}"
    run = Run(experiment, out or Path("runs") / name, resume=resume, baseline=baseline, interval=checkpoint_every)
    result = run_with_bar(run)
    if json:
        typer.echo((run.folder / "result.json").read_text(), nl=False)
    else:
        _print(result, run.folder)


def run_with_bar(run: Run) -> RunResult:
    """All remaining steps, with a bar on stderr."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("loss {task.fields[loss]:.3g}  error {task.fields[error]:.3g}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        trainer, unknown = run.trainer, float("nan")
        task = bar.add_task(
            trainer.experiment.name,
            total=trainer.experiment.training.steps,
            completed=trainer.steps_done,
            loss=unknown,
            error=unknown,
        )

        def progress(report: StepReport, error: float) -> None:
            bar.update(task, completed=report.step + 1, loss=report.loss, error=error)

        return run.run(progress)


def _print(result: RunResult, folder: Path) -> None:
    console = Console()
    trivial = f"; trivial predictor {result.trivial}: {result.trivial_l2:.3g}" if result.trivial else ""
    console.print(
        f"{result.experiment}: relative L2 error {result.relative_l2:.3g}{trivial}; {result.steps} steps, "
        f"{result.parameters:,} parameters, {result.evaluations:,} evaluations a step, {result.seconds:.1f} s",
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"in {folder}; `pinta plot {folder}` draws it", highlight=False, soft_wrap=True)
