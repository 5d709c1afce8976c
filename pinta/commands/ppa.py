"""``pinta ppa``: area and shortest period of each unit of the machine in a cell library."""

import dataclasses
import json as json_format
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pinta.options import Json, Preset
from pinta_hw.machine import Machine
from pinta_hw.spec.presets import load_config
from rtl_gen.synthesis.liberty import opened
from rtl_gen.synthesis.macro import MacroTiming
from rtl_gen.synthesis.units import UnitDesign, UnitResult, synthesize_unit
from rtl_gen.synthesis.whole import WholeTiming, time_whole
from rtl_gen.verilog import modules

CACHE = Path("build/ppa")


def ppa(
    liberty: Annotated[Path, typer.Option("--liberty", help="Cell library, `.lib` or `.lib.gz`.")],
    preset: Preset = "tiny",
    part: Annotated[
        list[str] | None,
        typer.Option("--part", help="Only this unit or module, such as `gemm_unit` or `block_unit`; may be repeated."),
    ] = None,
    macro_access_ps: Annotated[
        float, typer.Option("--macro-access-ps", min=0, help="From the clock to a memory's data.")
    ] = MacroTiming.access_ps,
    macro_setup_ps: Annotated[
        float, typer.Option("--macro-setup-ps", min=0, help="From a memory's input to the clock.")
    ] = MacroTiming.setup_ps,
    whole: Annotated[
        bool, typer.Option("--whole", help="Also time the paths from unit to unit, through all that is mapped.")
    ] = False,
    cache: Annotated[Path, typer.Option("--cache", help="Folder that keeps what has been mapped.")] = CACHE,
    json: Json = False,
) -> None:
    """Map each unit of the machine to standard cells (yosys) and time it (OpenSTA); many minutes the first time.

    Memories (banks, program stores, tables) are macros: counted, without area, with the timing given.

    Example: `pinta ppa --preset tiny --liberty asap7_rvt_tt.lib.gz --part gemm_unit`
    """
    config = load_config(preset)
    with opened(liberty):  # a mistake in it is told before minutes of work
        pass
    name = f"pinta_{config.name}"
    timing = MacroTiming(macro_access_ps, macro_setup_ps)
    results: list[UnitResult] = []
    with Console(stderr=True).status("writing Verilog") as status:
        design = UnitDesign(modules(Machine(config), name), name)
        for one in part or design.units:
            design.module(one)
        for one in part or design.units:
            status.update(f"mapping {one}")
            results.append(synthesize_unit(design, one, liberty, 1000 / config.clock_ghz, timing, cache))
        status.update("timing the whole")
        borders = time_whole(design, results, liberty, 1000 / config.clock_ghz) if whole else None
    if json:
        units = [dataclasses.asdict(result) for result in results]
        content = {"units": units, "whole": dataclasses.asdict(borders)} if borders else units
        typer.echo(json_format.dumps(content, indent=2, default=str))
    else:
        _print(name, results)
        if borders:
            _print_whole(name, borders, results[0].synthesis.period_ps)


def _print(name: str, results: list[UnitResult]) -> None:
    console = Console()
    first = results[0].synthesis
    table = Table(title=f"{name}, {first.liberty}, {first.period_ps:,.0f} ps asked for", title_justify="left")
    for heading in ("unit", "area, um2", "cells", "flip-flops", "period, ps", "from", "to", "memories"):
        table.add_column(heading, justify="right" if heading in _FIGURES else "left")
    for result in results:
        found = result.synthesis
        period = f"{found.critical_path_ps:,.0f}" if found.critical_path_ps is not None else ""
        memories = ", ".join(f"{one.count} of {one.words} x {one.bits}" for one in result.macros)
        figures = (f"{found.area_um2:,.0f}", f"{found.cells:,}", f"{found.flops:,}", period)
        table.add_row(result.name, *figures, *(found.critical_path_ends or ("", "")), memories)
    console.print(table)
    area, cells, flops = (sum(getattr(one.synthesis, key) for one in results) for key in ("area_um2", "cells", "flops"))
    console.print(f"together {area:,.0f} um2, {cells:,} cells, {flops:,} flip-flops, no memories", highlight=False)
    gates = [(takes, f"{result.name}: {name}") for result in results for name, takes in result.synthesis.gates]
    for takes, name in sorted(gates, reverse=True):
        half = first.period_ps / 2
        console.print(f"enable of a clock, {takes:,.0f} ps of {half:,.0f}, {name}", highlight=False, markup=False)
    for note in first.notes:
        console.print(f"- {note}", highlight=False)
    console.print(f"tools: {', '.join(first.tools)}", highlight=False)


def _print_whole(name: str, whole: WholeTiming, period_ps: float) -> None:
    console = Console()
    table = Table(title=f"{name}, from unit to unit", title_justify="left")
    for heading in ("units", "period, ps", "from", "to"):
        table.add_column(heading, justify="right" if heading in _FIGURES else "left")
    for path in whole.borders:
        table.add_row(", ".join(path.units), f"{path.period_ps:,.0f}", path.start, path.end)
    console.print(table)
    for held, takes in whole.gates:
        console.print(f"enable of a clock, {takes:,.0f} ps of {period_ps / 2:,.0f}, {held}", highlight=False)
    if whole.left_out:
        console.print(f"not mapped, and nothing through them timed: {', '.join(whole.left_out)}", highlight=False)


_FIGURES = ("area, um2", "cells", "flip-flops", "period, ps")
