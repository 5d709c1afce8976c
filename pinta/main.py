"""The program ``pinta``: puts the commands together and turns a user's mistake into one line."""

import sys

import typer

from pinta_hw.spec.errors import UserError

from .commands import (
    ablate,
    accuracy,
    baseline,
    bench,
    characterize,
    config,
    cycles,
    evaluate,
    experiment,
    gemm,
    headline,
    lower,
    plot,
    power_check,
    ppa,
    registers,
    report,
    sim,
    study,
    sweep,
    trace,
    train,
    train_rtl,
    verilog,
)

UsageError = typer.BadParameter.__base__
"""The exception of wrong options: typer does not export it itself."""

app = typer.Typer(
    name="pinta",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def describe() -> None:
    """An accelerator that trains physics-informed neural networks: generate it, simulate it, price it.

    A first walk:

    - `pinta config show` prints the default accelerator, in the form of an own YAML file.

    - `pinta train experiments/poisson2d.yaml` trains a network as the accelerator would, bit for bit.

    - `pinta gemm --m 256 --n 128 --k 128` predicts cycles, utilization and energy of a matrix product.

    - `pinta verilog --preset edge --out build/edge` writes the Verilog of that accelerator.

    Exit status: 0 done, 1 a check failed, 2 the input is wrong (one line on stderr says what is allowed).
    """


app.add_typer(ablate.app, name="ablate")
app.add_typer(config.app, name="config")
app.add_typer(experiment.app, name="experiment")
app.add_typer(study.app, name="study")
app.command("accuracy")(accuracy.accuracy)
app.command("baseline")(baseline.baseline)
app.command("bench")(bench.bench)
app.command("characterize")(characterize.characterize)
app.command("cycles")(cycles.cycles)
app.command("eval")(evaluate.evaluate)
app.command("gemm")(gemm.gemm)
app.command("headline")(headline.headline)
app.command("lower")(lower.lower)
app.command("plot")(plot.plot)
app.command("power-check")(power_check.power_check)
app.command("ppa")(ppa.ppa)
app.command("registers")(registers.registers)
app.command("report")(report.report)
app.command("sim")(sim.sim)
app.command("sweep")(sweep.sweep)
app.command("trace")(trace.trace)
app.command("train")(train.train)
app.command("train-rtl")(train_rtl.train_rtl)
app.command("verilog")(verilog.verilog)


def main() -> None:
    """Run the program; a mistake in the input becomes one line on stderr and exit status 2."""
    try:
        sys.exit(app(standalone_mode=False))
    except UserError as error:
        message = str(error)
    except UsageError as error:
        command = error.ctx.command_path if error.ctx else "pinta"
        message = f"{error.format_message().rstrip('.')}; `{command} --help` says what is allowed"
    except typer.Abort:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
