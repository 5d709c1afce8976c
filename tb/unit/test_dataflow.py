"""Pipelines made from random FP32 programs against the golden model that runs the same programs."""

import random

import numpy as np
import pytest
from amaranth.hdl import Value
from amaranth.sim import Simulator

from golden.real import run_program
from pinta_hw.real.dataflow import Dataflow
from pinta_hw.spec.real import ADAM, RealOperation, RealStep
from pinta_hw.spec.real_schedule import pipelined_latency_cycles, schedule
from tb.real.reference import describe
from tb.real.vectors import random_pairs

STREAMED, CONSTANT = ("x", "y", "z"), ("p", "q")
STEPS = 7
ELEMENTS = 40


def random_program(rng):
    """Steps that read anything there is, and give new names or new values to old ones."""
    steps = []
    names = [*STREAMED, *CONSTANT]
    for index in range(STEPS):
        operation = rng.choice(list(RealOperation))
        first = rng.choice(STREAMED if index == 0 else names)
        operands = (first,) if operation is RealOperation.SQUARE_ROOT else (first, rng.choice(names))
        result = rng.choice([f"step_{index}", rng.choice(STREAMED)])
        steps.append(RealStep(result, operation, operands))
        names.append(result)
    return (*steps, RealStep("x", RealOperation.ADD, (steps[-1].result, "y")))


def simulate(program, inputs, spacing):
    """New values of the streamed inputs, one element every ``spacing`` cycles."""
    steps = schedule(program, STREAMED)
    dut = Dataflow(steps, spacing)
    count = len(inputs[STREAMED[0]])
    results = {name: [] for name in steps.results}
    noise = random.Random(1)

    async def testbench(ctx):
        for name in CONSTANT:
            if name in dut.signature.members:
                ctx.set(Value.cast(getattr(dut, name)), int(inputs[name]))
        await ctx.tick()
        for cycle in range(spacing * count + steps.latency_cycles + 1):
            active = 0
            for stage in range(steps.latency_cycles):
                element, between = divmod(cycle - stage, spacing)
                active |= (between == 0 and 0 <= element < count) << stage
            ctx.set(dut.active, active)
            for name, entry in steps.entries.items():
                element, between = divmod(cycle - entry, spacing)
                there = between == 0 and 0 <= element < count
                word = int(inputs[name][element]) if there else noise.getrandbits(32)
                ctx.set(Value.cast(getattr(dut, name)), word)
            for name, index in steps.results.items():
                element, between = divmod(cycle - steps.steps[index].end_cycle, spacing)
                if between == 0 and 0 <= element < count:
                    results[name].append(ctx.get(Value.cast(getattr(dut, f"new_{name}"))))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(testbench)
    simulator.run()
    return results


CONSTANT_RESULT = 1989583272
"""Of a program that gives a streamed value what depends on constants alone."""


@pytest.mark.parametrize(("spacing", "seed"), [(1, None), (2, None), (5, None), (2, CONSTANT_RESULT)])
def test_random_program(spacing, seed):
    seed = random.randrange(1 << 31) if seed is None else seed
    print(f"seed {seed}")
    program = random_program(random.Random(seed))
    print(program)
    rng = np.random.default_rng(seed)
    inputs = {name: random_pairs(RealOperation.ADD, ELEMENTS, rng)[0] for name in STREAMED}
    inputs |= {name: random_pairs(RealOperation.ADD, 4, rng)[0][0] for name in CONSTANT}
    results = simulate(program, inputs, spacing)
    expected = run_program(program, {name: value.view(np.float32) for name, value in inputs.items()})
    assert "x" in results
    for name, given in results.items():
        words = np.broadcast_to(expected[name], ELEMENTS).view(np.uint32).tolist()
        for element, (word, right) in enumerate(zip(given, words, strict=True)):
            assert word == right, f"element {element}, {name}: {describe(word)}, expected {describe(right)}"


def test_schedule():
    """Adam's longest way is the one through the second moment; nothing else makes it wait."""
    steps = schedule(ADAM, ("w", "m", "v", "g"))
    way = ["scaled_g", "fresh_v", "v", "root", "divisor", "direction", "change", "w"]
    assert steps.latency_cycles == sum(pipelined_latency_cycles(step.operation) for step in ADAM if step.result in way)
    made = {index: step.end_cycle for index, step in enumerate(steps.steps)} | dict(steps.entries)
    for step in steps.steps:
        assert all(made.get(operand, 0) <= step.start_cycle for operand in step.operands)
    waiting = sum(steps.steps[index].start_cycle - steps.entries["g"] for index in (1, 5))
    assert (steps.entries["g"], steps.entries["v"], waiting) == (0, 3, 25)
