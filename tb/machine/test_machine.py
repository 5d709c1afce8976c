"""The whole machine under Verilator: programs, errors, resets, against the golden machine."""

import random
from functools import cache

import numpy as np
import pytest

from golden.machine.machine import Machine as GoldenMachine
from pinta_hw.spec.presets import load_config
from tb.machine.design import machine_design
from tb.machine.programs import HARNESS_BYTES, MEMORY_BYTES, every_unit, image
from tb.machine.session import Job, run_job
from tb.runner import Build, build, run

STEPS = 3
TESTS = 15
PRESETS = pytest.mark.parametrize("preset", ["tiny", pytest.param("edge", marks=pytest.mark.slow)])


@cache
def compiled(preset: str) -> Build:
    return build(machine_design(load_config(preset), HARNESS_BYTES))


@PRESETS
def test_machine(preset):
    finished = run(compiled(preset), "tb.machine.machine_bench", environment={"PINTA_PRESET": preset})
    assert finished.tests == TESTS


@PRESETS
def test_session(preset):
    """The memory outside and every word of the machine's own are the golden machine's."""
    seed = random.randrange(1 << 31)
    print(f"seed {seed}")
    config = load_config(preset)
    program, memory = every_unit(config, STEPS), image(config, np.random.default_rng(seed), STEPS)
    outcome = run_job(compiled(preset), Job(config, program, memory, limit_cycles=100_000))
    golden = GoldenMachine(config, MEMORY_BYTES)
    golden.write([(0, np.frombuffer(memory, np.uint64).reshape(-1, 2))])
    golden.run(program)
    assert outcome.memory == golden.memory.tobytes()
    assert np.array_equal(outcome.planes, golden.scratchpad.planes)
    assert np.array_equal(outcome.exponents, golden.scratchpad.exponents)
    assert np.array_equal(outcome.real.view(np.uint32), golden.real.view(np.uint32))
