"""``pinta sim``: the RTL against the models."""

import dataclasses
import json as json_format
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pinta import output
from pinta.options import EnergyTable, Json
from pinta_hw.spec.experiment import load_experiment
from pinta_hw.spec.presets import load_config
from sim.energy_table import load_table
from sim.gemm import estimate_gemm
from tb.main_job import Report, run_main_job

REPORT = Path("build/reports/sim.json")
_WIDTH = 112


def sim(
    experiment: Annotated[Path, typer.Argument(help="Experiment whose training step is replayed.")] = Path(
        "experiments/poisson2d.yaml"
    ),
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the random operands.")] = 1,
    trace: Annotated[bool, typer.Option("--trace", help="Record the waveform of the replay (FST; slower).")] = False,
    report: Annotated[Path, typer.Option("--report", help="Where to write all figures as JSON.")] = REPORT,
    energy_table: EnergyTable = "published-7nm",
    json: Json = False,
) -> None:
    """Run the testbenches on Verilator, up to every matrix product of one training step.

    Results are compared element by element with the golden models, cycles with the timing formulas.
    Exit status 1 if anything differs.

    Example: `pinta sim experiments/poisson2d.yaml --trace`
    """
    chosen = load_experiment(experiment)
    table = load_table(energy_table)
    errors = Console(stderr=True)
    with output.file(report) as staging:
        with errors.status("starting") as status:
            result = run_main_job(chosen, seed, trace, status.update)
        text = json_format.dumps({**dataclasses.asdict(result), "passed": result.passed}, indent=2, default=str)
        staging.write_text(text)
    if json:
        typer.echo(text)
    else:
        _print(result, chosen.accelerator, table, report)
    if not result.passed:
        raise typer.Exit(1)


def _print(result: Report, accelerator: str, table, report: Path) -> None:
    # Wide enough for every row, also where the output goes to a file.
    console = Console(width=max(Console().width, _WIDTH))
    summary = Table(title="Testbenches", title_justify="left")
    for heading in ("testbench", "on", "tests", "elements", "wrong", "RTL cycles", "predicted", "cycles/s", "s"):
        summary.add_column(heading, justify="left" if heading in ("testbench", "on") else "right")
    for bench in result.testbenches:
        counts = (bench.elements, bench.mismatches, bench.rtl_cycles, bench.predicted_cycles)
        speed = f"{bench.cycles_per_second:,.0f}" if bench.cycles_per_second else ""
        figures = [f"{count:,}" if bench.cases else "" for count in counts]
        summary.add_row(bench.name, bench.accelerator, str(bench.tests), *figures, speed, f"{bench.seconds:.1f}")
    console.print(summary)
    config = load_config(accelerator)
    *_, headline, replay = result.testbenches
    figures = Table(title="Products", title_justify="left")
    for heading in ("product", "grouping", "RTL cycles", "predicted", "utilization"):
        figures.add_column(heading, justify="left" if heading in ("product", "grouping") else "right")
    for bench in (headline, replay):
        for case in bench.cases:
            cycles = (f"{case.cycles:,}", f"{case.predicted_cycles:,}", f"{100 * case.utilization:.1f} %")
            figures.add_row(case.name, case.grouping, *cycles)
        figures.add_section()
    console.print(figures)
    energy_pj = sum(estimate_gemm(config, table, *case.shape, *case.bits).total_energy_pj for case in replay.cases)
    passed = sum(bench.passed for bench in result.testbenches)
    console.print(f"testbenches passed: {passed} of {len(result.testbenches)}", highlight=False)
    console.print(
        f"elements compared: {result.total('elements'):,}, mismatches: {result.total('mismatches')}; "
        f"RTL cycles {result.total('rtl_cycles'):,}, predicted {result.total('predicted_cycles'):,}",
        highlight=False,
    )
    console.print(
        f"replayed step: {replay.rtl_cycles:,} cycles, {energy_pj / 1e6:.2f} uJ ({table.name}, products only)",
        highlight=False,
    )
    for bench in result.testbenches:
        for case in bench.cases:
            if not case.passed:
                console.print(f"WRONG {bench.name} on {bench.accelerator}, {case.name}: {case.difference or 'cycles'}")
    waveform = f"waveform: {replay.trace}" if replay.trace else "waveform: with --trace"
    console.print(f"report: {report}; {waveform}", highlight=False)
