"""``pinta ablate precision``: bits of activations, weights and gradients, their error and their cycles."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from golden.studies import precision as study
from golden.studies import precision_page
from pinta import output
from pinta_hw.spec.experiment import load_experiment


def precision(
    path: Annotated[Path, typer.Argument(metavar="EXPERIMENT", help="Its precision section is replaced.")] = Path(
        "experiments/poisson2d-tt.yaml"
    ),
    part: Annotated[int, typer.Option("--part", min=1, help="Screen with the steps divided by this.")] = 10,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Of the trainings in full.")] = 3,
    confirm: Annotated[bool, typer.Option(help="Train the front in full.")] = True,
    results: Annotated[Path, typer.Option("--results", help="Folder of the results.")] = Path("docs/results/data"),
    out: Annotated[Path, typer.Option("--out", help="Folder of the page and its figure.")] = Path("docs/results"),
) -> None:
    """Train with all widths of activations, weights and gradients, and show which are worth their cycles.

    All 64 combinations are screened with one seed and a tenth of the steps; those on the Pareto front are trained
    in full. Interrupted, it goes on where it was. Half an hour with the defaults.

    Example: `pinta ablate precision experiments/poisson2d-tt.yaml --seeds 1`
    """
    experiment = load_experiment(path)
    steps, name = experiment.training.steps, experiment.name
    trainings = study.Study(experiment, results / f"precision-{name}.json")
    errors = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:

        def train(what: str, bits: list[study.Bits], some: int, count: int) -> list[study.Choice]:
            task = bar.add_task(what, total=None)
            return trainings.run(bits, some, count, lambda done, total: bar.update(task, completed=done, total=total))

        screened = train("screening", study.combinations(), max(steps // part, 1), 1)
        confirmed = train("confirming", study.confirmed(screened), steps, seeds) if confirm else []
    page, figure = out / f"precision-{name}.md", out / f"precision-{name}.svg"
    from pinta import figures  # matplotlib takes a second to import

    with output.file(figure) as staging:
        figures.front({"screened": screened, "in full": confirmed}, staging)
    text = precision_page.markdown(experiment, screened, confirmed, figure.name, f"pinta ablate precision {path}")
    with output.file(page) as staging:
        staging.write_text(text, encoding="utf-8")
    typer.echo(f"{page} and {figure.name}")
