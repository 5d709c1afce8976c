"""``pinta experiment``: experiment files."""

from pathlib import Path
from typing import Annotated

import typer

from pinta_hw.spec.experiment import load_experiment

app = typer.Typer(help="Experiment files: problem, network, precisions, training, accelerator.", no_args_is_help=True)


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="The YAML file.")],
    json: Annotated[bool, typer.Option("--json", help="Print the experiment with all defaults, as JSON.")] = False,
) -> None:
    """Check an experiment file; the first mistake is named with key, value and what is allowed.

    Example: `pinta experiment check experiments/poisson2d.yaml`
    """
    experiment = load_experiment(path)
    typer.echo(experiment.model_dump_json(indent=2) if json else f"{path}: experiment {experiment.name!r} is valid")
