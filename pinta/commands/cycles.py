"""``pinta cycles``: what a training step costs."""

import dataclasses
import json as json_format
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from golden.first_step import first_step_activities
from golden.lowering.compiler import lower
from pinta.options import EnergyTable, Json, MemoryLatency, OtherPreset
from pinta.problem_shape import problem_shape
from pinta_hw.spec.activity import MOST
from pinta_hw.spec.experiment import load_experiment
from pinta_hw.spec.operation_timing import MEMORY_LATENCY_CYCLES
from pinta_hw.spec.presets import load_config
from sim.closed_form.comparison import Compared, compare
from sim.closed_form.estimate import estimate as estimate_step
from sim.energy_table import load_table
from sim.program import ProgramEstimate, simulate
from sim.program_energy import StepEnergy, mean_activity, step_energy


def cycles(
    experiment: Annotated[Path, typer.Argument(help="Experiment file.")],
    preset: OtherPreset = None,
    memory_latency: MemoryLatency = MEMORY_LATENCY_CYCLES,
    energy_table: EnergyTable = "published-7nm",
    count_zeros: Annotated[
        bool,
        typer.Option("--count-zeros", help="Execute the first step and count the zeros that it multiplies by."),
    ] = False,
    closed_form: Annotated[
        bool, typer.Option("--closed-form", help="Show the closed form of a step and its error, too.")
    ] = False,
    json: Json = False,
) -> None:
    """Predict cycles, waits, utilization, time and energy of a training step.

    Cycles are those of the RTL, exactly, with a memory that answers after a fixed latency. Energy is an estimate from a
    table; it says what it leaves out. Without --count-zeros it is an upper bound over what the numbers may be.

    With --closed-form, also what a sweep would say, and how much that errs.

    Example: `pinta cycles experiments/poisson2d-edge.yaml`
    """
    described = load_experiment(experiment)
    config, table = load_config(preset or described.accelerator), load_table(energy_table)
    lowered = lower(described, config)
    program = lowered.program
    estimate = simulate(config, program, memory_latency)
    activities = first_step_activities(lowered) if count_zeros else None
    energy = step_energy(config, table, program, estimate.step.cycles, activities)
    compared: list[Compared] = []
    if closed_form:
        activity = mean_activity(config, program, activities) if activities else MOST
        cost = estimate_step(described, problem_shape(described.problem), config, table, memory_latency, activity)
        compared = compare(cost, estimate, energy)
    if json:
        text = {"cycles": estimate.cycles, **dataclasses.asdict(estimate), "energy": dataclasses.asdict(energy)}
        if closed_form:
            text["closed_form"] = [{**dataclasses.asdict(each), "error": each.error} for each in compared]
        typer.echo(json_format.dumps(text, indent=2))
        return
    _print(estimate, energy, f"A step of {described.name} on {config.name}")
    if closed_form:
        Console().print(_compared(compared))


def _print(estimate: ProgramEstimate, energy: StepEnergy, title: str) -> None:
    console = Console()
    console.print(_totals(estimate, energy, title))
    console.print(_units(estimate, energy))
    console.print(_phases(estimate, energy))
    console.print(_parts(energy))
    console.print(f"Energies: {energy.table}. Assumed: {'; '.join(energy.assumptions)}.", highlight=False)


def _compared(compared: Sequence[Compared]) -> Table:
    table = _table("Closed form", "quantity", "closed form", "exact", "error", "unit")
    for each in compared:
        digits = 0 if each.unit == "cycles" else 2
        figures = [f"{value:,.{digits}f}" for value in (each.closed_form, each.exact)]
        table.add_row(each.quantity, *figures, f"{100 * each.error:+.2f} %", each.unit)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left")
    return table


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %"


def _totals(estimate: ProgramEstimate, energy: StepEnergy, title: str) -> Table:
    step = estimate.step
    table = _table(title, "quantity", "value", "unit")
    table.add_row("a step", f"{step.cycles:,}", "cycles")
    if estimate.shortest_step_cycles < estimate.longest_step_cycles:
        table.add_row("all steps", f"{estimate.shortest_step_cycles:,} to {estimate.longest_step_cycles:,}", "cycles")
    table.add_row("time of a step", f"{estimate.time_us(step.cycles):,.2f}", f"us at {estimate.clock_ghz:g} GHz")
    table.add_row("array utilization", f"{100 * estimate.array_utilization:.1f}", "% of the block units")
    table.add_row("array or elementwise work", f"{estimate.busiest_cycles:,}", "cycles, the longer of the two")
    table.add_row("a step to that", f"{estimate.ratio_to_busiest:.2f}", "")
    table.add_row("energy of a step", f"{energy.total_pj / 1e6:,.2f}", "uJ")
    table.add_row("without outside memory", f"{energy.chip_pj / 1e6:,.2f}", "uJ")
    table.add_section()
    table.add_row("prologue", f"{estimate.prologue_cycles:,}", "cycles")
    table.add_row(f"{estimate.steps:,} steps", f"{estimate.body_cycles:,}", "cycles")
    table.add_row("epilogue", f"{estimate.epilogue_cycles:,}", "cycles")
    table.add_row("training", f"{estimate.cycles:,}", "cycles")
    table.add_row("time of the training", f"{estimate.time_us(estimate.cycles) / 1e3:,.2f}", "ms")
    return table


def _units(estimate: ProgramEstimate, energy: StepEnergy) -> Table:
    whole = estimate.step.cycles
    table = _table("Units", "unit", "instructions", "busy cycles", "busy", "waits longest for", "cycles", "energy, nJ")
    for name, unit in estimate.step.units.items():
        longest = unit.waits_longest_for
        table.add_row(
            name,
            f"{unit.instructions}",
            f"{unit.busy_cycles:,}",
            _share(unit.busy_cycles, whole),
            longest or "-",
            f"{unit.wait_cycles[longest]:,}" if longest else "-",
            f"{energy.units_pj.get(name, 0) / 1e3:,.1f}",
        )
    return table


def _phases(estimate: ProgramEstimate, energy: StepEnergy) -> Table:
    whole = estimate.step.cycles
    table = _table(
        "Phases, which overlap", "phase", "instructions", "active cycles", "of a step", "from", "to", "energy, nJ"
    )
    for name, phase in estimate.step.phases.items():
        table.add_row(
            name,
            f"{phase.instructions}",
            f"{phase.active_cycles:,}",
            _share(phase.active_cycles, whole),
            f"{phase.begin:,}",
            f"{phase.end:,}",
            f"{energy.phases_pj[name] / 1e3:,.1f}",
        )
    return table


def _parts(energy: StepEnergy) -> Table:
    table = _table("Energy of a step", "part", "nJ", "share")
    for name, part_pj in energy.parts_pj.items():
        table.add_row(name, f"{part_pj / 1e3:,.1f}", _share(part_pj, energy.total_pj))
    return table
