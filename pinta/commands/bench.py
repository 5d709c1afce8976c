"""``pinta bench``: the speed of the simulators."""

import dataclasses
import json as json_format
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pinta.options import Json, Preset
from pinta_hw.spec.presets import load_config


def bench(
    preset: Preset = "edge",
    slow: Annotated[bool, typer.Option(help="Measure Icarus and the Amaranth simulator too; it takes minutes.")] = True,
    json: Json = False,
) -> None:
    """Measure how many cycles a second the simulators run while a program runs on chip.

    Python sleeps meanwhile: the testbench makes its own clock and wakes it at the end.

    Example: `pinta bench --preset edge --no-slow`
    """
    from tb import bench as backend  # the simulators take a second to import

    with Console(stderr=True).status("starting") as status:
        speeds = list(backend.bench(load_config(preset), slow, status.update))
    if json:
        rows = [{**dataclasses.asdict(speed), "cycles_per_second": speed.cycles_per_second} for speed in speeds]
        typer.echo(json_format.dumps(rows, indent=2))
        return
    table = Table(title=f"Simulation of {preset}", title_justify="left")
    table.add_column("simulator")
    for heading in ("cycles", "s", "cycles/s", "compiled in, s"):
        table.add_column(heading, justify="right")
    for speed in speeds:
        figures = (f"{speed.seconds:.2f}", f"{speed.cycles_per_second:,.1f}", f"{speed.build_seconds:.1f}")
        table.add_row(speed.simulator, f"{speed.cycles:,}", *figures)
    Console().print(table)
