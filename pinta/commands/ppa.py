"""``pinta ppa``: area and critical path of the accelerator in a cell library."""

import dataclasses
import json as json_format
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pinta.options import Json, Preset
from pinta_hw.accelerator import Accelerator
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.presets import load_config
from rtl_gen.synthesis import SynthesisResult, synthesize
from rtl_gen.verilog import generate


def ppa(
    liberty: Annotated[Path, typer.Option("--liberty", help="Cell library, `.lib` or `.lib.gz`.")],
    preset: Preset = "tiny",
    part: Annotated[
        str, typer.Option("--part", help="Only this module and what is below it, such as `block_unit`.")
    ] = "",
    bank_area_um2: Annotated[float, typer.Option("--bank-area-um2", min=0, help="Area of one scratchpad bank.")] = 0.0,
    json: Json = False,
) -> None:
    """Map the accelerator to standard cells (yosys) and time it (OpenSTA); minutes, for every distinct module once.

    Scratchpad banks are memory macros: they count with the area given for them and end the timing paths.

    Example: `pinta ppa --preset tiny --liberty asap7_rvt_tt.lib.gz --part block_unit`
    """
    if not liberty.is_file():
        raise UserError(f"liberty: {liberty} is not a file; allowed: a cell library, .lib or .lib.gz")
    config = load_config(preset)
    name = f"pinta_{config.name}"
    with TemporaryDirectory(prefix="pinta-ppa-") as folder, Console(stderr=True).status("mapping to cells"):
        files = generate(Accelerator(config), name, config, Path(folder))
        result = synthesize(
            [file for file in files if file.suffix == ".v"],
            f"{name}_{part}" if part else name,
            liberty,
            period_ps=1000 / config.clock_ghz,
            black_boxes={} if part else {f"{name}_bank": bank_area_um2},
        )
    if json:
        typer.echo(json_format.dumps(dataclasses.asdict(result), indent=2))
    else:
        _print(result)


def _print(result: SynthesisResult) -> None:
    console = Console()
    table = Table(title=f"{result.top}, {result.liberty}", title_justify="left")
    for heading in ("module", "instances", "cells", "flip-flops", "area, um2 each", "share, %"):
        table.add_column(heading, justify="left" if heading == "module" else "right")
    for module in result.modules:
        share = 100 * module.instances * module.area_um2 / result.area_um2 if result.area_um2 else 0
        table.add_row(
            module.name,
            f"{module.instances:,}",
            f"{module.cells:,}",
            f"{module.flops:,}",
            f"{module.area_um2:,.1f}",
            f"{share:.1f}",
        )
    console.print(table)
    console.print(
        f"area {result.area_um2:,.1f} um2, {result.cells:,} cells, {result.flops:,} flip-flops", highlight=False
    )
    if result.critical_path_ps is not None:
        ends = " to ".join(result.critical_path_ends)
        console.print(f"critical path {result.critical_path_ps:,.0f} ps of {result.period_ps:,.0f} ps: {ends}")
    for note in result.notes:
        console.print(f"- {note}", highlight=False)
    console.print(f"tools: {', '.join(result.tools)}", highlight=False)
