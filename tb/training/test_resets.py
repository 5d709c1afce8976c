"""A training that is reset in mid-step and started anew ends with every bit as if nothing had happened."""

import random

import numpy as np
import pytest

from golden.lowering.compiler import lower
from golden.machine import Machine
from sim.program import simulate
from tb.golden.test_lowering import SMALL, STEPS, assert_trained, experiment
from tb.machine.design import machine_design
from tb.machine.programs import HARNESS_BYTES
from tb.machine.session import Job, run_job
from tb.runner import build

LATENCY_CYCLES = 40
RESETS = 3


@pytest.mark.slow
def test_a_training_that_was_reset_in_mid_step():
    seed = random.randrange(1 << 31)
    print(f"seed {seed}")
    lowered = lower(experiment("poisson train"), SMALL, STEPS)
    cycles = simulate(SMALL, lowered.program, LATENCY_CYCLES).cycles
    golden = Machine(SMALL, HARNESS_BYTES)
    golden.write(lowered.memory.image())
    resets = tuple(random.Random(seed).choices(range(cycles - 200), k=RESETS))
    job = Job(SMALL, lowered.program, golden.memory.tobytes(), 2 * cycles, LATENCY_CYCLES, resets)
    outcome = run_job(build(machine_design(SMALL, HARNESS_BYTES)), job, "resets")
    golden.run(lowered.program)
    assert outcome.counters.cycles == cycles
    assert outcome.memory == golden.memory.tobytes()
    assert np.array_equal(outcome.planes, golden.scratchpad.planes)
    assert np.array_equal(outcome.exponents, golden.scratchpad.exponents)
    assert np.array_equal(outcome.real.view(np.uint32), golden.real.view(np.uint32))
    assert_trained(lowered, golden)
