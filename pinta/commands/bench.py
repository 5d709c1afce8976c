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
from tb import cost_models


def bench(
    preset: Preset = "edge",
    golden: Annotated[bool, typer.Option(help="Measure the golden models.")] = True,
    simulators: Annotated[bool, typer.Option(help="Measure the simulation of the machine.")] = True,
    models: Annotated[bool, typer.Option(help="Measure the cost models.")] = True,
    sweep: Annotated[Path, typer.Option("--sweep", help="Whose points are measured.")] = Path(
        "experiments/sweeps/wide.yaml"
    ),
    scale_sim: Annotated[
        str | None,
        typer.Option("--scale-sim", help="A Python with `scalesim` and `numpy<2`, to measure that public simulator."),
    ] = None,
    experiment: Annotated[
        Path, typer.Option("--experiment", help="Whose training step is measured, as tensor trains.")
    ] = Path("experiments/hjb20d.yaml"),
    json: Json = False,
) -> None:
    """Measure how fast the golden models compute, the simulator runs the machine, and the cost models answer.

    While a program runs on chip, Python sleeps: the testbench makes its own clock and wakes it at the end.

    Example: `pinta bench --preset edge`
    """
    computed, simulations, costs = [], [], []
    with Console(stderr=True).status("starting") as status:
        if golden:
            computed = list(speed.run(load_experiment(experiment), status.update))
        if simulators:
            from tb import bench as backend  # cocotb takes a second to import

            simulations = [backend.bench(load_config(preset), status.update)]
        if models:
            costs = list(cost_models.run(load_config(preset), sweep, scale_sim, status.update))
    if json:
        content = {
            "golden": [{**dataclasses.asdict(one), "ratio": one.ratio, "met": one.met} for one in computed],
            "simulators": [
                {**dataclasses.asdict(one), "cycles_per_second": one.cycles_per_second} for one in simulations
            ],
            "cost models": [{**dataclasses.asdict(one), "met": one.met} for one in costs],
        }
        typer.echo(json_format.dumps(content, indent=2))
        return
    if golden:
        Console().print(_golden(computed))
    if simulators:
        Console().print(_simulators(simulations, preset))
    if models:
        Console().print(_cost_models(costs))


def _golden(speeds: list[speed.Speed]) -> Table:
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


def _cost_models(speeds: list[cost_models.ModelSpeed]) -> Table:
    table = Table(title="Cost models", title_justify="left")
    for heading in ("what", "us", "target", "met", "beside", "s", "times as long"):
        table.add_column(heading, justify="left" if heading in ("what", "beside", "met") else "right")
    for one in speeds:
        figures = [f"{1e6 * one.seconds:,.1f}", f"{1e6 * one.target_seconds:,.0f}", "yes" if one.met else "no"]
        if one.beside_seconds is not None:
            figures += [one.beside or "", f"{one.beside_seconds:,.1f}", f"{one.beside_seconds / one.seconds:,.0f}"]
        table.add_row(one.name, *figures)
    return table
