"""``pinta bench``: the speed of the golden models and of the simulators."""

import dataclasses
import json as json_format
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from golden.studies import speed
from pinta.options import Json, Preset
from pinta_hw.spec.experiment import load_experiment
from pinta_hw.spec.presets import load_config


def bench(
    preset: Preset = "edge",
    golden: Annotated[bool, typer.Option(help="Measure the golden models.")] = True,
    simulators: Annotated[bool, typer.Option(help="Measure the simulation of the machine.")] = True,
    experiment: Annotated[
        Path, typer.Option("--experiment", help="Whose training step is measured, as tensor trains.")
    ] = Path("experiments/hjb20d.yaml"),
    json: Json = False,
) -> None:
    """Measure how fast the golden models compute, and how many cycles a second the simulators run.

    While a program runs on chip, Python sleeps: the testbench makes its own clock and wakes it at the end.

    Example: `pinta bench --preset edge`
    """
    models, simulations = [], []
    with Console(stderr=True).status("starting") as status:
        if golden:
            models = list(speed.run(load_experiment(experiment), status.update))
        if simulators:
            from tb import bench as backend  # cocotb takes a second to import

            simulations = [backend.bench(load_config(preset), status.update)]
    if json:
        content = {
            "golden": [{**dataclasses.asdict(one), "ratio": one.ratio, "met": one.met} for one in models],
            "simulators": [
                {**dataclasses.asdict(one), "cycles_per_second": one.cycles_per_second} for one in simulations
            ],
        }
        typer.echo(json_format.dumps(content, indent=2))
        return
    if golden:
        Console().print(_models(models))
    if simulators:
        Console().print(_simulators(simulations, preset))


def _models(speeds: list[speed.Speed]) -> Table:
    table = Table(title="Golden models", title_justify="left")
    for heading in ("what", "ms", "target", "beside", "ms", "ratio", "met"):
        table.add_column(heading, justify="left" if heading in ("what", "beside", "target", "met") else "right")
    for one in speeds:
        target = f"{one.target_seconds * 1e3:,.0f} ms" if one.target_seconds else f"{one.target_ratio:g} x"
        figures = (f"{one.beside_seconds * 1e3:,.1f}", f"{one.ratio:.2f}", "yes" if one.met else "no")
        table.add_row(one.name, f"{one.seconds * 1e3:,.1f}", target, one.beside, *figures)
    return table


def _simulators(speeds: list, preset: str) -> Table:
    table = Table(title=f"Simulation of {preset}", title_justify="left")
    table.add_column("simulator")
    for heading in ("cycles", "s", "cycles/s", "compiled in, s"):
        table.add_column(heading, justify="right")
    for one in speeds:
        figures = (f"{one.seconds:.2f}", f"{one.cycles_per_second:,.1f}", f"{one.build_seconds:.1f}")
        table.add_row(one.simulator, f"{one.cycles:,}", *figures)
    return table
