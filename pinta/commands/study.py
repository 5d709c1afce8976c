"""``pinta study``: the measurements behind decisions, repeated."""

import dataclasses
import json as json_format
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from golden.studies import accumulator_error
from golden.studies.training_operands import training_operands
from pinta.commands.sweep import progress_bar
from pinta.compiled_step import compiled_cycles
from pinta.options import Json
from pinta.problem_shape import problem_shape
from pinta_hw.spec.experiment import load_experiment
from rtl_gen.studies import accumulators, block_units
from sim.closed_form.comparison import ErrorDistribution
from sim.energy_table import load_table
from sim.sweep.description import load_sweep
from sim.sweep.engine import Run
from sim.sweep.executors import computed_here
from sim.sweep.output import as_json
from sim.sweep.points import Space
from sim.sweep.store import Store
from sim.sweep.version import MODEL, model_version

app = typer.Typer(help="The measurements behind the decisions, repeated.", no_args_is_help=True)

Liberty = Annotated[Path, typer.Option("--liberty", help="Cell library, `.lib` or `.lib.gz`.")]

_WIDTH = 32


@app.command("block-unit")
def block_unit_command(liberty: Liberty, json: Json = False) -> None:
    """Measure the block unit beside a fixed INT8 unit and a fused one, and both digit orders; it takes minutes.

    Example: `pinta study block-unit --liberty asap7_rvt_tt.lib.gz`
    """
    with Console(stderr=True).status("mapping") as status:
        rows = block_units.run(liberty, status.update)
    _print_rows(rows, ("unit", "cycles a k-block", "um2", "flip-flops", "ps", "pJ an INT8 MAC"), json)


@app.command("accumulator")
def accumulator_command(
    liberty: Liberty,
    width: Annotated[
        list[int] | None, typer.Option("--width", min=20, max=64, help="Accumulator bits; may be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Measure area and delay of the accumulator by scheme, width and rounding; all widths take ten minutes.

    Example: `pinta study accumulator --liberty asap7_rvt_tt.lib.gz --width 32`
    """
    with Console(stderr=True).status("mapping") as status:
        rows = accumulators.run(liberty, status.update, widths=width or accumulators.WIDTHS)
    _print_rows(rows, ("variant", "bits", "rounding", "um2", "flip-flops", "ps"), json)


@app.command("closed-form")
def closed_form_command(
    sweep: Annotated[
        Path, typer.Argument(metavar="SWEEP", help="The YAML file of a sweep, whose points are all compiled.")
    ] = Path("experiments/sweeps/closed-form.yaml"),
    out: Annotated[Path, typer.Option("--out", help="Folder of the results.")] = Path("runs/closed-form"),
    json: Json = False,
) -> None:
    """Compile every point of a sweep and say how much the closed form errs; what is known is not compiled again.

    Example: `pinta study closed-form experiments/sweeps/closed-form.yaml`
    """
    described = load_sweep(sweep)
    space, version = Space(sweep, described), model_version()
    store = Store(out / "results.txt")
    run = Run(space, described, load_table(described.energy_table), store, version)
    run.complete(computed_here, problem_shape)
    possible = [row for row in run.rows if "failed" not in row.outcome]
    with progress_bar(Console(stderr=True)) as bar:
        compiled = bar.add_task("compiled", total=len(possible))
        run.compile(possible, compiled_cycles, model_version((*MODEL, "golden")), partial(bar.advance, compiled))
    names = [base.name for base in space.bases]
    if json:
        typer.echo(json_format.dumps(as_json(described, run, names, version)))
        return
    table = Table("experiment", *(key.replace(".", ".\n") for key in described.parameters), "closed form", "compiled")
    table.add_column("error", justify="right")
    for row in possible:
        compiled_text = f"{row.exact_cycles:,}" if row.exact_cycles else row.exact_failed
        error = "" if row.error is None else f"{100 * row.error:+.1f} %"
        values = map(str, row.point.values)
        table.add_row(names[row.point.base], *values, f"{row.outcome['cycles']:,}", compiled_text, error)
    Console().print(table)
    errors = [row.error for row in possible if row.error is not None]
    if errors:
        found = ErrorDistribution.of(errors)
        typer.echo(
            f"{found.count} compiled: median error {100 * found.median:.1f} %, nine tenths below "
            f"{100 * found.nine_tenths:.1f} %, from {100 * found.lowest:+.1f} to {100 * found.highest:+.1f} %"
        )


def _print_rows(rows, headings: tuple[str, ...], json: bool) -> None:
    """Records as a table, one field a column."""
    records = [dataclasses.asdict(row) for row in rows]
    if json:
        typer.echo(json_format.dumps(records))
        return
    table = Table(*headings)
    for record in records:
        table.add_row(*(f"{value:,.2f}" if isinstance(value, float) else str(value) for value in record.values()))
    Console().print(table)


@app.command("accumulator-error")
def accumulator_error_command(
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the synthetic operands.")] = 0,
    experiment: Annotated[
        Path | None, typer.Option("--experiment", help="An experiment file whose training adds its operands.")
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=0, help="Training steps before operands are taken.")] = 200,
    json: Json = False,
) -> None:
    """Measure the error of the accumulator by scheme, width and rounding; it takes half a minute.

    Example: `pinta study accumulator-error --experiment experiments/poisson2d.yaml`
    """
    errors = Console(stderr=True)
    with errors.status("training") as status:
        recorded = training_operands(load_experiment(experiment), steps) if experiment else ()
        rows = accumulator_error.run(seed, status.update, recorded)
    if json:
        typer.echo(json_format.dumps([dataclasses.asdict(row) for row in rows]))
        return
    console = Console()
    console.print(_by_width(rows))
    console.print(_by_data(rows))
    console.print("Units: quantization steps of the SMX-16 result, root mean square over a product.", highlight=False)


def _by_width(rows: list[accumulator_error.Row]) -> Table:
    table = Table(title="Worst error over all data and lengths, by accumulator width in bits", title_justify="left")
    for name in ("operands", "maximum", "rounding", *map(str, accumulator_error.WIDTHS)):
        table.add_column(name, justify="right" if name.isdigit() else "left")
    for a_bits, b_bits in accumulator_error.PRECISIONS:
        for scheme, rounding in dict.fromkeys((row.scheme, row.rounding) for row in rows):
            fixed = {"a_bits": a_bits, "b_bits": b_bits, "scheme": scheme, "rounding": rounding}
            figures = [accumulator_error.worst(rows, width=width, **fixed) for width in accumulator_error.WIDTHS]
            table.add_row(f"{a_bits} x {b_bits}", scheme, rounding, *(f"{figure:.2g}" for figure in figures))
        table.add_section()
    return table


def _by_data(rows: list[accumulator_error.Row]) -> Table:
    table = Table(title=f"{_WIDTH} bits, half-up", title_justify="left")
    for name in ("operands", "data", "K", "running", "known", "running / error of SMX-8 operands"):
        table.add_column(name, justify="left" if name in ("operands", "data") else "right")
    chosen = [row for row in rows if (row.width, row.rounding) == (_WIDTH, "half-up")]
    known = {(row.data, row.length, row.a_bits): row for row in chosen if row.scheme == "known"}
    for row in chosen:
        if row.scheme == "running":
            beside = known[row.data, row.length, row.a_bits]
            figures = (row.rms_steps, beside.rms_steps, row.rms_to_input_error)
            texts = (f"{figure:.2g}" for figure in figures)
            table.add_row(f"{row.a_bits} x {row.b_bits}", row.data, str(row.length), *texts)
    return table
