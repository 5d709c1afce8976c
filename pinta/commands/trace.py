"""``pinta trace``: a training step to look at."""

import json
from pathlib import Path
from typing import Annotated

import typer

from golden.lowering.compiler import lower
from golden.lowering.listing import describe
from pinta import output
from pinta.options import MemoryLatency, OtherPreset
from pinta_hw.spec.experiment import load_experiment
from pinta_hw.spec.operation_timing import MEMORY_LATENCY_CYCLES
from pinta_hw.spec.presets import load_config
from sim.program import simulate
from sim.trace import trace_events


def trace(
    experiment: Annotated[Path, typer.Argument(help="Experiment file.")],
    out: Annotated[Path, typer.Option("--out", help="File to write; an earlier one is replaced.")],
    preset: OtherPreset = None,
    memory_latency: MemoryLatency = MEMORY_LATENCY_CYCLES,
) -> None:
    """Write when each instruction of a training step runs, for https://ui.perfetto.dev: a track for each unit.

    Times are microseconds at the accelerator's clock. An instruction shows its phase, its operands, and what it waited
    for.

    Example: `pinta trace experiments/poisson2d-edge.yaml --out build/trace.json`
    """
    described = load_experiment(experiment)
    config = load_config(preset or described.accelerator)
    program = lower(described, config).program
    estimate = simulate(config, program, memory_latency)
    details = [describe(config, each.operation) for each in program.body]
    with output.file(out) as staging:
        staging.write_text(json.dumps(trace_events(estimate, details)))
    typer.echo(f"{out}: {len(program.body)} instructions, {estimate.step.cycles:,} cycles")
