"""The update unit against the golden optimizers: every word of the real memory, and the cycles of every update."""

import dataclasses
import math
import random

import numpy as np
import pytest

from golden.optim import BETA1, BETA2, EPSILON, Adam
from pinta_hw.spec.isa.real import Optimizer, Update
from pinta_hw.spec.isa.real_memory import RealGroup
from pinta_hw.spec.presets import load_config
from pinta_hw.spec.real_timing import update_cycles, update_pace
from tb.real.cases import Case, random_update
from tb.real.memory_session import build_units_on_memory, check_cases
from tb.real.simulation import simulate_cases
from tb.tools import skip_without

TINY = dataclasses.replace(load_config("tiny"), real_words=64)
CASES = 4
VERILOG_CASES = 100
LONG_CASES = 2000
LEARNING_RATE = 3e-3


def seeded() -> np.random.Generator:
    seed = random.randrange(1 << 31)
    print(f"seed {seed}")
    return np.random.default_rng(seed)


@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_random_updates(lanes):
    rng = seeded()
    config = dataclasses.replace(TINY, update_lanes=lanes)
    simulate_cases(config, [random_update(config, rng, optimizer, 24) for optimizer in Optimizer for _ in range(CASES)])


def test_adam_as_golden_has_it():
    """Three steps on eleven parameters, whose weights and moments stay in the memory."""
    rng = seeded()
    count, offset, scalars = 11, 20, 2 * TINY.real_group_words + 101
    weights = rng.normal(size=count).astype(np.float32)
    golden = Adam({"w": weights}, np.float32)
    state = {
        RealGroup.WEIGHT: weights,
        RealGroup.FIRST_MOMENT: np.zeros(count, np.float32),
        RealGroup.SECOND_MOMENT: np.zeros(count, np.float32),
    }
    places = {group: group * TINY.real_group_words + offset for group in RealGroup}
    results = tuple((places[group], count) for group in state)
    cases = []
    for step in range(1, 4):
        gradients = rng.normal(size=count).astype(np.float32)
        golden.step({"w": gradients}, LEARNING_RATE)
        correction = math.sqrt(1 - BETA2**step)
        rate, epsilon = LEARNING_RATE * correction / (1 - BETA1**step), EPSILON * correction
        constants = np.array([rate, epsilon, BETA1, 1 - BETA1, BETA2, 1 - BETA2]).astype(np.float32)
        contents = {places[RealGroup.GRADIENT]: gradients, scalars: constants}
        if step == 1:
            contents |= {places[group]: values for group, values in state.items()}
        words = {first: values.view(np.uint32) for first, values in contents.items()}
        cases.append(Case(Update(Optimizer.ADAM, offset, count, scalars), words, results))
    memory = simulate_cases(TINY, cases)
    first = places[RealGroup.WEIGHT]
    assert memory[first : first + count].tolist() == golden.parameters["w"].view(np.uint32).tolist()


def test_one_after_the_other():
    """An update starts in the cycle after its predecessor is done."""
    rng = seeded()
    words = rng.normal(size=(len(RealGroup), 48)).astype(np.float32).view(np.uint32)
    contents = {group * TINY.real_group_words + 8: words[group] for group in RealGroup}
    contents[100] = rng.random(6).astype(np.float32).view(np.uint32)
    everything = tuple((group * TINY.real_group_words + 8, 48) for group in RealGroup)
    updates = [(Optimizer.ADAM, 8, 5), (Optimizer.SGD, 16, 3), (Optimizer.SGD, 20, 10), (Optimizer.ADAM, 32, 9)]
    cases = [Case(Update(optimizer, offset, count, 100), {}, ()) for optimizer, offset, count in updates]
    cases[0] = dataclasses.replace(cases[0], contents=contents)
    cases[-1] = dataclasses.replace(cases[-1], results=everything)
    simulate_cases(TINY, cases)


@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_paces(lanes):
    """A group is never read and written in the same cycle."""
    for optimizer in Optimizer:
        pace = update_pace(lanes, optimizer)
        for name, write in pace.writes.items():
            assert (write - pace.reads[name]) % pace.period_cycles != 0


def test_cycles_of_edge():
    """Pinned: 1000 parameters, two a cycle."""
    config = load_config("edge")
    assert update_cycles(config, Update(Optimizer.ADAM, 0, 1000, 0)) == 559
    assert update_cycles(config, Update(Optimizer.SGD, 0, 1000, 0)) == 514
    assert update_cycles(config, Update(Optimizer.ADAM, 0, 1, 0)) == 61


@pytest.mark.parametrize(
    ("preset", "lanes"),
    [
        ("edge", 2),
        pytest.param("edge", 1, marks=pytest.mark.slow),
        pytest.param("edge", 4, marks=pytest.mark.slow),
        pytest.param("tiny", 1, marks=pytest.mark.slow),
    ],
)
def test_verilog(preset, lanes):
    rng = seeded()
    config = dataclasses.replace(load_config(preset), update_lanes=lanes)
    cases = [random_update(config, rng, optimizer, 500) for optimizer in Optimizer for _ in range(VERILOG_CASES)]
    check_cases(build_units_on_memory(config), config, cases, "update")


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", list(Optimizer), ids=lambda optimizer: optimizer.name.lower())
def test_many_in_verilog(optimizer):
    rng = seeded()
    config = load_config("edge")
    cases = [random_update(config, rng, optimizer, 2000) for _ in range(LONG_CASES)]
    check_cases(build_units_on_memory(config), config, cases, f"update-{optimizer.name.lower()}")


@pytest.mark.slow
def test_in_icarus():
    skip_without("iverilog")
    rng = seeded()
    config = load_config("tiny")
    cases = [random_update(config, rng, optimizer, 40) for optimizer in Optimizer for _ in range(3)]
    check_cases(build_units_on_memory(config, "icarus"), config, cases, "update")
