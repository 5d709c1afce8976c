"""``pinta config``: accelerator configurations."""

import dataclasses
from typing import Annotated

import typer
import yaml

from pinta_hw.spec.presets import load_config, preset_names

app = typer.Typer(help="Accelerator configurations: presets and own files.", no_args_is_help=True)


@app.command()
def show(
    preset: Annotated[str, typer.Argument(help="`tiny`, `edge`, `large`, or the path of an own YAML file.")] = "edge",
) -> None:
    """Print a configuration as YAML, checked: a start for an own file.

    `pinta config show edge > mine.yaml`, edit, then `pinta gemm --preset mine.yaml --m 64 --n 64 --k 64`.
    """
    values = dataclasses.asdict(load_config(preset))
    values["groupings"] = [f"{grouping['rows']}x{grouping['columns']}" for grouping in values["groupings"]]
    typer.echo(yaml.safe_dump(values, sort_keys=False, default_flow_style=None), nl=False)


@app.command(name="list")
def list_presets() -> None:
    """Print the names of the presets."""
    typer.echo("\n".join(preset_names()))
