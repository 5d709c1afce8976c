"""``pinta characterize``: the energy table ``asap7`` from netlists of our own units."""

import importlib.metadata
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pinta import output
from pinta_hw.spec.yaml_file import load
from rtl_gen.synthesis.corner import corner_of
from rtl_gen.synthesis.sram import sram_banks
from rtl_gen.synthesis.tools import require_sta, versions
from sim.energy_table import EnergyTable, load_table
from tb.power.characterization import energies
from tb.power.measurement import Measurement, measure
from tb.power.programs import CHARACTERIZED, training_step
from tb.power.revision import gateware_revision
from tb.power.table import table_yaml

CACHE, MAPPED = Path("build/power"), Path("build/ppa")

Liberty = Annotated[Path, typer.Option("--liberty", help="Cell library, `.lib` or `.lib.gz`.")]
Cache = Annotated[Path, typer.Option("--cache", help="Folder that keeps what has been measured.")]
Mapped = Annotated[Path, typer.Option("--mapped", help="Folder that keeps netlists; `pinta ppa` has the same.")]


def characterize(
    liberty: Liberty,
    sram: Annotated[Path, typer.Option("--sram", help="Folder with the libraries of the ASAP7 memory banks.")],
    corner: Annotated[
        str | None, typer.Option("--corner", help="Name of the corner; by default what the library says.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Table to write.")] = Path("build/asap7.yaml"),
    cache: Cache = CACHE,
    mapped: Mapped = MAPPED,
) -> None:
    """Derive the energy table `asap7`: map each unit, simulate it under real operands, ask OpenSTA; minutes.

    The operands are those of a training step on the RTL of `tiny`. Register for register and cycle for cycle the
    netlists must do what the RTL did. What has been mapped and measured is kept, so that an interrupted run goes on.

    Example: `pinta characterize --liberty asap7_rvt_tt.lib.gz --sram asap7/sram --out build/asap7.yaml`
    """
    found = corner or corner_of(liberty)
    banks = sram_banks(sram)
    require_sta()
    with output.file(out) as staging:
        lowered = training_step(CHARACTERIZED)
        measured = measured_with_progress(lowered, liberty, cache, mapped)
        text = table_yaml(
            energies(lowered, measured),
            banks,
            load_table("published-7nm").outside_memory.model_dump(),
            "PINTA's own units, mapped to ASAP7, under operands of a training step; power from OpenSTA before layout, "
            "memory banks from the ASAP7 SRAM libraries; the memory outside as in published-7nm.",
            {
                "cell library": f"{liberty.name}, {found}",
                "memory libraries": f"{len(banks)} of srambank_*_6t122, typical",
                "tools": ", ".join((*versions(), f"pinta {importlib.metadata.version('pinta')}")),
                "gateware": gateware_revision(),
                "activity": f"one step of {CHARACTERIZED}, made small, on the RTL of tiny: {measured.cycles:,} cycles; "
                f"netlists equal to the RTL in {measured.bits_checked:,} register bits",
                "command": f"pinta characterize --liberty {liberty.name} --sram DIR",
            },
        )
        staging.write_text(text)
        load(staging, EnergyTable)
    typer.echo(f"wrote {out}; use it with --energy-table {out}")


def measured_with_progress(lowered, liberty: Path, cache: Path, mapped: Path) -> Measurement:
    """`tb.power.measurement.measure` behind a progress bar."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def told(text: str, done: int, total: int) -> None:
            bar.update(task, description=text, completed=done, total=total)

        return measure(lowered, liberty, cache, mapped, told)
