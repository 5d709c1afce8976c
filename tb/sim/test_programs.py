"""Cycles of whole programs: sums, shares and waits; `tb.training` holds the totals to those of the RTL."""

from dataclasses import replace
from itertools import pairwise

import pytest

from golden.lowering.compiler import lower
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.control_timing import section_cycles
from pinta_hw.spec.isa.instruction import Instruction, Program, Unit
from pinta_hw.spec.isa.real import Vector, VectorOperation
from pinta_hw.spec.isa.transfer import Direction, Transfer
from pinta_hw.spec.operation_timing import operation_cycles
from sim.program import STEP_PERIOD, ProgramEstimate, simulate
from sim.step import END_OF_STEP, OWN_STREAM, estimate_step
from tb.golden.test_lowering import SMALL, experiment

SLOW = 1000
"""Cycles of a memory so slow that it matters how many bursts a transfer is."""


@pytest.fixture(scope="module", params=["poisson train", "hjb", "poisson dense"])
def program(request: pytest.FixtureRequest) -> Program:
    return lower(experiment(request.param), SMALL, 3).program


def cycles_one_by_one(config: AcceleratorConfig, program: Program, latency: int) -> list[int]:
    """Of prologue, every step, epilogue."""
    runs = [(program.prologue, 0), *((program.body, step) for step in range(program.steps)), (program.epilogue, 0)]
    return [
        section_cycles(section, [operation_cycles(config, each.operation, latency, step) for each in section])
        for section, step in runs
    ]


def loads(beats: int, stride: int, steps: int) -> Program:
    return Program([], [Instruction(Transfer(Direction.LOAD_REAL, 64, stride, 0, beats))], [], steps)


def test_the_whole_is_the_sum_of_its_sections(program: Program) -> None:
    parts = cycles_one_by_one(SMALL, program, 40)
    estimate = simulate(SMALL, program)
    assert [estimate.prologue_cycles, estimate.body_cycles, estimate.epilogue_cycles] == [
        parts[0],
        sum(parts[1:-1]),
        parts[-1],
    ]
    assert estimate.cycles == sum(parts) and estimate.step.cycles == parts[1]


@pytest.mark.parametrize("stride", [0, 16, 48, 1600, 4096, 4112, 1 << 20])
@pytest.mark.parametrize("steps", [0, 1, 255, 256, 257, 700])
def test_every_step_meets_the_boundaries_of_its_own_bursts(stride: int, steps: int) -> None:
    program = loads(beats=1024, stride=stride, steps=steps)
    parts = cycles_one_by_one(SMALL, program, SLOW)
    estimate = simulate(SMALL, program, SLOW)
    assert estimate.body_cycles == sum(parts[1:-1])
    assert (estimate.shortest_step_cycles, estimate.longest_step_cycles) == (
        min(parts[1:-1], default=estimate.step.cycles),
        max(parts[1:-1], default=estimate.step.cycles),
    )
    if stride % 4096 and steps >= STEP_PERIOD:
        assert estimate.shortest_step_cycles < estimate.longest_step_cycles


def test_a_slower_memory_never_makes_a_program_faster(program: Program) -> None:
    estimates = [simulate(SMALL, program, latency) for latency in (1, 2, 10, 40, 41, 300, 2000)]
    cycles = [estimate.cycles for estimate in estimates]
    steps = [estimate.step.cycles for estimate in estimates]
    assert cycles == sorted(cycles) and steps == sorted(steps)
    assert cycles[0] < cycles[-1]


def assert_parts(estimate: ProgramEstimate) -> None:
    step = estimate.step
    for name, unit in step.units.items():
        own = [each for each in step.executed if each.unit == name]
        assert unit.busy_cycles + sum(unit.wait_cycles.values()) == step.cycles, name
        assert unit.busy_cycles == sum(phase.busy_cycles.get(name, 0) for phase in step.phases.values()), name
        assert unit.instructions == len(own)
        assert all(later.start - earlier.done - 1 == later.wait_cycles for earlier, later in pairwise(own))
    for name, phase in step.phases.items():
        running = {cycle for each in step.executed if each.phase == name for cycle in range(each.start, each.done + 1)}
        assert (phase.active_cycles, phase.begin, phase.end) == (len(running), min(running), max(running)), name
    assert sum(phase.instructions for phase in step.phases.values()) == len(step.executed)
    assert 0 < estimate.array_utilization < 1
    assert estimate.ratio_to_busiest >= 1


def test_parts_of_a_step_are_the_step(program: Program) -> None:
    assert_parts(simulate(SMALL, program))


def test_a_wait_is_for_who_comes_last() -> None:
    square = Vector(VectorOperation.MULTIPLY, 0, 0, 0, 4)
    load = Transfer(Direction.LOAD_REAL, 0, 0, 0, 1)
    section = [
        Instruction(load),
        Instruction(square, {Unit.TRANSFER: 1}),
        Instruction(square, {Unit.TRANSFER: 1}),
        Instruction(load, {Unit.RESIDUAL: 1}),
    ]
    step = estimate_step(section, [50, 10, 10, 5])
    assert [(each.start, each.done, each.waits_for, each.wait_cycles) for each in step.executed] == [
        (4, 53, OWN_STREAM, 4),
        (55, 64, "transfer", 55),
        (66, 75, OWN_STREAM, 1),
        (66, 70, "residual", 12),
    ]
    assert step.cycles == 77
    assert step.units["residual"].waits_longest_for == "transfer"
    assert step.units["residual"].wait_cycles == {"transfer": 55, OWN_STREAM: 1, END_OF_STEP: 1}
    assert step.units["gemm"].wait_cycles == {END_OF_STEP: 77}
    assert step.units["gemm"].waits_longest_for is None


def test_a_unit_that_is_busy_as_long_as_another_waits_for_its_own_stream() -> None:
    square = Vector(VectorOperation.MULTIPLY, 0, 0, 0, 4)
    section = [
        Instruction(Transfer(Direction.LOAD_REAL, 0, 0, 0, 1)),
        Instruction(square),
        Instruction(square, {Unit.TRANSFER: 1}),
    ]
    assert [each.waits_for for each in estimate_step(section, [30, 30, 10]).executed] == [OWN_STREAM] * 3
    assert estimate_step(section, [31, 30, 10]).executed[2].waits_for == "transfer"


def test_a_program_without_products_has_no_ratio() -> None:
    estimate = simulate(SMALL, loads(1, 0, 1))
    assert estimate.ratio_to_busiest == float("inf") and estimate.array_utilization == 0


def test_a_step_on_faster_lanes_is_faster(program: Program) -> None:
    slow = simulate(replace(SMALL, residual_lanes=1, update_lanes=1), program)
    assert slow.step.units["update"].busy_cycles > simulate(SMALL, program).step.units["update"].busy_cycles
