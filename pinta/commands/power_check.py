"""``pinta power-check``: the energy model beside the power of the netlists."""

import dataclasses
import json as json_format

import typer
from rich.console import Console
from rich.table import Table

from pinta.commands.characterize import CACHE, MAPPED, Cache, Liberty, Mapped, measured_with_progress
from pinta.options import EnergyTable, Json
from rtl_gen.synthesis.liberty import opened
from rtl_gen.synthesis.tools import require_sta
from sim.energy_table import load_table
from tb.power.check import ALLOWED, PowerCheck, compare
from tb.power.programs import CHECKED, training_step


def power_check(
    liberty: Liberty,
    energy_table: EnergyTable = "asap7",
    cache: Cache = CACHE,
    mapped: Mapped = MAPPED,
    json: Json = False,
) -> None:
    """Compare the model's power with OpenSTA's of the synthesized `tiny` under a program that is new to the model.

    The program is a training step of another experiment than that of `pinta characterize`; activities come from its
    simulation on the RTL. Exit status 1 if the model is more than 15 % off.

    Example: `pinta power-check --liberty asap7_rvt_tt.lib.gz`
    """
    with opened(liberty):  # a mistake in it is told before minutes of work
        pass
    table = load_table(energy_table)
    require_sta()
    lowered = training_step(CHECKED)
    result = compare(lowered, measured_with_progress(lowered, liberty, cache, mapped), table)
    if json:
        typer.echo(json_format.dumps(as_dict(result), indent=2))
    else:
        _print(result, table.name)
    if not result.passed:
        raise typer.Exit(1)


def as_dict(result: PowerCheck) -> dict:
    """Everything, with the errors."""
    parts = [{**dataclasses.asdict(part), "error": part.error} for part in (*result.parts, result.total)]
    return {**dataclasses.asdict(result), "parts": parts, "passed": result.passed}


def _print(result: PowerCheck, name: str) -> None:
    console = Console()
    table = Table(title=f"Power of tiny over {result.cycles:,} cycles of {CHECKED}, made small", title_justify="left")
    for number, heading in enumerate(("part", "netlist, mW", f"model ({name}), mW", "error")):
        table.add_column(heading, justify="right" if number else "left")
    for part in result.parts:
        table.add_row(part.part, f"{part.netlist_mw:.3f}", f"{part.model_mw:.3f}", f"{100 * part.error:+.1f} %")
    total = result.total
    table.add_section()
    table.add_row(total.part, f"{total.netlist_mw:.3f}", f"{total.model_mw:.3f}", f"{100 * total.error:+.1f} %")
    console.print(table)
    memories = ", ".join(f"{part} {power:.3f} mW" for part, power in result.memories_mw.items())
    console.print(f"Beside them, from the model alone: {memories}.", highlight=False)
    console.print(
        f"Netlists equal to the RTL in {result.bits_checked:,} register bits. Allowed: {100 * ALLOWED:.0f} %: "
        f"{'passed' if result.passed else 'FAILED'}.",
        highlight=False,
    )
