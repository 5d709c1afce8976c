"""``pinta sim``: the RTL against the models."""

import dataclasses
import json as json_format
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pinta import output
from pinta.commands.train_rtl import print_training
from pinta.options import Json
from pinta_hw.spec.experiment import load_experiment
from tb.main_job import Report, run_main_job

REPORT = Path("build/reports/sim.json")
_WIDTH = 112


def sim(
    experiment: Annotated[Path, typer.Argument(help="Experiment to train; it names the accelerator.")] = Path(
        "experiments/poisson2d-edge.yaml"
    ),
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps of the training.")] = 2,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the random operands.")] = 1,
    report: Annotated[Path, typer.Option("--report", help="Where to write all figures as JSON.")] = REPORT,
    json: Json = False,
) -> None:
    """Run the testbenches on Verilator, up to whole training steps on the whole machine.

    Every word of the machine's memories is compared with the golden machine, weights and losses with the golden
    trainer, cycles with the timing formulas. Exit status 1 if anything differs.

    Example: `pinta sim experiments/poisson2d-edge.yaml --steps 10`
    """
    chosen = load_experiment(experiment)
    errors = Console(stderr=True)
    with output.file(report) as staging:
        with errors.status("starting") as status:
            result = run_main_job(chosen, steps, seed, status.update)
        text = json_format.dumps({**dataclasses.asdict(result), "passed": result.passed}, indent=2, default=str)
        staging.write_text(text)
    if json:
        typer.echo(text)
    else:
        _print(result, report)
    if not result.passed:
        raise typer.Exit(1)


def _print(result: Report, report: Path) -> None:
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
    print_training(result.training, report)
    passed = sum(bench.passed for bench in result.testbenches)
    console.print(f"testbenches passed: {passed} of {len(result.testbenches)}", highlight=False)
    for bench in result.testbenches:
        for case in bench.cases:
            if not case.passed:
                console.print(f"WRONG {bench.name} on {bench.accelerator}, {case.name}: {case.difference or 'cycles'}")
