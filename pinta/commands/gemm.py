"""``pinta gemm``: what one matrix product costs."""

import dataclasses
import json as json_format
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pinta.options import EnergyTable, Json, Preset
from pinta_hw.spec.presets import load_config
from sim.energy_table import load_table
from sim.gemm import GemmEstimate, estimate_gemm


def gemm(
    m: Annotated[int, typer.Option("--m", help="Rows of A and of the result.")],
    n: Annotated[int, typer.Option("--n", help="Columns of B and of the result.")],
    k: Annotated[int, typer.Option("--k", help="Columns of A, rows of B.")],
    a_bits: Annotated[int, typer.Option("--a-bits", help="SMX width of A: 4, 8, 12 or 16.")] = 8,
    b_bits: Annotated[int, typer.Option("--b-bits", help="SMX width of B.")] = 8,
    result_bits: Annotated[int, typer.Option("--result-bits", help="SMX width of the result.")] = 8,
    preset: Preset = "edge",
    energy_table: EnergyTable = "published-7nm",
    json: Json = False,
) -> None:
    """Predict cycles, utilization, time and energy of a product `m x k` times `k x n`.

    Cycles are those of the RTL, exactly, from the start to the last result written.

    Example: `pinta gemm --preset edge --m 256 --n 128 --k 128 --a-bits 12 --b-bits 8`
    """
    estimate = estimate_gemm(
        load_config(preset), load_table(energy_table), m, n, k, a_bits=a_bits, b_bits=b_bits, result_bits=result_bits
    )
    if json:
        typer.echo(json_format.dumps(dataclasses.asdict(estimate), indent=2))
        return
    _print(estimate, f"{m} x {k} times {k} x {n}, SMX-{a_bits} x SMX-{b_bits} to SMX-{result_bits}")


def _print(estimate: GemmEstimate, title: str) -> None:
    console = Console()
    table = Table(title=f"{title} on {estimate.config}", title_justify="left")
    table.add_column("quantity")
    table.add_column("value", justify="right")
    table.add_column("unit")
    table.add_row("cycles", f"{estimate.cycles:,}", f"grouping {estimate.grouping}")
    table.add_row("time", f"{estimate.time_us:,.3f}", "us")
    table.add_row("utilization", f"{100 * estimate.utilization:.1f}", "% of the multipliers")
    for name, bits in (
        ("A reads", estimate.a_bits_per_cycle),
        ("B reads", estimate.b_bits_per_cycle),
        ("result writes", estimate.result_bits_per_cycle),
    ):
        table.add_row(name, f"{bits:.0f}", f"bits/cycle of {estimate.port_bits_per_cycle}")
    table.add_section()
    for name, energy_pj in estimate.energy_pj.items():
        table.add_row(name, f"{energy_pj / 1e3:,.2f}", "nJ")
    table.add_row("energy", f"{estimate.total_energy_pj / 1e3:,.2f}", "nJ")
    table.add_row("energy per MAC", f"{estimate.energy_per_mac_pj:.3f}", "pJ")
    console.print(table)
    console.print(f"Energies: {estimate.energy_table}. Assumed: {'; '.join(estimate.assumptions)}.", highlight=False)
